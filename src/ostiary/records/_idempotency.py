"""Idempotency keys: a request that is sent again has its effect once, and is answered under today's rights.

What was done is kept as hashes and the record's id, in the transaction that did it. The second of two
requests at the same time waits in the index for the end of the first, whatever that is.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from ostiary.jobs import public as jobs
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound, Unavailable
from ostiary.kernel.ids import RecordId
from ostiary.kernel.tables import has_table
from ostiary.records._errors import KeyReused
from ostiary.records._query import Record
from ostiary.records._read import get_record

Answer = TypeVar("Answer")
KEPT = timedelta(hours=24)
KEY = re.compile(r"[\x21-\x7e]{1,200}")
_TABLE = "records_idempotency"
_PURGED = 10_000

_TAKE = """
insert into @.records_idempotency as k (principal, key_hash, request_hash, object_code, expires_at)
values (%(principal)s, %(key)s, %(request)s, %(object)s, clock_timestamp() + %(kept)s)
on conflict (principal, key_hash) do update set request_hash = excluded.request_hash,
  object_code = excluded.object_code, record_id = null, version = null, created_at = clock_timestamp(),
  expires_at = excluded.expires_at
where k.expires_at <= clock_timestamp() returning true"""
_KNOWN = """
select request_hash, object_code, record_id, version from @.records_idempotency
where principal = %(principal)s and key_hash = %(key)s"""
_DONE = """
update @.records_idempotency set record_id = %(record)s, version = %(version)s
where principal = %(principal)s and key_hash = %(key)s"""
_PURGE = """
delete from @.records_idempotency where (principal, key_hash) in (
  select principal, key_hash from @.records_idempotency where expires_at <= now() limit %(most)s)"""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. digest: of everything that matters of it, method and address too. object: its code."""

    object: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """What is kept of an effect. id: of what came of it; None: nothing is left to show."""

    id: UUID | None = None
    version: int | None = None


def idempotent(
    ctx: Context, key: str, request: Request, call: Callable[[], Record | None]
) -> tuple[Record | None, bool]:
    """The answer of `call`, and whether it was called; the same key and request have their effect once.

    call: writes in the transaction of `ctx`; None where nothing is left to show (a deletion). When it raises,
    the caller rolls back, and the key is as if it had never been sent. The answer to a repetition is read
    now: a record that is hidden or gone by now is told by id and version alone.
    A principal's key is no other's. It is kept for 24 hours.
    Raises: Invalid: the key. KeyReused: with another request. Unavailable: tables of the release before.
    """

    def make() -> tuple[Record | None, Done]:
        record = call()
        return record, Done() if record is None else Done(record.id, record.version)

    return once(ctx, key, request, make, lambda done: _now(ctx, request.object, done))


def once(
    ctx: Context,
    key: str,
    request: Request,
    call: Callable[[], tuple[Answer, Done]],
    again: Callable[[Done], Answer],
) -> tuple[Answer, bool]:
    """As `idempotent`, for what can be found again by its id: `again` makes the answer to a repetition."""
    if not KEY.fullmatch(key):
        words = "An idempotency key has 1 to 200 visible ASCII characters"
        raise Invalid([FieldError("Idempotency-Key", "malformed", words)])
    if not has_table(ctx.db, _TABLE):
        raise Unavailable("This is being updated; try again in a few minutes", retry_after_s=60)
    mine = {"principal": ctx.actor, "key": hashlib.sha256(key.encode()).digest()}
    asked = {"request": request.digest, "object": request.object, "kept": KEPT}
    if ctx.db.row(_TAKE, {**mine, **asked}) is None:
        return again(_done(ctx, mine, request)), False
    answer, done = call()
    ctx.db.run(_DONE, {**mine, "record": done.id, "version": done.version})
    return answer, True


def _done(ctx: Context, mine: dict[str, object], request: Request) -> Done:
    row = ctx.db.row(_KNOWN, mine)
    if row is None:  # purged between two statements
        raise Unavailable("This request was just forgotten; send it again", retry_after_s=1)
    digest, object_code, record_id, version = row
    if bytes(digest) != request.digest or object_code != request.object:
        raise KeyReused
    return Done(record_id, version)


def _now(ctx: Context, object_code: str, done: Done) -> Record | None:
    if done.id is None:
        return None
    try:
        return get_record(ctx, object_code, done.id)
    except NotFound:
        gone, version = RecordId(done.id), done.version or 0
        return Record(gone, version, b"", (), may_update=False, may_delete=False, visible=False)


def _purge(run: jobs.Run) -> None:
    more = True
    while more:
        with run.open_as_owner() as ctx:
            more = has_table(ctx.db, _TABLE) and ctx.db.run(_PURGE, {"most": _PURGED}) == _PURGED


jobs.register(
    jobs.Task(
        "records.idempotency.purge",
        _purge,
        every="37 3 * * *",
        lane=jobs.Lane.BULK,
        owner=True,
        operator=True,
        event="records.idempotency.purged",
        purpose="operation",
    )
)
