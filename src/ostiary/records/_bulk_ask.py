"""Long bulk changes as whoever asked for them sees them, and nobody else; repeated requests of short ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.records import _bulk_kept as store
from ostiary.records._bulk import BulkResult, Outcome
from ostiary.records._bulk_kept import OPEN, Bulk, BulkState
from ostiary.records._bulk_notes import RowNote, notes_of
from ostiary.records._idempotency import Done, Request, once
from ostiary.records._view import Stale, decided, ensure_object, view_of
from ostiary.records._write import typed_values


def ensure_bulk(
    ctx: Context, object_code: str, verb: access.Verb, values: Mapping[str, object] | None = None
) -> None:
    """What would refuse every row alike, decided once: layer 2, columns, values.

    Raises: NotFound, AccessDenied; Invalid: names each refused field.
    """

    def decide() -> None:
        view = view_of(ctx, object_code)
        if verb is not access.Verb.CREATE:
            ensure_object(view, access.Verb.READ)
        ensure_object(view, verb)
        if values is not None:
            typed_values(ctx, view, values, verb)
        if access.current_rights(ctx) is not view.rights:
            raise Stale

    decided(ctx, decide)


def get_bulk(ctx: Context, bulk: UUID) -> Bulk:
    """A change that the principal asked for. Raises NotFound: absent, or somebody else's."""
    store.ensure_kept(ctx)
    found = store.find(ctx, bulk)
    if found is None or found.requested_by != ctx.principal:
        audit.append_aside(ctx, "records.bulk.refused", outcome="denied", object_type="bulk", object_ref=bulk)
        raise NotFound
    if found.state in OPEN and found.job is not None and is_discarded(ctx, found.job):
        return replace(found, state=BulkState.CANCELLED)
    return found


def is_discarded(ctx: Context, job: UUID) -> bool:
    """Whether somebody who manages jobs gave it up, or a backup was restored that has none."""
    try:
        return jobs.get_job(ctx, jobs.JobId(job)).state is jobs.JobState.DISCARDED
    except NotFound:
        return True


def refused_rows(ctx: Context, bulk: UUID, after: int = -1, limit: int = 100) -> tuple[RowNote, ...]:
    """Rows of it that were refused, the first 1,000 of all, from behind place `after` on. Raises NotFound."""
    get_bulk(ctx, bulk)
    if not 1 <= limit <= store.MOST_KEPT:
        raise Invalid([FieldError("limit", "out_of_range", f"limit is 1 to {store.MOST_KEPT}")])
    return store.list_notes(ctx, bulk, after, limit)


def cancel_bulk(ctx: Context, bulk: UUID) -> Bulk:
    """Let it end before its next chunk; what is done stays done. One that has ended stays as it is.

    Raises: NotFound.
    """
    found = get_bulk(ctx, bulk)
    if store.cancel(ctx, bulk) is not None:
        record(ctx, found, "records.bulk.cancelled", {})
    return get_bulk(ctx, bulk)


def bulk_once(
    ctx: Context,
    key: str,
    request: Request,
    verb: access.Verb,
    call: Callable[[], BulkResult | Bulk],
) -> tuple[RowNote, ...] | Bulk:
    """The answer of `call`, once for each idempotency key: its rows are kept and told again, or its job is.

    Raises: as `idempotent`.
    """
    store.ensure_kept(ctx)

    def make() -> tuple[tuple[RowNote, ...] | Bulk, Done]:
        answer = call()
        if isinstance(answer, Bulk):
            return answer, Done(answer.id)
        notes = notes_of(answer)
        return notes, Done(_keep_result(ctx, request.object, verb, notes))

    return once(ctx, key, request, make, lambda done: _again(ctx, done))[0]


def _keep_result(ctx: Context, code: str, verb: access.Verb, notes: Sequence[RowNote]) -> UUID:
    refused = sum(note.outcome is not Outcome.OK for note in notes)
    bulk = store.new_bulk(ctx, view_of(ctx, code).object.id, code, verb, len(notes))
    store.insert(ctx, replace(bulk, state=BulkState.DONE, done=len(notes), refused=refused), None)
    store.keep_notes(ctx, bulk.id, notes)
    return bulk.id


def _again(ctx: Context, done: Done) -> tuple[RowNote, ...] | Bulk:
    if done.id is None:
        raise RuntimeError("a bulk change that left nothing")
    bulk = get_bulk(ctx, done.id)
    return store.list_notes(ctx, bulk.id, limit=bulk.total) if bulk.job is None else bulk


def record(ctx: Context, bulk: Bulk, event: str, facts: Mapping[str, object]) -> None:
    """The event of a step of a long change, found by its id."""
    what = {"object": bulk.object_id, "verb": bulk.verb.value, **facts}
    audit.append(ctx, event, object_type="bulk", object_ref=bulk.id, parts=[audit.Part("bulk", what)])
