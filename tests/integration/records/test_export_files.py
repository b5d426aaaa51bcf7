"""Taking records out: who, how much, why; large lists as a file that one person can have for a while."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.kernel.ids import PrincipalId, UnitId
from ostiary.project._tenants import NewTenant
from ostiary.records import _export_ask, _export_job, _export_kept
from ostiary.records import public as records
from ostiary.records.public import ExportFormat, ExportState, RecordQuery, Sort
from ostiary.tenancy import public as tenancy
from tests._books import rows_of
from tests._exports import csv_of
from tests._jobs import as_owner, run_due_jobs
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, POLICY, apply, column, inside, make_home, open_to_all
from tests.integration.records._imports import HARBOUR

SECRET = column("price", "money").replace(POLICY, POLICY.replace("internal", "confidential"))
PAGE = 2
QUERY = RecordQuery("boat", columns=("name", "length_m"), sort=(Sort("name"),))


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    new = make_home(f"exp{installation.worker}")
    apply(new, HARBOUR)
    apply(new, BOAT)
    apply(new, SECRET)
    apply(new, column("harbour", "lookup", ", target: harbour"))
    with inside(new) as ctx:
        open_to_all(ctx, "boat")
        open_to_all(ctx, "harbour")
        role = access.create_role(ctx, identity.UnitKind.FUNC, "Exporters", code="exporters")
        access.set_operation_rows(ctx, access.Operation.EXPORT_LIST, [(role, True)])
        records.create_records(ctx, "boat", [{"name": f"={n}", "length_m": n, "price": 5} for n in range(5)])
    return new


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(_export_job, "PAGE", PAGE)
    as_owner("delete from jobs.procrastinate_jobs")
    as_owner("delete from jobs.job")
    yield
    as_owner("delete from jobs.procrastinate_jobs")
    as_owner("delete from jobs.job")


def make_clerk(home: NewTenant, *, may: bool = True) -> UnitId:
    with inside(home) as ctx:
        clerk = access.create_person(ctx, login=f"c{uuid4().hex[:8]}", name="Clerk", email="c@example.com")
        everybody = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
        thing = records.describe(ctx, "boat").object
        assert everybody is not None
        access.add_default_rule(ctx, thing.id, everybody, clerk, read=access.Grant.GRANTED)
        role = identity.find_unit(ctx, "exporters")
        assert role is not None
        if may:
            access.add_member(ctx, clerk, role)
    return clerk


@pytest.fixture
def clerk(home: NewTenant) -> UnitId:
    return make_clerk(home)


def own(ctx: Context, who: UnitId) -> Context:
    return ctx.acting_as(PrincipalId(who))


def made_of(
    home: NewTenant,
    who: UnitId,
    kind: ExportFormat = ExportFormat.CSV,
    query: RecordQuery = QUERY,
    why: str = "",
) -> UUID:
    with inside(home) as ctx:
        export, _ = records.export_records(own(ctx, who), query, kind, why)
    return export.id


def seen(home: NewTenant, who: UnitId, export: UUID) -> records.Export:
    with inside(home) as ctx:
        return records.get_export(own(ctx, who), export)


def test_it_needs_its_operation_and_says_before_what_would_leave(home: NewTenant, clerk: UnitId) -> None:
    stranger = make_clerk(home, may=False)
    with inside(home) as ctx, pytest.raises(AccessDenied):
        records.preview_export(own(ctx, stranger), QUERY)
    with inside(home) as ctx, pytest.raises(AccessDenied):
        records.export_records(own(ctx, stranger), QUERY, ExportFormat.CSV)
    with inside(home) as ctx:
        preview = records.preview_export(own(ctx, clerk), QUERY)
    assert (preview.count, preview.direct, preview.needs_reason, preview.left) == (5, True, False, 100_000)


def test_closed_fields_need_a_reason_that_is_recorded_with_what_left(home: NewTenant, clerk: UnitId) -> None:
    query = RecordQuery("boat", columns=("name", "price"))
    with inside(home) as ctx:
        with pytest.raises(Invalid) as refused:
            records.export_records(own(ctx, clerk), query, ExportFormat.CSV, "  ")
        assert [error.field for error in refused.value.errors] == ["reason"]
        export, chunks = records.export_records(own(ctx, clerk), query, ExportFormat.CSV, "Year end")
        assert chunks is not None
        (event,) = audit.list_events(ctx, "export", export.id)  # before the first byte
        assert b"'=0" in b"".join(chunks)
    told = event.parts[0]
    assert (told["reason"], told["classes"], told["count"]) == (
        "Year end",
        {"internal": 1, "confidential": 1},
        5,
    )
    with inside(home) as ctx:
        access.set_setting(ctx, "ExportNeedsReason", False)
    made_of(home, clerk, query=query)
    with inside(home) as ctx:
        access.set_setting(ctx, "ExportNeedsReason", None)


def test_what_a_list_shows_through_lookups_leaves_too(
    home: NewTenant, clerk: UnitId, monkeypatch: pytest.MonkeyPatch
) -> None:
    moored = records.Compare("name", records.Op.EQ, "moored")
    query = RecordQuery("boat", ("name", "harbour.name"), moored)
    with inside(home) as ctx:
        berth = records.create_record(own(ctx, clerk), "harbour", {"name": "Rostock"})
        records.create_record(own(ctx, clerk), "boat", {"name": "Moored", "harbour": str(berth.id)})
    try:
        with inside(home) as ctx:
            direct = b"".join(csv_of(own(ctx, clerk), query)).decode("utf-8-sig").splitlines()
        monkeypatch.setattr(_export_ask, "DIRECT", 0)
        made = made_of(home, clerk, query=query)
        run_due_jobs()
        with inside(home) as ctx:
            kept = b"".join(records.open_export(own(ctx, clerk), made)[1]).decode("utf-8-sig").splitlines()
    finally:
        with inside(home) as ctx:
            records.delete_records(own(ctx, clerk), "boat", moored)
    assert [line.split(",")[1:] for line in direct] == [["Name", "Harbour: Name"], ["Moored", "Rostock"]]
    assert kept == direct


def test_a_day_has_an_end(home: NewTenant, clerk: UnitId) -> None:
    with inside(home) as ctx:
        access.set_setting(ctx, "ExportRecordsPerDay", 9)
    made_of(home, clerk)
    with inside(home) as ctx:
        assert records.preview_export(own(ctx, clerk), QUERY).left == 4
        with pytest.raises(Invalid, match="9 records in 24 hours and have exported 5") as refused:
            records.export_records(own(ctx, clerk), QUERY, ExportFormat.CSV)
        assert [error.code for error in refused.value.errors] == ["too_many"]
        few = RecordQuery("boat", ("name",), records.Compare("length_m", records.Op.LT, 4))
        assert records.export_records(own(ctx, clerk), few, ExportFormat.CSV)[1] is not None
    made_of(home, make_clerk(home))  # a day of one's own
    with inside(home) as ctx:
        access.set_setting(ctx, "ExportRecordsPerDay", None)


def test_a_large_list_becomes_a_file_for_whoever_asked_until_it_expires(
    home: NewTenant, clerk: UnitId, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inside(home) as ctx:
        direct = b"".join(csv_of(own(ctx, clerk), QUERY))
    monkeypatch.setattr(_export_ask, "DIRECT", 4)
    made = {kind: made_of(home, clerk, kind) for kind in ExportFormat}
    assert seen(home, clerk, made[ExportFormat.CSV]).state is ExportState.WAITING
    with inside(home) as ctx, pytest.raises(NotFound):
        records.open_export(own(ctx, clerk), made[ExportFormat.CSV])
    run_due_jobs()
    done = seen(home, clerk, made[ExportFormat.CSV])
    assert (done.state, done.done, done.parts) == (ExportState.DONE, 5, 3)
    other = make_clerk(home)
    with inside(home) as ctx, pytest.raises(NotFound):
        records.open_export(own(ctx, other), done.id)
    with inside(home) as ctx:
        assert b"".join(records.open_export(own(ctx, clerk), done.id)[1]) == direct
        head, first, *_ = rows_of(records.open_export(own(ctx, clerk), made[ExportFormat.XLSX])[1])
        lines = b"".join(records.open_export(own(ctx, clerk), made[ExportFormat.LINES])[1]).splitlines()
        row = ctx.db.row("select data from @.records_blob where file_id = %(f)s limit 1", {"f": done.file_id})
    assert (head, first[1:], len(lines)) == (("Id", "Name", "Length m"), ("'=0", 0), 5)
    assert row is not None
    assert b"length_m" not in bytes(row[0])
    with tenancy.owner_transaction(home.tenant) as db:
        db.run("update @.records_export set expires_at = now() - interval '1 minute'")
    with inside(home) as ctx, pytest.raises(NotFound):
        records.open_export(own(ctx, clerk), done.id)
    with tenancy.owner_transaction(home.tenant) as db:
        while _export_kept.expire_one(Context(home.tenant.id, db, None, Channel.JOB), timedelta(days=30)):
            pass
    with inside(home) as ctx:
        assert ctx.db.row(
            "select count(*) from @.records_blob where file_id = %(f)s", {"f": done.file_id}
        ) == (0,)
    assert seen(home, clerk, done.id).file_id is None


def test_who_may_not_go_on_gets_no_file(
    home: NewTenant, clerk: UnitId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_export_ask, "DIRECT", 4)
    stopped, cancelled = made_of(home, clerk), made_of(home, clerk)
    with inside(home) as ctx:
        records.cancel_export(own(ctx, clerk), cancelled)
        role = identity.find_unit(ctx, "exporters")
        assert role is not None
        access.remove_member(ctx, clerk, role)
    run_due_jobs()
    found = seen(home, clerk, stopped)
    assert (found.state, found.reason, found.file_id) == (ExportState.STOPPED, "access_denied", None)
    assert seen(home, clerk, cancelled).state is ExportState.CANCELLED
