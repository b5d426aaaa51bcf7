"""`ostiary serve`: the database, if it is ours, and the web server, until SIGTERM or Ctrl-C."""

import os

from ostiary.project import _database, _serve
from ostiary.project._state import default_state
from ostiary.project._transport import Transport


def run(bind: str, port: int | None, workers: int) -> int:
    """Serve every tenant of the installation."""
    port = _serve.port_from_environment() if port is None else port
    Transport.from_environment(os.environ).ensure_safe(bind)
    _serve.ensure_port_free(bind, port)
    state = default_state()
    with _serve.terminate_like_interrupt(), _database.open_database(state) as admin_dsn:
        _database.prepare(state, admin_dsn).database.close()
        with _serve.stop_requests() as asked_to_stop:
            server = _serve.WebServer(state, bind=bind, port=port, workers=workers)
            try:
                server.start(asked_to_stop)
                print(f"serving at {bind}:{port}", flush=True)
                _serve.serve(server, asked_to_stop)
            finally:
                server.stop()
    return 0
