"""Work that a change leaves for jobs, asked for in the change's own transaction."""

from collections.abc import Sequence
from uuid import UUID

from ostiary.jobs import public as jobs
from ostiary.kernel.context import Context
from ostiary.objects._change import Later


def defer_all(ctx: Context, later: Sequence[Later], changes: Sequence[UUID | None]) -> None:
    """Ask for each piece of work; one that is asked for already is not asked for twice."""
    for work in later:
        arguments = dict(work.arguments)
        if work.change is not None:
            arguments["change"] = changes[work.change]
        key = "/".join(str(value) for value in arguments.values())
        jobs.defer(ctx, work.task, arguments, key=key)
