"""Changes of any number of records in the background: chunk by chunk, each at the rights of its moment."""

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID, uuid4

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.kernel.ids import PrincipalId, UnitId, new_id
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant
from ostiary.records import _bulk_job, _bulk_kept
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._jobs import as_owner, run_due_jobs
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, column, inside, make_home, open_to_all
from tests.integration.records._people import events

CHUNK = 2
UPDATE, DELETE = access.Verb.UPDATE, access.Verb.DELETE
Hook = Callable[[int], None]


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    new = make_home(f"long{installation.worker}")
    apply(new, BOAT)
    with inside(new) as ctx:
        open_to_all(ctx, "boat")
    return new


@pytest.fixture(autouse=True)
def quiet(home: NewTenant, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small chunks, and an empty queue before and after."""
    monkeypatch.setattr(_bulk_job, "CHUNK", CHUNK)
    empty()
    yield
    empty()


def empty() -> None:
    as_owner("delete from jobs.procrastinate_jobs")
    as_owner("delete from jobs.job")


@pytest.fixture
def clerk(home: NewTenant) -> UnitId:
    """A person with nothing but what all employees have."""
    login = f"c{uuid4().hex[:8]}"
    with inside(home) as ctx:
        return access.create_person(ctx, login=login, name="Clerk", email="c@example.com")


def as_person(ctx: Context, person: UnitId) -> Context:
    return ctx.acting_as(PrincipalId(person))


def fleet(home: NewTenant, who: UnitId, count: int, name: str) -> list[UUID]:
    with inside(home) as ctx:
        made = records.create_records(
            as_person(ctx, who), "boat", [{"name": f"{name} {n}"} for n in range(count)]
        )
    return [row.id for row in made.rows if row.id is not None]


def named(name: str) -> records.Compare:
    return records.Compare("name", records.Op.STARTS_WITH, name)


def ask(
    home: NewTenant,
    who: UnitId,
    verb: access.Verb,
    which: Sequence[UUID] | records.Filter,
    values: dict[str, object] | None = None,
) -> records.Bulk:
    with inside(home) as ctx:
        return records.request_bulk(as_person(ctx, who), "boat", verb, which, values)


def seen(home: NewTenant, who: UnitId, bulk: records.Bulk) -> records.Bulk:
    with inside(home) as ctx:
        return records.get_bulk(as_person(ctx, who), bulk.id)


def lengths(home: NewTenant, name: str) -> list[object]:
    with inside(home) as ctx:
        query = records.RecordQuery("boat", filter=named(name), sort=(records.Sort("created_at"),))
        return [r["length_m"] for r in records.list_records(ctx, query).records()]


def between_chunks(monkeypatch: pytest.MonkeyPatch, hook: Hook) -> None:
    """Call the hook before each chunk's transaction but the first, with the number of it."""
    step, count = _bulk_job._step, [0]

    def stepped(run: jobs.Run, ctx: Context) -> bool:
        count[0] += 1
        if count[0] > 1:
            hook(count[0])
        return step(run, ctx)

    monkeypatch.setattr(_bulk_job, "_step", stepped)


def test_a_filter_is_worked_off_in_chunks_with_an_event_for_each(home: NewTenant, clerk: UnitId) -> None:
    fleet(home, clerk, 5, "Filter")
    with inside(home) as ctx:
        before = events(ctx)
    bulk = ask(home, clerk, UPDATE, named("Filter"), {"length_m": 7})
    assert (bulk.state, bulk.total) == (records.BulkState.WAITING, 5)
    fleet(home, clerk, 1, "Filter late")  # made after it was asked for: not meant
    run_due_jobs()
    done = seen(home, clerk, bulk)
    assert (done.state, done.done, done.refused) == (records.BulkState.DONE, 5, 0)
    assert lengths(home, "Filter") == [7, 7, 7, 7, 7, None]
    with inside(home) as ctx:
        after = events(ctx)
        kept = ctx.db.row("select request from @.records_bulk where id = %(i)s", {"i": bulk.id})
        left = ctx.db.row("select count(*) from @.records_bulk_row where bulk_id = %(i)s", {"i": bulk.id})
    new = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    assert new["records.record.updated"] == 3  # chunks of 2
    assert [new[f"records.bulk.{what}"] for what in ("requested", "started", "ended")] == [1, 1, 1]
    assert (kept, left) == ((None,), (0,))  # what was asked for goes when it has ended


def test_ids_that_are_refused_are_kept_for_whoever_asked_alone(home: NewTenant, clerk: UnitId) -> None:
    ids = fleet(home, clerk, 3, "Ids")
    absent = new_id()
    bulk = ask(home, clerk, DELETE, [ids[0], absent, ids[1], ids[0], ids[2]])
    with inside(home) as ctx:
        job = jobs.get_job(ctx, jobs.JobId(bulk.job or bulk.id))
    assert job.arguments == {"bulk": str(bulk.id)}
    run_due_jobs()
    done = seen(home, clerk, bulk)
    assert (done.state, done.total, done.done, done.refused) == (records.BulkState.DONE, 4, 4, 1)
    with inside(home) as ctx:
        rows = records.refused_rows(as_person(ctx, clerk), bulk.id)
        assert [(r.number, r.id, r.outcome) for r in rows] == [(1, absent, records.Outcome.NOT_FOUND)]
        assert rows[0].detail["message"] == "Not found"
        for call in (records.get_bulk, records.cancel_bulk, records.refused_rows):
            with pytest.raises(NotFound):
                call(ctx, bulk.id)  # the administrator did not ask for it
        assert records.count_records(ctx, "boat", named("Ids")).value == 0


def test_refused_rows_are_kept_up_to_a_bound(
    home: NewTenant, clerk: UnitId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bulk_kept, "MOST_KEPT", 3)
    bulk = ask(home, clerk, DELETE, [new_id() for _ in range(7)])
    run_due_jobs()
    assert seen(home, clerk, bulk).refused == 7
    with inside(home) as ctx:
        rows = records.refused_rows(as_person(ctx, clerk), bulk.id, limit=3)
    assert [row.number for row in rows] == [0, 1, 2]


def forbid_update(ctx: Context, clerk: UnitId) -> None:
    made, everyone = objects.find_object(ctx, "boat"), identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    assert everyone is not None
    rows = [(clerk, {access.Verb.READ}), (everyone, set(access.Verb))]
    access.set_object_rows(ctx, made.id, rows)


def forbid_column(ctx: Context, clerk: UnitId) -> None:
    made, everyone = objects.find_object(ctx, "boat"), identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    assert everyone is not None
    rows = [(clerk, access.ColumnLevel.READ), (everyone, access.ColumnLevel.EDIT)]
    access.set_column_rows(ctx, made.id, made.columns["length_m"].id, rows)


def deactivate(ctx: Context, clerk: UnitId) -> None:
    access.set_active(ctx, clerk, active=False)


@pytest.mark.parametrize(
    ("revoke", "reason"),
    [
        (forbid_update, "access_denied"),
        (forbid_column, "column_not_editable"),
        (deactivate, "not_signed_in"),
    ],
)
def test_rights_that_are_lost_between_chunks_end_it(
    home: NewTenant,
    clerk: UnitId,
    monkeypatch: pytest.MonkeyPatch,
    revoke: Callable[[Context, UnitId], None],
    reason: str,
) -> None:
    name = f"Revoked {reason}"
    fleet(home, clerk, 6, name)
    other = ask(home, home.administrator, UPDATE, named("Nothing of the kind"), {"length_m": 1})
    bulk = ask(home, clerk, UPDATE, named(name), {"length_m": 9})

    def hook(number: int) -> None:
        if number == 3:  # one chunk of the other, one of this
            with inside(home) as ctx:
                revoke(ctx, clerk)

    between_chunks(monkeypatch, hook)
    run_due_jobs()
    with inside(home) as ctx:
        found = _bulk_kept.find(ctx, bulk.id)
        open_to_all(ctx, "boat")
    assert found is not None
    assert (found.state, found.reason) == (records.BulkState.STOPPED, reason)
    assert (found.done, found.refused) == (2, 0)
    assert lengths(home, name) == [9, 9, None, None, None, None]
    assert seen(home, home.administrator, other).state is records.BulkState.DONE
    with inside(home) as ctx:
        assert not list(jobs.list_jobs(ctx, state=jobs.JobState.FAILED))


def test_whoever_may_not_is_refused_when_asking(home: NewTenant, clerk: UnitId) -> None:
    fleet(home, clerk, 1, "Asking")
    with inside(home) as ctx:
        forbid_update(ctx, clerk)
    with pytest.raises(AccessDenied):
        ask(home, clerk, UPDATE, named("Asking"), {"length_m": 1})
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
    with pytest.raises(Invalid) as refused:
        ask(home, clerk, UPDATE, named("Asking"), {"length_m": "long"})
    assert [e.field for e in refused.value.errors] == ["length_m"]
    with pytest.raises(Invalid):
        ask(home, clerk, UPDATE, named("Asking"))
    with pytest.raises(records.TooManyRows):
        ask(home, clerk, DELETE, [new_id()] * (_bulk_job.MOST_IDS + 1))
    assert ask(home, clerk, UPDATE, named("Asking"), {"length_m": 1}).total == 1


def test_one_who_may_not_act_any_more_when_it_begins_stops_it(home: NewTenant, clerk: UnitId) -> None:
    fleet(home, clerk, 2, "Gone")
    bulk = ask(home, clerk, UPDATE, named("Gone"), {"length_m": 4})
    with inside(home) as ctx:
        deactivate(ctx, clerk)
    run_due_jobs()
    with inside(home) as ctx:
        found = _bulk_kept.find(ctx, bulk.id)
    assert found is not None
    assert (found.state, found.reason) == (records.BulkState.STOPPED, "jobs.principal_inactive")
    assert lengths(home, "Gone") == [None, None]


def test_it_can_be_cancelled_before_it_begins_and_between_chunks(
    home: NewTenant, clerk: UnitId, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet(home, clerk, 6, "Cancel")
    early = ask(home, clerk, UPDATE, named("Cancel"), {"length_m": 3})
    with inside(home) as ctx:
        assert records.cancel_bulk(as_person(ctx, clerk), early.id).state is records.BulkState.CANCELLED
    late = ask(home, clerk, UPDATE, named("Cancel"), {"length_m": 5})

    def hook(number: int) -> None:
        if number == 3:
            with inside(home) as ctx:
                state = records.cancel_bulk(as_person(ctx, clerk), late.id).state
                assert state is records.BulkState.CANCELLING

    between_chunks(monkeypatch, hook)
    run_due_jobs()
    assert [seen(home, clerk, bulk).state for bulk in (early, late)] == [records.BulkState.CANCELLED] * 2
    assert seen(home, clerk, late).done == 2
    assert lengths(home, "Cancel") == [5, 5, None, None, None, None]
    with inside(home) as ctx:
        again = records.cancel_bulk(as_person(ctx, clerk), late.id)
    assert again.done == 2  # nothing is left to cancel


def test_an_attempt_that_breaks_goes_on_where_it_was(
    home: NewTenant, clerk: UnitId, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet(home, clerk, 5, "Broken")
    bulk = ask(home, clerk, DELETE, named("Broken"))
    broken = [True]

    def hook(_: int) -> None:
        if broken.pop() if broken else False:
            raise RuntimeError("as if the database had gone")

    between_chunks(monkeypatch, hook)
    run_due_jobs()
    assert seen(home, clerk, bulk).done == 2
    as_owner("update jobs.procrastinate_jobs set scheduled_at = null where status = 'todo'")
    run_due_jobs()
    done = seen(home, clerk, bulk)
    assert (done.state, done.done, done.refused) == (records.BulkState.DONE, 5, 0)


def test_a_job_that_is_given_up_says_so_and_can_be_tried_again(
    home: NewTenant, clerk: UnitId, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet(home, clerk, 3, "Given up")
    bulk = ask(home, clerk, UPDATE, named("Given up"), {"length_m": 2})
    with monkeypatch.context() as patch:
        patch.setattr(_bulk_job, "_write", lambda *_: 1 / 0)
        for _ in range(8):
            as_owner("update jobs.procrastinate_jobs set scheduled_at = null where status = 'todo'")
            run_due_jobs()
    failed = seen(home, clerk, bulk)
    assert (failed.state, failed.reason) == (records.BulkState.FAILED, "ZeroDivisionError")
    with inside(home) as ctx:
        jobs.retry_job(ctx, jobs.JobId(bulk.job or bulk.id))
    run_due_jobs()
    assert seen(home, clerk, bulk).state is records.BulkState.DONE
    assert lengths(home, "Given up") == [2, 2, 2]


def test_one_whose_job_was_discarded_counts_as_cancelled(home: NewTenant, clerk: UnitId) -> None:
    fleet(home, clerk, 1, "Discarded")
    bulk = ask(home, clerk, UPDATE, named("Discarded"), {"length_m": 2})
    with inside(home) as ctx:
        jobs.discard_job(ctx, jobs.JobId(bulk.job or bulk.id))
    assert seen(home, clerk, bulk).state is records.BulkState.CANCELLED


def test_a_code_that_is_anothers_by_now_stops_it(home: NewTenant, clerk: UnitId) -> None:
    apply(home, column("cargo"))
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
    fleet(home, clerk, 1, "Meant")
    bulk = ask(home, clerk, UPDATE, named("Meant"), {"cargo": "salt"})
    apply(home, "{change: rename_column, object: boat, column: cargo, to: load}")
    same = ask(home, clerk, UPDATE, named("Meant"), {"load": "sand"})
    with inside(home) as ctx:
        made = objects.find_object(ctx, "boat")
        found = _bulk_kept.get_wanted(ctx, bulk.id).meant
        assert found["cargo"] == [str(made.columns["load"].id)]
        ctx.db.run("update @.records_bulk set object = %(o)s where id = %(i)s", {"o": new_id(), "i": same.id})
    run_due_jobs()
    assert seen(home, clerk, bulk).state is records.BulkState.DONE  # a former code leads on
    gone = seen(home, clerk, same)
    assert (gone.state, gone.reason) == (records.BulkState.STOPPED, "not_found")


def test_a_column_that_is_dropped_meanwhile_stops_it(home: NewTenant, clerk: UnitId) -> None:
    apply(home, column("flag"))
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
    fleet(home, clerk, 1, "Dropped")
    node = records.And((named("Dropped"), records.Compare("flag", records.Op.IS_NULL)))
    bulk = ask(home, clerk, UPDATE, node, {"length_m": 2})
    apply(home, "{change: drop_column, object: boat, column: flag}")
    run_due_jobs()
    found = seen(home, clerk, bulk)
    assert (found.state, found.reason) == (records.BulkState.STOPPED, "records.column_gone")
    assert lengths(home, "Dropped") == [None]


def test_another_tenants_change_is_not_found(home: NewTenant, installation: Installation) -> None:
    neighbour = make_home(f"next{installation.worker}")
    bulk = ask(home, home.administrator, DELETE, [new_id()])
    with tenancy.transaction(neighbour.tenant) as db:
        ctx = Context(neighbour.tenant.id, db, neighbour.administrator, Channel.CLI)
        with pytest.raises(NotFound):
            records.get_bulk(ctx, bulk.id)
        asked = db.rows("select type from @.audit_index where object_ref = %(i)s", {"i": bulk.id})
    assert asked == [("records.bulk.refused",)]
    assert seen(home, home.administrator, bulk).id == bulk.id


def test_after_thirty_days_it_is_forgotten(home: NewTenant, clerk: UnitId) -> None:
    old, new = (ask(home, clerk, DELETE, [new_id()]) for _ in range(2))
    run_due_jobs()
    with inside(home) as ctx:
        ctx.db.run(
            "update @.records_bulk set ended_at = now() - interval '31 days' where id = %(i)s", {"i": old.id}
        )
        while _bulk_job._purge_some(ctx):
            pass
        with pytest.raises(NotFound):
            records.get_bulk(as_person(ctx, clerk), old.id)
        assert records.get_bulk(as_person(ctx, clerk), new.id).refused == 1
