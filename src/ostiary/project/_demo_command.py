"""`ostiary demo` and `ostiary up`: from nothing to a page with data on it, then serve until Ctrl-C."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ostiary.kernel.errors import Misconfigured
from ostiary.project import _database, _serve
from ostiary.project._demo_tenant import DemoPerson, ensure_demo_tenant, notes_path
from ostiary.project._installation import names_database
from ostiary.project._progress import step
from ostiary.project._state import State, default_state
from ostiary.project._worker import WorkerBeside
from ostiary.project.embedded import Cluster

BIND = "127.0.0.1"
WORKERS = 2
SHOWN = 9  # one of each kind: the seed names them first
PACKAGE = Path(__file__).parents[1]


def run(*, reload: bool) -> int:
    """Prepare what is missing, say who can sign in, serve. reload: start again when a source file changes."""
    started = time.monotonic()
    port = _serve.port_from_environment()
    _serve.ensure_port_free(BIND, port)
    _ensure_assets()
    os.environ["OSTIARY_INSECURE_HTTP"] = "1"  # plain HTTP on loopback
    state = default_state()
    with _serve.terminate_like_interrupt(), _database_in_steps(state) as admin_dsn:
        with step("roles and directory"):
            placement = _database.prepare(state, admin_dsn)
        people = ensure_demo_tenant(state)
        placement.database.close()
        with _serve.stop_requests() as asked_to_stop:
            companions: list[_serve.Companion] = [
                _serve.WebServer(state, _serve.Listening(BIND, port, WORKERS)),
                WorkerBeside(state),
            ]
            with _serve.running(companions, asked_to_stop, announce=step):
                _welcome(people, port, time.monotonic() - started)
                if reload:
                    _serve.serve_and_reload(companions, asked_to_stop, PACKAGE)
                else:
                    _serve.serve(companions, asked_to_stop)
                print("\nstopping", flush=True)
    return 0


def reset() -> int:
    """Remove the private cluster with everything that belongs to it."""
    if names_database():
        raise Misconfigured("another database is named (`ostiary config show`): it is not ours to remove")
    Cluster(default_state()).remove()
    print("removed: the next `make demo` makes everything again")
    return 0


@contextmanager
def _database_in_steps(state: State) -> Iterator[str]:
    name = "database" if state.pgdata.is_dir() else "database (first start)"
    database = _database.open_database(state)
    with step(name):
        admin_dsn = database.__enter__()
    try:
        yield admin_dsn
    finally:
        database.__exit__(None, None, None)


def _ensure_assets() -> None:
    if not (PACKAGE / "ui" / "static" / "dist" / "manifest.json").is_file():
        raise Misconfigured("the style sheet and script are not built: run `make assets`")


def _welcome(people: Sequence[DemoPerson], port: int, seconds: float) -> None:
    print(f"\n  Ostiary is ready after {seconds:.1f} s: http://localhost:{port}")
    print(f"\n  Everybody's password here: {people[0].password}")
    shown = people[:SHOWN]
    width = max(len(person.login) for person in shown)
    for person in shown:
        print(f"    {person.login:<{width}}  {person.about}")
    print(f"    and {len(people) - len(shown)} more: {notes_path(default_state())}")
    print("\n  Ctrl-C stops everything.", flush=True)
