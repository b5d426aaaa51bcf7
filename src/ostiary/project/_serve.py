"""Keeps the web server's process: starts it, waits for the end that was asked for, stops it in order."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ostiary.kernel.errors import Misconfigured, OstiaryError
from ostiary.project._database import DATABASE_URL
from ostiary.project._processes import die_with_parent
from ostiary.project._state import State

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
POLL_S = 0.05


class PortTaken(OstiaryError):
    """Another program listens there."""

    code = "port_taken"


class ServerEnded(OstiaryError):
    """The web server ended without being asked; its own words stand above."""

    code = "server_ended"


def ensure_port_free(bind: str, port: int) -> None:
    """Raises PortTaken. Asked before slow work, so that nobody waits for a refusal."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
            probe.listen(1)
        except PermissionError:
            raise PortTaken(f"port {port} needs root: choose another one with PORT=8000") from None
        except OSError:
            other = port + 1 if port < 2**16 - 1 else 8000
            raise PortTaken(f"port {port} is taken: choose another one, for example PORT={other}") from None


@contextmanager
def terminate_like_interrupt() -> Iterator[None]:
    """Within the block SIGTERM does what Ctrl-C does: the work stops where it is and everything is undone."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """Set by Ctrl-C and SIGTERM within the block, so that requests in progress come to their end."""
    asked = threading.Event()
    before = {sig: signal.signal(sig, lambda *_: asked.set()) for sig in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)


class WebServer:
    """The web server's process, a context manager. Its requests run to their end when it stops."""

    def __init__(self, state: State, *, bind: str, port: int, workers: int) -> None:
        self._environment = {k: v for k, v in os.environ.items() if k != DATABASE_URL}
        self._environment["OSTIARY_STATE"] = str(state.root)  # where it finds the app's connection, no other
        self._address = (bind, port)
        self._command = [sys.executable, "-m", "ostiary.project._web_server"]
        self._command += ["--bind", bind, "--port", str(port), "--workers", str(workers)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, asked_to_stop: threading.Event) -> None:
        """Start and wait until it accepts connections. Raises ServerEnded."""
        with warnings.catch_warnings():
            # Python 3.12 warns of fork() beside threads; ours runs one system call between fork and exec.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                start_new_session=True,  # Ctrl-C is for us: we stop it before the database
                # At once: the database ends with us too, and requests that wait for it would hold the port
                # against the next start.
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 see above
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._accepts() and not asked_to_stop.is_set():
            if time.monotonic() > deadline or not self.is_running():
                self.stop()
                raise ServerEnded("the web server did not start; the reason stands above")
            time.sleep(POLL_S)

    @property
    def pid(self) -> int:
        """The process id. Raises ServerEnded: it does not run."""
        if self._process is None:
            raise ServerEnded("the web server does not run")
        return self._process.pid

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop after the requests in progress; harmless when it does not run."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its workers go with it
            self._process.wait()
        self._process = None

    def _accepts(self) -> bool:
        try:
            socket.create_connection(self._address, timeout=1).close()
        except OSError:
            return False
        return True


def serve(server: WebServer, asked_to_stop: threading.Event) -> None:
    """Return when asked to stop. Raises ServerEnded: it ended by itself."""
    while not asked_to_stop.wait(0.2):
        if not server.is_running():
            raise ServerEnded("the web server ended by itself; the reason stands above")


def serve_and_reload(server: WebServer, asked_to_stop: threading.Event, folder: Path) -> None:
    """The same for developing: start it again when a file of `folder` changes, and after a mistake wait."""
    seen = _fingerprint(folder)
    while not asked_to_stop.wait(0.5):
        now = _fingerprint(folder)
        if now == seen:
            continue
        changed = min(str(path.relative_to(folder)) for path, _ in now ^ seen)
        print(f"  changed: {changed}; starting again", flush=True)  # noqa: T201 a command line prints
        seen = now
        server.stop()
        try:
            server.start(asked_to_stop)
        except ServerEnded as error:
            print(f"  {error.message}; waiting for a change", flush=True)  # noqa: T201 a command line prints


def _fingerprint(folder: Path) -> frozenset[tuple[Path, int]]:
    return frozenset(
        (path, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.suffix in {".py", ".html", ".yaml", ".json", ".mo"} and "node_modules" not in path.parts
    )


def port_from_environment() -> int:
    """PORT, by default 8000. Raises Misconfigured: no port number."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise Misconfigured(f"PORT={text} is no port number")
    return int(text)
