"""Writing many records: what became of each, in chunks. Each row is decided like a single write.

A chunk is one set of statements and one event. The caller's transaction holds all chunks of a call, so who
wants a transaction for each chunk calls with no more than `CHUNK` rows.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, FieldError, Invalid, NotFound, OstiaryError, VersionConflict
from ostiary.kernel.ids import RecordId
from ostiary.records._errors import InUse, TooManyRows
from ostiary.records._read import object_name
from ostiary.records._view import decided

Asked = TypeVar("Asked")
Progress = Callable[[int, int], None]  # rows done, rows in all
MAX_ROWS = 10_000  # of one call
CHUNK = 500  # of one event


class Outcome(StrEnum):
    """What became of one row."""

    OK = "ok"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    INVALID = "invalid"
    CONFLICT = "conflict"
    IN_USE = "in_use"


_OUTCOMES: Mapping[type[OstiaryError], Outcome] = {
    NotFound: Outcome.NOT_FOUND,
    AccessDenied: Outcome.FORBIDDEN,
    Invalid: Outcome.INVALID,
    VersionConflict: Outcome.CONFLICT,
    InUse: Outcome.IN_USE,
}
REFUSALS = tuple(_OUTCOMES)  # of one row; anything else is of the call


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of the row at place `number` of what was asked.

    version, visible: of the record afterwards, where it was written and is still there. refusal: the same
    error that a single write of this row would have raised; None: it was done.
    """

    number: int
    id: RecordId | None
    version: int | None = None
    visible: bool = True
    refusal: OstiaryError | None = None

    @property
    def outcome(self) -> Outcome:
        """The refusal in one word."""
        if self.refusal is None:
            return Outcome.OK
        return next(found for kind, found in _OUTCOMES.items() if isinstance(self.refusal, kind))


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of each row, in the order asked."""

    rows: tuple[RowResult, ...]

    @property
    def done(self) -> tuple[RowResult, ...]:
        return tuple(row for row in self.rows if row.refusal is None)

    @property
    def refused(self) -> tuple[RowResult, ...]:
        return tuple(row for row in self.rows if row.refusal is not None)


class BulkRefused(OstiaryError):
    """All or nothing was asked for, and `result` says which rows were refused: nothing was changed."""

    code = "records.bulk_refused"

    def __init__(self, result: BulkResult) -> None:
        super().__init__(f"{len(result.refused)} of {len(result.rows)} were refused, so nothing was changed")
        self.result = result


def ensure_bounded(rows: int) -> None:
    """Raises TooManyRows."""
    if rows > MAX_ROWS:
        raise TooManyRows(MAX_ROWS)


def run_chunks(
    ctx: Context,
    object_code: str,
    asked: Sequence[Asked],
    write: Callable[[Sequence[tuple[int, Asked]]], list[RowResult]],
    *,
    atomic: bool,
    progress: Progress | None,
) -> BulkResult:
    """Write all rows, chunk by chunk. `write` takes rows with their places and may be called again for them.

    Raises: TooManyRows; BulkRefused: `atomic` and a row was refused.
    """
    ensure_bounded(len(asked))
    numbered, done = list(enumerate(asked)), list[RowResult]()
    with ctx.db.savepoint() if atomic else nullcontext():
        for start in range(0, len(numbered), CHUNK):
            results = _write_chunk(ctx, write, numbered[start : start + CHUNK])
            _record_refusals(ctx, object_code, results)
            done += results
            if progress is not None:
                progress(len(done), len(numbered))
        result = BulkResult(tuple(done))
        if atomic and result.refused:
            raise BulkRefused(result)
    return result


def _write_chunk(
    ctx: Context,
    write: Callable[[Sequence[tuple[int, Asked]]], list[RowResult]],
    chunk: Sequence[tuple[int, Asked]],
) -> list[RowResult]:
    def attempt() -> list[RowResult]:
        # rights may change between two statements of a chunk: then it is done again, and whole
        with ctx.db.savepoint():
            return write(chunk)

    return sorted(decided(ctx, attempt), key=lambda row: row.number)


def first_of_each(rows: Sequence[UUID]) -> frozenset[int]:
    """The places at which an id stands for the first time."""
    places: dict[UUID, int] = {}
    for number, id_ in enumerate(rows):
        places.setdefault(id_, number)
    return frozenset(places.values())


def twice() -> Invalid:
    """The refusal of an id that stands further up in the same list."""
    return Invalid([FieldError("id", "twice", "This record stands in the list already")])


def _record_refusals(ctx: Context, object_code: str, results: Sequence[RowResult]) -> None:
    """One event for what was hidden or absent, one for what was forbidden, whatever becomes of the rest."""
    name = object_name(ctx, object_code)
    hidden = [audit.About(name, r.id) for r in results if r.outcome is Outcome.NOT_FOUND and r.id is not None]
    denied = [r for r in results if r.outcome is Outcome.FORBIDDEN]
    told = [audit.About(name, r.id, _facts(r)) for r in denied if r.id is not None]
    if hidden:
        _append_refusals(ctx, name, "records.record.refused", hidden)
    if told:
        _append_refusals(ctx, name, "records.access.denied", told)
    elif denied:  # of records that were to be made
        facts = {"code": denied[0].refusal.code if denied[0].refusal else "", "rows": len(denied)}
        parts = [audit.Part("decision", facts)]
        audit.append_aside(ctx, "records.access.denied", outcome="denied", object_type=name, parts=parts)


def _facts(row: RowResult) -> dict[str, object]:
    refusal = row.refusal
    details = {} if refusal is None else {**refusal.details, "code": refusal.code}
    return {name: str(value) for name, value in details.items()}


def _append_refusals(ctx: Context, name: str, event: str, abouts: Sequence[audit.About]) -> None:
    with ctx.db.aside() as db:
        for together in audit.divide(abouts):
            audit.append_many(
                ctx.within(db), event, together, kind="decision", object_type=name, outcome="denied"
            )
