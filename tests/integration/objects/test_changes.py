"""Objects and columns are made and changed while the product runs: planned, checked, seen at once."""

from datetime import UTC

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.objects import public as objects
from ostiary.pages import public as pages
from ostiary.project._tenants import NewTenant
from ostiary.records import public as records
from ostiary.ui.values import Frame
from tests._ledger import read_ledger
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, column, inside, make_home, open_to_all, stored

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    new = make_home(f"harbour{installation.worker}")
    apply(new, BOAT)
    with inside(new) as ctx:
        open_to_all(ctx, "boat")
        records.create_record(ctx, "boat", {"name": "Mavis", "length_m": "7.5"})
        records.create_record(ctx, "boat", {"name": "Bare"})
    return new


def test_a_plan_says_everything_and_does_nothing(home: NewTenant) -> None:
    (change,) = objects.read_changes(column("hull"))
    with inside(home) as ctx:
        plan = objects.plan_change(ctx, change)

        assert any(line.startswith("add column rec_boat.hull (text)") for line in plan.lines())
        assert any("close each new column" in line for line in plan.lines())
        assert plan.object == "boat"
        assert plan.rows is not None
        assert plan.rows >= 1
        assert "hull" not in objects.find_object(ctx, "boat").columns
        assert "hull" not in stored(ctx, "rec_boat")


def test_a_column_is_there_at_once_and_closed_to_everybody(home: NewTenant) -> None:
    apply(home, column("mast"))
    with inside(home) as ctx:
        made = objects.find_object(ctx, "boat").columns["mast"]
        rows = ctx.db.rows("select level from @.access_column_row where column_id = %(c)s", {"c": made.id})

        assert {"mast", "mast__sort"} <= stored(ctx, "rec_boat")
        assert rows == [(0,)]
        clerk = access.create_person(ctx, login="mast", name="Max Mast", email="mast@example.com")
        described = records.describe(ctx.acting_as(clerk), "boat")
        assert described.columns["mast"] is access.ColumnLevel.NONE
        assert described.columns["name"] is access.ColumnLevel.EDIT


LAUNCH = """
change: create_object
object: launch
caption: Launch
plural: Launches
icon: box
display: name
policy: {class: internal, personal_data: none, retention: {months: 0, after: created, then: keep}}
columns:
  - {column: name, type: text, required: true}
layout: {list: [name], sort: [name]}
"""


def test_what_is_new_is_open_to_employees_where_the_tenant_wants_it(installation: Installation) -> None:
    new = make_home(f"opened{installation.worker}")
    apply(new, LAUNCH)
    with inside(new) as ctx:
        clerk = ctx.acting_as(access.create_person(ctx, login="cl", name="Clerk", email="c@example.com"))
        with pytest.raises(AccessDenied):
            records.create_record(clerk, "launch", {"name": "Closed"})
        access.set_setting(ctx, "NewObjectAccess", "creatio")
    apply(new, LAUNCH.replace("launch", "yawl").replace("Launch", "Yawl"))
    apply(new, column("hull").replace("boat", "yawl"))
    with inside(new) as ctx:
        made = records.create_record(clerk.within(ctx.db), "yawl", {"name": "Open", "hull": "of oak"})
        other = access.create_person(ctx, login="ot", name="Other", email="o@example.com")
        assert records.get_record(ctx.acting_as(other), "yawl", made.id).data["hull"] == "of oak"
        outside = access.create_person(ctx, login="x", name="X", email="x@example.com", external=True)
        with pytest.raises(NotFound):
            records.get_record(ctx.acting_as(outside), "yawl", made.id)
        with pytest.raises(AccessDenied):  # what was there is as it was
            records.create_record(clerk.within(ctx.db), "launch", {"name": "Still closed"})


def test_only_who_manages_the_solution_plans_and_applies(home: NewTenant) -> None:
    (change,) = objects.read_changes(column("rudder"))
    with inside(home) as ctx:
        clerk = access.create_person(ctx, login="clerk", name="Clara Clerk", email="clerk@example.com")
        objects.plan_change(ctx, change)
    with inside(home) as ctx:
        with pytest.raises(AccessDenied) as planned:
            objects.plan_change(ctx.acting_as(clerk), change)
        with pytest.raises(AccessDenied) as applied:
            objects.apply_change(home.tenant, ctx.acting_as(clerk), change)
        for denied in (planned, applied):
            assert denied.value.details["operation"] == access.Operation.MANAGE_SOLUTION


