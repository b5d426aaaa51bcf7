"""Creating one record. The statement tests the epoch; change and event commit together."""

import os
from collections.abc import Mapping
from typing import Any

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.ids import EventId, RecordId, new_id
from ostiary.records._changes import append_change, by_subject
from ostiary.records._columns import Bound
from ostiary.records._complete import complete, ensure_required, next_number
from ostiary.records._effects import Effect
from ostiary.records._follow import follow, together
from ostiary.records._query import Record
from ostiary.records._references import ensure_references
from ostiary.records._rules import ruled
from ostiary.records._statement import make_statement
from ostiary.records._view import View, decided, ensure_object, view_of
from ostiary.records._write import (
    SALT_BYTES,
    Write,
    assigned,
    execute,
    returned,
    state_of,
    typed_values,
    value_slots,
)


def create_record(ctx: Context, object_code: str, values: Mapping[str, object]) -> Record:
    """Make a record; the acting principal is its author and, unless another is given, its owner.

    Raises: AccessDenied: layer 2, a column that may not be written. Invalid: names every refused field.
    """
    return decided(ctx, lambda: store_new(ctx, object_code, RecordId(new_id()), values, {}))


def store_new(
    ctx: Context, code: str, record_id: RecordId, given: Mapping[str, object], computed: Mapping[str, Any]
) -> Record:
    """Decide on a record and store it, inside of `decided`. computed: typed values that nobody gives."""
    view = view_of(ctx, code)
    ensure_object(view, access.Verb.CREATE)
    typed = {**typed_values(ctx, view, given, access.Verb.CREATE), **computed}
    complete(ctx, view, typed, lambda column: next_number(ctx, view, column))
    said = frozenset(given)
    typed = ruled(ctx, view, None, typed, {*said, *computed})
    ensure_required(view, typed)
    ensure_references(ctx, view, typed, said)
    author, label = ctx.actor, view.rights.current_label
    stamp = now()
    state = state_of(view, typed, {}, author, 1)
    salt = os.urandom(SALT_BYTES)
    write = _insert_statement(ctx, view, tuple(typed))
    event = EventId(new_id())
    slots = {
        **write.values,
        **value_slots(typed),
        "id": record_id,
        "author": author,
        "label": label,
        "stamp": stamp,
        "epoch": view.rights.epoch,
        "event": event,
        "salt": salt,
        "hash": audit.state_hash(salt, state),
    }
    effect = Effect(record_id, None, typed)
    with together(ctx, view, effect):
        record = execute(ctx, view, write, slots, typed, record_id)
        personal, other = by_subject(view, {c: (None, v) for c, v in typed.items() if v is not None})
        append_change(ctx, "records.record.created", view, record_id, (personal, other), event)
        follow(ctx, view, [effect])
    return record


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
            *assigned(view, codes),
        ]
        bound = Bound(ctx, view)
        columns, values = ", ".join(c for c, _ in pairs), ", ".join(v for _, v in pairs)
        text = (
            f"insert into @.{view.object.table} as r ({columns}) select {values}"
            f" where {bound.epoch()} = {{epoch}} returning {returned(bound, view)}"
        )
        known = view.statements[key] = Write(make_statement(ctx.db.schema, text), bound.values)
    return known
