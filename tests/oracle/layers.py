"""Semantics section 2: the layers, and what the any-data operations replace of them."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from tests.oracle import legs
from tests.oracle.model import Level, Operation, Unit, Verb, World
from tests.oracle.units import Source, sources


class Row(Protocol):
    """What the three kinds of row have in common."""

    @property
    def unit(self) -> Unit: ...


SomeRow = TypeVar("SomeRow", bound=Row)

ANY_DATA = {
    Verb.CREATE: Operation.ADD_ANY,
    Verb.READ: Operation.VIEW_ANY,
    Verb.UPDATE: Operation.EDIT_ANY,
    Verb.DELETE: Operation.DELETE_ANY,
}


def topmost(rows: Sequence[SomeRow], source: Source) -> SomeRow | None:
    """The row that decides for one source."""
    for row in rows:
        if row.unit in source:
            return row
    return None


def deciding_rows(world: World, principal: Unit, rows: Sequence[SomeRow]) -> list[SomeRow]:
    """The topmost row of each source that has one."""
    topmosts = [topmost(rows, source) for source in sources(world.now, principal)]
    return [row for row in topmosts if row is not None]


def may_operate(world: World, principal: Unit, operation: Operation) -> bool:
    """Layer 1."""
    rows = world.operations.get(operation, ())
    return any(row.allowed for row in deciding_rows(world, principal, rows))


def object_permits(world: World, principal: Unit, verb: Verb, object: str) -> bool:
    """Layer 2, by its rows alone."""
    rows = world.objects[object].rows
    return any(verb in row.verbs for row in deciding_rows(world, principal, rows))


def column_level(world: World, principal: Unit, object: str, column: str) -> Level:
    """Layer 4, by its rows alone: a column without any row gives edit to whoever the object permits."""
    rows = world.objects[object].columns[column]
    if not rows:
        return Level.EDIT
    return max((row.level for row in deciding_rows(world, principal, rows)), default=Level.NONE)


def may_create(world: World, principal: Unit, object: str) -> bool:
    """Create has no layer 3."""
    return may_operate(world, principal, Operation.ADD_ANY) or object_permits(
        world, principal, Verb.CREATE, object
    )


def may(world: World, principal: Unit, verb: Verb, record: str) -> bool:
    """Read, update, delete by layers 2 and 3 or by what replaces them; writing also needs read."""
    if verb is not Verb.READ and not may(world, principal, Verb.READ, record):
        return False
    return may_operate(world, principal, ANY_DATA[verb]) or (
        object_permits(world, principal, verb, world.records[record].object)
        and legs.record_permits(world, principal, verb, record)
    )


def may_read_column(world: World, principal: Unit, object: str, column: str) -> bool:
    """Whether the plain value is shown: View any reads every column, but masked stays masked."""
    level = column_level(world, principal, object, column)
    return level >= Level.READ or (
        level is not Level.MASKED and may_operate(world, principal, Operation.VIEW_ANY)
    )


def may_write_column(world: World, principal: Unit, verb: Verb, object: str, column: str) -> bool:
    """Whether a create or an update may give a value; Add any and Edit any each serve their own verb."""
    return column_level(world, principal, object, column) is Level.EDIT or may_operate(
        world, principal, ANY_DATA[verb]
    )
