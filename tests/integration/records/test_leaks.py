"""Ways by which something told more than a read would: each was open once."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound, VersionConflict
from ostiary.kernel.ids import UnitId
from ostiary.kernel.recent import Recent
from ostiary.objects import public as objects
from ostiary.records import _plans, _read, _view
from ostiary.records import public as records
from tests._exports import csv_of

pytestmark = pytest.mark.database


def agent(admin: Context, login: str) -> Context:
    unit = access.create_person(admin, login=login, name=login.title(), email="")
    access.add_member(admin, unit, role(admin, "sales"))
    return admin.acting_as(unit)


def role(ctx: Context, code: str) -> UnitId:
    found = identity.find_unit(ctx, code)
    assert found is not None
    return found


@pytest.fixture
def shared_line(admin: Context) -> tuple[Context, records.Record, UUID]:
    """An agent who may change an activity about an opportunity that the agent cannot see."""
    other, reader = agent(admin, "other"), agent(admin, "reader")
    hidden = records.create_record(other, "opportunity", {"name": "Hidden deal"})
    made = records.create_record(other, "activity", {"title": "Call", "opportunity": str(hidden.id)})
    for verb in (access.Verb.READ, access.Verb.UPDATE):
        records.share_record(admin, "activity", made.id, reader.actor, verb)
    return reader, made, hidden.id


def test_a_conflict_shows_a_hidden_lookup_as_a_read_does(
    shared_line: tuple[Context, records.Record, UUID],
) -> None:
    reader, made, hidden = shared_line
    assert records.get_record(reader, "activity", made.id).data["opportunity"] == {"restricted": True}
    with pytest.raises(VersionConflict) as conflict:
        records.update_record(reader, "activity", made.id, {"opportunity": None}, made.version - 1)
    assert conflict.value.details["theirs"] == {"opportunity": {"restricted": True}}
    assert str(hidden) not in str(conflict.value.details)


def test_writing_the_hidden_id_that_is_there_is_refused_like_any_hidden_id(
    admin: Context, shared_line: tuple[Context, records.Record, UUID]
) -> None:
    reader, made, hidden = shared_line
    another = records.create_record(agent(admin, "third"), "opportunity", {"name": "Other"}).id
    refusals = []
    for value in (hidden, another):
        with pytest.raises(Invalid) as refused:
            records.update_record(reader, "activity", made.id, {"opportunity": str(value)}, made.version)
        refusals.append(refused.value.errors)
    assert refusals[0] == refusals[1]


def test_a_late_writer_never_learns_whether_a_hidden_id_is_the_one_that_is_there(
    admin: Context, shared_line: tuple[Context, records.Record, UUID]
) -> None:
    """Where the guess was wrong it was a conflict; where it was right, a refusal, or it went through."""
    reader, made, hidden = shared_line
    another = records.create_record(agent(admin, "third"), "opportunity", {"name": "Other"}).id
    answers = []
    for guess in (str(hidden), str(another)):
        for values, base in (({"opportunity": guess}, None), ({"opportunity": None}, {"opportunity": guess})):
            with pytest.raises((Invalid, VersionConflict)) as refused:
                records.update_record(reader, "activity", made.id, values, made.version - 1, base=base)
            answers.append((refused.type, refused.value.message, refused.value.details))
    assert answers[:2] == answers[2:]
    assert [kind for kind, _, _ in answers[:2]] == [Invalid, VersionConflict]


def test_repeating_a_hidden_id_in_a_column_that_may_only_be_read_never_tells_that_it_is_there(
    admin: Context, shared_line: tuple[Context, records.Record, UUID]
) -> None:
    """What is there already is passed over where it may not be written; so was a guess that was right."""
    reader, made, hidden = shared_line
    activity = records.describe(admin, "activity").object
    rows = [(reader.actor, access.ColumnLevel.READ), (role(admin, "all_employees"), access.ColumnLevel.EDIT)]
    access.set_column_rows(admin, activity.id, activity.columns["opportunity"].id, rows)
    another = records.create_record(agent(admin, "third"), "opportunity", {"name": "Other"}).id
    for guess in (hidden, another):
        values = {"title": "Called", "opportunity": str(guess)}
        with pytest.raises(records.ColumnNotEditable):
            records.update_record(reader, "activity", made.id, values, made.version)
        row = records.update_records(reader, "activity", [made.id], values).rows[0]
        assert isinstance(row.refusal, records.ColumnNotEditable)
    records.share_record(admin, "opportunity", hidden, reader.actor, access.Verb.READ)
    values = {"title": "Called", "opportunity": str(hidden)}
    assert records.update_record(reader, "activity", made.id, values, made.version).version == 2


def test_writing_a_column_below_read_never_tells_whether_it_was_equal(admin: Context) -> None:
    made = records.create_record(admin, "product", {"name": "Probe", "unit_cost": "77"})
    writer = agent(admin, "writer")
    access.set_operation_rows(admin, access.Operation.EDIT_ANY_DATA, [(writer.actor, True)])
    assert "unit_cost" in records.get_record(writer, "product", made.id).restricted
    right = records.update_record(writer, "product", made.id, {"unit_cost": "77"}, made.version)
    wrong = records.update_record(writer, "product", made.id, {"unit_cost": "78"}, right.version)
    assert (right.version - made.version, wrong.version - right.version) == (1, 1)


def test_an_export_ends_where_its_operation_is_taken(admin: Context) -> None:
    for number in range(501):
        records.create_record(admin, "region", {"name": f"Region {number}"})
    reader = agent(admin, "exporter")
    access.set_operation_rows(admin, access.Operation.EXPORT_LIST, [(reader.actor, True)])
    chunks = csv_of(reader, records.RecordQuery("region"))
    assert next(chunks).startswith(b"\xef\xbb\xbf")
    assert next(chunks).count(b"\r\n") == 500
    access.set_operation_rows(admin, access.Operation.EXPORT_LIST, [(reader.actor, False)])
    with pytest.raises(AccessDenied):
        next(chunks)


@pytest.mark.parametrize(
    "condition",
    [
        [[]],
        {"not": []},
        {"field": "employees", "op": "eq", "value": 2**63},
        {"field": "annual_revenue", "op": "ge", "value": "1e200000"},
        {"or": [{"field": "parent.parent.name", "op": "eq", "value": "x"}] * 11},
    ],
    ids=["empty list", "empty not", "integer", "decimal", "paths"],
)
def test_a_filter_that_no_database_takes_is_refused_by_name(admin: Context, condition: object) -> None:
    with pytest.raises(Invalid):
        records.list_records(admin, records.RecordQuery("account", filter=records.parse_filter(condition)))


@pytest.mark.parametrize("after", ["WyJ4Il0", "WyJcdTAwMDAiLCAieCJd", "%", "W10"])
def test_a_cursor_that_is_not_ours_is_refused(admin: Context, after: str) -> None:
    with pytest.raises(Invalid):
        records.list_records(admin, records.RecordQuery("account", after=after))


def test_a_column_of_another_object_gets_no_rows(admin: Context) -> None:
    account = records.describe(admin, "account").object
    contact = records.describe(admin, "contact").object
    rows = [(role(admin, "sales"), access.ColumnLevel.EDIT)]
    access.set_column_rows(admin, account.id, account.columns["name"].id, rows)
    with pytest.raises(Invalid):
        access.set_column_rows(admin, account.id, contact.columns["name"].id, rows)


def test_reading_a_history_with_closed_values_is_recorded_as_strictly_as_the_values(admin: Context) -> None:
    made = records.create_record(admin, "product", {"name": "Probe", "unit_cost": "77"})
    records.record_events(replace(admin, tentative=True), "product", made.id)
    assert "records.history.viewed" in [e.type for e in audit.list_events(admin, "product", made.id)]


def test_a_history_never_tells_which_kind_of_closed_column_was_changed(admin: Context) -> None:
    """Personal data is a part of its own in an event; a part with nothing left in it told of its kind."""
    contact = records.describe(admin, "contact").object
    reader = agent(admin, "reader")
    for code in ("notes", "do_not_call"):
        rows = [
            (reader.actor, access.ColumnLevel.NONE),
            (role(admin, "all_employees"), access.ColumnLevel.EDIT),
        ]
        access.set_column_rows(admin, contact.id, contact.columns[code].id, rows)
    told: list[list[dict[str, Any]]] = []
    whole: list[list[dict[str, Any]]] = []
    for values in ({"notes": "Free text"}, {"do_not_call": True}):
        made = records.create_record(admin, "contact", {"name": "Ruth"})
        records.update_record(admin, "contact", made.id, values, made.version)
        records.share_record(admin, "contact", made.id, reader.actor, access.Verb.READ)
        for ctx, parts in ((reader, told), (admin, whole)):
            events = records.record_events(ctx, "contact", made.id)
            parts.append(next(event.parts for event in events if event.type == "records.record.updated"))
    assert told == [[], []]
    assert [[c["field"] for part in parts for c in part["changes"]] for parts in whole] == [
        ["notes"],
        ["do_not_call"],
    ]


def test_a_new_person_changes_what_managers_inherit_so_the_epoch_rises(admin: Context) -> None:
    before = identity.current_epoch(admin)
    access.create_person(admin, login="fresh", name="Fresh", email="")
    assert identity.current_epoch(admin) > before


def test_an_object_unknown_to_kept_metadata_is_looked_for_again_before_it_is_absent(
    admin: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.list_records(admin, records.RecordQuery("region"))
    _view._kept.clear()
    known = objects.catalogue_at
    asked: list[int] = []

    def behind(ctx: Context, epoch: int) -> objects.Catalogue:
        """What another process would still hold: at the first look the object is not there yet."""
        asked.append(epoch)
        found = known(ctx, epoch)
        if len(asked) == 1:
            identity.bump_epoch(ctx)
            return replace(found, objects={c: o for c, o in found.objects.items() if c != "account"})
        return found

    monkeypatch.setattr(objects, "catalogue_at", behind)
    assert records.list_records(admin, records.RecordQuery("account", limit=1)).restricted is not None
    assert len(asked) > 1
    with pytest.raises(NotFound):
        records.list_records(admin, records.RecordQuery("nothing"))


def test_a_conflict_that_shows_a_closed_value_is_recorded_as_a_read(admin: Context) -> None:
    made = records.create_record(admin, "product", {"name": "Probe", "unit_cost": "77"})
    with pytest.raises(VersionConflict) as conflict:
        records.update_record(admin, "product", made.id, {"unit_cost": "78"}, made.version - 1)
    assert conflict.value.details["theirs"] == {"unit_cost": 77.0}
    assert "records.record.viewed" in [e.type for e in audit.list_events(admin, "product", made.id)]


def test_kept_statements_of_one_view_are_bounded(admin: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plans, "MAX_STATEMENTS", 10)
    for limit in range(1, 31):
        records.list_records(admin, records.RecordQuery("region", limit=limit))
    assert 0 < len(_read.readable_view(admin, "region").statements) <= 12


def test_one_more_view_takes_the_place_of_the_one_that_was_asked_for_the_longest_ago(
    admin: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_view, "_kept", Recent(2))
    account, contact = _view.view_of(admin, "account"), _view.view_of(admin, "contact")
    assert _view.view_of(admin, "account") is account
    _view.view_of(admin, "product")
    assert _view.view_of(admin, "account") is account
    assert _view.view_of(admin, "contact") is not contact
