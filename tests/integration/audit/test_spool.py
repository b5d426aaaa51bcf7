"""Events of reads, buffered: none lost with a killed process, none entered twice, the spool bounded."""

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from ostiary.audit import public as audit
from ostiary.audit._event import Built, build
from ostiary.audit._segments import Segment
from ostiary.audit._spool import Spool
from ostiary.audit._store import insert_events
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import new_id
from ostiary.project import _lifecycle as lifecycle
from ostiary.project._database import open_for_spool
from ostiary.project._tenants import create_tenant
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation, TestTenant

# A process that takes events from its input and can enter none; it forks once if it is told to.
CHILD = """
import os, signal, sys
from pathlib import Path
from uuid import UUID
from ostiary.audit._spool import Spool
import ostiary.audit._spool as module
def closed(tenant_id):
    raise ConnectionError
spool = Spool(Path(sys.argv[1]), closed, gather_s=float(sys.argv[3]))
module._spools.append(spool)
lines = sys.stdin.buffer.read().splitlines()
if sys.argv[4] == "fork":
    assert spool.add(UUID(sys.argv[2]), lines.pop())
    if os.fork() == 0:
        assert spool.add(UUID(sys.argv[2]), lines.pop())
        os.kill(os.getpid(), signal.SIGKILL)
    os.wait()
for line in lines:
    assert spool.add(UUID(sys.argv[2]), line)
print("ready", flush=True)
signal.pause()
"""


class Door:
    """Transactions of the test's tenant, which can be shut."""

    def __init__(self, tenant: tenancy.Tenant) -> None:
        self._tenant = tenant
        self.open = True

    @contextmanager
    def __call__(self, tenant_id: UUID) -> Iterator[tenancy.Transaction]:
        if not self.open or tenant_id != self._tenant.id:
            raise ConnectionError
        with tenancy.transaction(self._tenant) as db:
            yield db


@pytest.fixture
def door(tenant: TestTenant) -> Door:
    return Door(tenant.tenant)


@pytest.fixture(autouse=True)
def _no_spool_left() -> Iterator[None]:
    yield
    audit.stop_spool()


@contextmanager
def context(tenant: TestTenant) -> Iterator[Context]:
    with tenancy.transaction(tenant.tenant) as db:
        yield Context(tenant.tenant.id, db, tenant.administrator, Channel.WEB, ip="203.0.113.5")


def make_events(tenant: TestTenant, contact: UUID, number: int) -> list[Built]:
    with context(tenant) as ctx:
        success = audit.Outcome.SUCCESS
        return [build(ctx, "records.record.viewed", success, "contact", contact, ()) for _ in range(number)]


def entered(tenant: TestTenant, contact: UUID) -> list[UUID]:
    """Ids of the contact's events, oldest first, each of them verified."""
    with context(tenant) as ctx:
        ids = [view.id for view in audit.list_events(ctx, "contact", contact, limit=500)][::-1]
        assert [audit.verify_event(ctx, event_id) for event_id in ids] == [()] * len(ids)
    return list(ids)


def view(tenant: TestTenant, contact: UUID) -> UUID:
    with context(tenant) as ctx:
        return audit.append_buffered(ctx, "records.record.viewed", object_type="contact", object_ref=contact)


