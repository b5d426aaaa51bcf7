"""A tenant's later life: suspended and resumed, dropped after a grace; and how large each is."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import psycopg

from ostiary.audit import public as audit
from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import FieldError, Invalid, Misconfigured, OstiaryError
from ostiary.project._operator_log import record
from ostiary.tenancy import public as tenancy

GRACE_DAYS = 30
_SIZES = (
    "SELECT n.nspname, sum(pg_total_relation_size(c.oid))::bigint FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind = 'r' AND n.nspname = ANY(%(schemas)s) GROUP BY n.nspname"
)


def suspend(tenant: tenancy.Tenant, reason: str) -> None:
    """Refuse the tenant from now on; its own log says so. Safe to repeat."""
    _note(tenant, "tenancy.tenant.suspended", {"reason": reason})
    tenancy.suspend(tenant, reason)


def resume(tenant: tenancy.Tenant) -> None:
    """Serve the tenant again. Safe to repeat."""
    tenancy.resume(tenant)
    _note(tenant, "tenancy.tenant.resumed", {})


def schedule_drop(tenant: tenancy.Tenant, days: int) -> datetime:
    """Refuse the tenant from now on; `purge` drops it when the grace has ended. Returns that instant."""
    after = clock.now() + timedelta(days=days)
    _note(tenant, "tenancy.tenant.drop_scheduled", {"after": after.isoformat()})
    tenancy.schedule_drop(tenant, after)
    return after


def cancel_drop(tenant: tenancy.Tenant) -> None:
    """Keep a tenant that was to be dropped.

    Raises: Invalid: there is nothing to cancel, or its grace has ended and dropping it has begun.
    """
    if tenant.drop_after is None:
        raise Invalid([FieldError("slug", "state", f"{tenant.slug} is not to be dropped")])
    tenancy.cancel_drop(tenant)
    _note(tenant, "tenancy.tenant.drop_cancelled", {})


def due() -> Sequence[tenancy.Tenant]:
    """Tenants whose grace has ended, by slug."""
    now = clock.now()
    return [t for t in tenancy.list_tenants() if t.drop_after is not None and t.drop_after <= now]


def purge(tenant: tenancy.Tenant) -> None:
    """Drop a tenant whose grace has ended; ended at any step it is repeated.

    Raises: Invalid: it has not. Misconfigured: the tenant's role owns something elsewhere, or a transaction
    of the tenant still runs, or its database is away.
    """
    try:
        tenancy.drop_tenant(tenant)
    except psycopg.Error as error:
        words = str(error).strip()
        raise Misconfigured(
            f"{tenant.slug} could not be dropped now ({words}): `ostiary tenant purge` goes on"
        ) from None
    record("tenancy.tenant.dropped", tenant=tenant)


def purge_due() -> tuple[list[tenancy.Tenant], dict[str, str]]:
    """Drop every tenant whose grace has ended. Returns those dropped, and by slug why others could not be."""
    dropped, failed = [], {}
    for tenant in due():
        try:
            purge(tenant)
        except OstiaryError as error:
            failed[tenant.slug] = error.message
        else:
            dropped.append(tenant)
    return dropped, failed


def sizes(tenants: Sequence[tenancy.Tenant]) -> Mapping[str, int]:
    """Bytes on disk by slug, tables with indexes and large values; without those whose database is away."""
    found: dict[str, int] = {}
    for name in sorted({tenant.placement for tenant in tenants}):
        here = {tenant.schema: tenant for tenant in tenants if tenant.placement == name}
        try:
            with tenancy.owner_transaction(next(iter(here.values()))) as db:
                rows = db.rows(_SIZES, {"schemas": list(here)})
        except (psycopg.Error, OstiaryError):
            continue
        found |= {here[schema].slug: size for schema, size in rows}
    return found


def _note(tenant: tenancy.Tenant, type_: str, said: Mapping[str, object]) -> None:
    """An event in the tenant's own log, by the owner: the tenant's role may be shut out already."""
    with tenancy.owner_transaction(tenant) as db:
        ctx = Context(tenant.id, db, None, Channel.CLI, purpose="operation")
        audit.append(ctx, type_, parts=[audit.Part("tenant", {"slug": tenant.slug, **said})])
