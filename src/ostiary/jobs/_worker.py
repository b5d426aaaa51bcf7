"""A worker: lines of work on every database of the installation, and one leader for each."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from procrastinate import App

from ostiary.jobs._engine import make_app, make_worker
from ostiary.jobs._leader import lead
from ostiary.jobs._task import Lane
from ostiary.kernel.errors import Misconfigured
from ostiary.tenancy import public as tenancy

LOOK_S = 5.0  # for further databases
AGAIN_S = 1.0  # after the database was away
DIRECTORY_S = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shop:
    """How a worker is set up.

    lanes: which ones it takes. concurrency: jobs at a time, of each database. grace_s: how long running jobs
    may take to end when it has to stop; what takes longer is given back.
    """

    lanes: Sequence[Lane] = tuple(Lane)
    concurrency: int = 4
    grace_s: float = 20.0


def lines(shop: Shop) -> list[tuple[Sequence[Lane], int]]:
    """Lanes and places of each line. Where there are enough places, every lane has one of its own.

    So long work of one lane never fills all places, and none waits for ever behind a busier one.
    """
    if shop.concurrency < 1 or not shop.lanes:
        raise Misconfigured("a worker needs a lane and a place to work")
    own: list[tuple[Lane, ...]] = [(lane,) for lane in shop.lanes] if len(shop.lanes) > 1 else []
    if shop.concurrency <= len(own):
        quick = tuple(lane for lane in shop.lanes if lane is not Lane.BULK)
        own = [quick] if shop.concurrency > 1 and quick else []
    return [(tuple(shop.lanes), shop.concurrency - len(own)), *((lanes, 1) for lanes in own)]


class WorkerProcess:
    """All the work of one process. `databases`: the owner's connection string of each, by name."""

    def __init__(self, shop: Shop, databases: Callable[[], Mapping[str, str]]) -> None:
        lines(shop)
        self._shop = shop
        self._databases = databases
        self._asked = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None

    def stop(self) -> None:
        """Take no further job; running ones may end. From any thread or signal handler."""
        self._asked.set()
        if self._loop is not None and self._wake is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    def run(self) -> None:
        """Work until `stop`."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        if self._asked.is_set():
            return
        tasks: dict[str, asyncio.Task[None]] = {}
        while not self._wake.is_set():
            try:
                known = self._databases()
            except Exception as error:  # noqa: BLE001 the directory is asked again
                log.warning("jobs.databases.unknown", extra={"error": type(error).__name__})
                known = {}
            for name, owner in known.items():
                if name not in tasks:
                    tasks[name] = asyncio.create_task(self._work_on(name, owner, self._wake))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_S)
        await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def _work_on(self, name: str, owner: str, wake: asyncio.Event) -> None:
        leading = threading.Thread(target=lead, args=(owner, _tenants_of(name), self._asked), daemon=True)
        leading.start()
        executor = ThreadPoolExecutor(self._shop.concurrency, thread_name_prefix=f"job-{name}")
        while not wake.is_set():
            try:
                await self._work(make_app(owner, self._asked, executor), wake)
            except Exception as error:  # noqa: BLE001 the database was away, or anything else: begin anew
                log.warning("jobs.worker.interrupted", extra={"error": type(error).__name__})
            if not wake.is_set():
                await asyncio.sleep(AGAIN_S)
        executor.shutdown(wait=False, cancel_futures=True)

    async def _work(self, app: App, wake: asyncio.Event) -> None:
        async with app.open_async():
            workers = [
                make_worker(app, lanes, places, shutdown_graceful_timeout=self._shop.grace_s)
                for lanes, places in lines(self._shop)
            ]
            running = [asyncio.create_task(w.run()) for w in workers]  # type: ignore[no-untyped-call]  # no types
            asked = asyncio.create_task(wake.wait())
            await asyncio.wait([*running, asked], return_when=asyncio.FIRST_COMPLETED)
            for worker in workers:  # asked to, or one line was lost: all end, and all begin anew
                worker.stop()  # type: ignore[no-untyped-call]  # has no types
            asked.cancel()
            for ended in await asyncio.gather(*running, return_exceptions=True):
                if isinstance(ended, BaseException):
                    log.warning("jobs.line.interrupted", extra={"error": type(ended).__name__})


def _tenants_of(name: str) -> Callable[[], Sequence[tenancy.Tenant]]:
    """The tenants of one database, as read at most `DIRECTORY_S` ago."""
    kept: list[tuple[float, Sequence[tenancy.Tenant]]] = [(float("-inf"), ())]

    def tenants() -> Sequence[tenancy.Tenant]:
        read_at, known = kept[0]
        if time.monotonic() - read_at > DIRECTORY_S:
            known = [t for t in tenancy.list_tenants() if t.placement == name]
            kept[0] = (time.monotonic(), known)
        return known

    return tenants


def work_off(owner: str, *, lanes: Sequence[Lane] = tuple(Lane), concurrency: int = 1) -> None:
    """Run what is due in one database until nothing is, in this process."""
    with ThreadPoolExecutor(concurrency) as executor:
        asyncio.run(_work_off(make_app(owner, threading.Event(), executor), lanes, concurrency))


async def _work_off(app: App, lanes: Sequence[Lane], concurrency: int) -> None:
    async with app.open_async():
        worker = make_worker(app, lanes, concurrency, wait=False, listen_notify=False)
        await worker.run()  # type: ignore[no-untyped-call]  # has no types
