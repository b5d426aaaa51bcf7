"""The operator's own address: figures and details of readiness, for eyes that strangers do not have.

Plain HTTP without a sign-in, so it belongs on loopback or on a network that only the monitoring reaches.
"""

import json
import logging
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ostiary.project import _health
from ostiary.project._state import State

log = logging.getLogger(__name__)

METRICS = "/metrics"
TIMEOUT_S = 10.0  # for one request: a connection that says nothing is closed


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, folder: Path, state: State) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)
        self.folder, self.state = folder, state

    def handle_error(self, request: object, client_address: object) -> None:
        """A prober that goes away is not worth a word; anything else is ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            log.error("admin.request.failed", exc_info=sys.exc_info())


class _Handler(BaseHTTPRequestHandler):
    timeout = TIMEOUT_S
    server_version = "Ostiary"
    sys_version = ""

    def do_GET(self) -> None:
        """The three paths; anything else is absent."""
        if self.path == _health.HEALTH:
            self._send(200, {"alive": True})
        elif self.path == _health.READY:
            readiness = _health.find_readiness()
            found = readiness.look() if readiness is not None else {"configured": False}
            self._send(200 if all(found.values()) else 503, {"ready": all(found.values()), "checks": found})
        elif self.path == METRICS:
            self._send_metrics()
        else:
            self._send(404, {"found": False})

    def _send(self, status: int, body: object) -> None:
        self._send_bytes(status, json.dumps(body).encode() + b"\n", "application/json")

    def _send_metrics(self) -> None:
        from ostiary.project import _figures  # imports what `_metrics.enable` has to come before

        if isinstance(self.server, _Server):
            text = _figures.render(self.server.folder, self.server.state)
            self._send_bytes(200, text, _figures.CONTENT_TYPE)

    def _send_bytes(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """No line for each probe."""


def start(host: str, port: int, folder: Path, state: State) -> ThreadingHTTPServer:
    """Listen and answer from a thread of this process. Raises OSError: the address cannot be used."""
    from ostiary.project import _figures  # noqa: F401  now: a worker must not be forked in the middle of it

    server = _Server(host, port, folder, state)
    threading.Thread(target=server.serve_forever, name="admin", daemon=True).start()
    return server
