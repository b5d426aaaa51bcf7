"""procrastinate's queue and worker, bound to ours: it hands out jobs, and is told when to see them again."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import DeleteJobCondition, Job
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
_POOL = 6


class _AskedFor(BaseRetryStrategy):
    """Again when the attempt said so. Whatever else escapes it was not recorded, so it is tried again."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        wait_s = exception.wait_s if isinstance(exception, Again) else UNRECORDED_S
        return RetryDecision(retry_at=clock.now() + timedelta(seconds=wait_s))


def make_app(owner: str, stopping: threading.Event, executor: ThreadPoolExecutor) -> App:
    """Procrastinate on one database, with the one task that runs all of ours.

    owner: conninfo of the owner role. executor: whose threads make the attempts.
    """
    # its statements name no schema; the connection is the engine's alone
    kwargs = {"options": "-c search_path=jobs"}
    app = App(connector=PsycopgConnector(conninfo=owner, kwargs=kwargs, min_size=1, max_size=_POOL))

    async def run(_: JobContext, *, job: str, tenant: str) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(executor, execute, JobId(UUID(job)), UUID(tenant), stopping)

    app.task(name="job", pass_context=True, retry=_AskedFor())(run)
    return app


def make_worker(app: App, lanes: Sequence[Lane], concurrency: int, **more: Any) -> Worker:
    """One line of work: up to `concurrency` jobs of these lanes at a time."""
    return Worker(
        app=app,
        queues=[lane.value for lane in lanes],
        concurrency=concurrency,
        delete_jobs=DeleteJobCondition.ALWAYS,
        install_signal_handlers=False,
        update_heartbeat_interval=HEARTBEAT_S,
        stalled_worker_timeout=LOST_AFTER_S,
        **more,
    )


def work_off(owner: str, *, concurrency: int = 1) -> None:
    """Run what is due in one database until nothing is, in this process."""
    stopping = threading.Event()
    with ThreadPoolExecutor(concurrency) as executor:
        asyncio.run(_work_off(make_app(owner, stopping, executor), concurrency))


async def _work_off(app: App, concurrency: int) -> None:
    async with app.open_async():
        await make_worker(app, list(Lane), concurrency, wait=False, listen_notify=False).run()  # type: ignore[no-untyped-call]  # has no types


__all__ = ["ProcrastinateException", "make_app", "make_worker", "work_off"]
