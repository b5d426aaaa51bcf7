"""Rows that are decided, on their way into the table: new ones, and next versions of those that are there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ostiary.kernel.context import Context
from ostiary.kernel.ids import EventId, RecordId
from ostiary.objects import public as objects
from ostiary.records._bulk import RowResult
from ostiary.records._bulk_rows import Changed, append_changes, tell
from ostiary.records._bulk_sql import (
    NewState,
    by_columns,
    insert_states,
    is_breakable,
    taken_value,
    update_states,
    whole_or_halves,
)
from ostiary.records._lock import Before
from ostiary.records._view import View
from ostiary.records._write import state_of


@dataclass(frozen=True, slots=True)
class NewRow:
    """A record to be made. given: what the writer said of it."""

    number: int
    id: RecordId
    typed: dict[str, Any]
    given: frozenset[str]


@dataclass(frozen=True, slots=True)
class Planned:
    """A locked record that may get these values. given: what the writer said of them."""

    number: int
    id: RecordId
    before: Before
    typed: Mapping[str, Any]
    given: frozenset[str] = frozenset()


class Numbers:
    """Numbers of auto-number columns, drawn for a whole chunk in one statement when the first is needed."""

    def __init__(self, ctx: Context, view: View, most: int) -> None:
        self._ctx, self._view, self._most = ctx, view, most
        self._drawn: dict[str, Iterator[int]] = {}

    def next(self, column: objects.Column) -> str:
        """The next number of a column, as its pattern writes it."""
        if column.code not in self._drawn:
            sequence = objects.sequence_of(self._view.object.table, column.name)
            rows = self._ctx.db.rows(
                f"select nextval('@.{sequence}') from generate_series(1, %(n)s::int)", {"n": self._most}
            )
            self._drawn[column.code] = iter([row[0] for row in rows])
        return column.pattern.format(next(self._drawn[column.code]))


def store_rows(ctx: Context, view: View, planned: Sequence[NewRow]) -> list[RowResult]:
    """Insert rows with one event about them."""
    told = tell(view, [Changed(plan.id, _from_nothing(plan.typed)) for plan in planned])
    states = {
        plan.id: NewState(
            plan.number,
            plan.id,
            1,
            plan.typed,
            told.events[plan.id],
            state_of(view, plan.typed, {}, ctx.actor, 1),
        )
        for plan in planned
    }
    results: list[RowResult] = []
    for codes, group in by_columns(states.values()):
        done, refused = _insert(ctx, view, codes, group)
        results += [RowResult(states[i].number, i, 1, visible) for i, visible in done]
        results += refused
    made = [row.id for row in results if row.id is not None]
    append_changes(ctx, "records.record.created", view, told, made)
    return results


def _insert(
    ctx: Context, view: View, codes: tuple[str, ...], group: Sequence[NewState]
) -> tuple[list[tuple[RecordId, bool]], list[RowResult]]:
    done, refused = whole_or_halves(
        ctx,
        group,
        lambda items: insert_states(ctx, view, codes, items),
        taken_value(view),
        breakable=is_breakable(view, codes),
    )
    return done, [RowResult(state.number, None, refusal=refusal) for state, refusal in refused]


def _from_nothing(typed: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {code: (None, value) for code, value in typed.items() if value is not None}


def changes_of(view: View, before: Before, typed: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """(before, after) of each column that changes.

    A value that the writer may not read counts as changed: whether it was equal would tell what it is.
    """
    return {
        c: (before.values[c], v) for c, v in typed.items() if before.values[c] != v or c not in view.readable
    }


def changed_state(
    view: View, plan: Planned, changes: Mapping[str, tuple[Any, Any]], event: EventId
) -> NewState:
    """The next version of a locked record."""
    before, version = plan.before, plan.before.version + 1
    state = state_of(view, {**before.values, **plan.typed}, before.dropped, before.author, version)
    new = {code: after for code, (_, after) in changes.items()}
    return NewState(plan.number, plan.id, version, new, event, state)


def store_states(ctx: Context, view: View, states: Sequence[NewState]) -> list[RowResult]:
    """Write rows that are locked and decided, one statement for each set of columns."""
    by_id = {state.id: state for state in states}
    results: list[RowResult] = []
    for codes, group in by_columns(states):
        done, refused = whole_or_halves(
            ctx,
            group,
            partial(update_states, ctx, view, codes),
            taken_value(view),
            breakable=is_breakable(view, codes),
        )
        results += [RowResult(by_id[i].number, i, by_id[i].version, visible) for i, visible in done]
        results += [RowResult(state.number, state.id, refusal=refusal) for state, refusal in refused]
    return results
