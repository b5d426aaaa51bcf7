"""`ostiary worker` and `ostiary jobs`: background work."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command, add_group

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands

STATES = ("waiting", "running", "failed", "done", "discarded")


def add_to(commands: "Commands") -> None:
    """Declare the commands about background work."""
    worker = add_command(
        commands, "worker", _worker, "do the background work of every tenant, until SIGTERM", event=None
    )
    every = "interactive,default,bulk"
    worker.add_argument("--lanes", default=every, help="which lanes (default: %(default)s)")
    worker.add_argument("--concurrency", type=int, default=4, help="jobs at a time (default: %(default)s)")
    worker.add_argument(
        "--grace", type=float, default=20.0, help="seconds running jobs get to end (default: %(default)s)"
    )
    verbs = add_group(commands, "jobs", "background work: list, retry, discard, health")
    list_ = add_command(verbs, "list", _list, "a tenant's jobs, newest first", event=None)
    _of_tenant(list_)
    list_.add_argument("--state", choices=STATES, help="only these")
    list_.add_argument("--task", help="only jobs of this task")
    list_.add_argument("--limit", type=int, default=50, help="at most so many (default: %(default)s)")
    show = add_command(verbs, "show", _show, "one job with its progress and its last error", event=None)
    for parser in (
        show,
        add_command(verbs, "retry", _retry, "put a failed job back into the queue", event="jobs.job.retried"),
        add_command(verbs, "discard", _discard, "give up a job", event="jobs.job.discarded"),
    ):
        _of_tenant(parser)
        parser.add_argument("job", help="its id")
    add_command(verbs, "health", _health, "how much waits, how long, who works", event=None)
    add_command(verbs, "tasks", _tasks, "every task: lane, schedule, attempts", event=None)


def _of_tenant(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tenant", required=True, help="slug of the tenant")


def _worker(options: argparse.Namespace) -> int:
    from ostiary.project import _worker as worker

    return worker.run(worker.shop_of(options))


def _list(options: argparse.Namespace) -> int:
    from ostiary.project import _jobs_command

    return _jobs_command.list_all(options)


def _show(options: argparse.Namespace) -> int:
    from ostiary.project import _jobs_command

    return _jobs_command.show(options.tenant, options.job)


def _retry(options: argparse.Namespace) -> int:
    from ostiary.project import _jobs_command

    return _jobs_command.retry(options.tenant, options.job)


def _discard(options: argparse.Namespace) -> int:
    from ostiary.project import _jobs_command

    return _jobs_command.discard(options.tenant, options.job)


def _health(_: argparse.Namespace) -> int:
    from ostiary.project import _jobs_command

    return _jobs_command.health()


def _tasks(_: argparse.Namespace) -> int:
    from ostiary.project import _jobs_command

    return _jobs_command.tasks()
