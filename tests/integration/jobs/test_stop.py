"""A worker that is asked to stop: what runs ends or is given back; one beside the server is started again."""

import os
import signal
import threading

import pytest

from ostiary.jobs import public as jobs
from ostiary.project import _worker
from ostiary.project._state import State
from ostiary.tenancy import public as tenancy
from tests._job_tasks import STEPS
from tests._jobs import Workers, asking, wait_until
from tests._tenants import TestTenant


def test_asked_to_stop_it_ends_short_work_and_gives_back_long(effects: TestTenant, workers: Workers) -> None:
    with asking(effects) as ctx:
        short = jobs.defer(ctx, "tests.effect.slow", {"thing": 1, "ms": 800})
        long = jobs.defer(ctx, "tests.effect.steps", {"thing": 2})

    def job(which: jobs.JobId) -> jobs.Job:
        with asking(effects) as ctx:
            return jobs.get_job(ctx, which)

    first = workers.start()
    wait_until(lambda: job(short).state == "running" and job(long).done > 0)
    workers.stop()
    assert first.returncode == 0
    assert job(short).state == "done"
    given_back = job(long)
    assert (given_back.state, given_back.failures) == ("waiting", 0)
    assert 0 < given_back.done < STEPS
    workers.start()
    wait_until(lambda: job(long).state == "done")
    workers.stop()
    with tenancy.transaction(effects.tenant) as db:
        pieces = db.rows("select piece from @.test_effect where job = %(j)s order by at", {"j": long})
    assert pieces == [(piece,) for piece in range(STEPS)]


def test_a_worker_beside_the_server_is_started_again(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_worker, "QUICK_S", 0.0)
    for name, value in workers.environment.items():
        monkeypatch.setenv(name, value)
    beside = _worker.WorkerBeside(State(workers.folder))
    beside.start(threading.Event())
    try:
        wait_until(lambda: sum(f.workers for f in jobs.figures()) > 0)
        first = beside.pid
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: beside.is_running() and beside.pid != first)
    finally:
        beside.stop()
    assert not beside.is_running(), "one that was asked to end is not started again"
