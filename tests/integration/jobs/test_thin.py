import pytest

from ostiary.jobs import public as jobs
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import new_id
from ostiary.tenancy import public as tenancy
from tests._jobs import run_due_jobs
from tests._tenants import TestTenant

pytestmark = pytest.mark.database
seen: list[object] = []


def _count(run: jobs.Run) -> None:
    with run.open(finish=True) as ctx:
        seen.append((run.arguments["thing"], ctx.principal, run.attempt))


def _fails(run: jobs.Run) -> None:
    raise RuntimeError("somebody's name")


jobs.register(jobs.Task("tests.thing.count", _count, {"thing": jobs.Kind.ID}))
jobs.register(jobs.Task("tests.thing.fail", _fails, retry=jobs.Retry(1)))


def test_a_job_runs(tenant: TestTenant) -> None:
    thing = new_id()
    with tenancy.transaction(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, tenant.administrator, Channel.CLI)
        job = jobs.defer(ctx, "tests.thing.count", {"thing": thing})
        bad = jobs.defer(ctx, "tests.thing.fail", {})
        assert jobs.get_job(ctx, job).state == "waiting"
    run_due_jobs()
    assert seen == [(thing, tenant.administrator, 1)]
    with tenancy.transaction(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, tenant.administrator, Channel.CLI)
        assert jobs.get_job(ctx, job).state == "done"
        failed = jobs.get_job(ctx, bad)
        assert (failed.state, failed.error) == ("failed", "RuntimeError")
        jobs.retry_job(ctx, bad)
    run_due_jobs()
