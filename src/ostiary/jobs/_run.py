"""One attempt at a job: who it runs as, its transactions, its progress, and how it ends.

Nothing here trusts that the attempt still is the job's: each transaction first holds the job's row under the
number of this run. A worker that was taken for dead and lives can therefore do nothing any more, and what a
transaction did and that the job is done commit together.
"""

import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import psycopg

from ostiary.audit import public as audit
from ostiary.jobs._errors import Again, GivenUp, JobRefused
from ostiary.jobs._hooks import hooks
from ostiary.jobs._ports import JobId
from ostiary.jobs._task import Kind, Task, find_task, loaded, stored
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import (
    AccessDenied,
    FieldError,
    Invalid,
    Misconfigured,
    NotFound,
    OstiaryError,
    TooManyRequests,
)
from ostiary.kernel.ids import PrincipalId
from ostiary.tenancy import public as tenancy

BUSY_S = 1.0  # somebody else holds the job: an earlier run that is not over, or who means it by its key
POSTPONED_S = 15.0  # until a tenant that is not served is asked for again
UNKNOWN_S = 60.0  # until a node of a newer release may have taken a job that this one does not know
MOST_LOSSES = 10  # deaths of workers over one job without progress: it kills them
LASTING = (Invalid, AccessDenied, NotFound, JobRefused)  # the same answer next time

_BEGIN = (
    "select task, principal, request_id, arguments, run_no, failures, losses, cursor"
    " from jobs_door.begin(%(job)s)"
)
_FAIL = (
    "select jobs_door.fail(%(job)s, %(no)s::int, %(error)s, %(code)s, %(counts)s, %(final)s, %(postponed)s)"
)


@dataclass(frozen=True, slots=True)
class _Begun:
    task: str
    principal: UUID | None
    request: UUID | None
    arguments: Mapping[str, Any]
    run_no: int
    failures: int
    losses: int
    cursor: Mapping[str, Any]


class JobRun:
    """`Run` for one begun attempt."""

    def __init__(
        self, tenant: tenancy.Tenant, job: JobId, task: Task, begun: _Begun, stopping: threading.Event
    ) -> None:
        self.job_id = job
        self.tenant = tenant
        self.cursor: Mapping[str, Any] = begun.cursor
        self.attempt = begun.failures + begun.losses + 1
        self.arguments: Mapping[str, Any] = loaded(task, begun.arguments)
        self.finished = False
        self._task = task
        self._begun = begun
        self._stopping = stopping
        self._checked = False
        self._noted = False
        self._opened = False

    @contextmanager
    def open(self, *, finish: bool = False) -> Iterator[Context]:
        """See `Run.open`."""
        with self._alone(), tenancy.transaction(self.tenant) as db:
            ctx = self._context(db)
            yield ctx
            if finish:
                self._finish(ctx)
        self.finished = self.finished or finish

    @contextmanager
    def open_as_owner(self) -> Iterator[Context]:
        """See `Run.open_as_owner`. Raises Misconfigured: the task did not declare it."""
        if not self._task.owner:
            raise Misconfigured(f"{self._task.name} is no task of the owner")
        with self._alone(), tenancy.owner_transaction(self.tenant) as db:
            if not self._checked:
                with tenancy.transaction(self.tenant) as own:
                    self._context(own)
            self._hold(db)
            yield self._plain(db)

    def note(
        self, ctx: Context, *, done: int, total: int | None = None, cursor: Mapping[str, Any] | None = None
    ) -> None:
        """See `Run.note`."""
        kept = None if cursor is None else orjson.dumps(_checked_cursor(cursor)).decode()
        if kept is not None and len(kept) > 4096:
            raise Invalid([FieldError("cursor", "too_large", "A cursor holds 4096 bytes")])
        row = ctx.db.row(
            "select jobs_door.note(%(job)s, %(no)s::int, %(done)s, %(total)s, %(cursor)s::jsonb)",
            {"job": self.job_id, "no": self._begun.run_no, "done": done, "total": total, "cursor": kept},
        )
        if row != (True,):
            raise GivenUp
        if kept is not None:
            self.cursor = orjson.loads(kept)
            self._noted = True

    def complete(self) -> None:
        """The task has returned: the job is done, unless a transaction of it said so already."""
        if not self.finished:
            with self.open(finish=True):
                pass

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One transaction at a time: a second one would wait for the job's row, which the first one holds."""
        if self.finished or self._opened:
            why = "nothing can follow its end" if self.finished else "it has a transaction open"
            raise RuntimeError(f"{self._task.name}: {why}")
        if self._noted and self._stopping.is_set():
            raise GivenUp  # another worker goes on at the cursor; a job without one is left to its end
        self._opened = True
        try:
            yield
        finally:
            self._opened = False

    def _context(self, db: tenancy.Transaction) -> Context:
        self._hold(db)
        ctx = self._plain(db)
        if not self._checked:
            ctx = hooks().principal(ctx, self._task)
            self._begun = _as(self._begun, ctx.principal)
            self._checked = True
        return ctx

    def _plain(self, db: tenancy.Transaction) -> Context:
        principal = None if self._begun.principal is None else PrincipalId(self._begun.principal)
        ctx = Context(self.tenant.id, db, principal, Channel.JOB, purpose=self._task.purpose)
        return ctx if self._begun.request is None else _of_request(ctx, self._begun.request)

    def _hold(self, db: tenancy.Transaction) -> None:
        row = db.row(
            "select jobs_door.hold(%(job)s, %(no)s::int)", {"job": self.job_id, "no": self._begun.run_no}
        )
        if row != (True,):
            raise GivenUp

    def _finish(self, ctx: Context) -> None:
        if self._task.event:
            audit.append(ctx, self._task.event, parts=[audit.Part("job", {"job": self.job_id})])
        row = ctx.db.row(
            "select jobs_door.finish(%(job)s, %(no)s::int)", {"job": self.job_id, "no": self._begun.run_no}
        )
        if row != (True,):
            raise GivenUp