def test_several_changes_are_made_together_or_not_at_all(home: NewTenant) -> None:
    both = f"changes:\n  - {column('sail')}\n  - {column('name')}\n"
    with pytest.raises(objects.ChangeRefused, match="has a column 'name' already"):
        apply(home, both)
    with inside(home) as ctx:
        assert "sail" not in stored(ctx, "rec_boat")
        assert "sail" not in objects.find_object(ctx, "boat").columns


def test_an_object_that_nobody_made_is_not_found(home: NewTenant) -> None:
    with inside(home) as ctx:
        assert objects.find_object(ctx, "boat").table == "rec_boat"
        with pytest.raises(NotFound):
            objects.find_object(ctx, "ferry")
    with pytest.raises(objects.ChangeRefused, match="there is no object 'ferry'"):
        apply(home, column("deck", of="ferry"))


def test_a_renamed_column_is_found_by_both_codes_and_keeps_rights_and_history(home: NewTenant) -> None:
    apply(home, column("berth"))
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        made = records.create_record(ctx, "boat", {"name": "Alba", "berth": "A1"})
    apply(home, "{change: rename_column, object: boat, column: berth, to: mooring}")
    with inside(home) as ctx:
        boat = objects.find_object(ctx, "boat")
        assert "mooring" in boat.columns
        assert "berth" not in list(boat.columns)
        assert boat.columns["berth"].code == "mooring"
        assert {"berth", "berth__sort"} <= stored(ctx, "rec_boat")
        assert records.get_record(ctx, "boat", made.id).data["mooring"] == "A1"
        asked = records.get_record(ctx, "boat", made.id, ("berth",)).data
        assert asked["berth"] == "A1"
        found = records.list_records(
            ctx,
            records.RecordQuery(
                "boat", filter=records.Compare("berth", records.Op.EQ, "A1"), sort=(records.Sort("berth"),)
            ),
        )
        assert found.ids == (made.id,)
        changed = records.update_record(ctx, "boat", made.id, {"berth": "B2"}, made.version)
        assert changed.data["mooring"] == "B2"
        with pytest.raises(Invalid, match="not accepted"):
            records.update_record(ctx, "boat", made.id, {"berth": "C", "mooring": "D"}, changed.version)
    with inside(home) as ctx:
        told = records.record_events(ctx, "boat", made.id)
        fields = [c["field"] for e in told for p in e.parts for c in p.get("changes", ())]
        assert fields.count("mooring") == 2
        assert read_ledger(ctx).half == []


def test_a_renamed_object_is_found_by_both_codes(installation: Installation) -> None:
    home = make_home(f"renamed{installation.worker}")
    apply(home, BOAT)
    apply(home, BOAT.replace("object: boat", "object: trailer"))
    apply(home, column("boat", "lookup", ", target: boat", of="trailer"))
    apply(
        home,
        "{change: set_workplace, workplace: yard, caption: Yard,"
        " groups: [{caption: All, sections: [boat, trailer]}]}",
    )
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        open_to_all(ctx, "trailer")
        made = records.create_record(ctx, "boat", {"name": "Mavis"})
        records.create_record(ctx, "trailer", {"name": "T1", "boat": str(made.id)})
        before = objects.find_object(ctx, "boat")
    apply(home, "{change: rename_object, object: boat, to: vessel}")
    with inside(home) as ctx:
        catalogue = objects.get_catalogue(ctx)
        assert catalogue.objects["boat"].code == "vessel"
        assert set(catalogue.objects) == {"vessel", "trailer"}
        assert catalogue.objects["vessel"].id == before.id
        assert catalogue.objects["trailer"].columns["boat"].target == "vessel"
        assert catalogue.workplaces[0].groups == (("All", ("vessel", "trailer")),)
        for code in ("boat", "vessel"):
            assert records.get_record(ctx, code, made.id).data["name"] == "Mavis"
            assert records.describe(ctx, code).object.code == "vessel"
            assert "records.record.created" in [e.type for e in records.record_events(ctx, code, made.id)]
        (trailer,) = records.list_records(ctx, records.RecordQuery("trailer")).records()
        assert trailer["boat"]["display"] == "Mavis"
        assert read_ledger(ctx).half == []
    # a new object may take the code; then it is the new one's, and its table has a name of its own
    apply(home, BOAT)
    with inside(home) as ctx:
        catalogue = objects.get_catalogue(ctx)
        assert catalogue.objects["boat"].table == "rec_boat__2"
        assert catalogue.objects["vessel"].table == "rec_boat"
        assert catalogue.objects["vessel"].former == ()


