"""procrastinate's queue and worker, bound to ours: it hands out jobs, and is told when to see them again."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition, Job, Status
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker

from ostiary.jobs._errors import Again
from ostiary.jobs._ports import JobId
from ostiary.jobs._run import execute
from ostiary.jobs._task import Lane
from ostiary.kernel import clock

HEARTBEAT_S = 2.0
LOST_AFTER_S = 8.0  # without a heartbeat a worker counts as dead
UNRECORDED_S = 5.0  # the end of an attempt could not be recorded: the database was away
FETCH_S = 1.0  # a job that goes back to wait announces itself to nobody
_POOL = 6
_TELL_TRIES = 30
_STILL_OURS = " where id = %(job)s and worker_id = %(worker)s and status = 'doing'"


class _AskedFor(BaseRetryStrategy):
    """Again when the attempt said so. Whatever else escapes it was not recorded, so it is tried again."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        wait_s = exception.wait_s if isinstance(exception, Again) else UNRECORDED_S
        if isinstance(exception, asyncio.CancelledError):
            wait_s = 0.0  # this worker stops: any other one may go on
        return RetryDecision(retry_at=clock.now() + timedelta(seconds=wait_s))


class _Queue(JobManager):
    """Tells the queue how an attempt ended, if it still has the job, and as often as it takes.

    procrastinate's own way would also end a job that was taken from a worker and given to another.
    """

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001 the signature is theirs
        """The attempt is over: the job leaves the queue."""
        await self._told("delete from procrastinate_jobs" + _STILL_OURS, job)

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """The job goes back to wait until then."""
        change = "update procrastinate_jobs set status = 'todo', attempts = attempts + 1, worker_id = null,"
        await self._told(f"{change} scheduled_at = %(at)s{_STILL_OURS}", job, at=retry_at)

    async def _told(self, sql: str, job: Job, **more: Any) -> None:
        for left in reversed(range(_TELL_TRIES)):
            try:
                await self.connector.execute_query_async(sql, job=job.id, worker=job.worker_id, **more)
            except ConnectorException:
                if not left:
                    raise  # `jobs.mend` finds it
                await asyncio.sleep(1)
            else:
                return


def make_app(owner: str, stopping: threading.Event, executor: ThreadPoolExecutor) -> App:
    """Procrastinate on one database, with the one task that runs all of ours.

    owner: conninfo of the owner role. executor: whose threads make the attempts.
    """
    # its messages quote arguments and what exceptions say; what an operator needs to know is logged by us
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    # its statements name no schema; the connection is the engine's alone
    kwargs = {"options": "-c search_path=jobs"}
    app = App(connector=PsycopgConnector(conninfo=owner, kwargs=kwargs, min_size=1, max_size=_POOL))

    async def run(_: JobContext, *, job: str, tenant: str) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(executor, execute, JobId(UUID(job)), UUID(tenant), stopping)

    app.job_manager = _Queue(app.connector)
    app.task(name="job", pass_context=True, retry=_AskedFor())(run)
    return app


class _Line(Worker):
    """procrastinate's worker, without its own clock: the leader calls periodic tasks, for each tenant."""

    async def _periodic_deferrer(self) -> None:
        # it must not end: with the first side task that does, heartbeat and listener are watched no more
        await asyncio.Event().wait()


def make_worker(app: App, lanes: Sequence[Lane], concurrency: int, **more: Any) -> Worker:
    """One line of work: up to `concurrency` jobs of these lanes at a time."""
    return _Line(
        app=app,
        queues=[lane.value for lane in lanes],
        concurrency=concurrency,
        delete_jobs=DeleteJobCondition.ALWAYS,
        install_signal_handlers=False,
        fetch_job_polling_interval=FETCH_S,
        update_heartbeat_interval=HEARTBEAT_S,
        stalled_worker_timeout=LOST_AFTER_S,
        **more,
    )
