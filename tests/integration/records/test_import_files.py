"""Files of people: read as they were written, checked without a trace, imported by blocks, taken back."""

import io
import zipfile
from collections.abc import Iterator
from datetime import date
from uuid import UUID, uuid4

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.kernel.ids import UnitId
from ostiary.project._tenants import NewTenant
from ostiary.records import _import_blocks, _import_job, _import_sheet
from ostiary.records import public as records
from ostiary.records.public import ImportState
from tests._books import book_of, with_entities
from tests._jobs import as_owner, run_due_jobs
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, column, inside, make_home, open_to_all
from tests.integration.records._imports import HARBOUR, Desk
from tests.integration.records._people import events

BLOCK = 2


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    new = make_home(f"imp{installation.worker}")
    apply(new, HARBOUR)
    apply(new, BOAT)
    apply(new, column("built", "date"))
    apply(new, column("harbour", "lookup", ", target: harbour"))
    with inside(new) as ctx:
        open_to_all(ctx, "boat")
        open_to_all(ctx, "harbour")
        role = access.create_role(ctx, identity.UnitKind.FUNC, "Importers", code="importers")
        access.set_operation_rows(ctx, access.Operation.IMPORT, [(role, True)])
    return new


@pytest.fixture(autouse=True)
def quiet(home: NewTenant, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small blocks, and an empty queue before and after."""
    monkeypatch.setattr(_import_blocks, "BLOCK", BLOCK)
    monkeypatch.setattr(_import_blocks, "AT_ONCE", 2)
    empty()
    yield
    empty()


def empty() -> None:
    as_owner("delete from jobs.procrastinate_jobs")
    as_owner("delete from jobs.job")


def make_clerk(home: NewTenant, *, may: bool = True) -> UnitId:
    with inside(home) as ctx:
        clerk = access.create_person(ctx, login=f"c{uuid4().hex[:8]}", name="Clerk", email="c@example.com")
        role = identity.find_unit(ctx, "importers")
        assert role is not None
        if may:
            access.add_member(ctx, clerk, role)
    return clerk


@pytest.fixture
def desk(home: NewTenant) -> Desk:
    return Desk(home, make_clerk(home))


def text(*rows: str, head: str = "Name,Length m") -> bytes:
    return "\r\n".join([head, *rows]).encode()


def test_a_file_is_mapped_by_its_names_checked_without_a_trace_and_imported(
    home: NewTenant, desk: Desk
) -> None:
    made = desk.send(text("Ant,7", "Ant Bee,many", "Ant Cow,9", "ANT,8"))
    assert dict(desk.plan(made).columns) == {0: "name", 1: "length_m"}
    with inside(home) as ctx:
        before = events(ctx)
    desk.start(made, check=True)
    run_due_jobs()
    assert desk.fates(made) == {"created": 2, "refused": 1, "updated": 1}
    assert [row[2] for row in desk.result(made)] == ["created", "refused", "created", "updated"]
    assert desk.result(made)[3][6] == "the same key as line 2"
    assert desk.noted(made).refused == [(3, "Ant Bee", "Length m: 'many' is no number")]
    assert desk.found("Ant") == {}
    desk.start(made)
    run_due_jobs()
    seen = desk.seen(made)
    assert (seen.state, seen.total, seen.done) == (ImportState.DONE, 4, 4)
    assert desk.fates(made) == {"created": 2, "refused": 1, "updated": 1}
    found = desk.found("ANT") | desk.found("Ant")
    assert {name: record["length_m"] for name, record in found.items()} == {"ANT": 8, "Ant Cow": 9}
    with inside(home) as ctx:
        after = events(ctx)
    new = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    assert (new["records.import.requested"], new["records.import.ended"]) == (2, 2)
    assert (new["records.record.created"], new["records.record.updated"]) == (2, 1)
    assert left_behind(home, seen) == 2  # of the file nothing but its results


def left_behind(home: NewTenant, made: records.Import) -> int:
    with inside(home) as ctx:
        files = [made.file_id, made.rows_id, made.result_id]
        row = ctx.db.row("select count(*) from @.records_blob where file_id = any(%(f)s)", {"f": files})
        keys = ctx.db.row("select count(*) from @.records_import_key")
    assert (row is not None, keys) == (True, (0,))
    return int(row[0]) if row else 0


def test_it_needs_its_operation_the_right_to_add_and_is_seen_by_nobody_else(
    home: NewTenant, desk: Desk
) -> None:
    stranger = Desk(home, make_clerk(home, may=False))
    with pytest.raises(AccessDenied) as denied:
        stranger.send(text("No,1"))
    assert denied.value.layer == "operation"
    made = desk.send(text("Mine,1"))
    other = Desk(home, make_clerk(home))
    for look in (other.seen, other.result, other.undo):
        with pytest.raises(NotFound):
            look(made)
    with inside(home) as ctx, pytest.raises(NotFound):
        records.cancel_import(other.own(ctx), made)
    assert desk.seen(made).state is ImportState.DRAFT


def test_what_was_made_is_deleted_and_what_was_changed_gets_its_values_again(
    home: NewTenant, desk: Desk
) -> None:
    desk.run(text("Und Old,5", "Und Touched,5"))
    made = desk.run(text("Und Old,6", "Und New,6", "Und Later,6", "Und Touched,6", "Und Old,7"))
    assert desk.fates(made) == {"updated": 3, "created": 2}
    late = UUID(str(desk.found("Und Later")["Und Later"]["id"]))
    with inside(home) as ctx:
        assert records.update_each(ctx, "boat", [records.RowUpdate(late, {"length_m": 99})]).done
        assert records.undoable(ctx.acting_as(desk.own(ctx).principal), desk.seen(made)) == 4
    desk.undo(made)
    assert desk.fates(made) == {"undone": 3, "left": 1}
    found = desk.found("Und")
    lengths = {name: record["length_m"] for name, record in found.items()}
    assert lengths == {"Und Old": 5, "Und Touched": 5, "Und Later": 99}
    assert desk.noted(made).refused == [(4, "", "changed since, so it stays as it is")]
    with pytest.raises(Invalid):
        desk.undo(made)


def test_a_missing_lookup_value_refuses_the_row_or_is_added_and_goes_with_it(
    home: NewTenant, desk: Desk
) -> None:
    rows = text("Loo Kup,Rostock", "Loo Two, rostock ", head="Name,Harbour")
    refused = desk.run(rows)
    assert desk.fates(refused) == {"refused": 2}
    checked = desk.send(rows)
    desk.start(checked, check=True, missing="create")
    run_due_jobs()
    harbours = Desk(home, desk.who, "harbour")
    assert (desk.fates(checked), harbours.found("Rostock")) == ({"created": 2}, {})
    made = desk.run(rows, missing="create")
    assert desk.fates(made) == {"created": 2}
    assert len(harbours.found("Rostock")) == 1
    desk.undo(made)
    assert (desk.found("Loo"), harbours.found("Rostock")) == ({}, {})


def test_what_a_column_is_mapped_to_is_checked_and_remembered(home: NewTenant, desk: Desk) -> None:
    content = text("Map,1", head="Bezeichnung,Meter")
    made = desk.send(content)
    assert dict(desk.plan(made).columns) == {}
    for columns, key, field in (
        ({0: "nonsense"}, ("name",), "to.0"),
        ({0: "name", 1: "name"}, ("name",), "to.0"),
        ({0: "name"}, (), "key"),
        ({0: "name"}, ("length_m",), "key"),
        ({}, (), "to.0"),
        ({7: "name"}, ("name",), "to.7"),
    ):
        with inside(home) as ctx, pytest.raises(Invalid) as refused:
            records.start_import(desk.own(ctx), made, records.ImportChoice(columns, key), check=False)
        assert field in {error.field for error in refused.value.errors}
    with inside(home) as ctx:
        choice = records.ImportChoice({0: "name", 1: "length_m"}, ("name",))
        records.start_import(desk.own(ctx), made, choice, check=False)
    run_due_jobs()
    assert desk.fates(made) == {"created": 1}
    again = desk.plan(desk.send(content))
    assert (dict(again.columns), list(again.key)) == ({0: "name", 1: "length_m"}, ["name"])
    other = Desk(home, make_clerk(home))
    assert dict(other.plan(other.send(content)).columns) == {}


@pytest.mark.parametrize(
    ("content", "kind", "encoding", "delimiter"),
    [
        ("Name;Length m\r\nGr\u00fcn;1,5\r\n".encode("windows-1252"), "csv", "windows-1252", ";"),
        ("\ufeffName\tLength m\nGr\u00fcn\t1,5".encode("utf-8"), "csv", "utf-8", "\t"),
        ("Name;Length m\nGr\u00fcn;1,5".encode("utf-16"), "csv", "utf-16", ";"),
    ],
)
def test_encoding_and_separator_are_guessed(
    home: NewTenant, desk: Desk, content: bytes, kind: str, encoding: str, delimiter: str
) -> None:
    made = desk.send(content)
    plan = desk.plan(made)
    assert (plan.kind, plan.encoding, plan.delimiter) == (kind, encoding, delimiter)
    desk.start(made, numbers="1.234,56", duplicates="create", key=())
    run_due_jobs()
    assert [record["length_m"] for record in desk.found("Gr\u00fcn").values()] == [1.5]
    desk.undo(made)


def test_a_wrong_guess_is_corrected(home: NewTenant, desk: Desk) -> None:
    made = desk.send("Name;Length m\nWr\u00f6ng;3".encode())
    with inside(home) as ctx:
        records.read_again(desk.own(ctx), made, "iso-8859-1", ",", "")
    assert list(desk.plan(made).header) == ["Name;Length m"]
    with inside(home) as ctx, pytest.raises(Invalid):
        records.read_again(desk.own(ctx), made, "klingon", ",", "")
    with inside(home) as ctx:
        records.read_again(desk.own(ctx), made, "utf-8", ";", "")
    desk.start(made)
    run_due_jobs()
    assert list(desk.found("Wr")) == ["Wr\u00f6ng"]


def test_a_sheet_of_a_workbook_is_imported(home: NewTenant, desk: Desk) -> None:
    rows = (("Name", "Length m", "Built"), ("Xls One", 7.5, date(2020, 5, 1)), ("Xls Two", 8, None))
    made = desk.send(book_of(*rows, title="Fleet", hidden="Secret"), "fleet.xlsx")
    assert (desk.plan(made).kind, desk.plan(made).sheets) == ("xlsx", ["Fleet"])
    desk.start(made)
    run_due_jobs()
    found = desk.found("Xls")
    assert [(r["length_m"], r["built"]) for r in found.values()] == [(7.5, "2020-05-01"), (8, None)]


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"", "a.csv", "empty"),
        (b"\n\n", "a.csv", "no column names"),
        (b"PK\x03\x04rubbish", "a.xlsx", "no workbook"),
        (with_entities(book_of(("Name",))), "a.xlsx", "no workbook"),
        (b'Name\n"never closed', "a.csv", ""),
    ],
)
def test_what_cannot_be_read_is_refused_and_leaves_nothing(
    home: NewTenant, desk: Desk, content: bytes, name: str, says: str
) -> None:
    with inside(home) as ctx:
        blobs = ctx.db.row("select count(*) from @.records_blob")
    if says:
        with pytest.raises(records.ImportRefused, match=says):
            desk.send(content, name)
        with inside(home) as ctx:
            assert ctx.db.row("select count(*) from @.records_blob") == blobs
        return
    made = desk.run(content, name)
    assert desk.seen(made).state is ImportState.STOPPED
    assert "quotes" in desk.noted(made).message


def test_a_workbook_that_unpacks_to_too_much_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO(book_of(("Name",), ("Bom B",)))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", "<sst>of other programs</sst>")
    book = out.getvalue()
    for bound, says in (("MOST_UNPACKED", "unpacks to too much"), ("MOST_SHARED", "too much text")):
        with monkeypatch.context() as patch:
            patch.setattr(_import_sheet, bound, 10)
            with pytest.raises(records.ImportRefused, match=says):
                desk.send(book, "a.xlsx")


def test_a_row_with_too_many_cells_is_refused_and_its_neighbours_are_not(desk: Desk) -> None:
    made = desk.run(text("Wid A,1", "Wid B,1,2,3", "Wid C", "", "Wid D,1,"))
    assert [row[2] for row in desk.result(made)] == ["created", "refused", "created", "created"]
    assert desk.noted(made).refused == [(3, "", "4 cells where 2 are expected")]


def test_who_may_not_go_on_is_stopped_between_two_blocks_and_can_go_on_later(
    home: NewTenant, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = desk.send(text(*(f"Sto {n},1" for n in range(6))))
    desk.start(made)
    step, times = _import_job._step, [0]

    def stepped(run: jobs.Run, ctx: Context, seen: records.Import, rows: object) -> bool:
        times[0] += 1
        if times[0] == 2:
            raise AccessDenied("Not any more", layer="operation")
        return step(run, ctx, seen, rows)  # type: ignore[arg-type]  # as it comes

    monkeypatch.setattr(_import_job, "_step", stepped)
    run_due_jobs()
    assert (desk.seen(made).state, desk.seen(made).done) == (ImportState.STOPPED, BLOCK)
    assert len(desk.found("Sto")) == BLOCK
    with inside(home) as ctx:
        records.go_on(desk.own(ctx), made)
    run_due_jobs()
    assert (desk.seen(made).state, desk.fates(made)) == (ImportState.DONE, {"created": 6})
    assert len(desk.found("Sto")) == 6


def test_a_cancelled_import_keeps_what_is_done(
    home: NewTenant, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = desk.send(text(*(f"Can {n},1" for n in range(6))))
    desk.start(made)
    running = _import_job._running

    def cancelled(ctx: Context, run: jobs.Run) -> records.Import | None:
        found = running(ctx, run)
        if found is not None and found.done:
            with ctx.db.aside() as db:
                records.cancel_import(desk.own(ctx.within(db)), made)
        return found

    monkeypatch.setattr(_import_job, "_running", cancelled)
    run_due_jobs()
    assert desk.seen(made).state is ImportState.CANCELLED
    assert 0 < len(desk.found("Can")) < 6
    desk.undo(made)
    assert desk.found("Can") == {}
