"""What a change leaves for later: requests, indexes beside writers, fills, the end of what was dropped."""

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.kernel.ids import UnitId
from ostiary.objects import _apply, _evolve_columns, _tasks
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant
from ostiary.records import _fill
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._jobs import make_due, run_due_jobs
from tests._ledger import read_ledger
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

FILL = "records.column.fill"
VALID = "select indisvalid from pg_index where indexrelid = to_regclass(%(i)s)"


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    new = make_home(f"later{installation.worker}")
    apply(new, BOAT)
    with inside(new) as ctx:
        open_to_all(ctx, "boat")
        for number in range(7):
            records.create_record(ctx, "boat", {"name": f"Boat {number}", "length_m": str(number)})
    return new


def valid(ctx: Context, index: str) -> list[tuple[bool, ...]]:
    return ctx.db.rows(VALID, {"i": f"{ctx.db.schema}.{index}"})


def ask(home: NewTenant, text: str, revision: int | None) -> objects.ChangeId:
    (change,) = objects.read_changes(text)
    with inside(home) as ctx:
        return objects.request_change(ctx, change, expected_revision=revision)


def revision(home: NewTenant) -> int:
    with inside(home) as ctx:
        return next(h.version for h in objects.list_stored(ctx) if h.object.code == "boat")


def test_a_change_that_was_asked_for_is_made_by_a_job(home: NewTenant) -> None:
    asked = ask(home, column("keel"), revision(home))
    with inside(home) as ctx:
        assert objects.get_change(ctx, asked).state == "requested"
        assert "keel" not in objects.find_object(ctx, "boat").columns
    run_due_jobs()
    with inside(home) as ctx:
        found = objects.get_change(ctx, asked)
        assert (found.state, found.requested_by) == ("applied", home.administrator)
        assert "keel" in objects.find_object(ctx, "boat").columns
        assert objects.list_changes(ctx)[0].id == asked


def test_what_became_impossible_meanwhile_is_refused_and_says_why(home: NewTenant) -> None:
    at = revision(home)
    first, second = ask(home, column("stern"), at), ask(home, column("bow"), at)
    run_due_jobs()
    with inside(home) as ctx:
        assert objects.get_change(ctx, first).state == "applied"
        refused = objects.get_change(ctx, second)
        assert refused.state == "refused"
        assert refused.refusal["code"] == "objects.revision_conflict"
        assert "Ada Admin" in refused.refusal["message"]
        assert "bow" not in stored(ctx, "rec_boat")


def make_builder(home: NewTenant, login: str) -> UnitId:
    """Somebody who may change objects, and nothing else."""
    with inside(home) as ctx:
        builder = access.create_person(ctx, login=login, name=login.title(), email="")
        allow(ctx, access.Operation.MANAGE_SOLUTION, builder)
    return builder


def allow(ctx: Context, operation: access.Operation, *units: UnitId) -> None:
    """The operation for administrators and these."""
    administrators = identity.find_unit(ctx, identity.SYSTEM_ADMINISTRATORS)
    assert administrators is not None
    access.set_operation_rows(ctx, operation, [(unit, True) for unit in (administrators, *units)])


def denials(ctx: Context, change: UUID) -> list[tuple[object, ...]]:
    return ctx.db.rows(
        "select outcome, actor from @.audit_index where object_ref = %(c)s"
        " and type = 'objects.change.denied'",
        {"c": change},
    )


def test_what_its_asker_may_no_longer_do_is_refused_recorded_and_told_to_the_asker(home: NewTenant) -> None:
    builder, other = make_builder(home, "demoted"), make_builder(home, "onlooker")
    with inside(home) as ctx:
        allow(ctx, access.Operation.MANAGE_SOLUTION, builder)
        (change,) = objects.read_changes("{change: change_object, object: boat, caption: Vessel}")
        asked = objects.request_change(ctx.acting_as(builder), change, expected_revision=None)
    with inside(home) as ctx:
        allow(ctx, access.Operation.MANAGE_SOLUTION)
    run_due_jobs()
    with inside(home) as ctx:
        seen = objects.get_change(ctx.acting_as(builder), asked)
        assert (seen.state, seen.refusal["code"]) == ("refused", "access_denied")
        assert denials(ctx, asked) == [("denied", builder)]
        assert objects.find_object(ctx, "boat").caption == "Boat"
    with inside(home) as ctx, pytest.raises(AccessDenied):
        objects.get_change(ctx.acting_as(other), asked)


