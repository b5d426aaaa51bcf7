"""An import as a job: the file is read once into blocks of rows, then block by block goes through the engine.

A block, what became of its rows and how far the import is commit together, so a row is written at most
once, whenever a worker dies. A check does the same and lets each block go again. Each block is decided at the
rights of its own moment; who may not go on is stopped between two of them: an end and no failure.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from ostiary.access import public as access
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import OstiaryError
from ostiary.kernel.ids import new_id
from ostiary.kernel.tables import has_table
from ostiary.records import _import_kept as store
from ostiary.records._blob_file import BlobFile
from ostiary.records._bulk_job import STOPPING
from ostiary.records._content import remove_files
from ostiary.records._import_blocks import Reading
from ostiary.records._import_errors import ImportRefused
from ostiary.records._import_events import record
from ostiary.records._import_kept import Import, ImportPhase, ImportState
from ostiary.records._import_step import RowsWork
from ostiary.records._import_touched import forget_keys
from ostiary.records._import_undo import undo_step

TASK = "records.import.run"
KEPT = timedelta(days=30)
_BEGINNABLE = frozenset({ImportState.WAITING, ImportState.FAILED})


def _run(run: jobs.Run) -> None:
    refusal: OstiaryError | None = None
    try:
        if _begins(run):
            _read(run)
            _work(run)
    except (ImportRefused, *STOPPING) as stopped:
        refusal = stopped
    with run.open(finish=True) as ctx:
        _end(ctx, run.arguments["import"], refusal)


def _begins(run: jobs.Run) -> bool:
    with run.open() as ctx:
        made = store.find(ctx, run.arguments["import"])
        if made is None or made.state not in _BEGINNABLE:
            return made is not None and made.state is ImportState.RUNNING
        if not store.begin(ctx, made.id):
            return False
        record(ctx, made, "records.import.started", {})
        return True


def _running(ctx: Context, run: jobs.Run) -> Import | None:
    """The import, unless somebody cancelled it."""
    made = store.find(ctx, run.arguments["import"])
    return made if made is not None and made.state is ImportState.RUNNING else None


def _read(run: jobs.Run) -> None:
    """Turn the file into blocks, unless that was done. Begun anew when a worker dies over it."""
    with run.open() as ctx:
        made = _running(ctx, run)
        if made is None or made.total is not None or made.phase is ImportPhase.UNDO:
            return
        rows_id = new_id()
        remove_files(ctx, [made.rows_id] if made.rows_id else [])
        store.note_read(ctx, made.id, rows_id, None)
        plan = store.get_plan(ctx, made.id)
        reading = Reading(made, plan, rows_id, BlobFile(ctx, made.file_id, made.size))
    more = True
    while more:
        with run.open() as ctx:
            if _running(ctx, run) is None:
                return
            more = reading.go_on(ctx)
            if not more:
                store.note_read(ctx, made.id, rows_id, reading.rows)


def _work(run: jobs.Run) -> None:
    rows, more = RowsWork(), True
    while more:
        with run.open() as ctx:
            made = _running(ctx, run)
            more = made is not None and _step(run, replace(ctx, channel=Channel.IMPORT), made, rows)


def _step(run: jobs.Run, ctx: Context, made: Import, rows: RowsWork) -> bool:
    """One block; whether there may be more. Raises what stops the whole."""
    total = made.total or 0
    if made.phase is ImportPhase.UNDO:
        done = undo_step(ctx, made)
        total = made.done + done  # what is left is not counted at every step
    elif made.done < total:
        access.ensure_operation(ctx, access.Operation.IMPORT)
        done = rows.step(ctx, made)
    else:
        return False
    run.note(ctx, done=made.done + done, total=total, cursor={"block": made.block + 1})
    return done > 0


def _end(ctx: Context, import_id: UUID, refusal: OstiaryError | None) -> None:
    state = store.end(ctx, import_id, "" if refusal is None else refusal.code)
    made = store.find(ctx, import_id)
    if state is None or made is None:
        return
    if refusal is not None:
        store.put_noted(ctx, import_id, replace(store.get_noted(ctx, import_id), message=refusal.message))
    forget_keys(ctx, import_id)
    if state is ImportState.DONE and made.phase is ImportPhase.RUN:
        remove_files(ctx, [made.file_id, *([made.rows_id] if made.rows_id else [])])
    facts = {"state": state.value, "reason": made.reason, "rows": made.done, **made.fates(made.phase)}
    record(ctx, made, "records.import.ended", facts)


def _failed(ctx: Context, arguments: Mapping[str, object], code: str) -> None:
    """The job was given up: by a bug of ours, or because whoever asked may not act any more."""
    import_id = arguments["import"]
    if isinstance(import_id, UUID) and has_table(ctx.db, store.TABLE):
        store.fail(ctx, import_id, code)


def _purge(run: jobs.Run) -> None:
    more = True
    while more:
        with run.open_as_owner() as ctx:
            more = has_table(ctx.db, store.TABLE) and store.purge_one(ctx, KEPT)


jobs.register(
    jobs.Task(
        TASK,
        _run,
        {"import": jobs.Kind.ID},
        lane=jobs.Lane.BULK,
        retry=jobs.Retry(attempts=8, first_s=10.0, factor=3.0, most_s=3600.0),
        failed=_failed,
        purpose="import",
    )
)
jobs.register(
    jobs.Task(
        "records.import.purge",
        _purge,
        every="17 4 * * *",
        lane=jobs.Lane.BULK,
        owner=True,
        operator=True,
        event="records.import.purged",
        purpose="operation",
    )
)
