"""What became of a row, as values that can be told and kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from ostiary.kernel.errors import AccessDenied, Invalid, OstiaryError, VersionConflict
from ostiary.records._bulk import BulkResult, Outcome, RowResult

_TOLD = ("layer", "object", "column", "version")


@dataclass(frozen=True, slots=True)
class RowNote:
    """One row of a bulk change.

    detail: of a refusal: `code`, `message`, `layer`, `object`, `column`, `version`, and `errors` by field.
    """

    number: int
    id: UUID | None
    outcome: Outcome
    version: int | None = None
    visible: bool = True
    detail: Mapping[str, Any] = field(default_factory=dict)


def notes_of(result: BulkResult) -> tuple[RowNote, ...]:
    """What is told of each row, in order."""
    return tuple(note_of(row) for row in result.rows)


def note_of(row: RowResult, number: int | None = None) -> RowNote:
    """What is told of one row. number: its place, where that is not its place in the call."""
    place = row.number if number is None else number
    detail = {} if row.refusal is None else refusal_detail(row.refusal)
    return RowNote(place, row.id, row.outcome, row.version, row.visible, detail)


def refusal_detail(refusal: OstiaryError) -> dict[str, Any]:
    """A refusal in the words of a single write; of a conflict the version alone, no values."""
    detail: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if isinstance(refusal, AccessDenied | VersionConflict):
        detail |= {name: refusal.details[name] for name in _TOLD if name in refusal.details}
    if isinstance(refusal, Invalid):
        detail["errors"] = [{"field": e.field, "code": e.code, "message": e.message} for e in refusal.errors]
    return detail
