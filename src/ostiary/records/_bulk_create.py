"""Making many records of one object."""

from collections.abc import Mapping, Sequence

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId, new_id
from ostiary.records._bulk import REFUSALS, BulkResult, Progress, RowResult, run_chunks
from ostiary.records._bulk_rows import missing_references
from ostiary.records._complete import complete, ensure_required
from ostiary.records._effects import Effect
from ostiary.records._follow import follow
from ostiary.records._rules import Ruled
from ostiary.records._stored import NewRow, Numbers, store_rows
from ostiary.records._view import Stale, ensure_object, view_of
from ostiary.records._write import typed_values


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


def _create_chunk(
    ctx: Context, code: str, chunk: Sequence[tuple[int, Mapping[str, object]]]
) -> list[RowResult]:
    view = view_of(ctx, code)
    ensure_object(view, access.Verb.CREATE)
    results: list[RowResult] = []
    planned: list[NewRow] = []
    numbers, rules = Numbers(ctx, view, len(chunk)), Ruled(ctx, view)
    for number, given in chunk:
        try:
            typed = typed_values(ctx, view, given, access.Verb.CREATE)
            named = frozenset(typed)
            complete(ctx, view, typed, numbers.next)
            typed = rules.apply(None, typed, named)
            ensure_required(view, typed)
            planned.append(NewRow(number, RecordId(new_id()), typed, named))
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
    stored = store_rows(ctx, view, sound)
    done = {row.id for row in stored if row.refusal is None}
    follow(ctx, view, [Effect(plan.id, None, plan.typed) for plan in sound if plan.id in done])
    return [*results, *stored]
