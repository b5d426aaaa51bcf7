"""A long bulk change as a job: chunk by chunk, each in its transaction, at the rights that hold then.

A chunk, the note of how far it came and what became of its rows commit together, so a row is written at most
once, whenever a worker dies. Who may not go on is stopped between two chunks, and that is an end, not a
failure: nobody needs to try it again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from ostiary.access import public as access
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, FieldError, Invalid, NotFound, NotSignedIn
from ostiary.kernel.tables import has_table
from ostiary.records import _bulk_kept as store
from ostiary.records._bulk import CHUNK, BulkResult
from ostiary.records._bulk_ask import ensure_bulk, record
from ostiary.records._bulk_chunk import Held, keep_chunk
from ostiary.records._bulk_chunk import purge as purge_chunks
from ostiary.records._bulk_delete import delete_each
from ostiary.records._bulk_kept import Bulk, BulkState, Wanted
from ostiary.records._bulk_notes import RowNote, note_of
from ostiary.records._bulk_select import Which
from ostiary.records._bulk_update import RowUpdate, update_each
from ostiary.records._bulk_walk import FIRST, MeantOther, code_of_now, ensure_meant, meaning, walk
from ostiary.records._errors import TooManyRows
from ostiary.records._read import count_records, readable_view
from ostiary.records._view import decided, view_of

STOPPING = (AccessDenied, NotSignedIn, NotFound, Invalid, MeantOther)
KEPT = timedelta(days=30)
_PURGED = 1_000
_BEGINNABLE = frozenset({BulkState.WAITING, BulkState.FAILED})

_PURGE_ROWS = """
delete from @.records_bulk_row where bulk_id in (select id from @.records_bulk
  where coalesce(ended_at, asked_at) < now() - %(kept)s::interval order by asked_at
  limit %(most)s)"""
_PURGE = """
delete from @.records_bulk b where coalesce(ended_at, asked_at) < now() - %(kept)s::interval
  and not exists (select from @.records_bulk_row r where r.bulk_id = b.id)"""

TASK = "records.bulk.run"
MOST_IDS = 50_000
VERBS = frozenset({access.Verb.UPDATE, access.Verb.DELETE})
Row = tuple[int, UUID, int | None]  # place, id, version as it was found
Step = Callable[[jobs.Run, Context], bool]


def request_bulk(
    ctx: Context,
    object_code: str,
    verb: access.Verb,
    which: Which,
    values: Mapping[str, object] | None = None,
) -> Bulk:
    """Ask for a change of any number of records, made in the background in chunks, each a transaction.

    Each chunk is decided at the rights of its own moment. which: ids (a repeated one counts once), or a
    filter: what matches when its turn comes, of the records that are there now.
    Raises: as `ensure_bulk`; TooManyRows: ids. Unavailable: tables of the release before.
    """
    store.ensure_kept(ctx)
    ensure_sensible(verb, which, values)
    ensure_bulk(ctx, object_code, verb, values)
    node = None if isinstance(which, Sequence) else which
    view = readable_view(ctx, object_code)
    ids = list(dict.fromkeys(which)) if isinstance(which, Sequence) else []
    total = len(ids) if node is None else count_records(ctx, object_code, node).value
    bulk = store.new_bulk(ctx, view.object.id, object_code, verb, total)
    job = jobs.defer(ctx, TASK, {"bulk": bulk.id})
    bulk = replace(bulk, job=job, by_filter=node is not None)
    store.insert(ctx, bulk, Wanted(values or {}, node, meaning(view, values or {}, node)))
    store.keep_pending(ctx, bulk.id, ids)
    record(ctx, bulk, "records.bulk.requested", {"rows": total, "columns": sorted(values or {})})
    return bulk


def ensure_sensible(verb: access.Verb, which: Which, values: Mapping[str, object] | None) -> None:
    if verb not in VERBS or (verb is access.Verb.UPDATE) is not bool(values):
        raise Invalid([FieldError("values", "missing", "Give values for a change, and none for a deletion")])
    if isinstance(which, str | bytes):
        raise Invalid([FieldError("ids", "malformed", "Give a list of ids or a filter")])
    if isinstance(which, Sequence) and len(which) > MOST_IDS:
        raise TooManyRows(MOST_IDS)


def run_steps(run: jobs.Run, step: Step) -> None:
    """The job of a change, step by step, each a transaction. step: whether there may be more."""
    reason, more = "", True
    while more:
        try:
            with run.open() as ctx:
                more = step(run, ctx)
        except STOPPING as refusal:
            reason, more = refusal.code, False
    with run.open(finish=True) as ctx:
        end_bulk(ctx, run.arguments["bulk"], reason)


def running(run: jobs.Run, ctx: Context) -> Bulk | None:
    """The change that the job is of; None: it may not go on."""
    bulk = store.find(ctx, run.arguments["bulk"])
    return bulk if bulk is not None and _is_running(ctx, bulk) else None


def _step(run: jobs.Run, ctx: Context) -> bool:
    """One chunk; whether there may be more. Raises what stops the whole."""
    bulk = running(run, ctx)
    if bulk is None:
        return False
    wanted = store.get_wanted(ctx, bulk.id)
    code = code_of_now(ctx, bulk.object_id)
    ensure_bulk(ctx, code, bulk.verb, wanted.values if bulk.verb is access.Verb.UPDATE else None)
    decided(ctx, lambda: ensure_meant(view_of(ctx, code), wanted.meant))
    rows = _next(run, ctx, bulk, code, wanted)
    write_chunk(ctx, bulk, code, rows, wanted)
    cursor = {"after": rows[-1][1]} if rows else None
    run.note(ctx, done=bulk.done + len(rows), total=bulk.total, cursor=cursor)
    return len(rows) == CHUNK


def _is_running(ctx: Context, bulk: Bulk) -> bool:
    """Whether it may go on; one that begins says so."""
    if bulk.state not in _BEGINNABLE:
        return bulk.state is BulkState.RUNNING
    if not store.begin(ctx, bulk.id):
        return False
    record(ctx, bulk, "records.bulk.started", {})
    return True


def _next(run: jobs.Run, ctx: Context, bulk: Bulk, code: str, wanted: Wanted) -> list[Row]:
    if wanted.filter is None:
        return [(place, id_, None) for place, id_ in store.pending(ctx, bulk.id, CHUNK)]
    after = UUID(run.cursor.get("after", str(FIRST)))
    found = walk(ctx, code, wanted.filter, after, bulk.asked_at, CHUNK)
    return [(bulk.done + n, id_, version) for n, (id_, version) in enumerate(found)]


def write_chunk(ctx: Context, bulk: Bulk, code: str, rows: Sequence[Row], wanted: Wanted) -> None:
    """Write some rows and keep what became of them."""
    held: Held = {}
    result = _write(ctx, bulk, code, rows, wanted, held)
    note_result(ctx, bulk, [note_of(row, rows[row.number][0]) for row in result.rows], held)


def note_result(ctx: Context, bulk: Bulk, notes: Sequence[RowNote], held: Held) -> None:
    """Keep what became of a chunk. held: what can be given back of it."""
    store.note_chunk(ctx, bulk, notes)
    keep_chunk(ctx, bulk.id, notes, held)


def _write(
    ctx: Context, bulk: Bulk, code: str, rows: Sequence[Row], wanted: Wanted, held: Held
) -> BulkResult:
    if bulk.verb is access.Verb.DELETE:
        return delete_each(ctx, code, [(id_, version) for _, id_, version in rows])
    asked = [RowUpdate(id_, wanted.values, version) for _, id_, version in rows]
    return update_each(ctx, code, asked, held=held)


def end_bulk(ctx: Context, bulk_id: UUID, reason: str = "") -> None:
    """Say that it is over. reason: code of what stopped it."""
    state = store.end(ctx, bulk_id, reason)
    bulk = store.find(ctx, bulk_id)
    if state is None or bulk is None:
        return
    facts = {"state": state.value, "reason": reason, "done": bulk.done, "refused": bulk.refused}
    record(ctx, bulk, "records.bulk.ended", facts)


def give_up(ctx: Context, arguments: Mapping[str, object], code: str) -> None:
    """The job was given up: by a bug of ours, or because whoever asked may not act any more."""
    bulk_id = arguments["bulk"]
    if not isinstance(bulk_id, UUID) or not has_table(ctx.db, store.TABLE):
        return
    if code == "jobs.principal_inactive":
        end_bulk(ctx, bulk_id, code)
    else:
        store.fail(ctx, bulk_id, code)


def _purge(run: jobs.Run) -> None:
    more = True
    while more:
        with run.open_as_owner() as ctx:
            more = has_table(ctx.db, store.TABLE) and _purge_some(ctx)
            purge_chunks(ctx)


def _purge_some(ctx: Context) -> bool:
    rows = ctx.db.run(_PURGE_ROWS, {"kept": KEPT, "most": _PURGED})
    return rows + ctx.db.run(_PURGE, {"kept": KEPT}) > 0


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
jobs.register(
    jobs.Task(
        "records.bulk.purge",
        _purge,
        every="47 3 * * *",
        lane=jobs.Lane.BULK,
        owner=True,
        operator=True,
        event="records.bulk.purged",
        purpose="operation",
    )
)
