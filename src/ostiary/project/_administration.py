"""What operator's commands have in common: the prepared database, and a tenant's administrator to act as."""

from collections.abc import Iterator
from contextlib import contextmanager

from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import NotFound
from ostiary.project import _database
from ostiary.project._state import default_state
from ostiary.tenancy import public as tenancy


@contextmanager
def installation() -> Iterator[tenancy.Placement]:
    """This process, configured for administration, while the database runs."""
    state = default_state()
    with _database.open_database(state) as admin_dsn:
        placement = _database.prepare(state, admin_dsn)
        try:
            yield placement
        finally:
            placement.database.close()


def named_tenant(slug: str) -> tenancy.Tenant:
    """The tenant called `slug`. Raises NotFound in words for an operator."""
    tenant = tenancy.find_tenant_by_slug(slug)
    if tenant is None:
        raise NotFound(f"there is no tenant {slug}: `ostiary tenant list` shows them")
    return tenant


@contextmanager
def acting_as(tenant: tenancy.Tenant, login: str, *, purpose: str) -> Iterator[Context]:
    """A transaction of the tenant in the name of one of its people. Raises NotFound: no such login."""
    with tenancy.transaction(tenant) as db:
        nobody = Context(tenant.id, db, None, Channel.CLI, purpose=purpose)
        person = identity.find_login(nobody, login)
        if person is None:
            raise NotFound(f"nobody signs in as {login} in {tenant.slug}")
        yield nobody.acting_as(person)
