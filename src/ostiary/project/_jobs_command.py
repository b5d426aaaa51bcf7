"""`ostiary jobs`: what an operator sees of background work, and does about it."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from ostiary.jobs import public as jobs
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import NotFound
from ostiary.project._administration import installation, named_tenant
from ostiary.tenancy import public as tenancy

WORKING_S = 60.0  # with something due for longer and nobody working, health is bad


@contextmanager
def _tenant(slug: str) -> Iterator[Context]:
    """A transaction of the tenant for the operator, who is nobody in it: the operator's log names him."""
    with installation():
        tenant = named_tenant(slug)
        with tenancy.transaction(tenant) as db:
            yield Context(tenant.id, db, None, Channel.CLI, purpose="operation")


def list_all(options: argparse.Namespace) -> int:
    """One line for each job: id, state, task, progress, attempts that failed, error."""
    state = None if options.state is None else jobs.JobState(options.state)
    with _tenant(options.tenant) as ctx:
        for job in jobs.list_jobs(ctx, state=state, task=options.task, limit=options.limit):
            print(job.id, job.state, job.task, _progress(job), job.failures, job.error or "", sep="\t")
    return 0


def show(slug: str, job_id: str) -> int:
    """Everything that is kept of one job."""
    with _tenant(slug) as ctx:
        job = jobs.get_job(ctx, _id(job_id))
        for name in jobs.Job.__dataclass_fields__:
            value = getattr(job, name)
            print(f"{name:<12}", "" if value is None else value)
    return 0


def retry(slug: str, job_id: str) -> int:
    """Put a failed job back into the queue."""
    with _tenant(slug) as ctx:
        jobs.retry_job(ctx, _id(job_id))
    print("it is back in the queue")
    return 0


def discard(slug: str, job_id: str) -> int:
    """Give up a job that waits or failed."""
    with _tenant(slug) as ctx:
        jobs.discard_job(ctx, _id(job_id))
    print("it is given up")
    return 0


def health() -> int:
    """How much waits in each lane of each database. Exit code 1: work is due and nobody does it."""
    good = True
    with installation():
        names = sorted({""} | {tenant.placement for tenant in tenancy.list_tenants()})
        print("database", "lane", "waiting", "due", "running", "oldest_s", "failed", "workers", sep="\t")
        for name in names:
            for f in jobs.figures(name):
                good &= f.workers > 0 or f.oldest_s < WORKING_S
                head = (f.placement or "(own)", f.lane, f.waiting, f.due, f.running)
                print(*head, round(f.oldest_s, 1), f.failed, f.workers, sep="\t")
    return 0 if good else 1


def tasks() -> int:
    """One line for each task: name, lane, schedule, attempts."""
    from ostiary.project._database import set_up
    from ostiary.project._state import default_state

    set_up(default_state())
    from ostiary.project._task_registry import load_tasks  # needs Django's settings

    load_tasks()
    for task in jobs.list_tasks():
        print(task.name, task.lane, task.every or "", task.retry.attempts, sep="\t")
    return 0


def _id(text: str) -> jobs.JobId:
    try:
        return jobs.JobId(UUID(text))
    except ValueError:
        raise NotFound(f"there is no job {text}") from None


def _progress(job: jobs.Job) -> str:
    if job.total is None:
        return str(job.done) if job.done else ""
    return f"{job.done}/{job.total}"
