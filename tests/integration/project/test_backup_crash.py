"""kill -9 in the middle of a backup and of a restore: nothing half is visible, and the next run works."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from ostiary.crypto import public as crypto
from ostiary.kernel.context import Channel, Context
from ostiary.project._tenants import create_tenant
from ostiary.project.backup import _folder
from ostiary.project.backup._plan import Wish
from ostiary.project.backup._restore import restore_tenant
from ostiary.project.backup._save import back_up_tenant
from ostiary.project.backup._sealed import PART
from ostiary.project.backup._verify import verify_tenant
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation

pytestmark = [pytest.mark.database, pytest.mark.deep]

# At which line of progress the blow falls; with every second one it has just gone on.
SAVING = (1, 2, 9, 18, 27, 33, 38)
RESTORING = (1, 2, 8, 20, 31, 40, 44, 45, 46, 47, 48)
REPLACING = (1, 12, 40, 45, 46, 47, 48)
CHILD = """
import sys
from pathlib import Path
from ostiary.crypto import public as crypto
from ostiary.project import _database
from ostiary.project.backup._plan import Wish
from ostiary.project.backup._restore import restore_tenant
from ostiary.project.backup._save import back_up_tenant
from ostiary.tenancy import public as tenancy
import django
django.setup()
what, key, app, owner, admin, file, slug = sys.argv[1:]
crypto.configure(crypto.ensure_plaintext_root(Path(key)))
tenancy.configure(tenancy.Credentials(app=app, owner=owner, admin=admin))
def say(line):
    print(line, flush=True)
    sys.stdin.readline()
if what == "save":
    back_up_tenant(tenancy.get_tenant(slug), Path(file), progress=say)
elif what == "restore":
    restore_tenant(Path(file), Wish(slug, [f"{slug}.test"]), progress=say)
else:
    restore_tenant(Path(file), Wish(slug, replace_existing=True), progress=say)
"""


class Child:
    """A backup or restore in a process of its own, which goes on line by line."""

    def __init__(self, installation: Installation, key: Path, what: str, file: Path, slug: str) -> None:
        given = installation.credentials
        words = [what, str(key), given.app, given.owner or "", given.admin or "", str(file), slug]
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, *words],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run_to(self, line: int) -> int:
        """Let it go on to its n-th line of progress, or to its end; how many lines it said."""
        assert self.process.stdout is not None
        assert self.process.stdin is not None
        for said in range(line):
            if not self.process.stdout.readline():
                return said
            if said < line - 1:
                self.process.stdin.write("\n")
                self.process.stdin.flush()
        return line

    def kill(self, *, running: bool) -> None:
        """kill -9, while it waits or a moment after it was told to go on."""
        assert self.process.stdin is not None
        if running:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        self.process.send_signal(signal.SIGKILL)
        with self.process:  # waits and closes
            pass

    def finish(self) -> int:
        """Let it go on to its end; how many lines it said."""
        with self.process:
            return self.run_to(1_000_000)


@pytest.fixture(scope="module")
def key(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root key of this worker, where a child finds it."""
    return next(tmp_path_factory.getbasetemp().rglob("root.key"))


@pytest.fixture(scope="module")
def tenant(installation: Installation) -> tenancy.Tenant:
    new = create_tenant(
        f"cr{installation.worker}", "Crash", [], login="a", person="A", email="", password=None
    )
    with tenancy.transaction(new.tenant) as db:
        ctx = Context(new.tenant.id, db, new.administrator, Channel.CLI)
        for number in range(40):
            crypto.put_secret(ctx, f"large.{number}", "x" * 60_000)
    return new.tenant


def schemas() -> set[str]:
    with psycopg.connect(tenancy.placement().owner) as connection:
        return {r[0] for r in connection.execute("select nspname from pg_namespace").fetchall()}


def test_a_killed_backup_leaves_no_backup(
    installation: Installation, tenant: tenancy.Tenant, key: Path, tmp_path: Path
) -> None:
    for blow, line in enumerate(SAVING):
        file = tmp_path / f"{blow}.ostiary"
        child = Child(installation, key, "save", file, tenant.slug)
        child.run_to(line)
        child.kill(running=blow % 2 == 1)
        if file.exists():
            verify_tenant(file)  # then it was whole before the blow
    assert _folder.list_backups(tmp_path) == []
    assert all(path.name.endswith((PART, ".ostiary")) for path in tmp_path.iterdir())
    last = tmp_path / "last.ostiary"
    Child(installation, key, "save", last, tenant.slug).finish()
    verify_tenant(last)


def test_a_killed_restore_shows_nothing_and_the_next_one_succeeds(
    installation: Installation, tenant: tenancy.Tenant, key: Path, tmp_path: Path
) -> None:
    file, slug = tmp_path / "one.ostiary", f"cs{installation.worker}"
    saved = back_up_tenant(tenant, file)
    for blow, line in enumerate(RESTORING):
        child = Child(installation, key, "restore", file, slug)
        child.run_to(line)
        child.kill(running=blow % 2 == 1)
        tenancy.directory().forget()
        found = tenancy.find_tenant_by_slug(slug)
        if found is not None:
            read_everything(found)
            break
    if tenancy.find_tenant_by_slug(slug) is None:
        done = restore_tenant(file, Wish(slug, [f"{slug}.test"]))
        assert done.tables == saved.tables
    restored = tenancy.get_tenant(slug)
    read_everything(restored)
    assert not [name for name in schemas() if name.startswith("building_")]


def test_a_killed_replacement_leaves_the_old_or_the_new_one(
    installation: Installation, tenant: tenancy.Tenant, key: Path, tmp_path: Path
) -> None:
    file, slug = tmp_path / "two.ostiary", f"ct{installation.worker}"
    back_up_tenant(tenant, file)
    there = restore_tenant(file, Wish(slug, [f"{slug}.test"])).tenant
    mine = tmp_path / "mine.ostiary"
    back_up_tenant(there, mine)
    with tenancy.transaction(there) as db:
        crypto.put_secret(Context(there.id, db, None, Channel.CLI), "later", "than the backup")
    tenancy.suspend(there)
    for blow, line in enumerate(REPLACING):
        child = Child(installation, key, "replace", mine, slug)
        child.run_to(line)
        child.kill(running=blow % 2 == 0)
        assert there.schema in schemas()
        with tenancy.owner_transaction(there) as db:
            row = db.row("select count(*) from @.crypto_secret")
            assert row in ((40,), (41,))
    restore_tenant(mine, Wish(slug, replace_existing=True))
    tenancy.resume(there)
    with tenancy.transaction(there) as db:
        ctx = Context(there.id, db, None, Channel.CLI)
        assert len(crypto.list_secrets(ctx)) == 40
    assert not [name for name in schemas() if name.startswith("building_")]


def read_everything(tenant: tenancy.Tenant) -> None:
    with tenancy.transaction(tenant) as db:
        ctx = Context(tenant.id, db, None, Channel.CLI)
        assert all(crypto.get_secret(ctx, name) for name in crypto.list_secrets(ctx))
        assert len(crypto.list_secrets(ctx)) == 40
