"""Packages that a tenant has, brought up to date within its upgrade."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from ostiary.access import public as access
from ostiary.crm import public as crm
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied
from ostiary.objects import public as objects
from ostiary.tenancy import public as tenancy

LOGIN = "upgrade"  # of the service account that changes packages; active only inside the transaction


class _NothingToDo(Exception):
    """Ends the savepoint, so that the service account leaves no trace."""


def named_objects(db: tenancy.OwnerTransaction) -> list[access.NamedObject]:
    """The tenant's objects as a snapshot of rights wants them."""
    return objects.load_catalogue(db, 0).named()


def bring_packages(tenant: tenancy.Tenant, ctx: Context, db: tenancy.OwnerTransaction) -> tuple[str, ...]:
    """Bring what the tenant has of ours up to date, in `db`, and return the codes of what was changed.

    Raises: AccessDenied: its administrators may not change objects; PackageRefused.
    """
    package = _code()
    if package not in objects.packages(db).values():
        return ()
    try:
        with db.savepoint(), _service_account(ctx) as acting:
            try:
                plan = crm.install(tenant, acting, within=db)
            except AccessDenied as error:
                raise AccessDenied(
                    f"{error.message}. System administrators of this tenant lack it; "
                    "--no-packages leaves packages as they are",
                    layer=error.layer,
                ) from None
            if plan.changes_nothing:
                raise _NothingToDo
    except _NothingToDo:
        objects.remember_package(db, crm.read())
        return ()
    return (package,)


@cache
def _code() -> str:
    return crm.read().code


@contextmanager
def _service_account(ctx: Context) -> Iterator[Context]:
    """A named service account with an administrator's roles while the block lasts, and nothing after it."""
    account = identity.find_unit(ctx, f"service:{LOGIN}") or identity.create_service_account(
        ctx, login=LOGIN, name="Upgrade"
    )
    administrators = identity.find_unit(ctx, identity.SYSTEM_ADMINISTRATORS)
    if administrators is None:
        raise RuntimeError("the tenant has no role System administrators: its schema was not seeded")
    identity.set_active(ctx, account, active=True)
    identity.add_member(ctx, account, administrators)
    yield ctx.acting_as(account)
    identity.remove_member(ctx, account, administrators)
    identity.set_active(ctx, account, active=False)
