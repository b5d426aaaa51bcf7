"""Many records in one call: each decided like a single one, one event for a chunk, found at each record."""

from uuid import UUID

import pytest

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid
from ostiary.kernel.ids import RecordId, new_id
from ostiary.records import public as records
from ostiary.records._bulk import CHUNK, MAX_ROWS
from tests.integration.records._people import events, person

pytestmark = pytest.mark.database

OK, NOT_FOUND, FORBIDDEN = records.Outcome.OK, records.Outcome.NOT_FOUND, records.Outcome.FORBIDDEN
INVALID, CONFLICT, IN_USE = records.Outcome.INVALID, records.Outcome.CONFLICT, records.Outcome.IN_USE


def outcomes(result: records.BulkResult) -> list[records.Outcome]:
    return [row.outcome for row in result.rows]


def regions(ctx: Context, *names: str) -> list[RecordId]:
    made = records.create_records(ctx, "region", [{"name": name} for name in names])
    assert outcomes(made) == [OK] * len(names)
    return [row.id for row in made.rows if row.id is not None]


def share(ctx: Context, code: str, record: UUID, unit: Context, *verbs: access.Verb) -> None:
    for verb in verbs:
        records.share_record(ctx, code, record, unit.actor, verb)


def test_many_are_made_changed_and_deleted_with_one_event_each_time(admin: Context) -> None:
    before = events(admin)
    made = records.create_records(
        admin, "account", [{"name": f"Account {n}", "notes": f"Note {n}"} for n in range(5)]
    )
    ids = [row.id for row in made.rows if row.id is not None]
    assert outcomes(made) == [OK] * 5
    assert [records.get_record(admin, "account", i).data["name"] for i in ids] == [
        f"Account {n}" for n in range(5)
    ]
    changed = records.update_records(admin, "account", ids, {"notes": "Other"})
    assert [(row.outcome, row.version) for row in changed.rows] == [(OK, 2)] * 5
    again = records.update_records(admin, "account", ids, {"notes": "Other"})
    assert [row.version for row in again.rows] == [2] * 5  # nothing changed, so nothing was written
    gone = records.delete_records(admin, "account", ids)
    assert outcomes(gone) == [OK] * 5
    assert records.count_records(admin, "account").value == 0
    after = events(admin)
    changes = {name: after.get(name, 0) - before.get(name, 0) for name in after}
    assert changes["records.record.created"] == 1
    assert changes["records.record.updated"] == 1
    assert changes["records.record.deleted"] == 1


def test_the_history_of_each_record_tells_of_it_alone(admin: Context) -> None:
    one, two = regions(admin, "North", "South")
    records.update_each(
        admin,
        "region",
        [records.RowUpdate(one, {"name": "Far north"}), records.RowUpdate(two, {"name": "Far south"})],
    )
    history = records.record_events(admin, "region", one)
    assert [e.type for e in history if e.type.startswith("records.record.")][:2] == [
        "records.record.updated",
        "records.record.created",
    ]
    told = str([event.parts for event in history])
    assert "Far north" in told
    assert "south" not in told.casefold()
    updated = next(e for e in history if e.type == "records.record.updated")
    assert audit.verify_event(admin, updated.id) == ()
    row = admin.db.row("select last_event_id from @.rec_region where id = %(i)s", {"i": one})
    assert row == (updated.id,)


def test_each_row_is_decided_by_itself(admin: Context) -> None:
    mine, clerk = person(admin, "mine", "sales"), person(admin, "clerk", "sales")
    own = records.create_record(clerk, "opportunity", {"name": "Own"}).id
    readable = records.create_record(mine, "opportunity", {"name": "Readable"}).id
    hidden = records.create_record(mine, "opportunity", {"name": "Hidden"}).id
    share(admin, "opportunity", readable, clerk, access.Verb.READ)
    absent, of_another = new_id(), regions(admin, "East")[0]
    asked = [own, readable, hidden, absent, of_another, own]

    preview = records.preview_update(clerk, "opportunity", asked, ["name"])
    assert (preview.selected, preview.allowed) == (5, (own,))
    assert preview.reasons() == [("Not found", 3), ("You may read this opportunity but not change it", 1)]

    result = records.update_records(clerk, "opportunity", asked, {"name": "Changed"})
    assert outcomes(result) == [OK, FORBIDDEN, NOT_FOUND, NOT_FOUND, NOT_FOUND, INVALID]
    words = {(type(r.refusal), str(r.refusal)) for r in result.rows[2:5]}
    assert len(words) == 1  # hidden, absent and of another object: one answer
    refusal = result.rows[1].refusal
    assert isinstance(refusal, AccessDenied)
    assert refusal.layer == "record"
    names = {r: records.get_record(admin, "opportunity", r).data["name"] for r in (own, readable, hidden)}
    assert names == {own: "Changed", readable: "Readable", hidden: "Hidden"}

    gone = [own, hidden, readable]  # sales may delete no opportunity, and hidden ones are not told apart
    assert outcomes(records.delete_records(clerk, "opportunity", gone)) == [FORBIDDEN, NOT_FOUND, FORBIDDEN]


def test_all_or_nothing(admin: Context) -> None:
    one, two = (records.create_record(admin, "account", {"name": n}).id for n in ("One", "Two"))
    with pytest.raises(records.BulkRefused) as refused:
        records.update_records(admin, "account", [one, new_id(), two], {"name": "Same"}, atomic=True)
    assert outcomes(refused.value.result) == [OK, NOT_FOUND, OK]
    assert records.get_record(admin, "account", one).data["name"] == "One"
    done = records.update_records(admin, "account", [one, two], {"name": "Same"}, atomic=True)
    assert outcomes(done) == [OK, OK]
    assert records.get_record(admin, "account", two).data["name"] == "Same"


