"""What a tenant's role can do to the queue, whatever statement was smuggled into its transaction."""

from collections.abc import Callable
from datetime import timedelta
from typing import LiteralString

import psycopg
import pytest

from ostiary.jobs import public as jobs
from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import Invalid, NotFound
from ostiary.kernel.ids import new_id
from ostiary.tenancy import public as tenancy
from tests._jobs import as_owner, asking, run_due_jobs
from tests._tenants import TestTenant

ONCE = "tests.effect.once"
DEFER = "select * from jobs_door.defer(%(id)s, %(task)s, %(a)s::jsonb, %(key)s, null, null, null, %(tenant)s)"


def count() -> int:
    return int(as_owner("select count(*) from jobs.job")[0][0])


def test_a_job_exists_if_and_only_if_its_transaction_commits(effects: TestTenant) -> None:
    class Undone(Exception):
        pass

    def ask_and_fail() -> None:
        with asking(effects) as ctx:
            jobs.defer(ctx, ONCE, {"thing": 1})
            raise Undone

    with pytest.raises(Undone):
        ask_and_fail()
    assert count() == 0
    with asking(effects) as ctx:
        jobs.defer(ctx, ONCE, {"thing": 1})
    assert count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "select * from jobs.job where %(yes)s",
        "select * from jobs.procrastinate_jobs where %(yes)s",
        "insert into jobs.task select 'evil.thing.do', 'bulk', false where %(yes)s",
        "update jobs.job set tenant_id = tenant_id where %(yes)s",
        "delete from jobs.procrastinate_jobs where %(yes)s",
        "select jobs.put(gen_random_uuid()) where %(yes)s",
        "select jobs.relay(gen_random_uuid(), '', '{}', '[]') where %(yes)s",
        "select jobs.procrastinate_finish_job_v1(1, 'failed', true) where %(yes)s",
        "select jobs.procrastinate_cancel_job_v1(1, true, true) where %(yes)s",
        "select jobs.procrastinate_register_worker_v1() where %(yes)s",
        "select jobs.accept(null, null, 'tests.effect.once', '{}', null, null, null, null, 5, true)",
        "select * from jobs_door.figures() where %(yes)s",
        "create function jobs_door.fail(text) returns int language sql as 'select 1'",
        "alter function jobs_door.begin(uuid) security invoker",
        "drop schema jobs cascade",
    ],
)
def test_the_queue_itself_is_closed_to_a_tenant(effects: TestTenant, statement: LiteralString) -> None:
    with asking(effects) as ctx:
        job = jobs.defer(ctx, ONCE, {"thing": 1})
        assert jobs.get_job(ctx, job).state == "waiting"
    with pytest.raises(psycopg.errors.InsufficientPrivilege), tenancy.transaction(effects.tenant) as db:
        db.run(statement, {"yes": True} if "%(yes)s" in statement else None)


def test_everybody_who_is_no_tenant_is_refused(effects: TestTenant) -> None:
    values = {"id": new_id(), "task": ONCE, "a": '{"thing": 1}', "key": None, "tenant": effects.tenant.id}
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="belongs to tenants"):
        tenancy.placement().database.rows(DEFER, values)
    assert as_owner(DEFER, values)[0][1] is None


def test_the_tenant_of_a_job_is_whoever_asks(effects: TestTenant, neighbour: TestTenant) -> None:
    values = {"id": new_id(), "task": ONCE, "a": '{"thing": 1}', "key": None}
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="another tenant")
    with refused, tenancy.transaction(effects.tenant) as db:
        db.row(DEFER, {**values, "tenant": neighbour.tenant.id})
    with tenancy.transaction(effects.tenant) as db:
        db.row(DEFER, {**values, "tenant": None})
    assert as_owner("select tenant_id from jobs.job") == [(effects.tenant.id,)]


def test_another_tenants_job_cannot_be_seen_or_touched(effects: TestTenant, neighbour: TestTenant) -> None:
    with asking(neighbour) as ctx:
        theirs = jobs.defer(ctx, ONCE, {"thing": 1})
        failed = jobs.defer(ctx, ONCE, {"thing": 2})
    as_owner("update jobs.job set failed_at = now() where id = %(id)s", {"id": failed})
    with asking(effects) as ctx:
        assert jobs.list_jobs(ctx) == []
        for change in (jobs.retry_job, jobs.discard_job, jobs.get_job):
            for job in (theirs, failed):
                with pytest.raises(NotFound):
                    change(ctx, job)
        touch = "select jobs_door.{}(%(job)s, 0{})"
        for name, more in (
            ("hold", ""),
            ("note", ", 1, null, null"),
            ("finish", ""),
            ("fail", ", '', '', true, true, null"),
        ):
            assert ctx.db.row(touch.format(name, more), {"job": theirs}) == (False,)
        assert ctx.db.row("select * from jobs_door.begin(%(job)s)", {"job": theirs}) is None
        forged = "select * from jobs_door.list(%(job)s, null, null, null, 5, %(tenant)s)"
        assert ctx.db.row(forged, {"job": theirs, "tenant": neighbour.tenant.id}) is None
        for name in ("retry", "discard"):
            forged = f"select jobs_door.{name}(%(job)s, %(tenant)s)"
            assert ctx.db.row(forged, {"job": failed, "tenant": neighbour.tenant.id}) == (False,)
    with asking(neighbour) as ctx:
        assert jobs.get_job(ctx, theirs).state == "waiting"
        jobs.retry_job(ctx, failed)
        jobs.discard_job(ctx, theirs)