def test_what_was_asked_for_by_somebody_who_left_does_not_stay_requested(home: NewTenant) -> None:
    builder = make_builder(home, "leaver")
    with inside(home) as ctx:
        (change,) = objects.read_changes("{change: change_object, object: boat, caption: Vessel}")
        asked = objects.request_change(ctx.acting_as(builder), change, expected_revision=None)
        access.set_active(ctx, builder, active=False)
    run_due_jobs()
    with inside(home) as ctx:
        found = objects.get_change(ctx, asked)
        assert (found.state, found.refusal["code"]) == ("failed", "jobs.principal_inactive")


def test_a_change_that_never_got_its_lock_fails_with_its_job_and_can_be_tried_again(
    home: NewTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise psycopg.errors.LockNotAvailable

    asked = ask(home, column("mast"), revision(home))
    with monkeypatch.context() as patched:
        patched.setattr(_tasks, "apply_within", locked)
        for _ in range(8):
            run_due_jobs()
            make_due()
    with inside(home) as ctx:
        found = objects.get_change(ctx, asked)
        assert (found.state, found.refusal["code"]) == ("failed", "LockNotAvailable")
        job = next(
            j for j in jobs.list_jobs(ctx, state=jobs.JobState.FAILED) if j.arguments["change"] == str(asked)
        )
        jobs.retry_job(ctx, job.id)
    run_due_jobs()
    with inside(home) as ctx:
        assert objects.get_change(ctx, asked).state == "applied"
        assert jobs.get_job(ctx, job.id).state == jobs.JobState.DONE


def test_a_denial_that_comes_between_plan_and_change_is_recorded_though_all_is_rolled_back(
    home: NewTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    (change,) = objects.read_changes("{change: change_object, object: boat, caption: Vessel}")
    with inside(home) as ctx:
        clerk = access.create_person(ctx, login="late", name="Lou Late", email="")
    monkeypatch.setattr(_apply, "plan_changes", lambda *_: None)  # it was permitted then
    with inside(home) as ctx, pytest.raises(AccessDenied):
        objects.apply_change(home.tenant, ctx.acting_as(clerk), change)
    with inside(home) as ctx:
        sql = "select outcome from @.audit_index where actor = %(a)s and type = 'objects.change.denied'"
        assert ctx.db.rows(sql, {"a": clerk}) == [("denied",)]


def test_only_who_may_asks_and_sees_what_was_asked(home: NewTenant) -> None:
    (change,) = objects.read_changes(column("oar"))
    with inside(home) as ctx:
        clerk = access.create_person(ctx, login="later", name="Lara Later", email="later@example.com")
        objects.list_changes(ctx)
    with inside(home) as ctx:
        with pytest.raises(AccessDenied):
            objects.request_change(ctx.acting_as(clerk), change, expected_revision=None)
        with pytest.raises(AccessDenied):
            objects.list_changes(ctx.acting_as(clerk))


def test_the_tenants_role_cannot_say_what_became_of_a_change(home: NewTenant) -> None:
    ask(home, column("tiller"), revision(home))
    with inside(home) as ctx:
        assert ctx.db.rows(
            "select has_table_privilege(current_user, to_regclass(%(t)s), p) from unnest(%(p)s::text[]) p",
            {"t": f"{ctx.db.schema}.objects_change", "p": ["select", "insert", "update", "delete"]},
        ) == [(True,), (True,), (False,), (False,)]
        for table in objects.READ_ONLY_TABLES:
            may = ctx.db.row(
                "select has_table_privilege(current_user, to_regclass(%(t)s), 'insert,update,delete')",
                {"t": f"{ctx.db.schema}.{table}"},
            )
            assert may == (False,), table
    run_due_jobs()


def test_an_index_is_built_and_removed_by_a_job(home: NewTenant) -> None:
    name = "rec_boat__length_m__id__idx"
    apply(home, "{change: set_index, object: boat, column: length_m, indexed: true}")
    with inside(home) as ctx:
        assert valid(ctx, name) == []
    run_due_jobs()
    with inside(home) as ctx:
        assert valid(ctx, name) == [(True,)]
    apply(home, "{change: set_index, object: boat, column: length_m, indexed: false}")
    run_due_jobs()
    with inside(home) as ctx:
        assert valid(ctx, name) == []


def test_an_index_that_a_killed_build_left_is_built_again(home: NewTenant) -> None:
    apply(home, column("rating", "integer"))
    name = "rec_boat__rating__id__idx"
    half = f"create unique index concurrently {name} on @.rec_boat (label_id)"
    with tenancy.owner_statements(home.tenant) as owner, pytest.raises(psycopg.errors.UniqueViolation):
        owner.ddl(half)  # it ends in the middle, and leaves what a killed build leaves
    with inside(home) as ctx:
        assert valid(ctx, name) == [(False,)]
    apply(home, "{change: set_index, object: boat, column: rating, indexed: true}")
    run_due_jobs()
    with inside(home) as ctx:
        assert valid(ctx, name) == [(True,)]


def test_a_column_is_filled_record_by_record_with_version_and_event(home: NewTenant) -> None:
    apply(home, column("harbour"))
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        chosen = records.create_record(ctx, "boat", {"name": "Chosen", "harbour": "Wick"})
    apply(home, "{change: backfill, object: boat, column: harbour, value: Oban}")
    run_due_jobs()
    with inside(home) as ctx:
        page = records.list_records(ctx, records.RecordQuery("boat", limit=100))
        assert {r["harbour"] for r in page.records()} == {"Oban", "Wick"}
        assert records.get_record(ctx, "boat", chosen.id).version == 1
        found = records.list_records(
            ctx,
            records.RecordQuery("boat", filter=records.Compare("harbour", records.Op.EQ, "oban"), limit=100),
        )
        assert len(found.ids) == len(page.ids) - 1
        assert read_ledger(ctx).half == []
    apply(home, "{change: change_column, object: boat, column: harbour, required: true}")
    apply(home, "{change: change_column, object: boat, column: harbour, required: false}")


def test_another_type_is_a_new_column_filled_from_the_old_one_and_a_change_of_codes(home: NewTenant) -> None:
    apply(home, column("length_text"))
    apply(home, "{change: backfill, object: boat, column: length_text, copy_of: length_m}")
    run_due_jobs()
    apply(
        home,
        "changes:\n"
        "  - {change: rename_column, object: boat, column: length_m, to: length_old}\n"
        "  - {change: rename_column, object: boat, column: length_text, to: length_m}\n",
    )
    with inside(home) as ctx:
        made = objects.find_object(ctx, "boat")
        assert made.columns["length_m"].type is objects.ColumnType.TEXT
        assert made.columns["length_text"].code == "length_m"
        page = records.list_records(ctx, records.RecordQuery("boat", limit=100)).records()
        assert {(r["length_m"], r["length_old"]) for r in page} >= {("0.00", 0.0), ("6.00", 6.0)}
    apply(
        home,
        "changes:\n"
        "  - {change: rename_column, object: boat, column: length_m, to: length_text}\n"
        "  - {change: rename_column, object: boat, column: length_old, to: length_m}\n",
    )


def test_a_killed_fill_goes_on_where_it_was(home: NewTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    apply(home, column("colour"))
    apply(home, "{change: backfill, object: boat, column: colour, value: red}")
    starts: list[UUID] = []
    whole = _fill.fill_batch

    def dying(ctx: Context, asked: _fill.Filling, after: UUID) -> _fill.Batch:
        starts.append(after)
        batch = whole(ctx, asked, after, 3)
        if len(starts) == 2:
            raise RuntimeError("killed in the middle of a batch")
        return batch

    monkeypatch.setattr(_fill, "fill_batch", dying)
    run_due_jobs()
    with inside(home) as ctx:
        every = records.RecordQuery("boat", limit=100)
        assert [r["colour"] for r in records.list_records(ctx, every).records()].count("red") == 3
    make_due()
    run_due_jobs()
    with inside(home) as ctx:
        assert {r["colour"] for r in records.list_records(ctx, every).records()} == {"red"}
        assert read_ledger(ctx).half == []
    assert starts[1] == starts[2]
    assert len(set(starts)) == len(starts) - 1


def test_a_fill_keeps_to_the_columns_that_were_meant_whatever_they_are_called_meanwhile(
    home: NewTenant,
) -> None:
    for code, class_ in (("motto", "internal"), ("cipher", "confidential"), ("label", "internal")):
        apply(home, column(code).replace("internal", class_))
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        made = records.create_record(ctx, "boat", {"name": "Named", "motto": "open", "cipher": "closed"})
    apply(home, "{change: backfill, object: boat, column: label, copy_of: motto}")
    apply(
        home,
        "changes:\n"
        "  - {change: rename_column, object: boat, column: motto, to: saying}\n"
        "  - {change: rename_column, object: boat, column: cipher, to: motto}\n",
    )
    run_due_jobs()
    with inside(home) as ctx:
        assert records.get_record(ctx, "boat", made.id).data["label"] == "open"


def failed(home: NewTenant, task: str) -> list[str | None]:
    with inside(home) as ctx:
        return [j.error_code for j in jobs.list_jobs(ctx, state=jobs.JobState.FAILED, task=task)]


def test_a_fill_ends_when_its_source_was_closed_or_dropped_or_its_asker_sees_it_masked_by_now(
    installation: Installation,
) -> None:
    home = make_home(f"closing{installation.worker}")
    apply(home, BOAT)
    for code in ("whence", "whither"):
        apply(home, column(code))
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        made = records.create_record(ctx, "boat", {"name": "Closed", "whence": "Wick"})
        whence = objects.find_object(ctx, "boat").columns["whence"]

    def fill() -> None:
        apply(home, "{change: backfill, object: boat, column: whither, copy_of: whence}")

    fill()
    with inside(home) as ctx:
        everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
        assert everyone is not None
        boat = objects.find_object(ctx, "boat")
        access.set_column_rows(ctx, boat.id, whence.id, [(everyone, access.ColumnLevel.MASKED)])
    run_due_jobs()
    assert failed(home, FILL) == ["access_denied"]
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
    fill()
    apply(home, "{change: change_column, object: boat, column: whence, class: confidential}")
    run_due_jobs()
    assert failed(home, FILL) == ["records.column_more_closed", "access_denied"]
    apply(home, "{change: change_column, object: boat, column: whither, class: confidential}")
    fill()
    apply(home, "{change: drop_column, object: boat, column: whence}")
    run_due_jobs()
    assert failed(home, FILL)[0] == "records.column_gone"
    with inside(home) as ctx:
        assert records.get_record(ctx, "boat", made.id).data["whither"] is None
    apply(home, "{change: restore_column, object: boat, column: whence}")
    fill()
    run_due_jobs()
    with inside(home) as ctx:
        assert records.get_record(ctx, "boat", made.id).data["whither"] == "Wick"


def test_whoever_fills_must_hold_the_operations_for_any_data(home: NewTenant) -> None:
    apply(home, column("tag"))
    (change,) = objects.read_changes("{change: backfill, object: boat, column: tag, value: x}")
    with inside(home) as ctx:
        builder = access.create_person(ctx, login="filler", name="Fil Filler", email="fil@example.com")
        administrators = identity.find_unit(ctx, identity.SYSTEM_ADMINISTRATORS)
        assert administrators is not None
        access.set_operation_rows(
            ctx, access.Operation.MANAGE_SOLUTION, [(administrators, True), (builder, True)]
        )
        objects.plan_change(ctx, change)
        with pytest.raises(AccessDenied) as denied:
            objects.plan_change(ctx.acting_as(builder), change)
        assert denied.value.details["operation"] == access.Operation.VIEW_ANY_DATA


def test_plans_tell_nothing_about_data_to_whoever_may_only_change_objects(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(f"blind{installation.worker}")
    apply(home, BOAT)
    apply(home, column("draught", "integer"))
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        records.create_record(ctx, "boat", {"name": "Deep", "draught": "7"})
    builder = make_builder(home, "blind")
    with inside(home) as ctx:
        allow(ctx, access.Operation.MANAGE_RIGHTS, builder)
    (add,) = objects.read_changes(column("keelson", more=", required: true, indexed: true"))
    narrow = "{change: change_column, object: boat, column: draught, minimum: 8}"
    (change,) = objects.read_changes(narrow)
    with inside(home) as ctx:
        blind, seeing = objects.plan_change(ctx.acting_as(builder), add), objects.plan_change(ctx, add)
        monkeypatch.setattr(_evolve_columns, "MANY", 0)
        assert blind.lines() == seeing.lines() == objects.plan_change(ctx, add).lines()
        assert blind.rows is None
        assert seeing.rows is not None
        with pytest.raises(objects.ChangeRefused, match="some records hold"):
            objects.plan_change(ctx, change)
    with inside(home) as ctx, pytest.raises(AccessDenied) as denied:
        objects.plan_change(ctx.acting_as(builder), change)
    assert denied.value.details["operation"] == access.Operation.VIEW_ANY_DATA


def test_why_stored_values_refused_a_change_is_told_to_whoever_may_see_them(
    installation: Installation,
) -> None:
    home = make_home(f"told{installation.worker}")
    apply(home, BOAT)
    apply(home, column("beam", "integer"))
    builder = make_builder(home, "blinder")
    asked = ask(home, "{change: change_column, object: boat, column: beam, minimum: 8}", revision(home))
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        records.create_record(ctx, "boat", {"name": "Wide", "beam": "7"})
    run_due_jobs()
    with inside(home) as ctx:
        assert "outside these bounds" in objects.get_change(ctx, asked).refusal["message"]
        hidden = objects.get_change(ctx.acting_as(builder), asked)
        assert (hidden.state, hidden.refusal["errors"]) == ("refused", [])
        assert "outside" not in str(hidden.refusal)
        assert "outside" not in str(objects.list_changes(ctx.acting_as(builder))[0].refusal)


def test_what_was_dropped_long_ago_goes_for_good(installation: Installation) -> None:
    home = make_home(f"purged{installation.worker}")
    apply(home, BOAT)
    apply(home, BOAT.replace("object: boat", "object: raft"))
    apply(home, column("secret"))
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        made = records.create_record(ctx, "boat", {"name": "Mavis", "secret": "a word"})
        records.create_record(ctx, "boat", {"name": "Alba"})
        kept = objects.find_object(ctx, "boat").columns["secret"]
    apply(home, "{change: drop_column, object: boat, column: secret}")
    apply(home, "{change: drop_object, object: raft}")
    apply(home, "{change: rename_column, object: boat, column: length_m, to: metres}")
    with inside(home) as ctx:
        objects.tidy(home.tenant, ctx)
    run_due_jobs()
    with inside(home) as ctx:
        assert "secret" in stored(ctx, "rec_boat")  # its time is not over
        assert objects.find_object(ctx, "boat").columns["length_m"].code == "metres"
        access.set_setting(ctx, objects.RECOVERY.code, timedelta(days=2))
    as_if_years_had_passed(home)
    with inside(home) as ctx:
        objects.tidy(home.tenant, ctx)
    run_due_jobs()
    with inside(home) as ctx:
        assert not stored(ctx, "rec_raft")
        assert "secret" not in stored(ctx, "rec_boat")
        assert not {"secret", "secret__sort"} & stored(ctx, "rec_boat")
        assert "length_m" not in objects.find_object(ctx, "boat").columns
        assert "raft" not in [h.object.code for h in objects.list_stored(ctx)]
        assert not ctx.db.rows("select 1 from @.access_column_row where column_id = %(c)s", {"c": kept.id})
        assert records.get_record(ctx, "boat", made.id).version == 2
        assert objects.find_object(ctx, "boat").dropped == {}
    # a new column of that code is another one: the history of the old does not show under it
    apply(home, column("secret"))
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        assert "secret__2" in stored(ctx, "rec_boat")
        told = records.record_events(ctx, "boat", made.id)
        assert "a word" not in str(told)


def test_what_a_leaver_dropped_is_ended_by_housekeeping_which_may_do_nothing_else(
    installation: Installation,
) -> None:
    home = make_home(f"leaving{installation.worker}")
    apply(home, BOAT)
    apply(home, BOAT.replace("object: boat", "object: raft"))
    apply(home, column("secret"))
    builder = make_builder(home, "bob")
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        records.create_record(ctx, "boat", {"name": "Mavis", "secret": "a word"})
        boat, raft = (objects.find_object(ctx, code) for code in ("boat", "raft"))
    with inside(home) as ctx:
        for text in (
            "{change: drop_column, object: boat, column: secret}",
            "{change: drop_object, object: raft}",
        ):
            objects.apply_changes(home.tenant, ctx.acting_as(builder), objects.read_changes(text))
    with inside(home) as ctx:
        access.set_active(ctx, builder, active=False)
    as_if_years_had_passed(home)
    with inside(home) as ctx:
        objects.tidy(home.tenant, ctx)
    run_due_jobs()
    with inside(home) as ctx:
        keeper = access.find_system_account(ctx, access.HOUSEKEEPING)
        assert keeper is not None
        assert jobs.list_jobs(ctx, state=jobs.JobState.FAILED) == []
        assert "secret" not in stored(ctx, "rec_boat")
        assert not stored(ctx, "rec_raft")
        for about, type_ in ((boat, "objects.column.purged"), (raft, "objects.object.purged")):
            event = next(e for e in audit.list_events(ctx, "object", about.id) if e.type == type_)
            assert event.actor == keeper
            assert event.parts[0]["dropped_by"] == str(builder)
        held = {o for o in access.Operation if access.may_operate(ctx.acting_as(keeper), o)}
        assert held == set(access.HOUSEKEEPING.operations)
        (change,) = objects.read_changes("{change: drop_object, object: boat}")
    with inside(home) as ctx, pytest.raises(AccessDenied):
        objects.plan_change(ctx.acting_as(keeper), change)


def test_nobody_acts_as_an_account_of_the_product_itself(home: NewTenant) -> None:
    with inside(home) as ctx:
        keeper = access.find_system_account(ctx, access.HOUSEKEEPING)
        assert keeper is not None
        own = access.create_service_account(ctx, login="housekeeping", name="Ours")
        assert access.create_api_key(ctx, own, "allowed")
        assert str(keeper) not in {unit for unit, _ in records.people(ctx)}
        assert str(own) in {unit for unit, _ in records.people(ctx)}
    with inside(home) as ctx, pytest.raises(NotFound):
        access.create_api_key(ctx, keeper, "refused")
    with inside(home) as ctx, pytest.raises(Invalid):
        access.create_service_account(ctx, login="Ostiary.housekeeper", name="Not ours")


def test_word_indexes_come_with_what_is_searched_and_a_lost_one_comes_back(
    installation: Installation,
) -> None:
    home = make_home(f"words{installation.worker}")
    apply(home, BOAT)
    apply(home, column("mail", "email"))
    apply(home, column("remark"))
    name = "rec_boat__name__sort__words"
    with inside(home) as ctx:
        assert valid(ctx, name) == valid(ctx, "rec_boat__mail__sort__words") == [(True,)]
        assert valid(ctx, "rec_boat__remark__sort__words") == []
    with tenancy.owner_statements(home.tenant) as owner:  # as of a release that did not have it
        owner.ddl(f"drop index @.{name}")
    with inside(home) as ctx:
        objects.tidy(home.tenant, ctx)
    run_due_jobs()
    with inside(home) as ctx:
        assert valid(ctx, name) == [(True,)]
