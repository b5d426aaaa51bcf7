"""The web server as a process of its own: granian with a few workers, each ending with its parent."""

import argparse
import importlib
import multiprocessing
import multiprocessing.util
import shutil
import signal
import sys
import threading
from wsgiref.types import WSGIApplication

from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from ostiary.kernel.errors import OstiaryError
from ostiary.project import _admin, _health, _logs, _metrics, _node, _refusals, _tracing
from ostiary.project._database import configure_web, set_up
from ostiary.project._processes import die_with
from ostiary.project._state import default_state

TARGET = "ostiary.project.wsgi:application"
BLOCKING_THREADS = 4  # of each worker: a request waits for PostgreSQL most of its time


class DrainingServer(MPServer):
    """Asked to stop, it first tells the proxy that it is not ready, and goes on answering for `drain_s`."""

    drain_s = 0.0

    def signal_handler_interrupt(self, *_: object) -> None:
        """SIGTERM and SIGINT; more than one is the same as one."""
        if _health.is_draining():
            return
        _health.drain()
        if self.drain_s <= 0:
            super().signal_handler_interrupt()  # type: ignore[no-untyped-call]  # granian gives it no types
            return
        timer = threading.Timer(self.drain_s, super().signal_handler_interrupt)
        timer.daemon = True
        timer.start()


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    options = _parse()
    try:
        _serve(options)
    except OstiaryError as error:  # its words are for people
        print(f"error: {error.message}", file=sys.stderr)  # noqa: T201 a command line prints
        return 2
    return 0


def _serve(options: argparse.Namespace) -> None:
    state = default_state()
    measured = _metrics.enable() if options.admin is not None else None  # nobody could read them otherwise
    set_up(state)
    _logs.catch_the_rest()
    for module in (TARGET.partition(":")[0], "ostiary.project.urls"):
        importlib.import_module(module)  # once, here: the workers are forks of this process and share it
    server = DrainingServer(
        TARGET,
        address=options.bind,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=options.workers,
        blocking_threads=BLOCKING_THREADS,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        log_level=LogLevels.warning,
        log_dictconfig=_logs.SERVER_LOGGING,
        respawn_failed_workers=True,
        workers_kill_timeout=max(1, round(options.grace)),
    )
    server.drain_s = options.drain
    _health.configure(_node.checks(state))
    try:
        if measured is not None:
            _admin.start(options.admin[0], int(options.admin[1]), measured, state)
        server.serve(target_loader=load_application)
    finally:
        if measured is not None:
            shutil.rmtree(measured, ignore_errors=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="ostiary-web")
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--admin", nargs=2, metavar=("HOST", "PORT"))
    parser.add_argument("--drain", type=float, default=0.0)
    parser.add_argument("--grace", type=float, default=10.0)
    return parser.parse_args()


def load_application(name: str) -> WSGIApplication:
    """Called in each worker, which ends when the application cannot be loaded. Raises SystemExit."""
    try:
        return _load(name)
    except Exception as error:  # noqa: BLE001  a fork would print the whole traceback, message and all
        _refusals.log_failure(error)
        if isinstance(error, OstiaryError):
            print(f"error: {error.message}", file=sys.stderr)  # noqa: T201 a command line prints
        sys.exit(2)


def _load(_: str) -> WSGIApplication:
    """A worker without its parent would keep the port, so it ends with it.

    A fork has its parent's signal handlers until it sets its own: asked to end meanwhile, it would not.
    """
    for sig in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sig, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        die_with(parent.pid, signal.SIGKILL)
    state = default_state()
    configure_web(state)
    _health.configure(_node.checks(state))
    _tracing.configure()
    if _metrics.folder() is not None:
        _metrics.Sampler(_node.SAMPLES).start()
    multiprocessing.util.Finalize(None, _node.close, exitpriority=10)  # a fork runs nothing of `atexit`
    from ostiary.project.wsgi import application  # reads the settings, so it comes after `set_up`

    loaded: WSGIApplication = application
    return loaded


if __name__ == "__main__":
    sys.exit(main())
