"""A record locked for change and decided on as stored; absent and hidden are one answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, NotFound
from ostiary.kernel.ids import EventId, RecordId
from ostiary.kernel.messages import later, worded
from ostiary.kernel.ports import Row
from ostiary.records._columns import Bound, stored
from ostiary.records._read import verdict
from ostiary.records._statement import make_statement
from ostiary.records._view import Stale, View, ensure_object
from ostiary.records._write import Write


@dataclass(frozen=True, slots=True)
class Before:
    """A record as stored, locked for change. dropped: values of dropped columns, by stored name."""

    version: int
    author: UUID
    event: EventId | None
    values: Mapping[str, Any]
    dropped: Mapping[str, Any]


def lock_record(ctx: Context, view: View, record_id: RecordId, verb: access.Verb) -> Before:
    """Lock a row and decide on it as stored.

    Raises: NotFound: absent or hidden, whatever the verb. AccessDenied: layer object or record.
    """
    if not view.may(access.Verb.READ):
        raise hidden(ctx, view, record_id)
    known = lock_statement(ctx, view, verb, "r.id = {id}")
    rows = known.statement.run(ctx, {**known.values, "id": record_id})
    if not rows:
        raise hidden(ctx, view, record_id)
    _, allowed, before = read_locked(view, rows[0])
    ensure_object(view, verb)
    if not allowed:
        raise refusal_of(view, record_id, verb)
    return before


def lock_statement(ctx: Context, view: View, verb: access.Verb, where: str) -> Write:
    """Lock the readable rows of `where`, a constant of the code; `read_locked` reads what it returns."""
    key = ("lock", verb, where)
    known = view.statements.get(key)
    if not isinstance(known, Write):
        bound = Bound(ctx, view)
        # a row that is locked by several in the same order is waited for and never a deadlock
        text = (
            f"select {bound.epoch()}, r.id, {verdict(bound, view, verb)}, r.version,"
            f" r.author_id, r.last_event_id{_everything(view)} from @.{view.object.table} r"
            f" where {where} and {bound.row_test(view, 'r')} order by r.id"
            f" for {'update' if verb is access.Verb.DELETE else 'no key update'} of r"
        )
        known = view.statements[key] = Write(make_statement(ctx.db.schema, text), bound.values)
    return known


def _everything(view: View) -> str:
    columns = (*view.object.columns.values(), *view.object.dropped.values())
    return "".join(f", r.{stored(c)}" for c in columns)


def lock_for_rules(ctx: Context, view: View, ids: Sequence[UUID]) -> dict[RecordId, Before]:
    """Lock rows that something declared is to be written into, whoever may see them (ADR 0036). Raises Stale.

    The caller writes computed columns alone, or rows of a log, and shows nothing of them.
    """
    if not ids:
        return {}
    known = view.statements.get("lock for rules")
    if not isinstance(known, Write):
        bound = Bound(ctx, view)
        text = (
            f"select {bound.epoch()}, r.id, true, r.version, r.author_id, r.last_event_id{_everything(view)}"
            f" from @.{view.object.table} r where r.id = any({{ids}}::uuid[]) order by r.id"
            " for no key update of r"
        )
        known = Write(make_statement(ctx.db.schema, text), bound.values)
        view.statements["lock for rules"] = known
    rows = known.statement.run(ctx, {**known.values, "ids": list(ids)})
    found = (read_locked(view, row) for row in rows)
    return {record_id: before for record_id, _, before in found}


def read_locked(view: View, row: Row) -> tuple[RecordId, bool, Before]:
    """A locked row: its id, whether layer 3 permits the verb, what is stored. Raises Stale."""
    epoch, record_id, allowed, version, author, event, *values = row
    if epoch != view.rights.epoch:
        raise Stale
    columns, dropped = list(view.object.columns.values()), list(view.object.dropped.values())
    before = Before(
        version,
        author,
        event,
        {c.code: v for c, v in zip(columns, values[: len(columns)], strict=True)},
        {c.name: v for c, v in zip(dropped, values[len(columns) :], strict=True)},
    )
    return RecordId(record_id), allowed, before


def refusal_of(view: View, record_id: RecordId, verb: access.Verb) -> AccessDenied:
    """Layer 3 refuses the verb on a record that may be read."""
    refusal = {
        access.Verb.UPDATE: later("You may read this %(thing)s but not change it"),
        access.Verb.DELETE: later("You may read this %(thing)s but not delete it"),
    }[verb]
    return AccessDenied(
        worded(refusal, thing=view.object.caption.lower()),
        layer="record",
        object=view.object.code,
        record=str(record_id),
        verb=verb.value,
    )


def hidden(ctx: Context, view: View, record_id: RecordId) -> NotFound:
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