def test_a_value_that_is_taken_refuses_its_row_alone(admin: Context) -> None:
    ids = regions(admin, *(f"R{n}" for n in range(8)))
    rows = [records.RowUpdate(id_, {"name": f"New {n}" if n != 5 else "R0"}) for n, id_ in enumerate(ids)]
    rows[2] = records.RowUpdate(ids[2], {"name": "New 1"})
    result = records.update_each(admin, "region", rows)
    assert [n for n, outcome in enumerate(outcomes(result)) if outcome is INVALID] == [2]
    again = records.create_records(admin, "region", [{"name": "New 1"}, {"name": "Fresh"}, {"name": "Fresh"}])
    assert outcomes(again) == [INVALID, OK, INVALID]


def test_bad_values_and_old_versions_refuse_their_own_row(admin: Context) -> None:
    one, two, three = regions(admin, "North", "South", "West")
    records.update_record(admin, "region", two, {"name": "South again"}, 1)
    result = records.update_each(
        admin,
        "region",
        [
            records.RowUpdate(one, {"name": ""}, 1),
            records.RowUpdate(two, {"name": "Late"}, 1),
            records.RowUpdate(three, {"name": "Far west"}, 1),
        ],
    )
    assert outcomes(result) == [INVALID, CONFLICT, OK]
    refusal = result.rows[0].refusal
    assert isinstance(refusal, Invalid)
    assert [e.field for e in refusal.errors] == ["name"]
    made = records.create_records(admin, "region", [{"name": "A"}, {}, {"name": "B", "nonsense": 1}])
    assert outcomes(made) == [OK, INVALID, INVALID]


def test_a_reference_has_to_be_readable(admin: Context) -> None:
    clerk, other = person(admin, "clerk", "sales"), person(admin, "other", "sales")
    seen = records.create_record(clerk, "opportunity", {"name": "Seen"}).id
    hidden = records.create_record(other, "opportunity", {"name": "Hidden"}).id
    rows = [{"title": "Call", "opportunity": str(deal)} for deal in (seen, hidden, new_id())]
    made = records.create_records(clerk, "activity", rows)
    assert outcomes(made) == [OK, INVALID, INVALID]
    assert str(made.rows[1].refusal) == str(made.rows[2].refusal)
    first = made.rows[0].id
    assert first is not None
    for deal, outcome in ((hidden, INVALID), (seen, OK)):
        change = records.RowUpdate(first, {"opportunity": str(deal)})
        assert outcomes(records.update_each(clerk, "activity", [change])) == [outcome]


def test_what_is_referred_to_stays(admin: Context) -> None:
    used, free = (records.create_record(admin, "account", {"name": n}).id for n in ("Used", "Free"))
    records.create_record(admin, "opportunity", {"name": "Deal", "account": str(used)})
    result = records.delete_records(admin, "account", [used, free])
    assert outcomes(result) == [IN_USE, OK]
    assert str(result.rows[0].refusal) == "Other records refer to it"
    assert records.get_record(admin, "account", used).data["name"] == "Used"


def test_a_filter_selects_among_the_readable(admin: Context) -> None:
    clerk, other = person(admin, "clerk", "sales"), person(admin, "other", "sales")
    mine = [records.create_record(clerk, "opportunity", {"name": f"Deal {n}"}).id for n in range(3)]
    records.create_record(other, "opportunity", {"name": "Deal of another"})
    deals = records.Compare("name", records.Op.STARTS_WITH, "Deal")
    assert records.preview_delete(clerk, "opportunity", deals).selected == 3
    result = records.update_records(clerk, "opportunity", deals, {"name": "Done"})
    assert {row.id for row in result.done} == set(mine)
    assert records.count_records(admin, "opportunity", deals).value == 1


def test_a_list_without_end_is_refused_by_name(admin: Context) -> None:
    few = [new_id() for _ in range(3)]
    assert outcomes(records.delete_records(admin, "region", few)) == [NOT_FOUND] * 3
    with pytest.raises(records.TooManyRows):
        records.delete_records(admin, "region", [few[0]] * (MAX_ROWS + 1))
    with pytest.raises(records.TooManyRows):
        records.update_each(admin, "region", [records.RowUpdate(few[0], {})] * (MAX_ROWS + 1))
    with pytest.raises(records.TooManyRows):
        records.create_records(admin, "region", [{"name": "A"}] * (MAX_ROWS + 1))


def test_each_chunk_leaves_one_event_and_tells_its_progress(admin: Context) -> None:
    count = 2 * CHUNK + 1
    before = events(admin)
    told: list[tuple[int, int]] = []
    made = records.create_records(
        admin, "region", [{"name": f"R{n}"} for n in range(count)], progress=lambda *at: told.append(at)
    )
    assert len(made.done) == count
    assert told == [(CHUNK, count), (2 * CHUNK, count), (count, count)]
    name = "records.record.created"
    assert events(admin)[name] - before.get(name, 0) == 3


def test_who_may_create_nothing_is_refused_as_a_whole(admin: Context) -> None:
    thing = records.describe(admin, "region").object
    clerk = person(admin, "clerk", "sales")
    everyone = identity.find_unit(admin, "all_employees")
    assert everyone is not None
    access.set_object_rows(admin, thing.id, [(everyone, frozenset({access.Verb.READ}))])
    with pytest.raises(AccessDenied):
        records.create_records(clerk, "region", [{"name": "A"}])
    (one,) = regions(admin, "North") if access.may_operate(admin, access.Operation.ADD_ANY_DATA) else (None,)
    assert one is not None
    assert outcomes(records.update_records(clerk, "region", [one], {"name": "B"})) == [FORBIDDEN]
