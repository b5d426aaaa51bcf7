"""Imports as whoever brings a file sees them, and nobody else: sent, mapped, checked, run, taken back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import new_id
from ostiary.records import _import_kept as store
from ostiary.records._attachments import MEGABYTE
from ostiary.records._blob_file import BlobFile
from ostiary.records._bulk_ask import ensure_bulk, is_discarded
from ostiary.records._content import parts_of, remove_files, write_parts
from ostiary.records._describe import ObjectView, describe
from ostiary.records._import_choice import ImportChoice, choice_of, chosen, proposed
from ostiary.records._import_errors import ImportRefused
from ostiary.records._import_events import record
from ostiary.records._import_job import TASK
from ostiary.records._import_kept import FilePlan, Import, ImportPhase, ImportState, Noted
from ostiary.records._import_outcome import result_parts
from ostiary.records._import_table import (
    DELIMITERS,
    ENCODINGS,
    TableRow,
    guess,
    table_rows,
    with_header,
)
from ostiary.records._import_touched import count_touched, forget_keys
from ostiary.records._scanners import scanned
from ostiary.records._settings import IMPORT_MOST

SAMPLE = 5  # rows
MOST_LISTED = 50
_ENDED = frozenset({ImportState.CANCELLED, ImportState.STOPPED, ImportState.FAILED})


def ensure_import(ctx: Context, object_code: str) -> ObjectView:
    """The object, if the principal may import into it. Raises: NotFound, AccessDenied: operation, layer 2."""
    store.ensure_kept(ctx)
    access.ensure_operation(ctx, access.Operation.IMPORT)
    view = describe(ctx, object_code)
    ensure_bulk(ctx, object_code, access.Verb.CREATE)
    if view.object.content:
        raise NotFound  # files have no rows
    return view


def import_limit(ctx: Context) -> int:
    """How many bytes a file may have in this tenant."""
    return int(str(access.get_setting(ctx, IMPORT_MOST.code))) * MEGABYTE


def take_file(ctx: Context, object_code: str, name: str, chunks: Iterable[bytes]) -> UUID:
    """Keep a file to be imported, and guess how it is read and mapped; the id of the import.

    chunks: the bytes in any portions; a part of 256 KiB is held. What is refused leaves nothing.
    Raises: as `ensure_import`. ImportRefused: too large, empty, not to be read.
    """
    view = ensure_import(ctx, object_code)
    file_id, size = new_id(), 0

    def counted(parts: Iterable[bytes]) -> Iterator[bytes]:
        nonlocal size
        most = import_limit(ctx)
        for part in parts:
            size += len(part)
            if size > most:
                raise ImportRefused(f"A file has at most {most // MEGABYTE} MB")
            yield part

    with ctx.db.savepoint():
        write_parts(ctx, view.object.id, file_id, scanned(ctx, name, counted(parts_of(chunks))))
        if not size:
            raise ImportRefused("The file is empty")
        file = BlobFile(ctx, file_id, size)
        plan = proposed(ctx, view, with_header(guess(name[:200], file), file))
        id_ = store.insert(ctx, view.object.id, view.object.code, file_id, size, plan)
    record(ctx, get_import(ctx, id_), "records.import.uploaded", {"size": size, "kind": plan.kind})
    return id_


def get_import(ctx: Context, import_id: UUID, *, lock: bool = False) -> Import:
    """A file that the principal brought. Raises NotFound: absent, or somebody else's."""
    store.ensure_kept(ctx)
    found = store.find(ctx, import_id, lock=lock)
    if found is None or found.requested_by != ctx.principal:
        audit.append_aside(
            ctx, "records.import.refused", outcome="denied", object_type="import", object_ref=import_id
        )
        raise NotFound
    return _as_it_is(ctx, found)


def _as_it_is(ctx: Context, made: Import) -> Import:
    """The import, cancelled where somebody who manages jobs gave its job up."""
    if made.is_open and made.job is not None and is_discarded(ctx, made.job):
        return replace(made, state=ImportState.CANCELLED)
    return made


def list_imports(ctx: Context) -> list[tuple[Import, str]]:
    """The last imports of the principal, each with the name of its file."""
    store.ensure_kept(ctx)
    found = [_as_it_is(ctx, made) for made in store.list_of(ctx, ctx.actor, MOST_LISTED)]
    return [(made, store.get_plan(ctx, made.id).name) for made in found]


def import_plan(ctx: Context, made: Import) -> FilePlan:
    """How its file is read and mapped."""
    return store.get_plan(ctx, made.id)


def import_noted(ctx: Context, made: Import) -> Noted:
    """Why it stopped, and the first rows that were refused."""
    return store.get_noted(ctx, made.id)


def import_sample(ctx: Context, made: Import, plan: FilePlan) -> Sequence[TableRow]:
    """The first rows of its file. Raises ImportRefused."""
    return list(islice(table_rows(plan, BlobFile(ctx, made.file_id, made.size)), SAMPLE))


