"""The worker's process: it does the background work of every tenant until SIGTERM or SIGINT.

It holds the app's credentials, as which tenants' transactions run, and the owner's, for the queue and for
tasks that declare the owner's work. It holds nobody's administrative connection.
"""

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence

from ostiary.crypto import public as crypto
from ostiary.jobs import public as jobs
from ostiary.kernel.errors import Misconfigured, OstiaryError
from ostiary.project import _database, _serve, _tracing
from ostiary.project._state import State, default_state
from ostiary.tenancy import public as tenancy

MODULE = "ostiary.project._worker"
CONCURRENCY = 4
GRACE_S = 20.0
QUICK_S = 2.0  # a worker that lives shorter is started again after so long, not at once

log = logging.getLogger(__name__)


def main(words: Sequence[str] | None = None) -> int:
    """`python -m ostiary.project._worker`: as a process of its own, beside the web server or alone."""
    parser = argparse.ArgumentParser(prog="ostiary-worker")
    add_options(parser)
    try:
        return run(shop_of(parser.parse_args(words)))
    except OstiaryError as error:
        print(f"error: {error.message}", file=sys.stderr)  # noqa: T201 a command line prints
        return 2


def add_options(parser: argparse.ArgumentParser) -> None:
    """How a worker is set up."""
    every = ",".join(jobs.Lane)
    parser.add_argument("--lanes", default=every, help="which lanes it works on (default: %(default)s)")
    parser.add_argument(
        "--concurrency", type=int, default=CONCURRENCY, help="jobs at a time (default: %(default)s)"
    )
    parser.add_argument(
        "--grace",
        type=float,
        default=GRACE_S,
        help="seconds that running jobs get to end (default: %(default)s)",
    )


def shop_of(options: argparse.Namespace) -> jobs.Shop:
    """Raises Misconfigured: an unknown lane, or no place to work."""
    names = [name.strip() for name in options.lanes.split(",") if name.strip()]
    unknown = sorted(set(names) - set(jobs.Lane))
    if unknown or not names:
        raise Misconfigured(f"there is no lane {', '.join(unknown)}: take {', '.join(jobs.Lane)}")
    if not 1 <= options.concurrency <= 64 or not 0 <= options.grace <= 3600:
        raise Misconfigured("--concurrency is 1 to 64, --grace 0 to 3600 seconds")
    lanes = tuple(lane for lane in jobs.Lane if lane in names)
    return jobs.Shop(lanes, options.concurrency, options.grace)


def run(shop: jobs.Shop) -> int:
    """Work until asked to stop. What is not done when the grace is over is given back."""
    configure(default_state(), shop)
    worker = jobs.WorkerProcess(shop, databases)
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: worker.stop())
    worker.run()
    _tracing.close()
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)  # an attempt that did not end within the grace ends here: its transaction is rolled back


def configure(state: State, shop: jobs.Shop) -> None:
    """Configure this process for background work. Raises Misconfigured: the database was never prepared."""
    placement = _database.configure_worker(state, max_size=2 * shop.concurrency + 4)
    crypto.unlock()  # now, and not at the first job: a root key that is missing or open is refused
    if placement.owner:
        from ostiary.project._task_registry import load_tasks  # needs Django's settings

        load_tasks()
        jobs.freeze()
    _tracing.configure()


def databases() -> Mapping[str, str]:
    """The owner's connection string of every database that has tenants, and of the installation's own."""
    names = {""} | {tenant.placement for tenant in tenancy.list_tenants()}
    found = {}
    for name in sorted(names):
        try:
            found[name] = tenancy.placement(name).owner
        except Misconfigured:  # its connection is not kept on this node: another worker serves it
            log.info("jobs.database.not_here")
    return found


class WorkerBeside(_serve.Companion):
    """A worker beside the web server. One that dies is started again: nobody else would do its work."""

    def __init__(self, state: State) -> None:
        super().__init__(state, MODULE, (), name="worker", stop_timeout_s=GRACE_S + _serve.STOP_MARGIN_S)
        self._started = 0.0

    def start(self, asked_to_stop: threading.Event) -> None:
        """Start, and wait no longer than that takes: work is there or will come."""
        self._started = time.monotonic()
        super().start(asked_to_stop)

    def is_running(self) -> bool:
        """Whether it lives; asked about one that died, this starts the next."""
        if super().is_running() or self._process is None or self._asked:
            return super().is_running()
        if time.monotonic() - self._started > QUICK_S:
            print("the worker ended by itself; it is started again", file=sys.stderr)  # noqa: T201 for operators
            self.start(threading.Event())
        return True


if __name__ == "__main__":
    sys.exit(main())
