"""Writing: create, update, delete, share. The statement tests the epoch; change and event commit together."""

import os
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from psycopg import errors as database

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, FieldError, Invalid, NotFound, VersionConflict
from ostiary.kernel.ids import EventId, RecordId, new_id
from ostiary.objects import public as objects
from ostiary.records._changes import append_change, by_subject
from ostiary.records._columns import Bound, record_json, stored
from ostiary.records._errors import ColumnNotEditable, ColumnRestricted, InUse
from ostiary.records._query import Record
from ostiary.records._read import record_read, select_record, verdict
from ostiary.records._references import ensure_references
from ostiary.records._statement import Statement, make_statement
from ostiary.records._values import SQL_TYPE, clean, ensure_offered, plain
from ostiary.records._view import SYSTEM_TYPES, Stale, View, decided, ensure_object, view_of

SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Write:
    """A compiled write with the values that stay from call to call."""

    statement: Statement
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Before:
    """A record as stored, locked for change. dropped: values of dropped columns, by stored name."""

    version: int
    author: UUID
    event: EventId | None
    values: Mapping[str, Any]
    dropped: Mapping[str, Any]


def create_record(ctx: Context, object_code: str, values: Mapping[str, object]) -> Record:
    """Make a record; the acting principal is its author and, unless another is given, its owner.

    Raises: AccessDenied: layer 2, a column that may not be written. Invalid: names every refused field.
    """
    return decided(ctx, lambda: _create(ctx, object_code, values))


def _create(ctx: Context, code: str, given: Mapping[str, object]) -> Record:
    view = view_of(ctx, code)
    ensure_object(view, access.Verb.CREATE)
    typed = _typed(view, given, access.Verb.CREATE)
    _complete(ctx, view, typed)
    ensure_references(ctx, view, typed, frozenset(given))
    record_id = RecordId(new_id())
    author, label = ctx.actor, view.rights.current_label
    stamp = now()
    state = state_of(view, typed, {}, author, 1)
    salt = os.urandom(SALT_BYTES)
    write = _insert_statement(ctx, view, tuple(typed))
    event = EventId(new_id())
    slots = {
        **write.values,
        **_slots(typed),
        "id": record_id,
        "author": author,
        "label": label,
        "stamp": stamp,
        "epoch": view.rights.epoch,
        "event": event,
        "salt": salt,
        "hash": audit.state_hash(salt, state),
    }
    record = _execute(ctx, view, write, slots, typed, record_id)
    personal, other = by_subject(view, {c: (None, v) for c, v in typed.items() if v is not None})
    append_change(ctx, "records.record.created", view, record_id, (personal, other), event)
    return record


def _execute(
    ctx: Context,
    view: View,
    write: Write,
    slots: Mapping[str, Any],
    typed: Mapping[str, Any],
    record_id: RecordId,
) -> Record:
    """Run a write whose statement tests the epoch. Raises Stale; Invalid: the transaction stays usable."""
    breakable = any(view.object.columns[code].unique for code in typed)
    try:
        with ctx.db.savepoint() if breakable else nullcontext():
            rows = write.statement.run(ctx, slots)
    except database.UniqueViolation as violation:
        raise _taken(view, violation) from None
    if not rows:
        raise Stale
    text, version, visible = rows[0]
    if not visible:
        return Record(
            record_id, version, b"", view.restricted, may_update=False, may_delete=False, visible=False
        )
    return Record(record_id, version, text.encode(), view.restricted)


def _taken(view: View, violation: database.UniqueViolation) -> Invalid:
    """Name the column whose value another record has, without saying which record."""
    name = violation.diag.constraint_name or ""
    for column in view.object.columns.values():
        if column.unique and f"_{column.name}_" in f"{name}_":
            if column.code not in view.readable:
                break
            return Invalid([FieldError(column.code, "taken", f"{column.caption}: this value is taken")])
    return Invalid([FieldError("", "taken", "A value that must be unique is taken")])


