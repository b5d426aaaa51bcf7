"""Semantics sections 4 and 5: what the caller gets to see and the words in which it is refused."""

from dataclasses import dataclass

from tests.oracle.layers import (
    ANY_DATA,
    is_active,
    may,
    may_attach,
    may_create,
    may_operate,
    may_read_column,
    may_write_column,
    object_permits,
    shown_level,
)
from tests.oracle.legs import record_permits
from tests.oracle.model import Level, Operation, Unit, Verb, World


@dataclass(frozen=True)
class Answer:
    """ok, not_found (absent and hidden are one), forbidden at a layer and perhaps a column, or invalid.

    invalid: the column's new value refers to nothing that the principal may read.
    """

    kind: str
    layer: str | None = None
    column: str | None = None


OK = Answer("ok")
IN_USE = Answer("in_use")
NOT_FOUND = Answer("not_found")
NOBODY = Answer("forbidden", "gate")


@dataclass(frozen=True)
class Restricted:
    """A lookup that is set, to a record that the reader may not see."""


RESTRICTED = Restricted()


@dataclass(frozen=True)
class Masked:
    """A value that is set, in a column that shows only its masked form."""


MASKED = Masked()


@dataclass(frozen=True)
class Reference:
    """A lookup to a readable record; `display` is None where the target's display column is not readable."""

    record: str
    display: str | int | None


Shown = str | int | None | Reference | Restricted | Masked


def answer_to(
    world: World,
    principal: Unit,
    verb: Verb,
    record: str,
    column: str | None = None,
    *,
    referred: str | None = None,
) -> Answer:
    """Read, update (of `column`) or delete one record by its id.

    referred: the record to which a lookup column is to refer from now on.
    """
    object = world.records[record].object
    if not is_active(world, principal):
        return NOBODY
    if not may(world, principal, Verb.READ, record):
        return NOT_FOUND
    if not may(world, principal, verb, record):
        permitted = object_permits(world, principal, verb, object)
        assert not (permitted and record_permits(world, principal, verb, record))
        return Answer("forbidden", "record" if permitted else "object")
    return answer_to_value(world, principal, verb, object, column, referred)


def answer_to_delete(world: World, principal: Unit, record: str) -> Answer:
    """Delete a record with what lies under it: one that may not go, or is referred to, keeps them all."""
    decided = answer_to(world, principal, Verb.DELETE, record)
    if decided != OK:
        return decided
    going = with_what_lies_under(world, record)
    left = (other for name, other in world.records.items() if name not in going)
    referred_to = any(going & set(other.values.values()) for other in left)
    may_go = all(may(world, principal, Verb.DELETE, name) for name in going)
    return OK if may_go and not referred_to else IN_USE


def with_what_lies_under(world: World, record: str) -> set[str]:
    """A record and the records that name it as their master, and so on."""
    going, found = set[str](), {record}
    while found:
        going |= found
        found = {
            name
            for name, other in world.records.items()
            if other.values.get(world.masters.get(other.object, "")) in found
        } - going
    return going


def answer_to_create(
    world: World, principal: Unit, object: str, column: str | None = None, *, referred: str | None = None
) -> Answer:
    """Create a record, perhaps with a value for `column`. referred: as in an update."""
    if not is_active(world, principal):
        return NOBODY
    if not may_create(world, principal, object):
        return Answer("forbidden", "object")
    return answer_to_value(world, principal, Verb.CREATE, object, column, referred)


def answer_to_value(
    world: World, principal: Unit, verb: Verb, object: str, column: str | None, referred: str | None
) -> Answer:
    """Give one column of a record a new value, where the record itself may be written."""
    if column is not None and not may_write_column(world, principal, verb, object, column):
        return Answer("forbidden", "column", column)
    if referred is None:
        return OK
    if not may(world, principal, Verb.READ, referred):
        return Answer("invalid", None, column)
    if world.masters.get(object) == column and not may_attach(world, principal, object, referred):
        return Answer("forbidden", "record")
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
    return reach(world, principal, Verb.READ, object)


def restricted_columns(world: World, principal: Unit, object: str) -> set[str]:
    """The columns that are absent from each record and named instead."""
    return columns_shown(world, principal, object, Level.NONE)


def masked_columns(world: World, principal: Unit, object: str) -> set[str]:
    """The columns of which records show a masked form: as little asked about by name as restricted ones."""
    return columns_shown(world, principal, object, Level.MASKED)


def columns_shown(world: World, principal: Unit, object: str, level: Level) -> set[str]:
    """The columns that are shown at exactly this level."""
    return {
        column
        for column in world.objects[object].columns
        if shown_level(world, principal, object, column) is level
    }


def shown(world: World, principal: Unit, record: str) -> dict[str, Shown]:
    """What a readable record shows: its columns above none, lookups as far as their target is readable."""
    object = world.records[record].object
    columns = world.objects[object].columns
    restricted = restricted_columns(world, principal, object)
    return {
        column: shown_value(world, principal, record, column)
        for column in columns
        if column not in restricted
    }


def shown_value(world: World, principal: Unit, record: str, column: str) -> Shown:
    """One value of a column above none. An empty one shows as empty even where it is masked."""
    here = world.records[record]
    value = here.values.get(column)
    target = world.lookups.get((here.object, column))
    if value is not None and not may_read_column(world, principal, here.object, column):
        return MASKED
    if value is None or target is None:
        return value
    referred = str(value)
    if not may(world, principal, Verb.READ, referred):
        return RESTRICTED
    display = world.displays[target]
    if not may_read_column(world, principal, target, display):
        return Reference(referred, None)
    return Reference(referred, world.records[referred].values.get(display))


def who_can(world: World, verb: Verb, record: str) -> set[Unit]:
    """Everybody who may read, update or delete a record."""
    return {principal for principal in world.principals() if may(world, principal, verb, record)}


def who_can_see_column(world: World, record: str, column: str) -> set[Unit]:
    """Everybody to whom a record shows the plain value. What takes no rows is read with the record."""
    object = world.records[record].object
    readers = who_can(world, Verb.READ, record)
    if column not in world.objects[object].columns:
        return readers
    return {reader for reader in readers if may_read_column(world, reader, object, column)}


def reach(world: World, principal: Unit, verb: Verb, object: str) -> set[str]:
    """The records of an object on which the principal may do the verb."""
    return {name for name in world.records_of(object) if may(world, principal, verb, name)}
