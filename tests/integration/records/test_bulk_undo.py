"""Changing many records on a page and taking it back, at once and as a job; each decided by itself."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ostiary.access import public as access
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.kernel.ids import RecordId, new_id
from ostiary.project._tenants import NewTenant
from ostiary.records import _bulk_chunk, _bulk_job, _bulk_now, _bulk_undo
from ostiary.records import public as records
from tests._jobs import run_due_jobs
from tests._tenants import Installation, TestTenant, rolled_back
from tests.integration.objects._worlds import BOAT, apply, inside, make_home, open_to_all
from tests.integration.records._people import events, person
from tests.integration.records._viewers import give_level

UPDATE, DELETE = access.Verb.UPDATE, access.Verb.DELETE
EVERY = records.Compare("id", records.Op.NOT_NULL)


@pytest.fixture
def admin(crm_tenant: TestTenant) -> Iterator[Context]:
    with rolled_back(crm_tenant.tenant) as db:
        yield Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.WEB)


@pytest.fixture
def clerk(admin: Context) -> Context:
    return person(admin, "clerk", "sales")


def deals(owner: Context, count: int) -> list[RecordId]:
    values = [{"name": f"Deal {n}", "amount": 100 * n, "next_step": f"Call {n}"} for n in range(count)]
    return [row.id for row in records.create_records(owner, "opportunity", values).rows if row.id is not None]


def readable(admin: Context, clerk: Context) -> RecordId:
    """A deal of somebody else that the clerk may read and not change."""
    other = deals(person(admin, "other", "sales"), 1)[0]
    records.share_record(admin, "opportunity", other, clerk.actor, access.Verb.READ)
    return other


def field(ctx: Context, code: str, ids: list[RecordId]) -> list[object]:
    return [records.get_record(ctx, "opportunity", i).data[code] for i in ids]


def test_few_are_changed_at_once_and_taken_back_where_nobody_changed_them_since(
    admin: Context, clerk: Context
) -> None:
    ids, other = deals(clerk, 3), readable(admin, clerk)
    hidden = deals(person(admin, "far", "sales"), 1)[0]
    before = events(admin)
    values = {"next_step": "Write", "amount": "7"}
    made = records.change_many(clerk, "opportunity", UPDATE, [*ids, other, hidden, ids[0]], values)
    assert (made.state, made.job) == (records.BulkState.DONE, None)
    assert (made.total, made.done, made.refused) == (5, 5, 2)
    assert field(clerk, "amount", ids) == [7, 7, 7]
    record = records.get_record(clerk, "opportunity", ids[1])
    records.update_record(clerk, "opportunity", ids[1], {"next_step": "Mine"}, record.version)
    assert records.bulk_standing(clerk, made).left == 3
    for call in (records.undo_bulk, records.bulk_result):
        with pytest.raises(NotFound):
            call(admin, made.id)  # who did not ask for it, be it an administrator
    back = records.undo_bulk(clerk, made.id)
    assert (back.state, back.done, back.refused) == (records.BulkState.DONE, 3, 1)
    assert field(clerk, "next_step", ids) == ["Call 0", "Mine", "Call 2"]
    assert field(clerk, "amount", ids) == [0, 7, 200]
    notes = records.refused_rows(clerk, back.id)
    assert [(note.id, note.outcome) for note in notes] == [(ids[1], records.Outcome.CONFLICT)]
    told = b"".join(records.bulk_result(clerk, made.id)).decode()
    assert [line.split(",")[2] for line in told.splitlines()[1:]] == ["ok"] * 3 + ["forbidden", "not_found"]
    assert "Call" not in told
    assert [bulk.id for bulk in records.list_bulks(clerk)] == [back.id, made.id]
    assert not {back.id, made.id} & {bulk.id for bulk in records.list_bulks(admin)}
    standing = records.bulk_standing(clerk, made)
    assert (standing.left, standing.undone_by) == (0, back.id)
    with pytest.raises(Invalid):
        records.undo_bulk(clerk, made.id)
    after = events(admin)
    assert after["records.bulk.requested"] - before.get("records.bulk.requested", 0) == 2
    assert after["records.bulk.opened"] - before.get("records.bulk.opened", 0) == 1


def test_undoing_asks_for_the_rights_of_now_and_a_deletion_is_not_undone(
    admin: Context, clerk: Context
) -> None:
    ids = deals(clerk, 2)
    made = records.change_many(clerk, "opportunity", UPDATE, ids, {"next_step": "Write"})
    give_level(admin, "opportunity", "next_step", clerk, access.ColumnLevel.READ)
    back = records.undo_bulk(clerk, made.id)
    assert (back.done, back.refused) == (2, 2)
    assert field(clerk, "next_step", ids) == ["Write", "Write"]
    with pytest.raises(AccessDenied):
        records.change_many(clerk, "opportunity", UPDATE, ids, {"next_step": "Call"})
    gone = records.change_many(admin, "opportunity", DELETE, ids)
    assert (gone.done, gone.refused, records.bulk_standing(admin, gone).left) == (2, 0, 0)


def test_what_can_no_longer_be_seen_is_said_and_stays(admin: Context, clerk: Context) -> None:
    heir = person(admin, "heir", "sales")
    lent = deals(heir, 1)[0]
    for verb in (access.Verb.READ, UPDATE):
        records.share_record(admin, "opportunity", lent, clerk.actor, verb)
    made = records.change_many(clerk, "opportunity", UPDATE, [lent], {"next_step": "Mine"})
    assert (made.refused, records.bulk_standing(clerk, made).lost) == (0, 0)
    own = records.create_record(heir, "opportunity", {"name": "Given", "owner": str(clerk.actor)}).id
    made = records.change_many(clerk, "opportunity", UPDATE, [own], {"owner": str(heir.actor)})
    assert (made.refused, records.bulk_standing(clerk, made).lost) == (0, 1)
    back = records.undo_bulk(clerk, made.id)
    notes = records.refused_rows(clerk, back.id)
    assert [note.outcome for note in notes] == [records.Outcome.NOT_FOUND]


def test_what_may_be_done_to_all_that_match_is_what_would_be_done(admin: Context, clerk: Context) -> None:
    ids, other = deals(clerk, 3), readable(admin, clerk)
    deals(person(admin, "far", "sales"), 2)  # which the clerk does not see
    for verb, preview in ((UPDATE, records.preview_update), (DELETE, records.preview_delete)):
        whole = records.preview_matching(clerk, "opportunity", EVERY, verb)
        each = preview(clerk, "opportunity", EVERY)
        assert (whole.selected, whole.allowed) == (each.selected, len(each.allowed))
        assert whole.refusal is not None
        assert [whole.refusal.message] == [words for words, _ in each.reasons()]
    whole = records.preview_matching(clerk, "opportunity", EVERY, UPDATE)
    assert (whole.selected, whole.allowed, whole.examples) == (4, 3, (other,))
    made = records.change_many(clerk, "opportunity", UPDATE, EVERY, {"next_step": "Write"})
    assert (made.done, made.refused, made.by_filter) == (4, 1, True)
    assert field(clerk, "next_step", ids) == ["Write"] * 3


def test_a_page_says_which_of_its_records_may_be_changed(admin: Context, clerk: Context) -> None:
    ids, other = deals(clerk, 2), readable(admin, clerk)
    query = records.RecordQuery("opportunity", ("name",), verdicts=True)
    page = records.list_records(clerk, query)
    assert set(page.ids) == {*ids, other}
    assert page.updatable == frozenset(ids)
    assert records.list_records(clerk, replace(query, verdicts=False)).updatable == frozenset()
    assert records.list_records(admin, query).updatable >= {*ids, other}


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    new = make_home(f"undo{installation.worker}")
    apply(new, BOAT)
    with inside(new) as ctx:
        open_to_all(ctx, "boat")
    return new


def test_many_are_taken_back_by_a_job_the_last_first_and_what_is_kept_goes_with_them(
    home: NewTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (_bulk_job, _bulk_now, _bulk_undo):
        monkeypatch.setattr(module, "CHUNK", 2)
    with inside(home) as ctx:
        asked = [{"name": f"Boat {n}", "length_m": n + 1} for n in range(5)]
        ids = [row.id for row in records.create_records(ctx, "boat", asked).rows if row.id is not None]
        made = records.change_many(ctx, "boat", UPDATE, [*ids, new_id()], {"length_m": 9})
        assert made.state is records.BulkState.WAITING
        assert records.bulk_standing(ctx, made).left == 0
    run_due_jobs()
    with inside(home) as ctx:
        records.update_record(ctx, "boat", ids[2], {"name": "Renamed"}, 2)
        made = records.get_bulk(ctx, made.id)
        assert records.bulk_standing(ctx, made).left == 5
        back = records.undo_bulk(ctx, made.id)
        assert (back.state, back.total) == (records.BulkState.WAITING, 5)
        with pytest.raises(Invalid):
            records.undo_bulk(ctx, made.id)  # one runs already
    run_due_jobs()
    with inside(home) as ctx:
        done = records.get_bulk(ctx, back.id)
        assert (done.state, done.done, done.refused) == (records.BulkState.DONE, 5, 1)
        assert [records.get_record(ctx, "boat", i).data["length_m"] for i in ids] == [1, 2, 9, 4, 5]
        assert records.bulk_standing(ctx, made).left == 0
        ctx.db.run("delete from @.records_bulk_row", {})
        ctx.db.run("delete from @.records_bulk", {})
        _bulk_chunk.purge(ctx)
        for table in ("records_bulk_chunk", "records_bulk_undo"):
            assert ctx.db.row(f"select count(*) from @.{table}", {}) == (0,)


def test_a_dropped_column_is_told_and_its_record_stays(home: NewTenant) -> None:
    with inside(home) as ctx:
        made = records.create_record(ctx, "boat", {"name": "Kept", "length_m": 3})
        bulk = records.change_many(ctx, "boat", UPDATE, [made.id], {"length_m": 4})
        chunk = _bulk_chunk.next_undoable(ctx, bulk.id)
        assert chunk is not None
        lost = replace(chunk, rows=tuple(replace(r, before={str(new_id()): 3}) for r in chunk.rows))
        ctx.db.run(
            "update @.records_bulk_chunk set rows = %(rows)s where id = %(id)s",
            {"id": chunk.id, "rows": _bulk_chunk._sealed(ctx, chunk.id, lost.rows)},
        )
        back = records.undo_bulk(ctx, bulk.id)
        assert (back.done, back.refused) == (1, 1)
        assert records.get_record(ctx, "boat", made.id).data["length_m"] == 4