def test_a_dropped_column_comes_back_exactly(home: NewTenant) -> None:
    apply(home, column("flag").removesuffix("}") + ", in_list: true, group: Boat}")
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        made = records.create_record(ctx, "boat", {"name": "Flagged", "flag": "red"})
        before = objects.find_object(ctx, "boat")
        rows = ctx.db.rows("select * from @.access_column_row order by id")
    apply(home, "{change: drop_column, object: boat, column: flag}")
    with inside(home) as ctx:
        gone = objects.find_object(ctx, "boat")
        assert "flag" not in gone.columns
        assert "flag" not in gone.layout.list_columns
        assert "flag" not in records.get_record(ctx, "boat", made.id).data
        with pytest.raises(Invalid):
            records.get_record(ctx, "boat", made.id, ("flag",))
        changed = records.update_record(ctx, "boat", made.id, {"name": "Unflagged"}, made.version)
        assert read_ledger(ctx).half == []
    with pytest.raises(objects.ChangeRefused, match="restore it"):
        apply(home, column("flag"))
    apply(home, "{change: restore_column, object: boat, column: flag}")
    with inside(home) as ctx:
        after = objects.find_object(ctx, "boat")
        assert after.columns["flag"] == before.columns["flag"]
        assert after.layout == before.layout
        assert ctx.db.rows("select * from @.access_column_row order by id") == rows
        assert records.get_record(ctx, "boat", made.id).data["flag"] == "red"
        assert records.get_record(ctx, "boat", made.id).version == changed.version
        assert read_ledger(ctx).half == []


def test_what_refers_to_an_object_keeps_it(installation: Installation) -> None:
    home = make_home(f"dropped{installation.worker}")
    apply(home, BOAT)
    apply(home, BOAT.replace("object: boat", "object: crew"))
    apply(home, column("boat", "lookup", ", target: boat", of="crew"))
    with pytest.raises(objects.ChangeRefused, match=r"crew\.boat"):
        apply(home, "{change: drop_object, object: boat}")
    apply(home, "{change: drop_object, object: crew}")
    with inside(home) as ctx:
        with pytest.raises(NotFound):
            records.describe(ctx, "crew")
        assert stored(ctx, "rec_crew")
    with pytest.raises(objects.ChangeRefused, match=r"crew\.boat"):  # it may come back
        apply(home, "{change: drop_object, object: boat}")
    with pytest.raises(objects.ChangeRefused, match="dropped and kept until"):
        apply(home, BOAT.replace("object: boat", "object: crew"))
    with pytest.raises(objects.ChangeRefused, match="can be restored until"):
        apply(home, "{change: purge_object, object: crew}")
    apply(home, "{change: restore_object, object: crew}")
    with inside(home) as ctx:
        assert objects.find_object(ctx, "crew").columns["boat"].target == "boat"


def test_two_administrators_do_not_overwrite_each_other(home: NewTenant) -> None:
    with inside(home) as ctx:
        (change,) = objects.read_changes("{change: change_object, object: boat, caption: Ship}")
        seen = objects.plan_change(ctx, change).revision
    apply(home, column("anchor"), revision=seen)
    with pytest.raises(objects.MetadataConflict, match=r"Ada Admin: .*rec_boat\.anchor") as conflict:
        apply(home, column("winch"), revision=seen)
    assert conflict.value.details["revision"] == (seen or 0) + 1
    with inside(home) as ctx:
        assert "winch" not in objects.find_object(ctx, "boat").columns
    apply(home, column("winch"), revision=(seen or 0) + 1)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ("column: length_m, required: true", "required", "records have no length_m"),
        ("column: name, max_length: 2", "max_length", "records hold more than 2"),
        ("column: length_m, minimum: 100", "minimum", "hold a value outside"),
        ("column: name, class: public", "reason", "say why"),
        ("column: length_m, max_length: 5", "max_length", "has no length"),
        ("column: name, minimum: 5", "minimum", "has no bounds"),
        ("column: ghost, caption: Ghost", "column", "has no column"),
        ("column: name, caption: ' '", "caption", "need a name"),
        ("column: name, max_length: 501", "max_length", "between 1 and 500"),
        ("column: name, default: 5", "default", "is none of a text column"),
        ("column: length_m, default: many", "default", "is none of a decimal column"),
        ("column: name", "", "changes nothing"),
    ],
)
def test_what_would_not_fit_is_refused_by_name(home: NewTenant, change: str, field: str, words: str) -> None:
    with pytest.raises(objects.ChangeRefused, match=words) as refusal:
        apply(home, f"{{change: change_column, object: boat, {change}}}")
    assert refusal.value.errors[0].field == field


