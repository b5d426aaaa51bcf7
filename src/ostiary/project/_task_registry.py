"""Every task of the product, and what background work asks of the contexts above it."""

from ostiary.access import public as access
from ostiary.crm import public as crm
from ostiary.identity import public as identity
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Context
from ostiary.objects import public as objects
from ostiary.project import _audit_partitions, _keys, _release, _tracing
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy

# Contexts that may declare tasks do it when they are imported.
CONTEXTS = (identity, access, objects, records, crm, _keys, _audit_partitions)


def load_tasks() -> None:
    """Answer the engine's questions. Tasks are declared by importing this module."""
    jobs.configure(jobs.Hooks(refusal=_refusal, principal=_principal, around=_tracing.around_job))


def _refusal(tenant: tenancy.Tenant) -> str | None:
    if tenant.suspended or tenant.drop_after is not None:
        return "suspended"
    return None if _release.refusal(tenant) is None else "release"


def _principal(ctx: Context, task: jobs.Task) -> Context:
    """The context as whoever the task runs as. Raises JobRefused: nobody there, or without the right."""
    if task.service is not None:
        found = identity.find_unit(ctx, f"service:{task.service}")
        if found is None:
            raise jobs.JobRefused("jobs.no_service_account", f"there is no service account {task.service}")
        ctx = ctx.acting_as(found)
    if ctx.principal is not None and not identity.is_active(ctx, ctx.principal):
        raise jobs.JobRefused("jobs.principal_inactive", "whoever asked for it may not act any more")
    if task.operation is not None:
        access.ensure_operation(ctx, access.Operation(task.operation))
    return ctx
