"""Asking for background work, in the transaction of the change that needs it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from ostiary.jobs._errors import TooManyJobs, UnknownTask
from ostiary.jobs._ports import JobId
from ostiary.jobs._task import CODE, checked_arguments, find_task
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, TooManyRequests
from ostiary.kernel.ids import new_id
from ostiary.tenancy import public as tenancy

_DEFER = (
    "select id, refused from jobs_door.defer(%(id)s, %(task)s, %(arguments)s::jsonb, %(key)s, %(run_at)s,"
    " %(principal)s, %(request)s, %(tenant)s)"
)


def defer(
    ctx: Context,
    name: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    run_at: datetime | None = None,
) -> JobId:
    """Ask for a job of the task `name` in `ctx.db`'s own transaction: it exists if and only if that commits.

    key: a code; while a job of this task waits with it, that one is meant and returned. run_at: not before.
    The job runs in the name of `ctx.principal`. In an owner's transaction it is asked for by the operator.
    Raises: Invalid: an argument, key or time. UnknownTask. TooManyJobs: 20,000 of the tenant wait.
    """
    task = find_task(name)
    if task is None:
        raise UnknownTask(f"there is no task {name}")
    values = checked_arguments(task, arguments or {})
    if key is not None and not CODE.fullmatch(key):
        raise Invalid([FieldError("key", "malformed", "A key is a code of at most 128 characters")])
    if run_at is not None and run_at.tzinfo is None:
        raise Invalid([FieldError("run_at", "malformed", "An instant has a time zone")])
    as_owner = isinstance(ctx.db, tenancy.OwnerTransaction)
    row = ctx.db.row(
        _DEFER,
        {
            "id": new_id(),
            "task": name,
            "arguments": orjson.dumps(values).decode(),
            "key": key,
            "run_at": run_at,
            "principal": ctx.principal,
            "request": ctx.request_id,
            "tenant": ctx.tenant_id if as_owner else None,
        },
    )
    if row is None or row[0] is None:
        raise _refusal(name, row[1] if row else "")
    return JobId(row[0])


def _refusal(name: str, why: str) -> Exception:
    if why == "unknown_task":
        return UnknownTask(f"the database knows no task {name} that may be asked for here")
    if why == "too_large":
        return Invalid([FieldError("arguments", "too_large", "The arguments of a job hold 2048 bytes")])
    if why == "too_many":
        return TooManyJobs("Too much background work is waiting already: try again when some of it is done")
    return TooManyRequests("The same job was asked for at the same moment: try again", retry_after_s=1)