@contextmanager
def other_process(
    root: Path, tenant: TestTenant, events: Sequence[Built], *, gather_s: float = 3600, fork: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has taken these events and entered none, killed at the end."""
    arguments = [str(root), str(tenant.tenant.id), str(gather_s), "fork" if fork else "stay"]
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", CHILD, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(b"\n".join(event.json for event in events))
        child.stdin.close()
        assert child.stdout.readline() == b"ready\n"
        yield child
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()


def test_a_read_is_entered_with_the_next_flush_whatever_its_own_transaction_becomes(
    tenant: TestTenant, door: Door, tmp_path: Path
) -> None:
    contact = new_id()
    audit.configure_spool(tmp_path, door)
    event_id = view(tenant, contact)
    audit.flush_spool()
    assert entered(tenant, contact) == [event_id]
    audit.stop_spool()
    assert list(tmp_path.iterdir()) == []


def test_without_a_spool_a_read_is_part_of_its_transaction(tenant: TestTenant) -> None:
    contact = new_id()
    assert entered(tenant, contact) == []
    assert [view(tenant, contact)] == entered(tenant, contact)


def test_what_a_killed_process_had_is_entered_once(tenant: TestTenant, door: Door, tmp_path: Path) -> None:
    contact = new_id()
    events = make_events(tenant, contact, 20)
    with context(tenant) as ctx:  # it was killed between entering these and emptying its file
        insert_events(ctx.db, f"[{events[0].json.decode()},{events[1].json.decode()}]")
    with other_process(tmp_path, tenant, events):
        spool = Spool(tmp_path, door)
        spool.start()
        spool.flush()
        assert entered(tenant, contact) == [e.id for e in events[:2]]  # it lives: its folder is its own
    spool._looked_at = float("-inf")  # a minute later
    spool.flush()
    assert entered(tenant, contact) == [event.id for event in events]
    spool._looked_at = float("-inf")
    spool.flush()
    spool.stop()
    assert entered(tenant, contact) == [event.id for event in events]
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_had_failed_to_enter_is_entered_by_the_next(
    tenant: TestTenant, door: Door, tmp_path: Path
) -> None:
    contact = new_id()
    events = make_events(tenant, contact, 3)
    with other_process(tmp_path, tenant, events, gather_s=0):
        pass
    audit.configure_spool(tmp_path, door)
    audit.flush_spool()
    assert entered(tenant, contact) == [event.id for event in events]


def test_a_forked_process_has_a_folder_of_its_own(tenant: TestTenant, door: Door, tmp_path: Path) -> None:
    contact = new_id()
    events = make_events(tenant, contact, 6)
    with other_process(tmp_path, tenant, events, fork=True):
        assert len(list(tmp_path.iterdir())) == 2
        audit.configure_spool(tmp_path, door)
        audit.flush_spool()
        assert entered(tenant, contact) == [events[-2].id]  # the child's; its parent lives
    audit.stop_spool()
    audit.configure_spool(tmp_path, door)
    audit.flush_spool()
    assert entered(tenant, contact) == [event.id for event in events]


def test_a_full_spool_makes_the_request_write_itself(tenant: TestTenant, door: Door, tmp_path: Path) -> None:
    contact = new_id()
    spool = audit.configure_spool(tmp_path, door, most_waiting=3)
    door.open = False
    waiting = [view(tenant, contact) for _ in range(3)]
    audit.flush_spool()  # the database is away: they are kept, and still count
    assert entered(tenant, contact) == []
    own = view(tenant, contact)
    assert entered(tenant, contact) == [own]
    door.open = True
    spool._tried_at = float("-inf")  # the next attempt is due
    audit.flush_spool()
    assert entered(tenant, contact) == [*waiting, own]
    later = view(tenant, contact)
    assert entered(tenant, contact) == [*waiting, own]
    audit.flush_spool()
    assert entered(tenant, contact) == [*waiting, own, later]


def test_stopping_without_a_database_leaves_the_events_to_the_next_process(
    tenant: TestTenant, door: Door, tmp_path: Path
) -> None:
    contact = new_id()
    audit.configure_spool(tmp_path, door)
    door.open = False
    event_id = view(tenant, contact)
    audit.stop_spool()
    door.open = True
    assert entered(tenant, contact) == []
    audit.configure_spool(tmp_path, door)
    audit.flush_spool()
    assert entered(tenant, contact) == [event_id]


def test_an_event_that_is_refused_holds_up_no_other(
    tenant: TestTenant, door: Door, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    contact = new_id()
    events = make_events(tenant, contact, 9)
    spool = Spool(tmp_path, door, gather_s=3600)
    spool.start()
    for number, event in enumerate(events):
        line = event.json.replace(b'"at":"2', b'"at":"x') if number == 4 else event.json
        assert spool.add(tenant.tenant.id, line)
    nobody = new_id()
    assert spool.add(nobody, events[4].json.replace(str(tenant.tenant.id).encode(), str(nobody).encode()))
    with caplog.at_level(logging.ERROR):
        spool.flush()
    assert entered(tenant, contact) == [e.id for e in events if e is not events[4]]
    assert [r.message for r in caplog.records if r.levelno == logging.ERROR] == ["audit.spool.refused"] * 2
    spool.stop()
    (folder,) = (p for p in tmp_path.iterdir() if p.is_dir())
    (kept,) = folder.glob("*.left")
    assert kept.read_bytes().count(b"\n") == 2


def test_events_of_a_tenant_wait_until_it_is_purged_and_no_longer(
    installation: Installation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    slug = f"spooled{installation.worker}"
    new = create_tenant(slug, "S", [], login="a", person="A", email="", password=None)
    tenant, contact = TestTenant(new.tenant, new.administrator), new_id()
    events = make_events(tenant, contact, 3)
    spool = Spool(tmp_path, open_for_spool, gather_s=3600)
    spool.start()

    def left() -> int:
        spool._tried_at = float("-inf")  # what was set aside is due again
        spool.flush()
        return sum(path.read_bytes().count(b"\n") for path in tmp_path.rglob("*.left"))

    lifecycle.suspend(tenant.tenant, "a while")
    for event in events[:2]:
        assert spool.add(tenant.tenant.id, event.json)
    assert left() == 2
    lifecycle.resume(tenant.tenant)
    assert left() == 0
    assert entered(tenant, contact) == [event.id for event in events[:2]]
    lifecycle.schedule_drop(tenant.tenant, 30)
    assert spool.add(tenant.tenant.id, events[2].json)
    assert left() == 1
    tenancy.cancel_drop(tenant.tenant)
    lifecycle.suspend(tenant.tenant, "again")
    assert left() == 1
    lifecycle.schedule_drop(tenant.tenant, 0)
    lifecycle.purge(tenant.tenant)
    caplog.clear()
    assert left() == 0
    said = [record for record in caplog.records if record.message == "audit.spool.discarded"]
    assert [(r.__dict__["tenant"], r.__dict__["events"]) for r in said] == [(tenant.tenant.id, 1)]
    spool.stop()
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_torn_line_is_left_out(tenant: TestTenant, door: Door, tmp_path: Path) -> None:
    contact = new_id()
    events = make_events(tenant, contact, 3)
    with other_process(tmp_path, tenant, events[:2]):
        pass
    (segment,) = tmp_path.glob("*/*.segment")
    with segment.open("ab") as file:
        file.write(events[2].json[:200])
    audit.configure_spool(tmp_path, door)
    audit.flush_spool()
    assert entered(tenant, contact) == [event.id for event in events[:2]]


def test_many_threads_lose_and_double_nothing(tenant: TestTenant, door: Door, tmp_path: Path) -> None:
    contact = new_id()
    audit.configure_spool(tmp_path, door)
    events = make_events(tenant, contact, 400)
    spool = Spool(tmp_path, door, gather_s=0.001)

    def add(mine: Sequence[Built]) -> None:
        for event in mine:
            assert spool.add(tenant.tenant.id, event.json)

    threads = [threading.Thread(target=add, args=(events[start::8],)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spool.stop()
    assert entered(tenant, contact) == [event.id for event in events]
    assert not spool.add(tenant.tenant.id, events[0].json)


def test_a_disk_that_takes_nothing_is_noticed(tmp_path: Path) -> None:
    assert Segment(tmp_path / "1.segment").write(b"line")
    assert not Segment(Path("/dev/full")).write(b"line")


def test_the_spool_is_closed_to_others(tenant: TestTenant, door: Door, tmp_path: Path) -> None:
    audit.configure_spool(tmp_path / "spool", door)
    view(tenant, new_id())
    for path in (tmp_path / "spool").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
