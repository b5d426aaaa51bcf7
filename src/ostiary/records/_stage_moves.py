"""Where a record may go from its stage, as far as its reader can know: what a page offers beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.objects import public as objects
from ostiary.records._query import Record
from ostiary.records._rules import Move, Ruled, named
from ostiary.records._view import View, view_of


@dataclass(frozen=True, slots=True)
class StageMove:
    """One stage that a record is not in. refusal: why it may never go there from where it is, in words.

    missing: captions of the columns that have to be filled for it.
    """

    value: str
    refusal: str = ""
    missing: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether nothing but rights is in the way."""
        return not self.refusal and not self.missing


def stage_moves(ctx: Context, code: str, record: Record, values: tuple[str, ...]) -> Mapping[str, StageMove]:
    """By value, what entering each of these stages would take; it says no more than the record shows."""
    view = view_of(ctx, code)
    stages = view.object.rules.stages
    column = named(view, stages.column) if stages else None
    if stages is None or column is None or column.code not in view.readable:
        return {value: StageMove(value) for value in values}
    held = record.data.get(column.code)
    now = str((held.get("id") if isinstance(held, dict) else held) or "")
    found = Ruled(ctx, view).rows(column, stages, _keys(column, (*values, now)))
    rows = {str(key): row for key, row in found.items()}
    before = {c.code: record.data.get(c.code) for c in view.object.columns.values()}
    return {
        value: _move(Move(view, stages, column, rows.get(now), rows[value]), value, before)
        for value in values
        if value in rows and value != now
    }


def _keys(column: objects.Column, values: tuple[str, ...]) -> list[object]:
    lookup = column.type is objects.ColumnType.LOOKUP
    return [UUID(value) if lookup else value for value in values if value]


def _move(move: Move, value: str, before: Mapping[str, object]) -> StageMove:
    refused = next(iter(move.refusals()), None)
    if refused is not None:
        return StageMove(value, refused.message.partition(": ")[2] or refused.message)
    brought = {
        column.code: True for column, given, only_empty in move.brought() if given != "none" or only_empty
    }
    missing = move.missing(before, brought, frozenset())
    return StageMove(value, "", tuple(view_caption(move.view, error.field) for error in missing))


def view_caption(view: View, code: str) -> str:
    """What a column is called."""
    return view.object.columns[code].caption
