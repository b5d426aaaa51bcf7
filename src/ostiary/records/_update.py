"""Changing one record. The statement tests the epoch; change and event commit together."""

import os
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.ids import EventId, RecordId, new_id
from ostiary.records._changes import append_change, by_subject
from ostiary.records._columns import Bound
from ostiary.records._conflict import settle
from ostiary.records._effects import Effect
from ostiary.records._follow import follow, together
from ostiary.records._lock import Before, lock_record
from ostiary.records._query import Record
from ostiary.records._references import ensure_references
from ostiary.records._rules import ruled
from ostiary.records._statement import make_statement
from ostiary.records._stored import changes_of
from ostiary.records._view import View, decided, view_of
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


def update_record(
    ctx: Context,
    object_code: str,
    record_id: UUID,
    values: Mapping[str, object],
    version: int,
    *,
    base: Mapping[str, object] | None = None,
) -> Record:
    """Change columns of a record that was seen at `version`.

    If somebody saved since, it goes through all the same where none of these columns changed meanwhile.
    base: values that were seen, by which that is judged; without it the change log tells.
    Raises: NotFound: absent or hidden. AccessDenied: layer 2, 3 or 4. VersionConflict: another saved first;
    its `yours` and `theirs` name the columns that both changed.
    """
    return decided(ctx, lambda: _update(ctx, object_code, RecordId(record_id), values, version, base))


def _update(
    ctx: Context,
    code: str,
    record_id: RecordId,
    given: Mapping[str, object],
    version: int,
    base: Mapping[str, object] | None,
) -> Record:
    view = view_of(ctx, code)
    before = lock_record(ctx, view, record_id, access.Verb.UPDATE)
    typed: Mapping[str, Any] = typed_values(ctx, view, given, access.Verb.UPDATE, before.values)
    if before.version != version:
        typed = settle(ctx, view, record_id, before, typed, version, base)
    said = frozenset(typed)
    typed = ruled(ctx, view, before.values, typed, record=record_id)
    return store_update(ctx, view, record_id, before, typed, said)


def store_update(
    ctx: Context,
    view: View,
    record_id: RecordId,
    before: Before,
    typed: Mapping[str, Any],
    given: frozenset[str] | None = None,
) -> Record:
    """Write decided values into a record that is locked: version, state hash and event with them.

    given: what the writer said, if not all of it; of the rest a reference only has to exist.
    """
    changes = changes_of(view, before, typed)
    after = {**before.values, **typed}
    new = {c: v for c, (_, v) in changes.items()}
    ensure_references(ctx, view, typed, given, before=before.values)
    write = _update_statement(ctx, view, tuple(new))
    salt = os.urandom(SALT_BYTES)
    number = before.version + 1 if changes else before.version
    state = state_of(view, after, before.dropped, before.author, number)
    event = EventId(new_id()) if changes else before.event
    slots = {
        **write.values,
        **value_slots(new),
        "id": record_id,
        "me": ctx.actor,
        "stamp": now(),
        "epoch": view.rights.epoch,
        "version": number,
        "event": event,
        "salt": salt,
        "hash": audit.state_hash(salt, state),
    }
    effect = Effect.over(record_id, before, typed)
    with together(ctx, view, effect):
        record = execute(ctx, view, write, slots, new, record_id)
        if changes and event is not None:
            append_change(ctx, "records.record.updated", view, record_id, by_subject(view, changes), event)
            follow(ctx, view, [effect])
    return record


def _update_statement(ctx: Context, view: View, codes: tuple[str, ...]) -> Write:
    key = ("update", codes)
    known = view.statements.get(key)
    if not isinstance(known, Write):
        bound = Bound(ctx, view)
        pairs = [("version", "{version}::int"), *assigned(view, codes)]
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
            f" and {bound.epoch()} = {{epoch}} returning {returned(bound, view)}"
        )
        known = view.statements[key] = Write(make_statement(ctx.db.schema, text), bound.values)
    return known
