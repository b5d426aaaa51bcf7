"""Reveal: the whole value of one masked column of one record, for a reason that is recorded first.

Needs what reading the masked form needs, and the operation for it. What is sealed, or below masked, stays
closed. Source: ADR 0041.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.ids import RecordId
from ostiary.kernel.messages import worded
from ostiary.objects.public import Column
from ostiary.records._columns import Bound, record_json, shown_column
from ostiary.records._errors import NotRevealed
from ostiary.records._export_ask import LONGEST_REASON
from ostiary.records._read import not_found, object_name, readable_view, select_record
from ostiary.records._statement import make_statement
from ostiary.records._view import Stale, View, decided

REVEALED = "records.column.revealed"


@dataclass(frozen=True, slots=True)
class Revealed:
    """The whole value of a column, as reading it would have given it."""

    column: Column
    value: Any


def may_reveal(ctx: Context) -> bool:
    """Whether the principal may reveal what is masked for it, by the rights that were read last."""
    return access.rights_of(ctx).operation(access.Operation.REVEAL_MASKED).allowed


def reveal_column(ctx: Context, object_code: str, record_id: UUID, column: str, reason: str) -> Revealed:
    """The value of a masked column; that it was revealed, and why, is durable before it is returned.

    Raises: NotFound: absent or hidden. ColumnRestricted: below masked, or sealed. NotRevealed: no
    CanRevealMasked. Invalid: `reason`, or a column that is not masked.
    """
    record, _ = decided(ctx, lambda: select_record(ctx, object_code, record_id, (), verdicts=False))
    if record is None:
        raise not_found(ctx, object_code, record_id)
    decided(ctx, lambda: _revealable(ctx, object_code, column))
    why = _checked(reason)
    found = decided(ctx, lambda: _select(ctx, object_code, record_id, column))
    if found is None:
        raise not_found(ctx, object_code, record_id)
    told = {"field": found.column.name, "class": found.column.data_class.name.lower(), "reason": why}
    audit.append_aside(
        ctx,
        REVEALED,
        outcome="success",
        object_type=object_name(ctx, object_code),
        object_ref=RecordId(record_id),
        parts=[audit.Part("reveal", told)],
    )
    return found


def _checked(reason: str) -> str:
    why = reason.strip()
    if not why:
        raise Invalid([FieldError("reason", "required", "Say why: it is recorded")])
    if len(why) > LONGEST_REASON:
        words = worded("At most %(most)s characters", most=LONGEST_REASON)
        raise Invalid([FieldError("reason", "too_long", words)])
    return why


def _revealable(ctx: Context, object_code: str, code: str) -> tuple[View, Column]:
    """The view, and a column that is masked for a principal who may reveal."""
    view = readable_view(ctx, object_code)
    column = shown_column(view, code, "column")
    if column.code in view.readable:
        raise Invalid([FieldError("column", "not_masked", "This field is not masked")])
    if not view.rights.operation(access.Operation.REVEAL_MASKED).allowed:
        raise NotRevealed(column.code)
    return view, column


def _select(ctx: Context, object_code: str, record_id: UUID, code: str) -> Revealed | None:
    """The column whole; of what a lookup refers to no more than the reader may read. None: hidden by now."""
    view, column = _revealable(ctx, object_code, code)
    opened = replace(view, readable={**view.readable, column.code: column}, statements={})
    bound = Bound(ctx, opened)
    text = (
        f"select e.epoch, q.json from (select {bound.epoch()} as epoch) e left join lateral ("
        f"select {record_json(bound, [column])}::text as json"
        f" from @.{view.object.table} r where r.id = {{id}} and {bound.row_test(opened, 'r')}) q on true"
    )
    epoch, json = make_statement(ctx.db.schema, text).run(ctx, {**bound.values, "id": record_id})[0]
    if epoch != view.rights.epoch:
        raise Stale
    return None if json is None else Revealed(column, orjson.loads(json).get(column.code))
