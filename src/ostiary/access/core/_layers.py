"""Layers 1, 2 and 4: rows by position, per source the topmost decides, the sources are united."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from ostiary.access.core._principal import Source, Sources
from ostiary.access.core._words import ColumnLevel, Operation, Verb
from ostiary.kernel.ids import UnitId

ANY_DATA = {
    Verb.READ: Operation.VIEW_ANY_DATA,
    Verb.CREATE: Operation.ADD_ANY_DATA,
    Verb.UPDATE: Operation.EDIT_ANY_DATA,
    Verb.DELETE: Operation.DELETE_ANY_DATA,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and what settled it: a row's id, a leg's name, an operation's code; None: nothing matched."""

    allowed: bool
    determined_by: UUID | str | None = None


@dataclass(frozen=True, slots=True)
class OperationRow:
    """Layer 1: a unit may or may not execute."""

    id: UUID
    unit: UnitId
    allowed: bool


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """Layer 2: the verbs that a unit gets on an object."""

    id: UUID
    unit: UnitId
    verbs: frozenset[Verb]


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """Layer 4: the level that a unit gets on a column."""

    id: UUID
    unit: UnitId
    level: ColumnLevel


MANY = 20
AnyRow = TypeVar("AnyRow", OperationRow, ObjectRow, ColumnRow)


def deciding_rows(rows: Sequence[AnyRow], sources: Sequence[Source]) -> list[tuple[AnyRow, Source]]:
    """The topmost row of each source that has one, each row once; `rows` by ascending position."""
    found: dict[UUID, tuple[AnyRow, Source]] = {}
    many = frozenset(row.unit for row in rows) if len(sources) > MANY else None
    seen: set[frozenset[UnitId]] = set()  # of thousands of sources most have the same of the rows' units
    for source in sources:
        units = source.units if many is None else source.units & many
        if units not in seen:
            seen.add(units)
            row = next((row for row in rows if row.unit in units), None)
            if row is not None:
                found.setdefault(row.id, (row, source))
    return list(found.values())


def _topmost(rows: Sequence[AnyRow], sources: Sequence[Source]) -> list[AnyRow]:
    return [row for row, _ in deciding_rows(rows, sources)]


def operation_row(rows: Sequence[OperationRow], sources: Sources) -> OperationRow | None:
    """The row by which the operation is permitted, or one that refuses it, or None: nobody listed."""
    found = _topmost(rows, sources.each)
    return next((row for row in found if row.allowed), found[0] if found else None)


def decide_operation(rows: Sequence[OperationRow], sources: Sources) -> Decision:
    """Layer 1. Closed when no row names a unit of any source."""
    row = operation_row(rows, sources)
    return Decision(False) if row is None else Decision(row.allowed, row.id)


def decide_object(rows: Sequence[ObjectRow], sources: Sources, verb: Verb) -> Decision:
    """Layer 2 for one verb. Closed when no row names a unit of any source."""
    found = _topmost(rows, sources.each)
    row = next((row for row in found if verb in row.verbs), found[0] if found else None)
    return Decision(False) if row is None else Decision(verb in row.verbs, row.id)


def object_verbs(rows: Sequence[ObjectRow], sources: Sources) -> frozenset[Verb]:
    """Layer 2 for all verbs."""
    return frozenset().union(*(row.verbs for row in _topmost(rows, sources.each)))


def column_level(rows: Sequence[ColumnRow], sources: Sources) -> ColumnLevel:
    """Layer 4: the highest level over the sources. A column without rows is as open as the object."""
    if not rows:
        return ColumnLevel.EDIT
    return max((row.level for row in _topmost(rows, sources.each)), default=ColumnLevel.NONE)