def _as(begun: _Begun, principal: PrincipalId | None) -> _Begun:
    return _Begun(
        begun.task,
        principal,
        begun.request,
        begun.arguments,
        begun.run_no,
        begun.failures,
        begun.losses,
        begun.cursor,
    )


def _of_request(ctx: Context, request: UUID) -> Context:
    return Context(ctx.tenant_id, ctx.db, ctx.principal, ctx.channel, purpose=ctx.purpose, request_id=request)


def _checked_cursor(cursor: Mapping[str, Any]) -> dict[str, Any]:
    values = {}
    for name, value in cursor.items():
        kept = next((k for kind in Kind if (k := stored(kind, value)) is not None), None)
        if kept is None and value is not None:
            raise Invalid(
                [FieldError(f"cursor.{name}", "malformed", "A cursor holds ids, codes and numbers")]
            )
        values[name] = kept
    return values


def execute(job: JobId, tenant_id: UUID, stopping: threading.Event) -> None:
    """Make one attempt at a job and record how it ended.

    Raises: Again: it goes back to wait. Anything else means that not even this could be recorded.
    """
    tenant = hooks().find_tenant(tenant_id)
    if tenant is None:
        return  # dropped: there is nothing left that it could concern
    why_not = hooks().refusal(tenant)
    if why_not is not None:
        raise Again(POSTPONED_S)
    try:
        with tenancy.transaction(tenant) as db:
            row = db.row(_BEGIN, {"job": job})
    except psycopg.errors.LockNotAvailable:
        raise Again(BUSY_S) from None
    except tenancy.TenantClosed:
        raise Again(POSTPONED_S) from None
    if row is None:
        return  # it ended before the queue heard of it
    begun = _Begun(*row)
    task = find_task(begun.task)
    if task is None:
        _postpone(tenant, job, begun, "unknown_task")
        raise Again(UNKNOWN_S)
    if begun.losses > MOST_LOSSES:
        _record(tenant, job, task, begun, JobRefused("jobs.worker_lost", "every worker that took it died"))
        return
    _attempt(tenant, job, task, begun, stopping)


def _attempt(
    tenant: tenancy.Tenant, job: JobId, task: Task, begun: _Begun, stopping: threading.Event
) -> None:
    try:
        run = JobRun(tenant, job, task, begun, stopping)
        hooks().around(task.name, lambda: task.run(run))
        run.complete()
    except tenancy.TenantClosed:
        raise Again(POSTPONED_S) from None
    except GivenUp:
        if stopping.is_set():
            _postpone(tenant, job, begun, "")
            raise Again(0.0) from None
    except Exception as error:  # noqa: BLE001 whatever a task raises is the end of this attempt
        _record(tenant, job, task, begun, error)


def _record(tenant: tenancy.Tenant, job: JobId, task: Task, begun: _Begun, error: Exception) -> None:
    """Keep the class and code of a failure, never its message: that may hold somebody's data.

    Raises: Again: it is tried once more.
    """
    failures = begun.failures + 1
    final = isinstance(error, LASTING) or failures >= task.retry.attempts
    code = error.code if isinstance(error, OstiaryError) else ""
    with _to_record(tenant, task) as db:
        values = {"job": job, "no": begun.run_no, "error": type(error).__name__, "code": code}
        row = db.row(_FAIL, {**values, "counts": True, "final": final, "postponed": None})
        if final and row == (True,):
            principal = None if begun.principal is None else PrincipalId(begun.principal)
            ctx = Context(tenant.id, db, principal, Channel.JOB, purpose=task.purpose)
            what = {
                "job": job,
                "task": task.name,
                "error": type(error).__name__,
                "code": code,
                "attempts": failures,
            }
            audit.append(ctx, "jobs.job.failed", outcome="failed", parts=[audit.Part("job", what)])
            _tell(ctx, task, begun, code or type(error).__name__)
    if not final and row == (True,):
        raise Again(_wait_s(task, failures, error)) from None


def _to_record(tenant: tenancy.Tenant, task: Task) -> AbstractContextManager[tenancy.Transaction]:
    owners = task.owner and task.failed is not None
    return tenancy.owner_transaction(tenant) if owners else tenancy.transaction(tenant)


def _tell(ctx: Context, task: Task, begun: _Begun, code: str) -> None:
    """Let the task see to what its job leaves behind; not if its arguments are what was wrong."""
    if task.failed is None:
        return
    with suppress(Invalid):
        task.failed(ctx, loaded(task, begun.arguments), code)


def _wait_s(task: Task, failures: int, error: Exception) -> float:
    wait_s = task.retry.wait_s(failures)
    if isinstance(error, TooManyRequests):
        after = error.details.get("retry_after_s", 1)
        wait_s = max(wait_s, float(after) if isinstance(after, int | float) else 1.0)
    return wait_s * random.uniform(0.75, 1.25)  # noqa: S311 so that many do not come back at one moment


def _postpone(tenant: tenancy.Tenant, job: JobId, begun: _Begun, why: str) -> None:
    values = {"job": job, "no": begun.run_no, "error": None, "code": None}
    with tenancy.transaction(tenant) as db:
        db.row(_FAIL, {**values, "counts": False, "final": False, "postponed": why or None})
