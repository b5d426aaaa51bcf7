"""Making many records of one object."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId, new_id
from ostiary.objects import public as objects
from ostiary.records._bulk import REFUSALS, BulkResult, Progress, RowResult, run_chunks
from ostiary.records._bulk_rows import Changed, append_changes, missing_references, tell
from ostiary.records._bulk_sql import (
    NewState,
    by_columns,
    insert_states,
    is_breakable,
    taken_value,
    whole_or_halves,
)
from ostiary.records._create import complete
from ostiary.records._view import Stale, View, ensure_object, view_of
from ostiary.records._write import state_of, typed_values


def create_records(
    ctx: Context,
    object_code: str,
    rows: Sequence[Mapping[str, object]],
    *,
    atomic: bool = False,
    progress: Progress | None = None,
) -> BulkResult:
    """Make records; the acting principal is the author of each. Each row is decided like a single creation.

    Raises: AccessDenied: layer 2. TooManyRows. BulkRefused: `atomic`.
    """
    return run_chunks(
        ctx,
        object_code,
        rows,
        lambda chunk: _create_chunk(ctx, object_code, chunk),
        atomic=atomic,
        progress=progress,
    )


@dataclass(frozen=True, slots=True)
class _Planned:
    number: int
    id: RecordId
    typed: dict[str, Any]
    given: frozenset[str]


def _create_chunk(
    ctx: Context, code: str, chunk: Sequence[tuple[int, Mapping[str, object]]]
) -> list[RowResult]:
    view = view_of(ctx, code)
    ensure_object(view, access.Verb.CREATE)
    results: list[RowResult] = []
    planned: list[_Planned] = []
    numbers = _Numbers(ctx, view, len(chunk))
    for number, given in chunk:
        try:
            typed = typed_values(ctx, view, given, access.Verb.CREATE)
            named = frozenset(typed)
            complete(ctx, view, typed, numbers.next)
            planned.append(_Planned(number, RecordId(new_id()), typed, named))
        except REFUSALS as refusal:
            results.append(RowResult(number, None, refusal=refusal))
    refusals = missing_references(ctx, view, [p.typed for p in planned], [p.given for p in planned])
    sound = [plan for plan, refusal in zip(planned, refusals, strict=True) if refusal is None]
    results += [
        RowResult(plan.number, None, refusal=refusal)
        for plan, refusal in zip(planned, refusals, strict=True)
        if refusal is not None
    ]
    if not sound and access.current_rights(ctx) is not view.rights:
        raise Stale  # no statement told the epoch
    return [*results, *_store(ctx, view, sound)]


class _Numbers:
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


def _store(ctx: Context, view: View, planned: Sequence[_Planned]) -> list[RowResult]:
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
