"""Undoing a bulk change: records get back what they held, where nobody changed them since (ADR 0039).

It is a bulk change like the one that it takes back: by whoever asked for that, at the rights of now, through
the same door. Each chunk that was taken back is forgotten with it, so nothing is given back twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.ids import RecordId
from ostiary.kernel.messages import later
from ostiary.records import _bulk_chunk as chunks
from ostiary.records import _bulk_kept as store
from ostiary.records._bulk import CHUNK, RowResult
from ostiary.records._bulk_ask import ensure_bulk, get_bulk, record
from ostiary.records._bulk_chunk import KeptRow, Standing
from ostiary.records._bulk_job import end_bulk, give_up, note_result, run_steps, running
from ostiary.records._bulk_kept import OPEN, Bulk
from ostiary.records._bulk_notes import note_of
from ostiary.records._bulk_now import begin_now
from ostiary.records._bulk_update import RowUpdate, update_each
from ostiary.records._bulk_walk import code_of_now
from ostiary.records._view import view_of

TASK = "records.bulk.undo"
_GONE = later("A field of this change was dropped since")


def bulk_standing(ctx: Context, bulk: Bulk) -> Standing:
    """How many rows of a change can be undone, what it takes back, what took it back."""
    found = chunks.get_standing(ctx, bulk.id)
    return replace(found, left=0) if found.busy or bulk.state in OPEN else found


def undo_bulk(ctx: Context, bulk_id: UUID) -> Bulk:
    """Give back what the columns held: done when this returns where it is one chunk, else as a job.

    Raises: NotFound: absent, or somebody else's. Invalid: nothing is left to undo. As `ensure_bulk`.
    """
    chunks.ensure_kept(ctx)
    ctx.db.row("select from @.records_bulk where id = %(id)s for update", {"id": bulk_id})  # asked once only
    undone = get_bulk(ctx, bulk_id)
    left = bulk_standing(ctx, undone).left
    if not left:
        words = "There is nothing left of this change that could be undone"
        raise Invalid([FieldError("", "nothing_left", words)], words)
    code = code_of_now(ctx, undone.object_id)
    ensure_bulk(ctx, code, access.Verb.UPDATE)
    bulk = store.new_bulk(ctx, undone.object_id, code, access.Verb.UPDATE, left)
    at_once = left <= CHUNK
    if at_once:
        bulk = begin_now(ctx, bulk)
    else:
        bulk = replace(bulk, job=jobs.defer(ctx, TASK, {"bulk": bulk.id}))
        store.insert(ctx, bulk, None)
    chunks.link(ctx, bulk.id, undone.id)
    record(ctx, bulk, "records.bulk.requested", {"rows": left, "undoes": undone.id})
    if at_once:
        while _undo_chunk(ctx, get_bulk(ctx, bulk.id), undone.id):
            pass
        end_bulk(ctx, bulk.id)
    return get_bulk(ctx, bulk.id)


def _step(run: jobs.Run, ctx: Context) -> bool:
    bulk = running(run, ctx)
    undoes = chunks.get_standing(ctx, bulk.id).undoes if bulk is not None else None
    if bulk is None or undoes is None:
        return False
    rows = _undo_chunk(ctx, bulk, undoes)
    run.note(ctx, done=bulk.done + rows, total=bulk.total)
    return rows > 0


def _undo_chunk(ctx: Context, bulk: Bulk, undoes: UUID) -> int:
    """Some records; how many they were."""
    chunk = chunks.next_undoable(ctx, undoes)
    if chunk is None:
        return 0
    code = code_of_now(ctx, bulk.object_id)
    ensure_bulk(ctx, code, access.Verb.UPDATE)
    rows = [row for row in chunk.rows if row.before]
    results = _given_back(ctx, code, rows)
    note_result(ctx, bulk, [note_of(each, rows[each.number].number) for each in results], {})
    chunks.spend(ctx, chunk)
    return len(rows)


def _given_back(ctx: Context, code: str, rows: Sequence[KeptRow]) -> list[RowResult]:
    codes = {str(column.id): column.code for column in view_of(ctx, code).object.columns.values()}
    asked: list[tuple[int, RowUpdate]] = []
    results: list[RowResult] = []
    for number, row in enumerate(rows):
        values = _by_code(codes, row.before)
        if values is None:
            gone = Invalid([FieldError("", "column_gone", _GONE)], _GONE)
            results.append(RowResult(number, RecordId(row.id), refusal=gone))
        else:
            asked.append((number, RowUpdate(row.id, values, row.version)))
    found = update_each(ctx, code, [update for _, update in asked]).rows
    return [*results, *(replace(row, number=asked[row.number][0]) for row in found)]


def _by_code(codes: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a record held, by the codes of now; None: a column is gone."""
    if not before.keys() <= codes.keys():
        return None
    return {codes[column]: value for column, value in before.items()}


jobs.register(
    jobs.Task(
        TASK,
        lambda run: run_steps(run, _step),
        {"bulk": jobs.Kind.ID},
        lane=jobs.Lane.BULK,
        retry=jobs.Retry(attempts=8, first_s=10.0, factor=3.0, most_s=3600.0),
        failed=give_up,
    )
)
