"""Deleting many records; one that something else refers to stays and is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import errors as database

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import OstiaryError
from ostiary.kernel.ids import RecordId
from ostiary.records._bulk import (
    REFUSALS,
    BulkResult,
    Progress,
    RowResult,
    first_of_each,
    run_chunks,
    twice,
)
from ostiary.records._bulk_rows import Changed, append_changes, ensure_allowed, lock_records, tell
from ostiary.records._bulk_select import Which, selected
from ostiary.records._bulk_sql import Broken, Written, whole_or_halves
from ostiary.records._effects import Effect
from ostiary.records._errors import InUse, TooManyRows
from ostiary.records._follow import follow
from ostiary.records._lock import Before
from ostiary.records._remove import DELETED, all_gone, remove_rows, remove_under
from ostiary.records._view import View, view_of


@dataclass(frozen=True, slots=True)
class _Planned:
    number: int
    id: RecordId
    before: Before


def delete_records(
    ctx: Context,
    object_code: str,
    which: Which,
    *,
    atomic: bool = False,
    progress: Progress | None = None,
) -> BulkResult:
    """Delete all records of a selection; each is decided by itself. Raises as `update_records`.

    Records of one chunk that refer to nothing but each other go together.
    """
    return delete_each(ctx, object_code, selected(ctx, object_code, which), atomic=atomic, progress=progress)


def delete_each(
    ctx: Context,
    object_code: str,
    rows: Sequence[tuple[UUID, int | None]],
    *,
    atomic: bool = False,
    progress: Progress | None = None,
) -> BulkResult:
    """Delete records, each of the version that goes with its id, if one does. Raises as `delete_records`."""
    first = first_of_each([id_ for id_, _ in rows])
    return run_chunks(
        ctx,
        object_code,
        rows,
        lambda chunk: _delete_chunk(ctx, object_code, chunk, first),
        atomic=atomic,
        progress=progress,
    )


def _delete_chunk(
    ctx: Context, code: str, chunk: Sequence[tuple[int, tuple[UUID, int | None]]], first: frozenset[int]
) -> list[RowResult]:
    view = view_of(ctx, code)
    wanted = [id_ for number, (id_, _) in chunk if number in first]
    locked = lock_records(ctx, view, wanted, access.Verb.DELETE)
    results: list[RowResult] = []
    planned: list[_Planned] = []
    for number, (asked, version) in chunk:
        record_id = RecordId(asked)
        try:
            if number not in first:
                raise twice()
            before = ensure_allowed(view, locked, record_id, access.Verb.DELETE, version)
            planned.append(_Planned(number, record_id, before))
        except REFUSALS as refusal:
            results.append(RowResult(number, record_id, refusal=refusal))
    return [*results, *_remove(ctx, view, planned)]


def _remove(ctx: Context, view: View, planned: Sequence[_Planned]) -> list[RowResult]:
    def remove(items: Sequence[_Planned]) -> list[Written]:
        ids = [p.id for p in items]
        remove_under(ctx, view, ids)
        return remove_rows(ctx, view, ids)

    done, refused = whole_or_halves(ctx, planned, remove, _in_use, breakable=True)
    gone = {id_ for id_, _ in done}
    access.remove_shares_of(ctx, sorted(gone))
    told = tell(view, [Changed(p.id, all_gone(p.before)) for p in planned if p.id in gone])
    append_changes(ctx, DELETED, view, told, told.abouts)
    follow(ctx, view, [Effect(p.id, p.before.values, None) for p in planned if p.id in gone])
    results = [RowResult(p.number, p.id, visible=False) for p in planned if p.id in gone]
    return [*results, *(RowResult(p.number, p.id, refusal=refusal) for p, refusal in refused)]


def _in_use(_: _Planned, violation: Broken) -> OstiaryError:
    if isinstance(violation, database.ForeignKeyViolation):
        return InUse()
    if isinstance(violation, InUse | TooManyRows):
        return violation
    raise violation
