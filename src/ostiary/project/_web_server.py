"""The web server as a process of its own: granian with a few workers, each ending with its parent."""

import argparse
import importlib
import multiprocessing
import signal
from wsgiref.types import WSGIApplication

from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from ostiary.project._database import configure_web, set_up
from ostiary.project._processes import die_with
from ostiary.project._state import default_state

TARGET = "ostiary.project.wsgi:application"
BLOCKING_THREADS = 4  # of each worker: a request waits for PostgreSQL most of its time


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="ostiary-web")
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    set_up(default_state())
    for module in (TARGET.partition(":")[0], "ostiary.project.urls"):
        importlib.import_module(module)  # once, here: the workers are forks of this process and share it
    Granian(
        TARGET,
        address=options.bind,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=options.workers,
        blocking_threads=BLOCKING_THREADS,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    ).serve(target_loader=load_application)


def load_application(_: str) -> WSGIApplication:
    """Called in each worker. A worker without its parent would keep the port, so it ends with it.

    A fork has its parent's signal handlers until it sets its own: asked to end meanwhile, it would not.
    """
    for sig in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sig, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        die_with(parent.pid, signal.SIGKILL)
    configure_web(default_state())
    from ostiary.project.wsgi import application  # reads the settings, so it comes after `set_up`

    loaded: WSGIApplication = application
    return loaded


if __name__ == "__main__":
    main()
