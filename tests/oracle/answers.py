"""Semantics sections 4 and 5: what the caller gets to see and the words in which it is refused."""

from dataclasses import dataclass

from tests.oracle.layers import (
    ANY_DATA,
    may,
    may_create,
    may_operate,
    may_read_column,
    may_write_column,
    object_permits,
)
from tests.oracle.legs import record_permits
from tests.oracle.model import Operation, Unit, Verb, World


@dataclass(frozen=True)
class Answer:
    """ok, not_found (absent and hidden are one answer), or forbidden at a layer and perhaps a column."""

    kind: str
    layer: str | None = None
    column: str | None = None


OK = Answer("ok")
NOT_FOUND = Answer("not_found")


@dataclass(frozen=True)
class Restricted:
    """A lookup that is set, to a record that the reader may not see."""


RESTRICTED = Restricted()


@dataclass(frozen=True)
class Reference:
    """A lookup to a readable record; `display` is None where the target's display column is not readable."""

    record: str
    display: str | int | None


Shown = str | int | None | Reference | Restricted


def answer_to(world: World, principal: Unit, verb: Verb, record: str, column: str | None = None) -> Answer:
    """Read, update (of `column`) or delete one record by its id."""
    object = world.records[record].object
    if not may(world, principal, Verb.READ, record):
        return NOT_FOUND
    if not may(world, principal, verb, record):
        permitted = object_permits(world, principal, verb, object)
        assert not (permitted and record_permits(world, principal, verb, record))
        return Answer("forbidden", "record" if permitted else "object")
    if column is not None and not may_write_column(world, principal, verb, object, column):
        return Answer("forbidden", "column", column)
    return OK


def answer_to_create(world: World, principal: Unit, object: str, column: str | None = None) -> Answer:
    """Create a record, perhaps with a value for `column`."""
    if not may_create(world, principal, object):
        return Answer("forbidden", "object")
    if column is not None and not may_write_column(world, principal, Verb.CREATE, object, column):
        return Answer("forbidden", "column", column)
    return OK


def may_list(world: World, principal: Unit, object: str) -> bool:
    """Whether there is a list of the object at all, empty or not."""
    return may_operate(world, principal, ANY_DATA[Verb.READ]) or object_permits(
        world, principal, Verb.READ, object
    )


def may_export(world: World, principal: Unit, object: str) -> bool:
    """An export is a list under its own operation."""
    return may_operate(world, principal, Operation.EXPORT) and may_list(world, principal, object)


def visible(world: World, principal: Unit, object: str) -> set[str]:
    """The records of an object in the principal's list; counts and aggregates cover these only."""
    return {name for name in world.records_of(object) if may(world, principal, Verb.READ, name)}


def restricted_columns(world: World, principal: Unit, object: str) -> set[str]:
    """The columns that are absent from each record and named instead."""
    return {
        column
        for column in world.objects[object].columns
        if not may_read_column(world, principal, object, column)
    }


def shown(world: World, principal: Unit, record: str) -> dict[str, Shown]:
    """What a readable record shows: its readable columns, lookups only as far as their target is readable."""
    here = world.records[record]
    values: dict[str, Shown] = {}
    for column in world.objects[here.object].columns:
        if may_read_column(world, principal, here.object, column):
            values[column] = shown_value(world, principal, record, column)
    return values


def shown_value(world: World, principal: Unit, record: str, column: str) -> Shown:
    """One value of a readable column."""
    here = world.records[record]
    value = here.values.get(column)
    target = world.lookups.get((here.object, column))
    if value is None or target is None:
        return value
    referred = str(value)
    if not may(world, principal, Verb.READ, referred):
        return RESTRICTED
    display = world.displays[target]
    if not may_read_column(world, principal, target, display):
        return Reference(referred, None)
    return Reference(referred, world.records[referred].values.get(display))
