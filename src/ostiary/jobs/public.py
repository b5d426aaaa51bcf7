"""Background work: declare a task, `defer` a job of it in the transaction of the change; workers do it."""

from ostiary.jobs._defer import defer
from ostiary.jobs._errors import GivenUp, JobRefused, TooManyJobs, UnknownTask
from ostiary.jobs._figures import LaneFigures, figures
from ostiary.jobs._hooks import Hooks, configure
from ostiary.jobs._ports import JobId, Run
from ostiary.jobs._schema import database_script
from ostiary.jobs._task import (
    CODE,
    Kind,
    Lane,
    Retry,
    Task,
    find_task,
    freeze,
    list_tasks,
    register,
    subscribe,
)
from ostiary.jobs._tenants import admit
from ostiary.jobs._view import Job, JobState, discard_job, get_job, list_jobs, retry_job
from ostiary.jobs._worker import Shop, WorkerProcess, work_off

__all__ = [
    "CODE",
    "GivenUp",
    "Hooks",
    "Job",
    "JobId",
    "JobRefused",
    "JobState",
    "Kind",
    "Lane",
    "LaneFigures",
    "Retry",
    "Run",
    "Shop",
    "Task",
    "TooManyJobs",
    "UnknownTask",
    "WorkerProcess",
    "admit",
    "configure",
    "database_script",
    "defer",
    "discard_job",
    "figures",
    "find_task",
    "freeze",
    "get_job",
    "list_jobs",
    "list_tasks",
    "register",
    "retry_job",
    "subscribe",
    "work_off",
]
