"""Tenants and their transactions. `configure` once at start-up, then `transaction(tenant)` per request."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from ostiary.kernel import clock
from ostiary.kernel.errors import Misconfigured, NotFound
from ostiary.tenancy import _schemas
from ostiary.tenancy._connection import (
    OwnerStatements,
    OwnerTransaction,
    Tenant,
    TenantClosed,
    Transaction,
    owner_statements_on,
    pool_figures,
)
from ostiary.tenancy._databases import Databases
from ostiary.tenancy._directory import Directory, Placed
from ostiary.tenancy._installation import (
    find_installation,
    installation_database,
    installation_is_current,
    make_installation_schema,
)
from ostiary.tenancy._placement import (
    Credentials,
    Kind,
    Placement,
    Vault,
    grant_tables,
    prepare_database,
)
from ostiary.tenancy._schemas import make_role, make_schema

__all__ = [
    "Credentials",
    "Kind",
    "OwnerStatements",
    "OwnerTransaction",
    "Placed",
    "Placement",
    "Tenant",
    "TenantClosed",
    "Transaction",
    "Vault",
    "cancel_drop",
    "configure",
    "directory",
    "drop_tenant",
    "find_installation",
    "find_tenant_by_host",
    "find_tenant_by_slug",
    "get_tenant",
    "get_tenant_by_id",
    "grant_tables",
    "installation_database",
    "installation_is_current",
    "list_tenants",
    "make_installation_schema",
    "make_role",
    "make_schema",
    "owner_dsn",
    "owner_statements",
    "owner_transaction",
    "placement",
    "placement_kind",
    "pool_figures",
    "prepare_database",
    "remove_placement",
    "resume",
    "schedule_drop",
    "set_release",
    "suspend",
    "tenant_hosts",
    "transaction",
]

_configured: list[Databases] = []


def configure(credentials: Credentials, *, max_size: int = 16, vault: Vault | None = None) -> Placement:
    """Set the installation's database; a second call replaces the first and closes its connections.

    vault: where connection strings of further databases and of tenants' own logins are kept.
    """
    while _configured:
        _configured.pop().close()
    _configured.append(Databases(credentials, max_size=max_size, vault=vault))
    return _configured[0].main


def _databases() -> Databases:
    if not _configured:
        raise Misconfigured("no database is configured")
    return _configured[0]


def placement(name: str = "") -> Placement:
    """A database of the installation by name, its own without one. Raises Misconfigured: not known here."""
    return _databases().named(name)


def placement_kind(tenant: Tenant) -> Kind:
    """The kind of database that the tenant lives in. Owner's processes only."""
    return _databases().kind_of(tenant)


def directory() -> Directory:
    """The directory of tenants and databases."""
    return _databases().directory


def remove_placement(name: str) -> None:
    """Forget a further database; nothing in it is touched. Raises Misconfigured: tenants live there."""
    _databases().remove(name)


def transaction(tenant: Tenant) -> AbstractContextManager[Transaction]:
    """One transaction as the tenant's role; commits at the end of the block, rolls back when it raises."""
    return _databases().named(tenant.placement).transaction(tenant)


def owner_transaction(tenant: Tenant) -> AbstractContextManager[OwnerTransaction]:
    """One transaction as the owner role, for metadata plans; only in processes that hold its credentials."""
    return _databases().named(tenant.placement).owner_transaction(tenant)


def owner_statements(tenant: Tenant) -> AbstractContextManager[OwnerStatements]:
    """Statements of the owner outside a transaction: for indexes that are built beside writers."""
    return owner_statements_on(owner_dsn(tenant), tenant)


def owner_dsn(tenant: Tenant) -> str:
    """The owner's connection string of the tenant's database. Raises Misconfigured: not in this process."""
    return _databases().named(tenant.placement).owner


def find_tenant_by_host(host: str) -> Tenant | None:
    """The tenant that answers on `host` (no port, lower case), or None."""
    return directory().find("host", host)


def find_tenant_by_slug(slug: str) -> Tenant | None:
    """The tenant called `slug`, or None."""
    return directory().find("slug", slug)


def get_tenant(slug: str) -> Tenant:
    """The tenant called `slug`. Raises NotFound."""
    found = find_tenant_by_slug(slug)
    if found is None:
        raise NotFound
    return found


def get_tenant_by_id(tenant_id: UUID) -> Tenant:
    """The tenant with this id. Raises NotFound."""
    found = directory().find("id", tenant_id)
    if found is None:
        raise NotFound
    return found


def list_tenants() -> Sequence[Tenant]:
    """Every tenant of the installation, whatever its state."""
    return directory().list_tenants()


def tenant_hosts() -> Mapping[UUID, Sequence[str]]:
    """Host names by tenant."""
    return directory().hosts()


def suspend(tenant: Tenant, reason: str = "") -> None:
    """Refuse the tenant: its data at the next transaction of any node, its hosts within DIRECTORY_AGE.

    Sessions and keys are kept and refused; `resume` brings everything back.
    """
    directory().suspend(tenant, reason)
    _schemas.close_schema(placement(tenant.placement), tenant)


def resume(tenant: Tenant) -> None:
    """Serve a suspended tenant again; one that is to be dropped stays refused until that is cancelled."""
    directory().resume(tenant)
    _open_if_served(tenant)


def schedule_drop(tenant: Tenant, after: datetime) -> None:
    """Refuse the tenant from now on and let it be dropped after that instant."""
    directory().schedule_drop(tenant, after)
    _schemas.close_schema(placement(tenant.placement), tenant)


def cancel_drop(tenant: Tenant) -> None:
    """Keep a tenant that was to be dropped; it is active or suspended as it was before."""
    directory().cancel_drop(tenant)
    _open_if_served(tenant)


def _open_if_served(tenant: Tenant) -> None:
    if not get_tenant_by_id(tenant.id).suspended:
        _schemas.open_schema(placement(tenant.placement), tenant)


def drop_tenant(tenant: Tenant) -> None:
    """Drop the tenant's hosts, schema, role and login, and at last its row in the directory.

    Ended at any step it is repeated.
    Raises: Invalid: its time has not come. Misconfigured: the role owns something outside its schema.
    """
    place = placement(tenant.placement)
    directory().begin_drop(tenant, clock.now())
    directory().close_hosts(tenant)
    _schemas.drop_schema(place, tenant)
    _schemas.drop_role(place, tenant)
    place.close_own_login(tenant)
    place.vault.forget_login(tenant)
    directory().remove(tenant)


def set_release(tenant: Tenant, release: int) -> None:
    """Note which release's fixed tables the tenant has."""
    directory().set_release(tenant, release)
