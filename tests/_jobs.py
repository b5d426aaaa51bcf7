"""Background work within a test: in this process, or by real worker processes that can be killed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from ostiary.jobs import public as jobs
from ostiary.jobs._leader import Leader
from ostiary.kernel.context import Channel, Context
from ostiary.project._private_files import write_secret
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation, TestTenant

PATIENCE_S = 60.0


def run_due_jobs() -> None:
    """Run every job of the installation's database that is due, also what they ask for, until none is."""
    jobs.work_off(tenancy.placement().owner)


def lead_once(leader: Leader | None = None) -> Leader:
    """What the leading worker does in one beat."""
    leader = leader or Leader(lambda: [t for t in tenancy.list_tenants() if not t.placement])
    with psycopg.connect(tenancy.placement().owner, autocommit=True) as connection:
        leader.beat(connection)
    return leader


def as_owner(sql: LiteralString, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """A statement of the owner about the queue; the rows, if it has any."""
    with psycopg.connect(tenancy.placement().owner, autocommit=True) as connection:
        done = connection.execute(sql, values or {})
        return done.fetchall() if done.description else []


def make_due() -> None:
    """As if the waits between attempts were over."""
    as_owner("update jobs.procrastinate_jobs set scheduled_at = null where status = 'todo'")


@contextmanager
def asking(tenant: TestTenant) -> Iterator[Context]:
    """A committed transaction of the tenant's first administrator."""
    with tenancy.transaction(tenant.tenant) as db:
        yield Context(tenant.tenant.id, db, tenant.administrator, Channel.CLI)


def wait_until(true: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Ask again and again until it is so. Raises AssertionError: it never was."""
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def fill_state(installation: Installation, root_key: Path, folder: Path) -> None:
    """A state folder from which workers find the database of this test process, and its keys."""
    for name in ("secrets", "secrets/owner", "keys"):
        (folder / name).mkdir(mode=0o700)
    write_secret(folder / "secrets" / "app.dsn", installation.credentials.app)
    write_secret(folder / "secrets" / "owner" / "owner.dsn", installation.credentials.owner or "")
    shutil.copytree(root_key.parent, folder / "keys", dirs_exist_ok=True)


class Workers:
    """Worker processes of the installation whose state folder this is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "OSTIARY_STATE": str(folder),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "OSTIARY_INSECURE_HTTP": "1",
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """One more worker."""
        command = [sys.executable, "-m", "tests._job_worker", *words]
        process = subprocess.Popen(command, env=self.environment)
        self.running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """As if the machine had lost its power."""
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.running.remove(process)

    def stop(self) -> None:
        """Ask all to end, and see that they do."""
        for process in self.running:
            process.terminate()
        for process in self.running:
            assert process.wait(PATIENCE_S) in (0, -signal.SIGTERM)  # the latter: not yet set up
        self.running.clear()
