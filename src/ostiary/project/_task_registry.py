"""Every task of the product, and what background work asks of the contexts above it."""

from ostiary.access import public as access
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Context
from ostiary.tenancy import public as tenancy


def load_tasks() -> None:
    """Import whatever declares tasks, and answer the engine's questions; the last step before work begins."""
    jobs.configure(jobs.Hooks(refusal=_refusal, principal=_principal))


def _refusal(tenant: tenancy.Tenant) -> str | None:
    return "suspended" if tenant.suspended else None


def _principal(ctx: Context, task: jobs.Task) -> Context:
    """The context as whoever the task runs as. Raises JobRefused: nobody there, or without the right."""
    if task.operation is not None:
        access.ensure_operation(ctx, access.Operation(task.operation))
    return ctx
