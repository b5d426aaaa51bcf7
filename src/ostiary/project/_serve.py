"""Keeps the processes beside this one: starts them, waits for the end that was asked for, stops them."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from ostiary.kernel.errors import Misconfigured, OstiaryError
from ostiary.project._installation import DATABASE_URL, DATABASE_URL_FILE, environment
from ostiary.project._processes import die_with_parent
from ostiary.project._root_key import handed_over
from ostiary.project._state import State

START_TIMEOUT_S = 60.0
STOP_MARGIN_S = 5.0  # beyond what requests may take
POLL_S = 0.05
MOST_WORKERS = 128
LONGEST_S = 3600.0


class PortTaken(OstiaryError):
    """Another program listens there."""

    code = "port_taken"


class ServerEnded(OstiaryError):
    """A process beside us ended without being asked; its own words stand above."""

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


class Companion:
    """A process of ours that runs beside this one and ends when this one ends, however that happens.

    module: run as `python -m module arguments...`. It finds the installation by OSTIARY_STATE and never
    gets the administrative connection from the environment. stop_timeout_s: patience after SIGTERM.
    """

    def __init__(
        self, state: State, module: str, arguments: Sequence[str] = (), *, name: str, stop_timeout_s: float
    ) -> None:
        self.name = name
        apart = (DATABASE_URL, DATABASE_URL_FILE)
        self._environment = {k: v for k, v in os.environ.items() if k not in apart}
        self._environment["OSTIARY_STATE"] = str(state.root)  # where it finds its connections, no other
        self._command = [sys.executable, "-m", module, *arguments]
        self._stop_timeout_s = stop_timeout_s
        self._state = state
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = False

    def start(self, asked_to_stop: threading.Event) -> None:
        """Start and wait until it works. Raises ServerEnded, and whatever keeps the root key locked."""
        self._asked = False
        with handed_over(self._state) as (variables, descriptors), warnings.catch_warnings():
            # Python 3.12 warns of fork() beside threads; ours runs one system call between fork and exec.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._process = subprocess.Popen(
                self._command,
                env={**self._environment, **variables},
                pass_fds=descriptors,
                start_new_session=True,  # Ctrl-C is for us: we stop it before the database
                # At once: the database ends with us too, and requests that wait for it would hold the port
                # against the next start.
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 see above
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.is_ready() and not asked_to_stop.is_set():
            if time.monotonic() > deadline or not self.is_running():
                self.stop()
                raise ServerEnded(f"the {self.name} did not start; the reason stands above")
            time.sleep(POLL_S)

    @property
    def pid(self) -> int:
        """The process id. Raises ServerEnded: it does not run."""
        if self._process is None:
            raise ServerEnded(f"the {self.name} does not run")
        return self._process.pid

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def is_ready(self) -> bool:
        """Whether it does its work."""
        return self.is_running()

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting: several can come to their end at the same time."""
        if self._process is not None and not self._asked:
            self._asked = True
            self._process.terminate()

    def stop(self) -> None:
        """Stop after the work in progress; harmless when it does not run."""
        if self._process is None:
            return
        self.ask_to_stop()
        try:
            self._process.wait(self._stop_timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its own children go with it
            self._process.wait()
        self._process = None


@dataclass(frozen=True, slots=True)
class Listening:
    """Where and how the web server answers.

    admin: address and port for the operator alone (metrics, details of readiness); None: none.
    drain_s: after SIGTERM it says that it is not ready, and goes on answering for so long.
    grace_s: then requests in progress may take so long to end.
    Raises: Misconfigured: a number out of its range.
    """

    bind: str
    port: int
    workers: int = 2
    admin: tuple[str, int] | None = None
    drain_s: float = 0.0
    grace_s: float = 10.0

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= MOST_WORKERS:
            raise Misconfigured(f"--workers {self.workers} is not between 1 and {MOST_WORKERS}")
        if not 0 <= self.drain_s <= LONGEST_S or not 1 <= self.grace_s <= LONGEST_S:
            raise Misconfigured(f"--drain (from 0) and --grace (from 1) are at most {LONGEST_S:.0f} seconds")

    def arguments(self) -> list[str]:
        """For the command line of the web server's process."""
        words = ["--bind", self.bind, "--port", str(self.port), "--workers", str(self.workers)]
        words += ["--drain", str(self.drain_s), "--grace", str(self.grace_s)]
        return words if self.admin is None else [*words, "--admin", *map(str, self.admin)]


class WebServer(Companion):
    """The web server's process. Its requests run to their end when it stops."""

    def __init__(self, state: State, listening: Listening) -> None:
        super().__init__(
            state,
            "ostiary.project._web_server",
            listening.arguments(),
            name="web server",
            stop_timeout_s=listening.drain_s + listening.grace_s + STOP_MARGIN_S,
        )
        self._address = (listening.bind, listening.port)

    def is_ready(self) -> bool:
        """Whether it accepts connections."""
        try:
            socket.create_connection(self._address, timeout=1).close()
        except OSError:
            return False
        return True


@contextmanager
def running(
    companions: Sequence[Companion],
    asked_to_stop: threading.Event,
    announce: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> Iterator[None]:
    """Start them one after the other; at the end of the block all are asked to stop, then waited for.

    announce: shows the name of each while it starts.
    """
    try:
        for companion in companions:
            with announce(companion.name):
                companion.start(asked_to_stop)
        yield
    finally:
        for companion in companions:
            companion.ask_to_stop()
        for companion in reversed(companions):
            companion.stop()


def serve(companions: Sequence[Companion], asked_to_stop: threading.Event) -> None:
    """Return when asked to stop. Raises ServerEnded: one of them ended by itself."""
    while not asked_to_stop.wait(0.2):
        for companion in companions:
            if not companion.is_running():
                raise ServerEnded(f"the {companion.name} ended by itself; the reason stands above")


def serve_and_reload(companions: Sequence[Companion], asked_to_stop: threading.Event, folder: Path) -> None:
    """The same for developing: start them again when a file of `folder` changes, and after a mistake wait."""
    seen = _fingerprint(folder)
    while not asked_to_stop.wait(0.5):
        now = _fingerprint(folder)
        if now == seen:
            continue
        changed = min(str(path.relative_to(folder)) for path, _ in now ^ seen)
        print(f"  changed: {changed}; starting again", flush=True)  # noqa: T201 a command line prints
        seen = now
        for companion in reversed(companions):
            companion.stop()
        try:
            for companion in companions:
                companion.start(asked_to_stop)
        except ServerEnded as error:
            print(f"  {error.message}; waiting for a change", flush=True)  # noqa: T201 a command line prints


def _fingerprint(folder: Path) -> frozenset[tuple[Path, int]]:
    return frozenset(
        (path, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.suffix in {".py", ".html", ".yaml", ".json", ".mo"} and "node_modules" not in path.parts
    )


def parse_address(text: str) -> tuple[str, int]:
    """`127.0.0.1:9464` or `[::1]:9464` as host and port. Raises Misconfigured."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise Misconfigured(f"{text!r} is no ADDRESS:PORT")
    return host.strip("[]"), int(port)


def port_from_environment() -> int:
    """PORT, by default 8000. Raises Misconfigured: no port number."""
    text = environment().get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise Misconfigured(f"PORT={text} is no port number")
    return int(text)
