"""A tenant's background work, offered upward to whoever holds the operation."""

from collections.abc import Sequence

from ostiary.access._administration import ensure_operation
from ostiary.access.core import Operation
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Context


def list_jobs(
    ctx: Context, *, state: jobs.JobState | None = None, after: jobs.JobId | None = None, limit: int = 50
) -> Sequence[jobs.Job]:
    """The tenant's jobs, newest first."""
    ensure_operation(ctx, Operation.MANAGE_JOBS)
    return jobs.list_jobs(ctx, state=state, after=after, limit=limit)


def get_job(ctx: Context, job: jobs.JobId) -> jobs.Job:
    """One job of the tenant. Raises NotFound."""
    ensure_operation(ctx, Operation.MANAGE_JOBS)
    return jobs.get_job(ctx, job)


def retry_job(ctx: Context, job: jobs.JobId) -> None:
    """Put a failed job back into the queue. Raises NotFound: none, or it did not fail."""
    ensure_operation(ctx, Operation.MANAGE_JOBS)
    jobs.retry_job(ctx, job)


def discard_job(ctx: Context, job: jobs.JobId) -> None:
    """Give up a job that waits or failed. Raises NotFound: none, or it runs."""
    ensure_operation(ctx, Operation.MANAGE_JOBS)
    jobs.discard_job(ctx, job)
