"""Changing many records: the same values for all of a selection, or values of its own for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId
from ostiary.records._bulk import (
    REFUSALS,
    BulkResult,
    Progress,
    RowResult,
    ensure_bounded,
    first_of_each,
    run_chunks,
    twice,
)
from ostiary.records._bulk_chunk import Held
from ostiary.records._bulk_rows import (
    Changed,
    Locked,
    append_changes,
    ensure_allowed,
    lock_records,
    missing_references,
    tell,
)
from ostiary.records._bulk_select import Which, selected
from ostiary.records._effects import Effect
from ostiary.records._follow import follow
from ostiary.records._rules import Ruled
from ostiary.records._stored import Planned, changed_state, changes_of, store_states
from ostiary.records._values import plain
from ostiary.records._view import View, view_of
from ostiary.records._write import typed_values


@dataclass(frozen=True, slots=True)
class RowUpdate:
    """One record with values of its own. version: as it was seen; None: whatever it is by now."""

    id: UUID
    values: Mapping[str, object]
    version: int | None = None


def update_records(
    ctx: Context,
    object_code: str,
    which: Which,
    values: Mapping[str, object],
    *,
    atomic: bool = False,
    progress: Progress | None = None,
) -> BulkResult:
    """Give all records of a selection the same values; each is decided by itself.

    which: ids, or a filter over readable columns: then a record that changes meanwhile is a conflict.
    Raises: TooManyRows, BulkRefused (`atomic`); AccessDenied, Invalid: the filter.
    """
    rows = [RowUpdate(id_, values, version) for id_, version in selected(ctx, object_code, which)]
    return update_each(ctx, object_code, rows, atomic=atomic, progress=progress)


def update_each(
    ctx: Context,
    object_code: str,
    rows: Sequence[RowUpdate],
    *,
    atomic: bool = False,
    progress: Progress | None = None,
    held: Held | None = None,
) -> BulkResult:
    """Give each record values of its own. Raises as `update_records`.

    held: is given what the columns of each record held before; of records that were refused it says nothing.
    """
    ensure_bounded(len(rows))
    first = first_of_each([row.id for row in rows])
    return run_chunks(
        ctx,
        object_code,
        rows,
        lambda chunk: _update_chunk(ctx, object_code, chunk, first, held),
        atomic=atomic,
        progress=progress,
    )


def _update_chunk(
    ctx: Context,
    code: str,
    chunk: Sequence[tuple[int, RowUpdate]],
    first: frozenset[int],
    held: Held | None,
) -> list[RowResult]:
    view = view_of(ctx, code)
    locked = lock_records(ctx, view, [row.id for number, row in chunk if number in first], access.Verb.UPDATE)
    rules = Ruled(ctx, view)
    results: list[RowResult] = []
    planned: list[Planned] = []
    for number, row in chunk:
        try:
            if number not in first:
                raise twice()
            planned.append(_plan(ctx, rules, locked, number, row))
        except REFUSALS as refusal:
            results.append(RowResult(number, RecordId(row.id), refusal=refusal))
    sound: list[Planned] = []
    missing = missing_references(
        ctx,
        view,
        [plan.typed for plan in planned],
        [plan.given for plan in planned],
        [plan.before.values for plan in planned],
    )
    for plan, unfound in zip(planned, missing, strict=True):
        if unfound is None:
            sound.append(plan)
        else:
            results.append(RowResult(plan.number, plan.id, refusal=unfound))
    return [*results, *_store(ctx, view, sound, held)]


def _plan(ctx: Context, rules: Ruled, locked: Locked, number: int, row: RowUpdate) -> Planned:
    view, record_id = rules.view, RecordId(row.id)
    before = ensure_allowed(view, locked, record_id, access.Verb.UPDATE, None)
    typed = typed_values(ctx, view, row.values, access.Verb.UPDATE, before.values)
    ensure_allowed(view, locked, record_id, access.Verb.UPDATE, row.version)
    said = frozenset(typed)
    typed = rules.apply(before.values, typed, record=record_id)
    return Planned(number, record_id, before, typed, said)


def _store(ctx: Context, view: View, planned: Sequence[Planned], held: Held | None) -> list[RowResult]:
    changes = {plan.id: changes_of(view, plan.before, plan.typed) for plan in planned}
    if held is not None:
        held.update({id_: _held(view, changed) for id_, changed in changes.items()})
    results = [RowResult(p.number, p.id, p.before.version) for p in planned if not changes[p.id]]
    told = tell(view, [Changed(id_, changed) for id_, changed in changes.items() if changed])
    states = [
        changed_state(view, plan, changes[plan.id], told.events[plan.id])
        for plan in planned
        if changes[plan.id]
    ]
    written = store_states(ctx, view, states)
    done = [row.id for row in written if row.refusal is None and row.id is not None]
    append_changes(ctx, "records.record.updated", view, told, done)
    stored = frozenset(done)
    follow(ctx, view, [Effect.over(p.id, p.before, p.typed) for p in planned if p.id in stored])
    return [*results, *written]


def _held(view: View, changes: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    """What can be given back through the door: what rules set by themselves they set again."""
    columns = ((view.object.columns[code], before) for code, (before, _) in changes.items())
    return {
        str(column.id): plain(before)
        for column, before in columns
        if view.may_write(column, access.Verb.UPDATE)
    }