def test_a_task_that_nobody_declared_is_refused_twice(effects: TestTenant) -> None:
    with asking(effects) as ctx:
        with pytest.raises(jobs.UnknownTask):
            jobs.defer(ctx, "tests.effect.absent")
        for task in ("tests.effect.absent", "tests.effect.operate"):
            values = {"id": new_id(), "task": task, "a": "{}", "key": None, "tenant": None}
            assert ctx.db.row(DEFER, values) == (None, "unknown_task")
        assert count() == 0
        jobs.defer(ctx, ONCE, {"thing": 1})
    assert count() == 1


def test_what_is_the_operators_cannot_be_asked_for_by_a_tenant(effects: TestTenant) -> None:
    with asking(effects) as ctx, pytest.raises(jobs.UnknownTask):
        jobs.defer(ctx, "tests.effect.operate", {"thing": 1})
    with tenancy.owner_transaction(effects.tenant) as db:
        ctx = Context(effects.tenant.id, db, None, Channel.CLI)
        job = jobs.defer(ctx, "tests.effect.operate", {"thing": 1})
        assert jobs.get_job(ctx, job).task == "tests.effect.operate"
    run_due_jobs()
    with asking(effects) as ctx:
        assert jobs.get_job(ctx, job).state == "done"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "thing"),
        ({"thing": "4111 1111 1111 1111"}, "thing"),
        ({"thing": 2**63}, "thing"),
        ({"thing": True}, "thing"),
        ({"thing": 1, "password": "x"}, "password"),
    ],
)
def test_arguments_are_of_declared_kinds(effects: TestTenant, given: dict[str, object], field: str) -> None:
    with asking(effects) as ctx:
        with pytest.raises(Invalid) as refused:
            jobs.defer(ctx, ONCE, given)
        assert [e.field for e in refused.value.errors] == [field]
        jobs.defer(ctx, ONCE, {"thing": 1})
    assert count() == 1


def test_arguments_smuggled_past_the_application_are_bounded_and_tested_again(effects: TestTenant) -> None:
    with asking(effects) as ctx:
        values = {"id": new_id(), "task": ONCE, "key": None, "tenant": None}
        huge = {**values, "a": '{"thing": "' + "x" * 3000 + '"}'}
        assert ctx.db.row(DEFER, huge) == (None, "too_large")
        assert ctx.db.row(DEFER, {**values, "a": "{}", "key": "k" * 201}) == (None, "too_large")
        row = ctx.db.row(DEFER, {**values, "a": '{"thing": "Jane Doe"}'})
        assert row is not None
    run_due_jobs()
    with asking(effects) as ctx:
        job = jobs.get_job(ctx, row[0])
        assert (job.state, job.error_code) == ("failed", "invalid")


def test_a_flood_ends_at_a_limit_and_holds_up_nobody_else(effects: TestTenant, neighbour: TestTenant) -> None:
    later = clock.now() + timedelta(days=1)
    as_owner(
        "insert into jobs.job (id, tenant_id, task, lane, arguments, run_at) select gen_random_uuid(), %(t)s,"
        " 'tests.effect.once', 'default', '{}', now() + interval '1 day' from generate_series(1, 20000)",
        {"t": effects.tenant.id},
    )
    with asking(effects) as ctx, pytest.raises(jobs.TooManyJobs):
        jobs.defer(ctx, ONCE, {"thing": 1}, run_at=later)
    as_owner(
        "insert into jobs.procrastinate_jobs (queue_name, task_name, priority, args) select 'default', 'job',"
        " 500000000 - n, jsonb_build_object('tenant', %(t)s::text) from generate_series(0, 19999) n",
        {"t": effects.tenant.id},
    )
    with asking(effects) as ctx, pytest.raises(jobs.TooManyJobs):
        jobs.defer(ctx, ONCE, {"thing": 1})
    with asking(neighbour) as ctx:
        jobs.defer(ctx, ONCE, {"thing": 1}, run_at=later)
        jobs.defer(ctx, ONCE, {"thing": 1})
    before: LiteralString = (
        "select count(*) from jobs.procrastinate_jobs where priority > (select priority from"
        " jobs.procrastinate_jobs where args ->> 'tenant' = %(t)s)"
    )
    assert as_owner(before, {"t": str(neighbour.tenant.id)}) == [(1,)], "beside the second of the flood"
    as_owner("delete from jobs.job where tenant_id = %(t)s", {"t": effects.tenant.id})
    with asking(effects) as ctx:
        jobs.defer(ctx, ONCE, {"thing": 1})


def test_one_waiting_job_of_a_key(effects: TestTenant, neighbour: TestTenant) -> None:
    def ask(tenant: TestTenant, key: str | None) -> jobs.JobId:
        with asking(tenant) as ctx:
            return jobs.defer(ctx, ONCE, {"thing": 1}, key=key)

    first = ask(effects, "a")
    assert ask(effects, "a") == first
    assert len({first, ask(effects, "b"), ask(effects, None), ask(effects, None), ask(neighbour, "a")}) == 5
    run_due_jobs()
    assert ask(effects, "a") != first
    with asking(effects) as ctx, pytest.raises(Invalid):
        jobs.defer(ctx, ONCE, {"thing": 1}, key="of Jane Doe")


def test_a_keyed_job_does_not_begin_before_those_who_mean_it_have_committed(effects: TestTenant) -> None:
    """Otherwise it could run without seeing the change for which it was asked a second time."""
    with asking(effects) as ctx:
        job = jobs.defer(ctx, ONCE, {"thing": 1}, key="a")
    blocked: Callable[[], object] = lambda: as_owner(  # noqa: E731 one line
        "select id from jobs.job where id = %(id)s for update nowait", {"id": job}
    )
    with asking(effects) as ctx:
        assert jobs.defer(ctx, ONCE, {"thing": 1}, key="a") == job
        with pytest.raises(psycopg.errors.LockNotAvailable):
            blocked()
    assert blocked() == [(job,)]
