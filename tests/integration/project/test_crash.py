"""kill -9 while many write: what was acknowledged is there with its event, and nothing is half there."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from ostiary.access import public as access
from ostiary.crm import public as crm
from ostiary.crypto._ring import ring
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import UnitId
from ostiary.project import _database, _installation
from ostiary.project._tenants import create_tenant
from ostiary.project.embedded import Cluster
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests import _houses as houses
from tests._cluster import scratch_state
from tests._ledger import Ledger, read_ledger
from tests._writers import Client, Fate, Seat, Writers

HOST = "crash.localhost"
PEOPLE, ACCOUNTS, CLIENTS, WRITES = 4, 3, 32, 200
ONCE, OFTEN = (70,), (10, 70, 130)  # acknowledged writes at which it is hit
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at processes in /proc")


@dataclass(frozen=True, slots=True)
class Bed:
    """A prepared database with people who may write."""

    cluster: Cluster
    tenant: tenancy.Tenant
    administrator: UnitId
    seats: list[Seat]

    @contextmanager
    def inside(self) -> Iterator[Context]:
        """A transaction of the tenant on connections of its own, since earlier ones may have been cut."""
        tenancy.configure(tenancy.Credentials(app=(self.cluster.state.secrets / "app.dsn").read_text()))
        try:
            with tenancy.transaction(self.tenant) as db:
                yield Context(self.tenant.id, db, self.administrator, Channel.CLI)
        finally:
            tenancy.placement().database.close()


@pytest.fixture
def bed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bed]:
    # what the worker's other tests are configured with is put aside, not replaced: they go on with it
    monkeypatch.setattr(tenancy, "_configured", [])
    for known in ("_open", "_store"):
        monkeypatch.setattr(ring, known, None)
    monkeypatch.setenv("OSTIARY_SECRET_KEY", "a key for this test's processes alone")
    monkeypatch.setenv("OSTIARY_INSECURE_HTTP", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.delenv(_installation.DATABASE_URL, raising=False)
    with scratch_state() as state, Cluster(state) as cluster:
        with psycopg.connect(cluster.admin_dsn) as connection:
            for name, wanted in DURABLE.items():
                assert connection.execute("select current_setting(%s)", (name,)).fetchone() == (wanted,)
        placement = _database.prepare(state, cluster.admin_dsn)
        try:
            found = make_bed(cluster)
        finally:
            placement.database.close()
        yield found


def make_bed(cluster: Cluster) -> Bed:
    slug = f"crash{os.urandom(4).hex()}"  # statements are kept by schema, and the process may do this twice
    new = create_tenant(slug, "Crash", [HOST], login="admin", person="Ada Admin", email="", password=None)
    with tenancy.transaction(new.tenant) as db:
        crm.install(new.tenant, Context(new.tenant.id, db, new.administrator, Channel.CLI))
    people: list[tuple[UnitId, str]] = []
    with tenancy.transaction(new.tenant) as db:
        ctx = Context(new.tenant.id, db, new.administrator, Channel.CLI)
        roles = [identity.find_unit(ctx, code) for code in ("sales", "sales_managers")]
        for number in range(PEOPLE):
            person = access.create_person(ctx, login=f"p{number}", name=f"Person {number}", email="")
            access.add_members(ctx, [(person, role) for role in roles if role is not None])
            people.append((person, access.create_api_key(ctx, person, "crash")))
    seats = []
    with tenancy.transaction(new.tenant) as db:
        for person, key in people:
            acting = Context(new.tenant.id, db, person, Channel.CLI)
            names = [f"Account {number}" for number in range(ACCOUNTS)]
            accounts = [records.create_record(acting, "account", {"name": name}).id for name in names]
            seats.append(Seat(key, tuple(UUID(str(account)) for account in accounts)))
    return Bed(cluster, new.tenant, new.administrator, seats)


@pytest.mark.parametrize(
    ("kind", "moments"),
    [
        pytest.param(houses.ServerHit, ONCE, id="server"),
        pytest.param(houses.DatabaseHit, ONCE, id="database"),
        pytest.param(houses.ServerHit, OFTEN, id="server often", marks=pytest.mark.deep),
        pytest.param(houses.DatabaseHit, OFTEN, id="database often", marks=pytest.mark.deep),
        pytest.param(houses.PostmasterHit, OFTEN, id="postmaster often", marks=pytest.mark.deep),
        pytest.param(houses.AllHit, OFTEN, id="both often", marks=pytest.mark.deep),
        pytest.param(houses.WorkerHit, OFTEN, id="worker often", marks=pytest.mark.deep),
        pytest.param(houses.SupervisorHit, OFTEN, id="supervisor often", marks=pytest.mark.deep),
    ],
)
def test_what_was_acknowledged_is_there_and_nothing_is_half_there(
    bed: Bed, kind: type[houses.House], moments: tuple[int, ...]
) -> None:
    port = houses.free_port()
    house = kind(bed.cluster, port)
    try:
        house.start()
        for moment in moments:
            written, in_flight = write_and_hit(bed, house, port, moment)
            with bed.inside() as ctx:
                assert houses.eventually(lambda: reads_missing(ctx, written) == 0)  # noqa: B023  called at once
                ledger = read_ledger(ctx)
            told = figures(written, ledger)
            print(f"{kind.__name__} at {moment}, {in_flight} in flight: {told}")  # noqa: T201  seen with -rP
            compare(written, ledger)
    finally:
        house.stop()


def write_and_hit(bed: Bed, house: houses.House, port: int, moment: int) -> tuple[Writers, int]:
    """All writes, the hit in their middle; and how many were on their way then."""
    written = Writers(port, HOST, f"m{moment}", WRITES)
    with written.writing(bed.seats[number % PEOPLE] for number in range(CLIENTS)):
        written.wait_for(moment // 2)
        with house.aim() as blow:
            in_flight = written.strike(blow, acknowledged=moment, in_flight=CLIENTS // 2)
        house.recover()
        with closing(Client(port, HOST, bed.seats[0].key)) as client:
            assert houses.eventually(lambda: answers(client))
        written.go_on()
    assert len(written.attempts) == WRITES
    return written, in_flight


def answers(client: Client) -> bool:
    answer = client.call("GET", "/api/v1/records/account?limit=1&columns=name") if client.connect() else None
    return answer is not None and answer.acknowledged


def reads_missing(ctx: Context, written: Writers) -> int:
    """How many acknowledged reads have no event yet: the spool enters them when it can."""
    wanted = [answer.request for answer in written.reads]
    found = ctx.db.row(
        "select count(*) from @.audit_event"
        " where request_id = any(%(ids)s) and type = 'records.record.viewed'",
        {"ids": wanted},
    )
    return len(wanted) - (found[0] if found else 0)


def figures(written: Writers, ledger: Ledger) -> str:
    """What was told and what is there, in one line."""
    told = {fate: [a for a in written.attempts if a.fate is fate] for fate in Fate}
    there = {fate: sum(a.marker in ledger.markers for a in attempts) for fate, attempts in told.items()}
    return (
        ", ".join(f"{len(told[fate])} {fate} ({there[fate]} present)" for fate in Fate)
        + f"; {len(written.reads)} reads, all recorded; {ledger.records} records,"
        f" {len(ledger.changes)} changes, {ledger.events} events, half = {len(ledger.half)}"
    )


def compare(written: Writers, ledger: Ledger) -> None:
    """Hold what the clients were told against what is there."""
    assert ledger.half == []
    assert {a.said for a in written.attempts if a.fate is Fate.REFUSED} <= {"409 version_conflict"}
    assert written.failed_when_up == {}
    for attempt in written.attempts:
        # what stands in step with it below, such as its address, tells the same text in an event of its own
        found = ledger.markers.get(attempt.marker, [])
        events = [event for event in found if ledger.changes[event].object == attempt.object]
        assert len(set(events)) <= 1, f"{attempt} is there twice"
        if attempt.fate in (Fate.REFUSED, Fate.FAILED):  # both say that nothing was changed
            assert not events, f"{attempt} is there"
        if attempt.fate is Fate.ACKNOWLEDGED:
            assert attempt.answer is not None
            assert events, f"{attempt} is not there"
            change, record = ledger.changes[events[0]], UUID(attempt.answer.body["id"])
            assert (change.request, change.record) == (attempt.answer.request, record)
            assert ledger.versions[attempt.object, record] >= attempt.answer.body["version"]