def test_a_lower_class_needs_a_reason_and_who_administers_rights(home: NewTenant) -> None:
    apply(home, column("deed", "text").replace("class: internal", "class: confidential"))
    lower = (
        "{change: change_column, object: boat, column: deed, class: internal, reason: 'Printed on the hull'}"
    )
    with inside(home) as ctx:
        builder = access.create_person(ctx, login="builder", name="Bo Builder", email="bo@example.com")
        administrators = identity.find_unit(ctx, identity.SYSTEM_ADMINISTRATORS)
        assert administrators is not None
        access.set_operation_rows(
            ctx, access.Operation.MANAGE_SOLUTION, [(administrators, True), (builder, True)]
        )
    (change,) = objects.read_changes(lower)
    with inside(home) as ctx, pytest.raises(AccessDenied) as denied:
        objects.apply_change(home.tenant, ctx.acting_as(builder), change)
    assert denied.value.details["operation"] == access.Operation.MANAGE_RIGHTS
    apply(home, lower)
    with inside(home) as ctx:
        assert objects.find_object(ctx, "boat").columns["deed"].data_class is objects.DataClass.INTERNAL


def test_choices_are_added_renamed_and_retired(home: NewTenant) -> None:
    apply(home, column("state", "choice", ", choices: [{code: afloat}, {code: ashore}], default: afloat"))
    head = "{change: change_column, object: boat, column: state"
    apply(home, f"{head}, choices: [{{code: sunk}}, {{code: ashore, caption: On land}}]}}")
    with pytest.raises(objects.ChangeRefused, match="not offered"):
        apply(home, f"{head}, retire: [afloat]}}")
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        old = records.create_record(ctx, "boat", {"name": "Old", "state": "ashore"})
    apply(home, f"{head}, retire: [ashore]}}")
    with inside(home) as ctx:
        made = objects.find_object(ctx, "boat").columns["state"]
        assert [(x.code, x.caption, x.retired) for x in made.choices] == [
            ("afloat", "Afloat", False),
            ("ashore", "On land", True),
            ("sunk", "Sunk", False),
        ]
        with pytest.raises(Invalid):
            records.create_record(ctx, "boat", {"name": "New", "state": "ashore"})
        records.update_record(ctx, "boat", old.id, {"name": "Older", "state": "ashore"}, old.version)


def test_sections_are_placed_moved_and_removed(home: NewTenant) -> None:
    apply(home, "{change: set_workplace, workplace: quay, caption: Quay, groups: []}")
    apply(home, "{change: place_section, workplace: quay, object: boat, group: Boats}")
    with inside(home) as ctx:
        quay = next(w for w in objects.get_catalogue(ctx).workplaces if w.code == "quay")
        assert quay.groups == (("Boats", ("boat",)),)
    apply(home, "{change: remove_section, workplace: quay, object: boat}")
    with pytest.raises(objects.ChangeRefused, match="does not show"):
        apply(home, "{change: remove_section, workplace: quay, object: boat}")
    apply(home, "{change: drop_workplace, workplace: quay}")
    with inside(home) as ctx:
        assert "quay" not in [w.code for w in objects.get_catalogue(ctx).workplaces]


def test_a_later_boolean_is_empty_in_the_records_that_were_there(home: NewTenant) -> None:
    with inside(home) as ctx:
        before = records.create_record(ctx, "boat", {"name": "Before"})
    apply(home, column("insured", "boolean"))
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        after = records.create_record(ctx, "boat", {"name": "After"})
        assert records.get_record(ctx, "boat", before.id).data["insured"] is None
        assert records.get_record(ctx, "boat", after.id).data["insured"] is False
        assert read_ledger(ctx).half == []


def test_an_old_address_and_an_old_mapping_still_work(installation: Installation) -> None:
    home = make_home(f"oldcode{installation.worker}")
    apply(home, BOAT)
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        for name, length in (("Mavis", "7.5"), ("Alba", "12"), ("Cora", "9")):
            records.create_record(ctx, "boat", {"name": name, "length_m": length})
    apply(
        home,
        "changes:\n"
        "  - {change: rename_object, object: boat, to: vessel}\n"
        "  - {change: rename_column, object: boat, column: length_m, to: metres}\n",
    )
    with inside(home) as ctx:
        reader = pages.make_reader(ctx, pages.Urls(), UTC)
        query = {"f": ["length_m"], "o": ["gt"], "v": ["8"], "sort": ["-length_m"]}
        shown = pages.render(
            pages.list_view(reader, "boat", pages.read_state(query)), Frame("ui/fragment.html", "Harbour")
        )
        assert shown.index("Alba") < shown.index("Cora")
        assert "Mavis" not in shown
        made = records.create_record(ctx, "boat", {"name": "Dora", "length_m": "3"})
        assert made.data["metres"] == 3
        assert "Dora" in pages.render(
            pages.record_view(reader, "boat", made.id), Frame("ui/fragment.html", "Harbour")
        )
