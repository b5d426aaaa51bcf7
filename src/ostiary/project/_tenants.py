"""Making a tenant: role and schema, fixed tables, first roles and operations, the first administrator."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import UnitId
from ostiary.project._migrations import INSERT_ONLY_TABLES, READ_ONLY_TABLES, migrate_schema
from ostiary.project._release import RELEASE
from ostiary.tenancy import public as tenancy


@dataclass(frozen=True, slots=True)
class NewTenant:
    """A tenant and its first administrator."""

    tenant: tenancy.Tenant
    administrator: UnitId


def create_tenant(
    slug: str, name: str, hosts: Sequence[str], *, login: str, person: str, email: str, password: str | None
) -> NewTenant:
    """Make a tenant with one administrator, reachable at `hosts`.

    Raises: Invalid: slug, host, login or password refused; the tenant is then unknown to requests.
    """
    tenant = tenancy.directory().plan(slug, name, hosts)
    placement = tenancy.placement(tenant.placement)
    tenancy.make_role(placement, tenant)
    with placement.owner_transaction(tenant) as owner:
        tenancy.make_schema(owner, tenant)
    migrate_schema(placement.owner, tenant.schema)
    placement.grant_tables(tenant, read_only=READ_ONLY_TABLES, insert_only=INSERT_ONLY_TABLES)
    with tenancy.transaction(tenant) as db:
        administrator = _seed(tenant, db, login=login, person=person, email=email, password=password)
    tenant = replace(tenant, release=RELEASE)
    tenancy.directory().enter(tenant, hosts)
    return NewTenant(tenant, administrator)


def _seed(
    tenant: tenancy.Tenant,
    db: tenancy.Transaction,
    *,
    login: str,
    person: str,
    email: str,
    password: str | None,
) -> UnitId:
    """The first rows. They come before anybody could hold an operation, so they are stored without one."""
    nobody = Context(tenant.id, db, None, Channel.CLI, purpose="set-up")
    roles = identity.seed(nobody)
    administrator = identity.create_person(nobody, login=login, name=person, email=email)
    identity.add_member(nobody, administrator, roles[identity.SYSTEM_ADMINISTRATORS])
    ctx = nobody.acting_as(administrator)
    for operation in access.Operation:
        access.store_operation_rows(ctx, operation, [(roles[identity.SYSTEM_ADMINISTRATORS], True)])
    if password is not None:
        identity.set_password(ctx, administrator, password)
    audit.append(ctx, "tenancy.tenant.created", parts=[audit.Part("tenant", {"slug": tenant.slug})])
    return administrator
