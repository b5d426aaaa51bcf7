"""What background work asks of contexts above it; the project fills it in at start-up."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from ostiary.jobs._task import Task
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.tenancy import public as tenancy


def _find_tenant(tenant_id: UUID) -> tenancy.Tenant | None:
    try:
        return tenancy.get_tenant_by_id(tenant_id)
    except NotFound:
        return None


def _refusal(tenant: tenancy.Tenant) -> str | None:
    return "suspended" if tenant.suspended else None


def _around(_: str, work: Callable[[], None]) -> None:
    work()


def _principal(ctx: Context, _: Task) -> Context:
    return ctx


@dataclass(frozen=True, slots=True)
class Hooks:
    """Questions of the engine.

    refusal: why this node does not work for the tenant now, or None. principal: the context as whoever the
    task runs as, or JobRefused. find_tenant: by id, None once it was dropped. around: runs one attempt of the
    task of this name; for tracing.
    """

    refusal: Callable[[tenancy.Tenant], str | None] = _refusal
    principal: Callable[[Context, Task], Context] = _principal
    find_tenant: Callable[[UUID], tenancy.Tenant | None] = _find_tenant
    around: Callable[[str, Callable[[], None]], None] = _around


_hooks = [Hooks()]


def configure(hooks: Hooks) -> None:
    """Set what the engine asks."""
    _hooks[0] = hooks


def hooks() -> Hooks:
    """What was configured."""
    return _hooks[0]
