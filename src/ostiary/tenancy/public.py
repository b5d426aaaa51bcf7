"""Tenants and their transactions. `configure` once at start-up, then `transaction(tenant)` per request."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from uuid import UUID

from ostiary.kernel.errors import Misconfigured, NotFound
from ostiary.tenancy._connection import OwnerTransaction, Tenant, Transaction
from ostiary.tenancy._placement import Credentials, Placement, prepare_database

__all__ = [
    "Credentials",
    "OwnerTransaction",
    "Placement",
    "Tenant",
    "Transaction",
    "configure",
    "find_tenant_by_host",
    "find_tenant_by_slug",
    "get_tenant",
    "get_tenant_by_id",
    "list_tenants",
    "owner_transaction",
    "placement",
    "prepare_database",
    "transaction",
]

_placements: list[Placement] = []


def configure(credentials: Credentials, *, max_size: int = 16) -> Placement:
    """Set the installation's database; a second call replaces the first and closes its connections."""
    while _placements:
        _placements.pop().database.close()
    _placements.append(Placement(credentials, max_size=max_size))
    return _placements[0]


def placement() -> Placement:
    """The configured database. Raises Misconfigured before `configure`."""
    if not _placements:
        raise Misconfigured("no database is configured")
    return _placements[0]


def transaction(tenant: Tenant) -> AbstractContextManager[Transaction]:
    """One transaction as the tenant's role; commits at the end of the block, rolls back when it raises."""
    return placement().database.transaction(tenant)


def owner_transaction(tenant: Tenant) -> AbstractContextManager[OwnerTransaction]:
    """One transaction as the owner role, for metadata plans; only in processes that hold its credentials."""
    return placement().owner_transaction(tenant)


def find_tenant_by_host(host: str) -> Tenant | None:
    """The tenant that answers on `host`, or None."""
    return placement().find_by_host(host)


def find_tenant_by_slug(slug: str) -> Tenant | None:
    """The tenant called `slug`, or None."""
    return placement().find_by_slug(slug)


def get_tenant(slug: str) -> Tenant:
    """The tenant called `slug`. Raises NotFound."""
    return placement().get(slug)


def get_tenant_by_id(tenant_id: UUID) -> Tenant:
    """The tenant with this id. Raises NotFound."""
    found = next((t for t in placement().list_tenants() if t.id == tenant_id), None)
    if found is None:
        raise NotFound
    return found


def list_tenants() -> Sequence[Tenant]:
    """Every tenant of this database."""
    return placement().list_tenants()
