"""A tenant's own jobs: listed, tried again, given up. Whoever offers this upward checks who asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from ostiary.audit import public as audit
from ostiary.jobs._ports import JobId
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.tenancy import public as tenancy


class JobState(StrEnum):
    """Where a job stands. FAILED ones are the dead letters."""

    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"
    DONE = "done"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Job:
    """What can be seen of a job. error: class of the last failure; error_code: its stable code, or ""."""

    id: JobId
    task: str
    lane: str
    state: JobState
    principal: UUID | None
    arguments: Mapping[str, Any]
    key: str | None
    run_at: datetime | None
    created_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    failures: int
    done: int
    total: int | None
    error: str | None
    error_code: str | None
    postponed: str | None


_LIST = "select * from jobs_door.list(%(id)s, %(task)s, %(state)s, %(after)s, %(limit)s::int, %(tenant)s)"


def list_jobs(
    ctx: Context,
    *,
    state: JobState | None = None,
    task: str | None = None,
    after: JobId | None = None,
    limit: int = 50,
) -> Sequence[Job]:
    """The tenant's jobs, newest first, at most `limit` (500) before the one called `after`."""
    return _listed(ctx, None, state, task, after, limit)


def get_job(ctx: Context, job: JobId) -> Job:
    """One job of the tenant. Raises NotFound."""
    found = _listed(ctx, job, None, None, None, 1)
    if not found:
        raise NotFound
    return found[0]


def retry_job(ctx: Context, job: JobId) -> None:
    """Put a failed job back into the queue with all its attempts. Raises NotFound: no failed job."""
    _change(ctx, job, "select jobs_door.retry(%(job)s, %(tenant)s)", "jobs.job.retried")


def discard_job(ctx: Context, job: JobId) -> None:
    """Give up a job that waits or failed. Raises NotFound: none, or it runs."""
    _change(ctx, job, "select jobs_door.discard(%(job)s, %(tenant)s)", "jobs.job.discarded")


def _change(ctx: Context, job: JobId, sql: str, event: str) -> None:
    found = get_job(ctx, job)
    if ctx.db.row(sql, {"job": job, "tenant": _tenant(ctx)}) != (True,):
        raise NotFound
    audit.append(ctx, event, parts=[audit.Part("job", {"job": job, "task": found.task})])


def _tenant(ctx: Context) -> UUID | None:
    return ctx.tenant_id if isinstance(ctx.db, tenancy.OwnerTransaction) else None


def _listed(
    ctx: Context, job: JobId | None, state: JobState | None, task: str | None, after: JobId | None, limit: int
) -> list[Job]:
    values = {"id": job, "task": task, "state": state and state.value, "after": after, "limit": limit}
    rows = ctx.db.rows(_LIST, {**values, "tenant": _tenant(ctx)})
    return [Job(JobId(r[0]), r[1], r[2], JobState(r[3]), *r[4:]) for r in rows]