def undoable(ctx: Context, made: Import) -> int:
    """How many records can be taken back; 0 while a job is at work, or where nothing was imported."""
    return (
        0
        if made.is_open or made.phase not in (ImportPhase.RUN, ImportPhase.UNDO)
        else count_touched(ctx, made.id)
    )


def read_again(ctx: Context, import_id: UUID, encoding: str, delimiter: str, sheet: str) -> None:
    """Read the file in another way. Raises: NotFound, Invalid, ImportRefused."""
    made = _still_open(ctx, import_id)
    plan = store.get_plan(ctx, made.id)
    if plan.kind == "xlsx":
        ensure_offered("sheet", sheet, plan.sheets)
        plan = replace(plan, sheet=sheet)
    else:
        ensure_offered("encoding", encoding, ENCODINGS)
        ensure_offered("delimiter", delimiter, DELIMITERS)
        plan = replace(plan, encoding=encoding, delimiter=delimiter)
    plan = with_header(plan, BlobFile(ctx, made.file_id, made.size))
    store.put_plan(ctx, made.id, proposed(ctx, describe(ctx, made.object), plan), reread=True)


def ensure_offered(field: str, value: str, values: Sequence[str]) -> None:
    """Raises Invalid: not one of the values."""
    if value not in values:
        raise Invalid([FieldError(field, "not_offered", "Choose one of the list")])


def start_import(ctx: Context, import_id: UUID, choice: ImportChoice | None, *, check: bool) -> Import:
    """Ask for the job that imports the file, or that only checks it. choice: None, what was chosen before.

    Raises: NotFound; AccessDenied: operation, layer 2; Invalid: names what does not fit, or it runs.
    """
    made = _still_open(ctx, import_id)
    view = ensure_import(ctx, made.object)
    plan = store.get_plan(ctx, made.id)
    store.put_plan(ctx, made.id, chosen(ctx, view, plan, choice or choice_of(plan)), reread=False)
    return _ask(ctx, made, ImportPhase.CHECK if check else ImportPhase.RUN)


def go_on(ctx: Context, import_id: UUID) -> Import:
    """Go on where an import or its undoing was stopped. Raises: NotFound, AccessDenied, Invalid."""
    made = get_import(ctx, import_id, lock=True)
    if made.state not in _ENDED or made.phase is ImportPhase.UPLOAD:
        raise _not_now()
    ensure_import(ctx, made.object)
    store.ask_on(ctx, made.id, jobs.defer(ctx, TASK, {"import": made.id}))
    record(ctx, made, "records.import.requested", {"resumed": True})
    return get_import(ctx, import_id)


def undo_import(ctx: Context, import_id: UUID) -> Import:
    """Ask for the job that takes back what it did, where nobody changed it since. Raises: as `go_on`."""
    made = get_import(ctx, import_id, lock=True)
    if not undoable(ctx, made):
        raise _not_now()
    ensure_import(ctx, made.object)
    return _ask(ctx, made, ImportPhase.UNDO)


def cancel_import(ctx: Context, import_id: UUID) -> Import:
    """Let it end before its next block; what is done stays done. Raises NotFound."""
    made = get_import(ctx, import_id, lock=True)
    if store.cancel(ctx, made.id) is not None:
        record(ctx, made, "records.import.cancelled", {})
    return get_import(ctx, import_id)


def discard_import(ctx: Context, import_id: UUID) -> None:
    """Forget a file of which nothing was imported. Raises: NotFound; Invalid: something was."""
    made = _still_open(ctx, import_id)
    store.forget(ctx, made)
    record(ctx, made, "records.import.discarded", {})


def import_result(ctx: Context, import_id: UUID) -> Iterator[bytes]:
    """What became of each row, as CSV; taken while the transaction is open. Raises NotFound."""
    made = get_import(ctx, import_id)
    if made.result_id is None:
        raise NotFound
    record(ctx, made, "records.import.opened", {})
    return result_parts(ctx, made)


def _still_open(ctx: Context, import_id: UUID) -> Import:
    """An import of which nothing was written yet. Raises: NotFound, Invalid."""
    made = get_import(ctx, import_id, lock=True)
    if made.is_open or made.phase not in (ImportPhase.UPLOAD, ImportPhase.CHECK):
        raise _not_now()
    return made


def _ask(ctx: Context, made: Import, phase: ImportPhase) -> Import:
    job = jobs.defer(ctx, TASK, {"import": made.id})
    remove_files(ctx, [made.result_id] if made.result_id else [])
    forget_keys(ctx, made.id)
    store.ask(ctx, made.id, phase, job, new_id())
    asked = get_import(ctx, made.id)
    record(ctx, asked, "records.import.requested", {})
    return asked


def _not_now() -> Invalid:
    words = "That is not possible in the state that this import is in now"
    return Invalid([FieldError("", "wrong_state", words)], words)
