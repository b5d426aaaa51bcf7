"""How attempts end, who they run as, and what the leading worker does for all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import pytest

from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.jobs import public as jobs
from ostiary.jobs._leader import Leader, due_ticks
from ostiary.jobs._task import _registry
from ostiary.kernel import clock
from ostiary.kernel.errors import Misconfigured
from ostiary.kernel.ids import PrincipalId, new_id
from ostiary.project._task_registry import load_tasks
from ostiary.tenancy import public as tenancy
from tests._jobs import as_owner, asking, lead_once, make_due, run_due_jobs
from tests._tenants import TestTenant

ONCE = "tests.effect.once"


@pytest.fixture(autouse=True)
def answered() -> None:
    load_tasks()


@pytest.fixture
def declared() -> Iterator[list[jobs.Run]]:
    """What tasks that a test declares have seen; they are forgotten after it."""
    known = dict(_registry.tasks), {k: list(v) for k, v in _registry.subscribers.items()}
    yield []
    _registry.tasks, _registry.subscribers = known


def declare(task: jobs.Task) -> None:
    jobs.register(task)
    as_owner(
        "insert into jobs.task values (%(n)s, %(l)s, false) on conflict do nothing",
        {"n": task.name, "l": task.lane.value},
    )


def state_of(tenant: TestTenant, job: jobs.JobId) -> jobs.Job:
    with asking(tenant) as ctx:
        return jobs.get_job(ctx, job)


def effects_of(tenant: TestTenant) -> list[int]:
    with tenancy.transaction(tenant.tenant) as db:
        return [row[0] for row in db.rows("select thing from @.test_effect order by at")]


def events_of(tenant: TestTenant, type_: str, about: list[jobs.JobId]) -> int:
    """Events of this type since the first of these jobs was asked for: ids are in the order of time."""
    sql = "select count(*) from @.audit_index where type = %(type)s and event_id > %(first)s"
    with tenancy.transaction(tenant.tenant) as db:
        row = db.row(sql, {"type": type_, "first": min(about)})
    assert row is not None
    return int(row[0])


def test_a_failing_job_is_tried_again_and_then_laid_aside(effects: TestTenant) -> None:
    with asking(effects) as ctx:
        mended = jobs.defer(ctx, "tests.effect.flaky", {"thing": 1, "times": 2})
        hopeless = jobs.defer(ctx, "tests.effect.flaky", {"thing": 2, "times": 99})
    for attempt in (1, 2, 3):
        run_due_jobs()
        make_due()
        assert state_of(effects, hopeless).failures == attempt
    assert state_of(effects, mended).state == "done"
    failed = state_of(effects, hopeless)
    assert (failed.state, failed.error, failed.error_code) == ("failed", "RuntimeError", "")
    assert effects_of(effects) == [1]
    assert as_owner("select count(*) from jobs.procrastinate_jobs") == [(0,)]
    assert events_of(effects, "jobs.job.failed", [hopeless]) == 1


def test_what_an_exception_says_is_kept_nowhere(effects: TestTenant) -> None:
    with asking(effects) as ctx:
        jobs.defer(ctx, "tests.effect.flaky", {"thing": 1, "times": 99})
    for _ in range(3):
        run_due_jobs()
        make_due()
    for table in ("job", "procrastinate_jobs", "procrastinate_events"):
        assert "4111" not in str(as_owner(f"select * from jobs.{table}"))


def test_waits_grow_to_a_limit() -> None:
    retry = jobs.Retry(attempts=10, first_s=5, factor=3, most_s=100)
    assert [retry.wait_s(n) for n in (1, 2, 3, 4, 10_000)] == [5, 15, 45, 100, 100]


def test_a_dead_letter_is_retried_or_discarded_and_that_is_recorded(effects: TestTenant) -> None:
    with asking(effects) as ctx:
        first, second = (jobs.defer(ctx, "tests.effect.flaky", {"thing": n, "times": 3}) for n in (1, 2))
        waiting = jobs.defer(ctx, ONCE, {"thing": 3}, run_at=clock.now() + timedelta(days=1))
    for _ in range(3):
        run_due_jobs()
        make_due()
    with asking(effects) as ctx:
        failed = jobs.list_jobs(ctx, state=jobs.JobState.FAILED)
        assert {job.id for job in failed} == {first, second}
        jobs.retry_job(ctx, first)
        jobs.discard_job(ctx, second)
        jobs.discard_job(ctx, waiting)
    run_due_jobs()
    states = [state_of(effects, job).state for job in (first, second, waiting)]
    assert states == ["waiting", "discarded", "discarded"]
    assert state_of(effects, first).failures == 1
    assert events_of(effects, "jobs.job.retried", [first]) == 1
    assert events_of(effects, "jobs.job.discarded", [first]) == 2


def test_a_job_of_a_tenant_that_is_not_served_waits(effects: TestTenant, neighbour: TestTenant) -> None:
    with asking(effects) as ctx:
        ours = jobs.defer(ctx, ONCE, {"thing": 1})
    with asking(neighbour) as ctx:
        theirs = jobs.defer(ctx, ONCE, {"thing": 2})
    tenancy.suspend(neighbour.tenant)
    try:
        run_due_jobs()
        assert state_of(effects, ours).state == "done"
        rows = as_owner(
            "select failures, failed_at, finished_at from jobs.job where id = %(i)s", {"i": theirs}
        )
        assert rows == [(0, None, None)]
    finally:
        tenancy.resume(neighbour.tenant)
    make_due()
    run_due_jobs()
    assert state_of(neighbour, theirs).state == "done"


def test_whoever_was_deactivated_has_no_work_done(effects: TestTenant) -> None:
    with asking(effects) as ctx:
        person = identity.create_person(ctx, login=f"p{new_id()}", name="Pat Past", email="pat@example.com")
        theirs = ctx.acting_as(person)
        job = jobs.defer(theirs, ONCE, {"thing": 1})
        later = jobs.defer(theirs, ONCE, {"thing": 2}, run_at=clock.now() + timedelta(days=1))
    run_due_jobs()
    assert state_of(effects, job).state == "done"
    with asking(effects) as ctx:
        identity.set_active(ctx, person, active=False)
    as_owner("update jobs.job set run_at = now() where id = %(i)s", {"i": later})
    lead_once()
    run_due_jobs()
    failed = state_of(effects, later)
    assert (failed.state, failed.error_code, failed.failures) == ("failed", "jobs.principal_inactive", 1)
    assert effects_of(effects) == [1]


def test_a_service_account_works_for_whoever_has_left(effects: TestTenant, declared: list[jobs.Run]) -> None:
    seen: list[PrincipalId | None] = []

    def work(run: jobs.Run) -> None:
        with run.open() as ctx:
            seen.append(ctx.principal)

    declare(jobs.Task("tests.service.work", work, service="tester"))
    with asking(effects) as ctx:
        early = jobs.defer(ctx, "tests.service.work")
    run_due_jobs()
    assert state_of(effects, early).error_code == "jobs.no_service_account"
    with asking(effects) as ctx:
        account = identity.create_service_account(ctx, login="tester", name="Tester")
        jobs.retry_job(ctx, early)
    run_due_jobs()
    assert (seen, state_of(effects, early).state) == ([account], "done")


def test_the_right_is_asked_for_again_when_the_job_runs(
    effects: TestTenant, declared: list[jobs.Run]
) -> None:
    def work(run: jobs.Run) -> None:
        with run.open():
            pass

    declare(jobs.Task("tests.right.use", work, operation="CanManageUsers"))
    with asking(effects) as ctx:
        person = identity.create_person(ctx, login=f"r{new_id()}", name="Ria Right", email="ria@example.com")
        allowed, refused = (
            jobs.defer(ctx.acting_as(p), "tests.right.use") for p in (effects.administrator, person)
        )
    run_due_jobs()
    assert state_of(effects, allowed).state == "done"
    assert (state_of(effects, refused).state, state_of(effects, refused).error) == ("failed", "AccessDenied")


def test_only_a_task_of_the_owner_gets_the_owners_transactions(
    effects: TestTenant, declared: list[jobs.Run]
) -> None:
    def work(run: jobs.Run) -> None:
        with run.open_as_owner() as ctx:
            assert isinstance(ctx.db, tenancy.OwnerTransaction)
            ctx.db.ddl("comment on table @.test_effect is 'seen'")
            run.note(ctx, done=1)

    declare(jobs.Task("tests.owner.may", work, owner=True, event="tests.owner.worked"))
    declare(jobs.Task("tests.owner.maynot", work, retry=jobs.Retry(1)))
    with asking(effects) as ctx:
        may, maynot = (jobs.defer(ctx, name) for name in ("tests.owner.may", "tests.owner.maynot"))
    run_due_jobs()
    assert state_of(effects, may).state == "done"
    assert (state_of(effects, maynot).state, state_of(effects, maynot).error) == (
        "failed",
        Misconfigured.__name__,
    )
    assert events_of(effects, "tests.owner.worked", [may]) == 1


def test_progress_and_the_place_to_go_on_are_kept_with_the_work(
    effects: TestTenant, declared: list[jobs.Run]
) -> None:
    def work(run: jobs.Run) -> None:
        for piece in range(run.cursor.get("next", 0), 4):
            with run.open() as ctx:
                sql = "insert into @.test_effect (job, thing, piece) values (%(j)s, %(p)s, 0)"
                ctx.db.run(sql, {"j": run.job_id, "p": piece})
                run.note(ctx, done=piece + 1, total=4, cursor={"next": piece + 1, "at": new_id()})
                if piece == 2 and run.attempt == 1:
                    raise RuntimeError

    declare(jobs.Task("tests.piece.work", work))
    with asking(effects) as ctx:
        job = jobs.defer(ctx, "tests.piece.work")
    run_due_jobs()
    half = state_of(effects, job)
    assert (half.state, half.done, half.total) == ("waiting", 2, 4)
    make_due()
    run_due_jobs()
    assert (state_of(effects, job).state, effects_of(effects)) == ("done", [0, 1, 2, 3])


def test_a_cursor_holds_no_text(effects: TestTenant, declared: list[jobs.Run]) -> None:
    def work(run: jobs.Run) -> None:
        with run.open() as ctx:
            run.note(ctx, done=1, cursor={"name": "Jane Doe"})

    declare(jobs.Task("tests.cursor.work", work))
    with asking(effects) as ctx:
        job = jobs.defer(ctx, "tests.cursor.work")
    run_due_jobs()
    assert (state_of(effects, job).state, state_of(effects, job).error_code) == ("failed", "invalid")


def test_a_run_that_was_given_up_can_do_nothing(effects: TestTenant, declared: list[jobs.Run]) -> None:
    """A worker that was taken for dead and lives: the job is run by another one meanwhile."""
    sql = "insert into @.test_effect (job, thing, piece) values (%(j)s, %(p)s, 0)"
    late: list[str] = []

    def work(run: jobs.Run) -> None:
        if run.attempt == 1:
            as_owner("update jobs.procrastinate_jobs set status = 'todo', worker_id = null")
            run_due_jobs()
            with run.open(finish=True) as ctx:
                late.append("opened")
                ctx.db.run(sql, {"j": run.job_id, "p": 1})
        else:
            with run.open(finish=True) as ctx:
                ctx.db.run(sql, {"j": run.job_id, "p": 2})

    declare(jobs.Task("tests.zombie.work", work))
    with asking(effects) as ctx:
        job = jobs.defer(ctx, "tests.zombie.work")
    run_due_jobs()
    assert (late, effects_of(effects), state_of(effects, job).state) == ([], [2], "done")


def test_a_periodic_task_is_called_once_for_each_tenant_however_many_lead(
    effects: TestTenant, neighbour: TestTenant, declared: list[jobs.Run]
) -> None:
    declare(jobs.Task("tests.clock.tick", lambda run: None, every="0 3 * * *"))
    three = datetime(2026, 3, 1, 3, tzinfo=UTC)
    assert due_ticks({}, three + timedelta(hours=20))["tests.clock.tick"] == three

    def tick(moment: datetime) -> int:
        tenants = [effects.tenant.id, neighbour.tenant.id]
        values = {"t": "tests.clock.tick", "m": moment, "i": tenants}
        return int(as_owner("select jobs.tick(%(t)s, %(m)s, %(i)s)", values)[0][0])

    assert tick(three) == 0, "the first one only sets the clock"
    day = timedelta(days=1)
    assert [tick(three + day), tick(three + day), tick(three)] == [2, 0, 0]
    run_due_jobs()
    assert tick(three + 30 * day) == 2, "a long outage is made up for once"
    with asking(effects) as ctx:
        assert [j.state for j in jobs.list_jobs(ctx)] == ["waiting", "done"]


def test_news_reach_their_subscriber_each_once(effects: TestTenant, declared: list[jobs.Run]) -> None:
    heard: list[object] = []
    declare(
        jobs.Task(
            "tests.news.hear",
            lambda run: heard.append(
                (run.arguments["topic"], run.arguments["event"], run.arguments["object"])
            ),
            {"topic": jobs.Kind.CODE, "event": jobs.Kind.ID, "object": jobs.Kind.ID},
        )
    )
    jobs.subscribe(["tests.news.made"], "tests.news.hear")
    thing = new_id()
    with asking(effects) as ctx:
        event = audit.append(ctx, "tests.news.made", object_type="person", object_ref=thing)
        audit.append(ctx, "identity.role.created")
    leader = lead_once()
    assert len(as_owner("select id from jobs.job where task = 'tests.news.hear'")) == 1
    lead_once(leader)
    lead_once()
    run_due_jobs()
    assert heard == [("tests.news.made", event, thing)]
    with asking(effects) as ctx:
        topics = {row[0] for row in ctx.db.rows("select topic from @.audit_outbox")}
    assert "tests.news.made" not in topics
    assert "identity.role.created" in topics, "nobody subscribes to it: it is kept for a week"


def test_what_the_leader_may_not_ask_for_is_logged_and_laid_aside_until_somebody_tries_it_again(
    effects: TestTenant, declared: list[jobs.Run], caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[object] = []
    told = jobs.Task("tests.news.late", lambda run: heard.append(run.arguments), {"event": jobs.Kind.ID})
    called = jobs.Task("tests.clock.late", lambda run: heard.append("tick"), every="0 3 * * *")
    jobs.register(told)
    jobs.register(called)  # this process knows them, the database does not
    jobs.subscribe(["tests.news.lost"], "tests.news.late")
    lead_once()
    with asking(effects) as ctx:
        event = audit.append(ctx, "tests.news.lost")
    for _ in range(2):
        as_owner("update jobs.tick set at = '2020-01-01' where task = 'tests.clock.late'")
        lead_once(Leader(lambda: [effects.tenant]))
    with asking(effects) as ctx:
        laid = {j.task: j for j in jobs.list_jobs(ctx, state=jobs.JobState.FAILED)}
        assert len(jobs.list_jobs(ctx)) == 2, "a tick is not laid aside anew each time"
    assert {(j.error_code, j.state) for j in laid.values()} == {("jobs.unknown_task", "failed")}
    assert set(laid) == {told.name, called.name}
    assert {"jobs.news.refused", "jobs.tick.refused"} <= {r.message for r in caplog.records}
    for task in (told, called):
        as_owner("insert into jobs.task values (%(n)s, 'default', false)", {"n": task.name})
    with asking(effects) as ctx:
        for job in laid.values():
            jobs.retry_job(ctx, job.id)
    run_due_jobs()
    assert sorted(map(str, heard)) == ["tick", str({"event": event})]
    as_owner("delete from jobs.task where name like %(n)s", {"n": "tests.%.late"})


def test_old_news_that_nobody_wants_go(effects: TestTenant) -> None:
    with asking(effects) as ctx:
        young = audit.append(ctx, "identity.role.created")
        old = "018f0000-0000-7000-8000-000000000001"
        ctx.db.run(
            "insert into @.audit_outbox (id, topic, body) values (%(i)s, 'identity.role.created', '{}')",
            {"i": old},
        )
    lead_once()
    with asking(effects) as ctx:
        ids = {str(row[0]) for row in ctx.db.rows("select id from @.audit_outbox")}
    assert str(young) in ids
    assert old not in ids


def test_tenants_take_turns(effects: TestTenant, neighbour: TestTenant) -> None:
    with asking(effects) as ctx:
        for thing in range(20):
            jobs.defer(ctx, ONCE, {"thing": thing})
    with asking(neighbour) as ctx:
        for thing in range(3):
            jobs.defer(ctx, ONCE, {"thing": 100 + thing})
    with asking(effects) as ctx:
        jobs.defer(ctx, "tests.effect.quick", {"thing": 7})
    order = as_owner(
        "select j.task, j.tenant_id from jobs.procrastinate_jobs q join jobs.job j on j.queue_id = q.id"
        " order by q.priority desc, q.id"
    )
    assert order[0] == ("tests.effect.quick", effects.tenant.id)
    theirs = [place for place, row in enumerate(order) if row[1] == neighbour.tenant.id]
    assert theirs == [3, 5, 7]


def test_whoever_comes_the_head_moves_on(effects: TestTenant, neighbour: TestTenant) -> None:
    """A tenant with a long queue is reached, though others come again and again with one job each."""
    with asking(effects) as ctx:
        for thing in range(5):
            jobs.defer(ctx, ONCE, {"thing": thing})
    served: list[str] = []
    for _ in range(20):
        with asking(neighbour) as ctx:
            jobs.defer(ctx, ONCE, {"thing": 1})
        first = "(select id from jobs.procrastinate_jobs order by priority desc, id limit 1)"
        taken = as_owner(
            f"delete from jobs.procrastinate_jobs where id = {first} returning args ->> 'tenant'"
        )
        served.append(taken[0][0])
    assert served.count(str(effects.tenant.id)) == 5


def test_who_holds_a_job_holds_no_worker(effects: TestTenant) -> None:
    with asking(effects) as ctx:
        job = jobs.defer(ctx, ONCE, {"thing": 1})
        other = jobs.defer(ctx, ONCE, {"thing": 2})
    with asking(effects) as ctx:
        held = ctx.db.row("select jobs_door.hold(%(j)s, 0)", {"j": job})
        assert held == (True,)
        run_due_jobs()
        assert state_of(effects, other).state == "done"
        assert (state_of(effects, job).state, state_of(effects, job).failures) == ("waiting", 0)
    make_due()
    run_due_jobs()
    assert state_of(effects, job).state == "done"


def test_what_waits_for_its_time_takes_its_place_then(effects: TestTenant) -> None:
    with asking(effects) as ctx:
        soon = jobs.defer(ctx, ONCE, {"thing": 1}, run_at=clock.now() - timedelta(seconds=1))
        late = jobs.defer(ctx, ONCE, {"thing": 2}, run_at=clock.now() + timedelta(hours=1))
    lead_once()
    run_due_jobs()
    assert (state_of(effects, soon).state, state_of(effects, late).state) == ("done", "waiting")
    as_owner("update jobs.job set run_at = now() where id = %(i)s", {"i": late})
    lead_once()
    run_due_jobs()
    assert effects_of(effects) == [1, 2]


def test_a_task_that_only_a_newer_node_knows_is_left_to_it(
    effects: TestTenant, declared: list[jobs.Run]
) -> None:
    declare(jobs.Task("tests.newer.work", lambda run: None))
    with asking(effects) as ctx:
        job = jobs.defer(ctx, "tests.newer.work")
    task = _registry.tasks.pop("tests.newer.work")
    run_due_jobs()
    held = state_of(effects, job)
    assert (held.state, held.postponed, held.failures) == ("waiting", "unknown_task", 0)
    _registry.tasks["tests.newer.work"] = task
    make_due()
    run_due_jobs()
    assert state_of(effects, job).state == "done"


def test_a_job_that_kills_its_workers_is_laid_aside(effects: TestTenant) -> None:
    with asking(effects) as ctx:
        job = jobs.defer(ctx, ONCE, {"thing": 1})
    as_owner("update jobs.job set losses = 10, running = true where id = %(i)s", {"i": job})
    run_due_jobs()
    assert (state_of(effects, job).state, state_of(effects, job).error_code) == ("failed", "jobs.worker_lost")


def test_what_the_queue_forgot_is_put_back(effects: TestTenant) -> None:
    with asking(effects) as ctx:
        lost, stuck = (jobs.defer(ctx, ONCE, {"thing": n}) for n in (1, 2))
    as_owner("delete from jobs.procrastinate_jobs where args ->> 'job' = %(i)s", {"i": str(lost)})
    as_owner("update jobs.procrastinate_jobs set status = 'doing'")
    as_owner("update jobs.procrastinate_events set at = now() - interval '1 hour'")
    as_owner("update jobs.job set created_at = now() - interval '1 hour'")
    as_owner("select jobs.mend(60)")
    run_due_jobs()
    assert {state_of(effects, job).state for job in (lost, stuck)} == {jobs.JobState.DONE}


def test_what_ended_long_ago_and_what_belongs_to_nobody_goes(effects: TestTenant) -> None:
    with asking(effects) as ctx:
        old, young = (jobs.defer(ctx, ONCE, {"thing": n}) for n in (1, 2))
    run_due_jobs()
    as_owner("update jobs.job set finished_at = now() - interval '8 days' where id = %(i)s", {"i": old})
    nobodys: LiteralString = "insert into jobs.job (id, tenant_id, task, lane, arguments)"
    unknown, new = new_id(), new_id()
    for tenant_id in (unknown, new):
        as_owner(f"{nobodys} values (%(i)s, %(i)s, 'x.y.z', 'bulk', '{{}}')", {"i": tenant_id})
    as_owner("update jobs.job set created_at = now() - interval '2 hours' where id = %(i)s", {"i": unknown})
    lead_once()
    assert set(as_owner("select id from jobs.job")) == {(young,), (new,)}, "the new one may not be listed yet"


def test_one_tenants_trouble_stops_nobody_elses_news(
    effects: TestTenant, neighbour: TestTenant, declared: list[jobs.Run]
) -> None:
    declare(jobs.Task("tests.news.hear", lambda run: None))
    jobs.subscribe(["tests.trouble.made"], "tests.news.hear")
    with asking(effects) as ctx:
        audit.append(ctx, "tests.trouble.made")
    broken = replace(neighbour.tenant, schema="t_absent")
    leader = Leader(lambda: [broken, effects.tenant])
    lead_once(leader)
    heard: LiteralString = "select tenant_id from jobs.job where task = 'tests.news.hear'"
    assert as_owner(heard) == [(effects.tenant.id,)]


def test_a_run_has_one_transaction_at_a_time(effects: TestTenant, declared: list[jobs.Run]) -> None:
    def work(run: jobs.Run) -> None:
        with run.open(), run.open():
            pass

    declare(jobs.Task("tests.nested.work", work, retry=jobs.Retry(1)))
    with asking(effects) as ctx:
        job = jobs.defer(ctx, "tests.nested.work")
    run_due_jobs()
    assert state_of(effects, job).error == "RuntimeError", "at once, not after waiting for itself"


def test_figures_count_what_waits_and_fails(effects: TestTenant) -> None:
    with asking(effects) as ctx:
        for thing in (1, 2):
            jobs.defer(ctx, ONCE, {"thing": thing})
        jobs.defer(ctx, ONCE, {"thing": 3}, run_at=clock.now() + timedelta(days=1))
        bad = jobs.defer(ctx, "tests.effect.quick", {"thing": 3})
    as_owner("update jobs.job set failed_at = now(), queue_id = null where id = %(i)s", {"i": bad})
    as_owner("delete from jobs.procrastinate_jobs where queue_name = 'interactive'")
    found = {f.lane: (f.waiting, f.due, f.running, f.failed) for f in jobs.figures()}
    assert found == {"interactive": (0, 0, 0, 1), "default": (3, 2, 0, 0), "bulk": (0, 0, 0, 0)}
