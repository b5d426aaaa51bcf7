"""Filling and emptying a column in every record, as jobs: record by record through the door, in batches.

Each record gets a version, a state hash and an event of its own, as if somebody had typed the value. Whoever
asked must hold the operations for any data, since no record may be left out.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.jobs import public as jobs
from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, FieldError, Invalid, NotFound
from ostiary.kernel.ids import ColumnId, EventId, ObjectId, RecordId, new_id
from ostiary.objects import public as objects
from ostiary.records._changes import append_change, by_subject
from ostiary.records._complete import next_number
from ostiary.records._create import create_record
from ostiary.records._lock import lock_record
from ostiary.records._references import ensure_references
from ostiary.records._rules import ruled
from ostiary.records._update import store_update
from ostiary.records._values import clean, ensure_offered, plain
from ostiary.records._view import Stale, View, decided, view_of
from ostiary.records._write import SALT_BYTES, state_of
from ostiary.tenancy import public as tenancy

BATCH = 200
FIRST = UUID(int=0)
_TEXTS = frozenset({objects.ColumnType.TEXT, objects.ColumnType.LONG_TEXT})


@dataclass(frozen=True, slots=True)
class Filling:
    """What was asked for, and which columns were meant then: codes may be others' by now."""

    change: objects.Backfill
    column: ColumnId
    source: ColumnId | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction did. last: where to go on; None: there is nothing further."""

    filled: int
    left: int
    last: UUID | None


def ensure_any_data(ctx: Context) -> None:
    """Raises AccessDenied: every record has to be read and changed."""
    for operation in (access.Operation.VIEW_ANY_DATA, access.Operation.EDIT_ANY_DATA):
        access.ensure_operation(ctx, operation)


def fill_batch(ctx: Context, asked: Filling, after: UUID, limit: int = BATCH) -> Batch:
    """Fill the column in up to `limit` records with greater ids where it is empty.

    What does not fit in (too long, taken) is left empty and counted. Metadata and rights are those of now.
    Raises: AccessDenied. Invalid: the value. JobRefused: a column is gone, or what it is filled from is more
    closed than it by now.
    """
    ensure_any_data(ctx)
    return decided(ctx, lambda: _fill_batch(ctx, asked, after, limit))


def _fill_batch(ctx: Context, asked: Filling, after: UUID, limit: int) -> Batch:
    view = _view_with(ctx, asked.column)
    column = _column(view, asked.column)
    source = None if asked.source is None else _column(view, asked.source)
    if source is not None:
        _ensure_open(view, source, column)
    ids = _ids(ctx, view, f'"{column.name}" is null', after, limit)
    filled = 0
    for record_id in ids:
        filled += _fill_one(ctx, view, column, record_id, (asked.change.value, source))
    return Batch(filled, len(ids) - filled, ids[-1] if len(ids) == limit else None)


def _view_with(ctx: Context, column: ColumnId) -> View:
    """The object that the column belongs to, whatever either is called now."""
    catalogue = objects.catalogue_at(ctx, access.rights_of(ctx).epoch)
    for made in catalogue.objects.values():
        if any(x.id == column for x in made.columns.values()):
            return view_of(ctx, made.code)
    raise jobs.JobRefused("records.column_gone", "the column was dropped meanwhile")


def _column(view: View, wanted: ColumnId) -> objects.Column:
    for column in view.object.columns.values():
        if column.id == wanted:
            return column
    raise jobs.JobRefused("records.column_gone", "a column was dropped meanwhile")


def _ensure_open(view: View, source: objects.Column, column: objects.Column) -> None:
    """What the plan asked for, at every batch: nobody gets to see through the one what the other hides."""
    if source.data_class > column.data_class:
        raise jobs.JobRefused(
            "records.column_more_closed", "what it is filled from is more closed than the column by now"
        )
    if source.code not in view.readable:
        raise AccessDenied(
            f"You may not see {source.code}",
            layer="column",
            object=view.object.code,
            column=source.code,
        )


def _ids(ctx: Context, view: View, where: str, after: UUID, limit: int) -> list[RecordId]:
    rows = ctx.db.rows(
        f"select id from @.{view.object.table} where {where} and id > %(after)s order by id limit %(n)s",
        {"after": after, "n": limit},
    )
    return [RecordId(row[0]) for row in rows]


def _fill_one(
    ctx: Context,
    view: View,
    column: objects.Column,
    record_id: RecordId,
    given: tuple[object, objects.Column | None],
) -> bool:
    """Whether it was filled. given: the value, or the column whose value is copied."""
    copied = given[1] is not None
    try:
        before = lock_record(ctx, view, record_id, access.Verb.UPDATE)
    except NotFound:
        return False  # deleted meanwhile
    if before.values[column.code] is not None:
        return False  # somebody was faster, and knew better
    value: Any
    if column.type is objects.ColumnType.AUTO_NUMBER:
        value = next_number(ctx, view, column)
    else:
        errors: list[FieldError] = []
        value = clean(column, _given(column, before.values, *given), errors)
        ensure_offered(column, value, errors)
        if errors and not copied:
            raise Invalid(errors)
        if errors or value is None:
            return False
    try:
        ensure_references(ctx, view, {column.code: value})
        typed = ruled(ctx, view, before.values, {column.code: value}, record=record_id)
        store_update(ctx, view, record_id, before, typed)
    except Invalid:
        if not copied and not column.unique:
            raise
        return False
    return True


def _given(
    column: objects.Column, values: Mapping[str, Any], fixed: object, source: objects.Column | None
) -> object:
    if source is None:
        return fixed
    value = values[source.code]
    if value is None or isinstance(value, str | bool):
        return value
    if column.type in _TEXTS:
        return str(plain(value))
    return format(value, "f") if isinstance(value, Decimal) else value


def empty_batch(ctx: Context, object_id: ObjectId, column_id: ColumnId, limit: int = BATCH) -> int:
    """Empty a dropped column in up to `limit` records; how many there were. Raises AccessDenied."""
    ensure_any_data(ctx)
    return decided(ctx, lambda: _empty_batch(ctx, object_id, column_id, limit))


def _empty_batch(ctx: Context, object_id: ObjectId, column_id: ColumnId, limit: int) -> int:
    catalogue = objects.catalogue_at(ctx, access.rights_of(ctx).epoch)
    made = next((o for o in catalogue.objects.values() if o.id == object_id), None)
    column = next((x for x in made.dropped.values() if x.id == column_id), None) if made else None
    if made is None or column is None:
        return 0  # restored, or purged already
    view = view_of(ctx, made.code)
    ids = _ids(ctx, view, f'"{column.name}" is not null', FIRST, limit)
    for record_id in ids:
        _empty_one(ctx, view, column, record_id)
    return len(ids)


def _empty_one(ctx: Context, view: View, column: objects.Column, record_id: RecordId) -> None:
    before = lock_record(ctx, view, record_id, access.Verb.UPDATE)
    dropped = {name: value for name, value in before.dropped.items() if name != column.name}
    salt, event = os.urandom(SALT_BYTES), EventId(new_id())
    state = state_of(view, before.values, dropped, before.author, before.version + 1)
    key = f""", "{column.sort_column}" = ''""" if column.sort_column != column.name else ""
    done = ctx.db.run(
        f'update @.{view.object.table} set "{column.name}" = null{key}, version = version + 1,'
        " modified_at = %(at)s, modified_by = %(me)s, last_event_id = %(event)s, state_salt = %(salt)s,"
        " state_hash = %(hash)s where id = %(id)s and (select epoch from @.identity_epoch) = %(epoch)s",
        {
            "at": now(),
            "me": ctx.actor,
            "event": event,
            "salt": salt,
            "hash": audit.state_hash(salt, state),
            "id": record_id,
            "epoch": view.rights.epoch,
        },
    )
    if not done:
        raise Stale
    changes = by_subject(view, {column.code: (before.dropped[column.name], None)})
    append_change(ctx, "records.record.updated", view, record_id, changes, event)


def _fill(run: jobs.Run) -> None:
    with run.open() as ctx:
        change = objects.read_change(objects.get_change(ctx, run.arguments["change"]).definition)
    if not isinstance(change, objects.Backfill):
        raise TypeError("this change fills nothing")
    asked = Filling(change, run.arguments["column"], run.arguments["source"])
    after = UUID(run.cursor.get("after", str(FIRST)))
    filled, left = int(run.cursor.get("filled", 0)), int(run.cursor.get("left", 0))
    more = True
    while more:
        with run.open() as ctx:
            batch = fill_batch(ctx, asked, after)
            filled, left, after = filled + batch.filled, left + batch.left, batch.last or after
            more = batch.last is not None
            cursor = {"after": str(after), "filled": filled, "left": left}
            run.note(ctx, done=filled + left, cursor=cursor)
    with run.open(finish=True) as ctx:
        audit.append(
            ctx, "records.column.filled", parts=[audit.Part("fill", {"filled": filled, "left": left})]
        )


def _empty(run: jobs.Run) -> None:
    object_id, column_id = run.arguments["object"], run.arguments["column"]
    done, more = int(run.cursor.get("done", 0)), True
    while more:
        with run.open() as ctx:
            emptied = empty_batch(ctx, object_id, column_id)
            done, more = done + emptied, emptied == BATCH
            run.note(ctx, done=done, cursor={"done": done})
    if not isinstance(run.tenant, tenancy.Tenant):
        raise TypeError("a job of metadata needs a tenant of this installation")
    with run.open_as_owner() as ctx:
        by = objects.purge_column(ctx, run.tenant, object_id, column_id)
    with run.open(finish=True) as ctx:
        facts = {"emptied": done, "dropped_by": by or ""}
        audit.append(ctx, "records.column.emptied", parts=[audit.Part("fill", facts)])


_SOLUTION = access.Operation.MANAGE_SOLUTION.value
_SLOWLY = jobs.Retry(attempts=8, first_s=10.0, factor=3.0, most_s=3600.0)
jobs.register(
    jobs.Task(
        "records.column.fill",
        _fill,
        {"change": jobs.Kind.ID, "column": jobs.Kind.ID, "source": jobs.Kind.ID},
        lane=jobs.Lane.BULK,
        retry=_SLOWLY,
        operation=_SOLUTION,
        purpose="metadata",
    )
)
jobs.register(
    jobs.Task(
        "records.column.empty",
        _empty,
        {"object": jobs.Kind.ID, "column": jobs.Kind.ID},
        lane=jobs.Lane.BULK,
        retry=_SLOWLY,
        owner=True,
        operation=access.Operation.PURGE_DROPPED.value,
        service=access.HOUSEKEEPING.login,
        purpose="metadata",
    )
)


def write_values(ctx: Context, values: Mapping[str, Any]) -> None:
    """Rows of new lists as records, decided and recorded like any other. Raises AccessDenied, Invalid."""
    for code, rows in values.items():
        for row in rows:
            create_record(ctx, code, row)


objects.set_value_writer(write_values)
