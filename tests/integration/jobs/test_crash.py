"""Workers killed at any moment: nothing is lost, and what says that it is done once was done once."""

import random
import subprocess
import sys
import time

import pytest

from ostiary.jobs import public as jobs
from ostiary.tenancy import public as tenancy
from tests._job_tasks import PIECES
from tests._jobs import Workers, asking, wait_until
from tests._tenants import TestTenant

KINDS = ("tests.effect.once", "tests.effect.pieces", "tests.effect.plain")


def ask_for(tenant: TestTenant, count: int) -> dict[jobs.JobId, str]:
    """That many jobs of all kinds, a hundred to a transaction."""
    asked: dict[jobs.JobId, str] = {}
    for first in range(0, count, 100):
        with asking(tenant) as ctx:
            for thing in range(first, min(first + 100, count)):
                task = KINDS[thing % len(KINDS)]
                asked[jobs.defer(ctx, task, {"thing": thing})] = task
    return asked


def effects_of(tenant: TestTenant) -> dict[jobs.JobId, list[int]]:
    with tenancy.transaction(tenant.tenant) as db:
        found: dict[jobs.JobId, list[int]] = {}
        for job, piece in db.rows("select job, piece from @.test_effect order by job, piece"):
            found.setdefault(job, []).append(piece)
        db.run("delete from @.test_effect")
    return found


def left(tenant: TestTenant) -> int:
    return sum(f.waiting + f.running for f in jobs.figures())


def work_under_fire(
    tenant: TestTenant, workers: Workers, count: int, pause_s: tuple[float, float], most: int
) -> None:
    asked = ask_for(tenant, count)
    started, deaths, dice = time.monotonic(), 0, random.Random(count)  # noqa: S311 no secret
    for _ in range(2):
        workers.start("--concurrency", "4")
    while left(tenant):
        assert time.monotonic() - started < 60 + count / 5, "the workers do not come to an end"
        time.sleep(dice.uniform(*pause_s))
        if left(tenant) and deaths < most:
            workers.kill(dice.choice(workers.running))
            workers.start("--concurrency", "4")
            deaths += 1
    took = time.monotonic() - started
    workers.stop()
    assert deaths
    # an earlier test may have left work that the workers did too
    done = {job: pieces for job, pieces in effects_of(tenant).items() if job in asked}
    assert done.keys() == asked.keys()
    often = 0
    for job, task in asked.items():
        if task == "tests.effect.once":
            assert done[job] == [0]
        elif task == "tests.effect.pieces":
            assert done[job] == list(range(PIECES))
        else:
            often += len(done[job]) - 1
    with asking(tenant) as ctx:
        failed = {job.id for job in jobs.list_jobs(ctx, state=jobs.JobState.FAILED)}
    assert failed & asked.keys() == set()
    print(  # noqa: T201 a figure for whoever measures
        f"\n{count} jobs, two workers, {deaths} killed: {took:.1f} s, {count / took:.0f} a second;"
        f" of {count // 3} that are done at least once, {often} effects came twice"
    )


def test_workers_killed_at_random(effects: TestTenant, workers: Workers) -> None:
    work_under_fire(effects, workers, 500, (0.6, 1.2), 4)


@pytest.mark.deep
def test_ten_thousand_jobs_under_fire(effects: TestTenant, workers: Workers) -> None:
    work_under_fire(effects, workers, 10_000, (1.0, 8.0), 1_000)


@pytest.mark.deep
def test_a_running_job_of_a_killed_worker_is_taken_over(effects: TestTenant, workers: Workers) -> None:
    with asking(effects) as ctx:
        job = jobs.defer(ctx, "tests.effect.slow", {"thing": 1, "ms": 3_000})

    def state() -> str:
        with asking(effects) as ctx:
            return jobs.get_job(ctx, job).state

    first = workers.start()
    wait_until(lambda: state() == "running")
    workers.kill(first)
    killed = time.monotonic()
    workers.start()
    wait_until(lambda: state() == "done")
    print(f"\ntaken over and done {time.monotonic() - killed:.1f} s after kill -9")  # noqa: T201 a figure for whoever measures
    assert effects_of(effects)[job] == [0]
    workers.stop()


@pytest.mark.deep
def test_a_restart_of_the_database_loses_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests._job_restart"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print("\n" + done.stdout.strip().splitlines()[-1])  # noqa: T201 a figure for whoever measures
