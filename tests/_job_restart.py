"""Two workers while their database restarts: a program, since it needs a cluster of its own."""

import sys
import time

from ostiary.jobs import public as jobs
from ostiary.project import _database
from ostiary.project._tenants import create_tenant
from ostiary.project.embedded import Cluster
from ostiary.tenancy import public as tenancy
from tests._cluster import programs_under_test, scratch_state
from tests._job_tasks import EFFECTS, PIECES, register
from tests._jobs import Workers, asking, wait_until
from tests._tenants import TestTenant

COUNT = 600
KINDS = ("tests.effect.once", "tests.effect.pieces", "tests.effect.plain")


def make_tenant() -> TestTenant:
    new = create_tenant(
        "acme", "Acme", ["acme.test"], login="a", person="Ada", email="a@acme.test", password=None
    )
    with tenancy.owner_transaction(new.tenant) as db:
        db.ddl(EFFECTS)
        db.ddl(f"grant select, insert on @.test_effect to {new.tenant.role}")
    return TestTenant(new.tenant, new.administrator)


def finished(tenant: TestTenant) -> int:
    with tenancy.transaction(tenant.tenant) as db:
        row = db.row("select count(distinct job) from @.test_effect where piece = 0")
    return int(row[0]) if row else 0


def left() -> int:
    return sum(f.waiting + f.running for f in jobs.figures())


def verify(tenant: TestTenant, asked: dict[jobs.JobId, str]) -> int:
    """Each done; what is to be done once, once. Returns how many effects came twice."""
    with tenancy.transaction(tenant.tenant) as db:
        rows = db.rows("select job, piece from @.test_effect order by job, piece")
    done: dict[jobs.JobId, list[int]] = {}
    for job, piece in rows:
        done.setdefault(job, []).append(piece)
    assert done.keys() == asked.keys()
    for job, task in asked.items():
        wanted = list(range(PIECES)) if task == KINDS[1] else [0]
        assert done[job] == wanted or (task == KINDS[2] and set(done[job]) == {0})
    return sum(len(done[job]) - 1 for job, task in asked.items() if task == KINDS[2])


def main() -> int:
    register()
    with scratch_state() as state:
        cluster = Cluster(state, bin_dir=programs_under_test())
        cluster.start()
        workers = Workers(state.root)
        try:
            _database.prepare(state, cluster.admin_dsn)
            tenant, asked = make_tenant(), {}
            with asking(tenant) as ctx:
                for thing in range(COUNT):
                    task = KINDS[thing % len(KINDS)]
                    asked[jobs.defer(ctx, task, {"thing": thing})] = task
            for _ in range(2):
                workers.start()
            wait_until(lambda: finished(tenant) > COUNT // 6)
            cluster.stop()
            stopped = time.monotonic()
            before = [process.pid for process in workers.running]
            cluster.start()
            wait_until(lambda: left() == 0)
            took = time.monotonic() - stopped
            assert [process.pid for process in workers.running if process.poll() is None] == before
            twice = verify(tenant, asked)
            print(  # noqa: T201 a figure for whoever measures
                f"{COUNT} jobs, database restarted: all done {took:.1f} s later by the same two workers;"
                f" {twice} effects of those that are done at least once came twice"
            )
            workers.stop()
        finally:
            for process in list(workers.running):
                workers.kill(process)
            tenancy.placement().database.close()
            cluster.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
