"""`ostiary key create`: an API key for a person or service account."""

from datetime import timedelta

from ostiary.kernel import clock
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.project._administration import acting_as, installation, named_tenant


def create(tenant: str, login: str, name: str, days: int) -> int:
    """Print a new key, which is shown this once. It carries the rights of `login`, and no more."""
    if days < 1:
        raise Invalid([FieldError("days", "too_small", "A key lives for one day at least")])
    with installation():
        from ostiary.access import public as access  # needs Django's settings

        with acting_as(named_tenant(tenant), login, purpose="administration") as ctx:
            print(access.create_api_key(ctx, ctx.actor, name, expires_at=clock.now() + timedelta(days=days)))
    return 0
