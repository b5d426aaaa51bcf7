"""Semantics section 2: the layers, and what the any-data operations replace of them.

Layer 0 stands before layers 1, 2 and 4 here, so that an inactive person gets nothing whatever is asked.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from tests.oracle import legs
from tests.oracle.model import Grant, Leg, Level, Operation, Unit, Verb, World
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


def is_active(world: World, principal: Unit) -> bool:
    """Layer 0, as far as this model knows it."""
    return principal not in world.now.inactive


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
    allowed = any(row.allowed for row in deciding_rows(world, principal, rows))
    return allowed and is_active(world, principal)


def is_carried(world: World, principal: Unit, verb: Verb, object: str) -> bool:
    """Whether an operation that the principal may execute carries the verb on the object."""
    return any(
        verb in objects.get(object, ()) and may_operate(world, principal, operation)
        for operation, objects in world.carried.items()
    )


def object_permits(world: World, principal: Unit, verb: Verb, object: str) -> bool:
    """Layer 2: its rows, united with what operations carry."""
    rows = deciding_rows(world, principal, world.objects[object].rows)
    by_rows = any(verb in row.verbs for row in rows) and is_active(world, principal)
    return by_rows or is_carried(world, principal, verb, object)


def column_level(world: World, principal: Unit, object: str, column: str) -> Level:
    """Layer 4, without any-data: a column without any row gives edit to whoever the object permits."""
    rows = world.objects[object].columns[column]
    if column in world.objects[object].sealed or not is_active(world, principal):
        return Level.NONE
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


def shown_level(world: World, principal: Unit, object: str, column: str) -> Level:
    """Layer 4 as far as it shows: View any reads every column, but masked stays masked and sealed closed."""
    level = column_level(world, principal, object, column)
    sealed = column in world.objects[object].sealed
    if level is Level.NONE and not sealed and may_operate(world, principal, Operation.VIEW_ANY):
        return Level.READ
    return level


def may_read_column(world: World, principal: Unit, object: str, column: str) -> bool:
    """Whether the plain value is shown; only then may the column be filtered, sorted, grouped or searched."""
    return shown_level(world, principal, object, column) >= Level.READ


def may_write_column(world: World, principal: Unit, verb: Verb, object: str, column: str) -> bool:
    """Whether a create or an update may give a value; Add any and Edit any each serve their own verb."""
    if column in world.objects[object].sealed:
        return False
    return column_level(world, principal, object, column) is Level.EDIT or may_operate(
        world, principal, ANY_DATA[verb]
    )


def may_attach(world: World, principal: Unit, object: str, master: str) -> bool:
    """Whether a record of the object may be put below this master record, which the principal may read.

    Asked for a create and for a new value of the master lookup, while leg 8 and layer 3 of the object are on.
    """
    below = world.objects[object]
    if not below.records or Leg.MASTER not in below.legs:
        return True
    return legs.record_permits(world, principal, Verb.UPDATE, master) or may_operate(
        world, principal, Operation.EDIT_ANY
    )


def may_share(world: World, principal: Unit, verb: Verb, record: str, level: Grant) -> bool:
    """Whether a share of the verb at this level may be given, on a record that the principal may read.

    The operation for it counts as holding the verb with delegation; so nobody gives more than is held.
    """
    if level is Grant.NONE or not may(world, principal, Verb.READ, record):
        return False
    return may_operate(world, principal, Operation.SHARE_ANY) or (
        may(world, principal, verb, record)
        and legs.grant_of(world, principal, verb, record) is Grant.DELEGABLE
    )
