"""Files and notes are dropped, restored and ended with the object that they lie under."""

import pytest

from ostiary.kernel.context import Context
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant
from ostiary.records import public as records
from tests._jobs import run_due_jobs
from tests._tenants import Installation
from tests.integration.objects._worlds import (
    BOAT,
    apply,
    as_if_years_had_passed,
    column,
    inside,
    make_home,
    open_to_all,
    stored,
)

pytestmark = pytest.mark.database

CODES = ("boat", "boat_file", "boat_note")


@pytest.fixture
def home(installation: Installation) -> NewTenant:
    """A boat with a file and a note, and an object of crews."""
    home = make_home(f"along{installation.worker}")
    apply(home, BOAT.replace("display: name", "display: name\nattachments: true\nnotes: true"))
    apply(home, BOAT.replace("object: boat", "object: crew"))
    with inside(home) as ctx:
        for code in CODES:
            open_to_all(ctx, code)
        boat = records.create_record(ctx, "boat", {"name": "Thea"}).id
        records.attach(ctx, "boat", boat, "a.txt", [b"a"])
        records.create_record(ctx, "boat_note", {"parent": str(boat), "title": "Ready"})
    return home


def shown(ctx: Context) -> list[str]:
    """Which of the three are in the catalogue."""
    return [code for code in CODES if code in objects.get_catalogue(ctx).objects]


def test_they_are_dropped_and_restored_together_with_all_that_is_in_them(home: NewTenant) -> None:
    apply(home, "{change: drop_object, object: boat}")
    with inside(home) as ctx:
        assert shown(ctx) == []
        assert all(stored(ctx, f"rec_{code}") for code in CODES)
    with pytest.raises(objects.ChangeRefused, match="no object 'boat'"):
        apply(home, "{change: restore_object, object: boat_file}")
    apply(home, "{change: restore_object, object: boat}")
    with inside(home) as ctx:
        assert shown(ctx) == list(CODES)
        (file,) = records.list_records(ctx, records.RecordQuery("boat_file")).ids
        assert b"".join(records.open_attachment(ctx, "boat", file)[1]) == b"a"
        (note,) = records.list_records(ctx, records.RecordQuery("boat_note")).records()
        assert note["title"] == "Ready"


def test_what_was_dropped_before_stays_dropped(home: NewTenant) -> None:
    apply(home, "{change: drop_object, object: boat_note}")
    apply(home, "{change: drop_object, object: boat}")
    apply(home, "{change: restore_object, object: boat}")
    with inside(home) as ctx:
        assert shown(ctx) == ["boat", "boat_file"]
    apply(home, "{change: restore_object, object: boat_note}")
    with inside(home) as ctx:
        assert shown(ctx) == list(CODES)


def test_what_refers_to_a_file_or_is_no_detail_keeps_all_of_it(home: NewTenant) -> None:
    apply(home, column("log", "lookup", ", target: boat_file", of="crew"))
    with pytest.raises(objects.ChangeRefused, match=r"refer to boat_file: crew\.log"):
        apply(home, "{change: drop_object, object: boat}")
    apply(home, "{change: drop_object, object: crew}")
    with pytest.raises(objects.ChangeRefused, match=r"crew\.log"):  # it may come back
        apply(home, "{change: drop_object, object: boat}")
    with inside(home) as ctx:
        assert shown(ctx) == list(CODES)


def test_an_object_of_ones_own_with_a_master_is_not_taken_along(installation: Installation) -> None:
    home = make_home(f"sails{installation.worker}")
    apply(home, BOAT)
    sail = BOAT.replace("object: boat", "object: sail\nmaster: parent").replace(
        "  - {column: length_m, type: decimal}",
        "  - {column: length_m, type: decimal}\n  - {column: parent, type: lookup, target: boat}",
    )
    apply(home, sail)
    with pytest.raises(objects.ChangeRefused, match=r"sail\.parent"):
        apply(home, "{change: drop_object, object: boat}")


@pytest.mark.parametrize("first", [None, "boat_file"])
def test_they_end_together_when_their_time_is_over(home: NewTenant, first: str | None) -> None:
    if first:
        apply(home, f"{{change: drop_object, object: {first}}}")
    apply(home, "{change: drop_object, object: boat}")
    with pytest.raises(objects.ChangeRefused, match="can be restored until"):
        apply(home, "{change: purge_object, object: boat}")
    as_if_years_had_passed(home)
    with inside(home) as ctx:
        objects.tidy(home.tenant, ctx)
    run_due_jobs()
    with inside(home) as ctx:
        assert not any(stored(ctx, f"rec_{code}") for code in CODES)
        assert {h.object.code for h in objects.list_stored(ctx)} == {"crew"}
        assert ctx.db.row("select count(*) from @.records_blob") == (0,)
        told = ctx.db.rows(
            "select type, outcome from @.audit_index where type ~ '^objects.object.p|change.refused'"
        )
        assert told == [("objects.object.purged", "success")]
