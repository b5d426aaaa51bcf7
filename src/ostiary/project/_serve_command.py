"""`ostiary serve`, `web` and `database-server`: a whole installation, or one node of several."""

from ostiary.kernel.errors import Misconfigured
from ostiary.project import _database, _serve
from ostiary.project._installation import environment, names_database
from ostiary.project._state import State, default_state
from ostiary.project._transport import Transport
from ostiary.project._worker import WorkerBeside
from ostiary.project.embedded import Cluster


def run(listening: _serve.Listening, *, worker: bool = True) -> int:
    """Serve every tenant of the installation, with the database if it is ours.

    worker: whether one for background work runs beside the web server.
    """
    _ensure_possible(listening)
    state = default_state()
    with _serve.terminate_like_interrupt(), _database.open_database(state) as admin_dsn:
        _database.prepare(state, admin_dsn).database.close()
        _serve_until_asked(state, listening, worker=worker)
    return 0


def run_web(listening: _serve.Listening) -> int:
    """One web node: it joins a database that is prepared and runs by itself."""
    _ensure_possible(listening)
    state = default_state()
    if not (state.secrets / "app.dsn").is_file():
        raise Misconfigured("the database is not prepared: run `ostiary database prepare` first")
    _serve_until_asked(state, listening, worker=False)
    return 0


def run_database() -> int:
    """The private PostgreSQL alone, for several nodes on this machine, until SIGTERM or Ctrl-C."""
    if names_database():
        raise Misconfigured("another database is named (`ostiary config show`): it is not ours to run")
    state = default_state()
    with _serve.terminate_like_interrupt(), Cluster(state) as cluster:
        _database.prepare(state, cluster.admin_dsn).database.close()
        cluster.keep_alive()
        with _serve.stop_requests() as asked_to_stop:
            print(f"the database runs in {state.root}", flush=True)
            asked_to_stop.wait()
    return 0


def _ensure_possible(listening: _serve.Listening) -> None:
    Transport.from_environment(environment()).ensure_safe(listening.bind)
    _serve.ensure_port_free(listening.bind, listening.port)
    if listening.admin is not None:
        _serve.ensure_port_free(*listening.admin)


def _serve_until_asked(state: State, listening: _serve.Listening, *, worker: bool) -> None:
    with _serve.stop_requests() as asked_to_stop:
        companions = _companions(state, listening, worker=worker)
        with _serve.running(companions, asked_to_stop):
            print(f"serving at {listening.bind}:{listening.port}", flush=True)
            _serve.serve(companions, asked_to_stop)


def _companions(state: State, listening: _serve.Listening, *, worker: bool) -> list[_serve.Companion]:
    server = _serve.WebServer(state, listening)
    return [server, WorkerBeside(state)] if worker else [server]