def _typed(
    view: View, given: Mapping[str, object], verb: access.Verb, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The given values, typed; without those that repeat what a readable column holds `before`.

    Raises: ColumnNotEditable, ColumnRestricted; Invalid: names every refused field.
    """
    errors: list[FieldError] = []
    typed: dict[str, Any] = {}
    for code, value in _by_code(view, given, errors).items():
        column = view.object.columns.get(code)
        if column is None:
            system = code in ("id", "author", "created_at", "modified_at", "version", "restricted")
            words = "is set by the system" if system else f"is no column of {view.object.caption}"
            errors.append(FieldError(code, "not_writable" if system else "unknown_column", f"{code} {words}"))
        elif column.type in SYSTEM_TYPES:
            errors.append(FieldError(code, "not_writable", f"{column.caption} is numbered by the system"))
        elif view.may_write(column, verb):
            typed[code] = clean(column, value, errors)
        elif before is None or code not in view.readable or clean(column, value, []) != before[code]:
            raise ColumnNotEditable(code) if code in view.readable else ColumnRestricted(code)
    for code, value in typed.items():
        column = view.object.columns[code]
        if before is None or value != before[code]:
            ensure_offered(column, value, errors)
        if value is None and column.required and all(e.field != code for e in errors):
            errors.append(FieldError(code, "required", f"{column.caption} is required"))
    if errors:
        raise Invalid(errors)
    return typed


def _by_code(view: View, given: Mapping[str, object], errors: list[FieldError]) -> dict[str, object]:
    """The given values by the codes of now; a former code leads to its column for a while."""
    found: dict[str, object] = {}
    for asked, value in given.items():
        column = view.object.columns.get(asked)
        code = asked if column is None else column.code
        if code in found:
            errors.append(FieldError(asked, "twice", f"{asked} is called {code} now, and both are given"))
        found[code] = value
    return found


def _complete(ctx: Context, view: View, typed: dict[str, Any]) -> None:
    """Defaults and numbers for what was not given. Raises Invalid: a required column stays empty."""
    errors: list[FieldError] = []
    for column in view.object.columns.values():
        if column.code in typed:
            continue
        if column.type is objects.ColumnType.AUTO_NUMBER:
            typed[column.code] = next_number(ctx, view, column)
            continue
        value = clean(column, default_value(ctx, column), errors)
        if value is None and column.required:
            errors.append(FieldError(column.code, "required", f"{column.caption} is required"))
        if value is not None:
            typed[column.code] = value
    if errors:
        raise Invalid(errors)


def default_value(ctx: Context, column: objects.Column) -> object:
    """What a column holds in a new record when nothing is given; the owner is whoever creates it."""
    if column.type is objects.ColumnType.OWNER and column.default is None:
        return ctx.actor
    match column.default:
        case "now":
            return now().isoformat()
        case "today":
            return now().date().isoformat()
        case "me":
            return ctx.actor
        case other:
            return other


def next_number(ctx: Context, view: View, column: objects.Column) -> str:
    """The next number of an auto-number column."""
    row = ctx.db.row(f"select nextval('@.{objects.sequence_of(view.object.table, column.name)}')")
    if row is None:
        raise RuntimeError("a sequence gave no number")
    return column.pattern.format(row[0])


def _slots(typed: Mapping[str, Any]) -> dict[str, Any]:
    slots: dict[str, Any] = {}
    for number, value in enumerate(typed.values()):
        slots[f"v{number}"] = value
        slots[f"s{number}"] = objects.sort_key(value) if isinstance(value, str) else ""
    return slots


def _assigned(view: View, codes: tuple[str, ...]) -> list[tuple[str, str]]:
    """(database column, SQL value) of the given columns and their sort keys."""
    pairs = []
    for number, code in enumerate(codes):
        column = view.object.columns[code]
        pairs.append((stored(column), f"{{v{number}}}::{SQL_TYPE.get(column.type, 'text')}"))
        if column.type in objects.TEXT_SORTED:
            pairs.append((f'"{column.sort_column}"', f"{{s{number}}}::text"))
    return pairs


def _insert_statement(ctx: Context, view: View, codes: tuple[str, ...]) -> Write:
    key = ("insert", codes)
    known = view.statements.get(key)
    if not isinstance(known, Write):
        pairs = [
            ("id", "{id}::uuid"),
            ("author_id", "{author}::uuid"),
            ("label_id", "{label}::int"),
            ("created_at", "{stamp}::timestamptz"),
            ("modified_at", "{stamp}::timestamptz"),
            ("modified_by", "{author}::uuid"),
            ("last_event_id", "{event}::uuid"),
            ("state_salt", "{salt}::bytea"),
            ("state_hash", "{hash}::bytea"),
            *_assigned(view, codes),
        ]
        bound = Bound(ctx, view)
        columns, values = ", ".join(c for c, _ in pairs), ", ".join(v for _, v in pairs)
        text = (
            f"insert into @.{view.object.table} as r ({columns}) select {values}"
            f" where (select epoch from @.identity_epoch) = {{epoch}} returning {_returned(bound, view)}"
        )
        known = view.statements[key] = Write(make_statement(ctx.db.schema, text), bound.values)
    return known


def _returned(bound: Bound, view: View) -> str:
    """What the writer gets back: the record if it is readable (a create right does not imply that)."""
    if not view.may(access.Verb.READ):
        return "null, r.version, false"
    return f"{record_json(bound, list(view.readable.values()))}::text, r.version, {bound.row_test(view, 'r')}"


def update_record(
    ctx: Context, object_code: str, record_id: UUID, values: Mapping[str, object], version: int
) -> Record:
    """Change columns of a record that still has `version`.

    Raises: NotFound: absent or hidden. AccessDenied: layer 2, 3 or 4. VersionConflict: another saved first.
    """
    return decided(ctx, lambda: _update(ctx, object_code, RecordId(record_id), values, version))


def _update(
    ctx: Context, code: str, record_id: RecordId, given: Mapping[str, object], version: int
) -> Record:
    view = view_of(ctx, code)
    before = lock_record(ctx, view, record_id, access.Verb.UPDATE)
    typed = _typed(view, given, access.Verb.UPDATE, before.values)
    if before.version != version:
        raise _conflict(ctx, view, record_id, before, typed)
    return store_update(ctx, view, record_id, before, typed)


def store_update(
    ctx: Context, view: View, record_id: RecordId, before: Before, typed: Mapping[str, Any]
) -> Record:
    """Write decided values into a record that is locked: version, state hash and event with them."""
    # a value that the writer may not read counts as changed: whether it was equal would tell what it is
    changes = {
        c: (before.values[c], v) for c, v in typed.items() if before.values[c] != v or c not in view.readable
    }
    after = {**before.values, **typed}
    new = {c: v for c, (_, v) in changes.items()}
    ensure_references(ctx, view, typed)
    write = _update_statement(ctx, view, tuple(new))
    salt = os.urandom(SALT_BYTES)
    number = before.version + 1 if changes else before.version
    state = state_of(view, after, before.dropped, before.author, number)
    event = EventId(new_id()) if changes else before.event
    slots = {
        **write.values,
        **_slots(new),
        "id": record_id,
        "me": ctx.actor,
        "stamp": now(),
        "epoch": view.rights.epoch,
        "version": number,
        "event": event,
        "salt": salt,
        "hash": audit.state_hash(salt, state),
    }
    record = _execute(ctx, view, write, slots, new, record_id)
    if changes and event is not None:
        append_change(ctx, "records.record.updated", view, record_id, by_subject(view, changes), event)
    return record


def state_of(
    view: View, values: Mapping[str, Any], dropped: Mapping[str, Any], author: UUID, version: int
) -> dict[str, object]:
    """What the state hash of a record's version is made of: every value that is stored, by stored name.

    A dropped column still is stored, so that it can be restored; it counts until it is purged.
    """
    names = {view.object.columns[code].name: v for code, v in values.items()}
    state = {name: plain(v) for name, v in (names | dict(dropped)).items() if v is not None}
    return state | {"author": str(author), "version": version}


def lock_record(ctx: Context, view: View, record_id: RecordId, verb: access.Verb) -> Before:
    """Lock a row and decide on it as stored.

    Raises: NotFound: absent or hidden, whatever the verb. AccessDenied: layer object or record.
    """
    if not view.may(access.Verb.READ):
        raise _hidden(ctx, view, record_id)
    key = ("lock", verb)
    known = view.statements.get(key)
    columns, dropped = list(view.object.columns.values()), list(view.object.dropped.values())
    if not isinstance(known, Write):
        bound = Bound(ctx, view)
        listed = "".join(f", r.{stored(c)}" for c in (*columns, *dropped))
        text = (
            f"select (select epoch from @.identity_epoch), {verdict(bound, view, verb)}, r.version,"
            f" r.author_id, r.last_event_id{listed} from @.{view.object.table} r"
            f" where r.id = {{id}} and {bound.row_test(view, 'r')} for no key update of r"
        )
        if verb is access.Verb.DELETE:
            text = text.replace("for no key update of r", "for update of r")
        known = view.statements[key] = Write(make_statement(ctx.db.schema, text), bound.values)
    rows = known.statement.run(ctx, {**known.values, "id": record_id})
    if not rows:
        raise _hidden(ctx, view, record_id)
    epoch, allowed, version, author, event, *values = rows[0]
    if epoch != view.rights.epoch:
        raise Stale
    ensure_object(view, verb)
    if not allowed:
        words = "change" if verb is access.Verb.UPDATE else "delete"
        raise AccessDenied(
            f"You may read this {view.object.caption.lower()} but not {words} it",
            layer="record",
            object=view.object.code,
            record=str(record_id),
            verb=verb.value,
        )
    return Before(
        version,
        author,
        event,
        {c.code: v for c, v in zip(columns, values[: len(columns)], strict=True)},
        {c.name: v for c, v in zip(dropped, values[len(columns) :], strict=True)},
    )


def _hidden(ctx: Context, view: View, record_id: RecordId) -> NotFound:
    """The refusal of a record that is absent or hidden; recorded. Raises Stale: not the rights of now."""
    if access.current_rights(ctx) is not view.rights:
        raise Stale
    audit.append_aside(
        ctx,
        "records.record.refused",
        outcome="denied",
        object_type=view.object.name,
        object_ref=record_id,
    )
    return NotFound()


def _conflict(
    ctx: Context, view: View, record_id: RecordId, before: Before, typed: Mapping[str, Any]
) -> VersionConflict:
    """Both values of each readable column that differs; theirs as a read would show it, recorded."""
    differing = tuple(c for c, v in typed.items() if c in view.readable and before.values[c] != v)
    theirs: Mapping[str, Any] = {}
    if differing:
        record, data_class = select_record(ctx, view.object.code, record_id, differing, verdicts=False)
        theirs = {} if record is None else record.data
        # this request ends in a refusal and is rolled back; what it showed has to stay recorded
        record_read(
            replace(ctx, tentative=True), data_class, "records.record.viewed", view.object.name, record_id
        )
    return VersionConflict(
        "Someone else saved this record first",
        version=before.version,
        yours={c: plain(typed[c]) for c in differing},
        theirs={c: theirs.get(c) for c in differing},
    )


def _update_statement(ctx: Context, view: View, codes: tuple[str, ...]) -> Write:
    key = ("update", codes)
    known = view.statements.get(key)
    if not isinstance(known, Write):
        bound = Bound(ctx, view)
        pairs = [("version", "{version}::int"), *_assigned(view, codes)]
        if codes:
            pairs += [
                ("modified_at", "{stamp}::timestamptz"),
                ("modified_by", "{me}::uuid"),
                ("last_event_id", "{event}::uuid"),
                ("state_salt", "{salt}::bytea"),
                ("state_hash", "{hash}::bytea"),
            ]
        listed = ", ".join(f"{c} = {v}" for c, v in pairs)
        text = (
            f"update @.{view.object.table} r set {listed} where r.id = {{id}}"
            f" and (select epoch from @.identity_epoch) = {{epoch}} returning {_returned(bound, view)}"
        )
        known = view.statements[key] = Write(make_statement(ctx.db.schema, text), bound.values)
    return known


def delete_record(ctx: Context, object_code: str, record_id: UUID, version: int | None = None) -> None:
    """Delete a record. Raises as `update_record`; InUse: something refers to it, readable or not."""
    decided(ctx, lambda: _delete(ctx, object_code, RecordId(record_id), version))


def _delete(ctx: Context, code: str, record_id: RecordId, version: int | None) -> None:
    view = view_of(ctx, code)
    before = lock_record(ctx, view, record_id, access.Verb.DELETE)
    if version is not None and before.version != version:
        raise _conflict(ctx, view, record_id, before, {})
    try:
        with ctx.db.savepoint():
            gone = ctx.db.run(
                f"delete from @.{view.object.table} where id = %(id)s"
                " and (select epoch from @.identity_epoch) = %(epoch)s",
                {"id": record_id, "epoch": view.rights.epoch},
            )
    except database.ForeignKeyViolation:
        raise InUse from None
    if not gone:
        raise Stale
    access.remove_shares(ctx, record_id)
    gone_values = {c: (v, None) for c, v in before.values.items() if v is not None}
    append_change(
        ctx, "records.record.deleted", view, record_id, by_subject(view, gone_values), EventId(new_id())
    )
