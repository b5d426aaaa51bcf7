"""Where records stand in the database, as metadata says, which lies above this context and hands it down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ostiary.access.core import ColumnLevel, Path

AUTHOR_STEP, OWNER_STEP = "author", "owner"
MOST_HOPS = 4
MOST_MASTERS = 4  # a chain of masters; metadata refuses longer ones and circles


@dataclass(frozen=True, slots=True)
class Lookup:
    """A lookup column: its name in the database, the object it refers to."""

    column: str
    target: UUID


@dataclass(frozen=True, slots=True)
class Ground:
    """One object's table. lookups: by column id. master: the lookup column that names the master record.

    fixed: the level of columns for which rows do not count (sealed ones, the owner, numbers).
    """

    object_id: UUID
    table: str
    has_owner: bool
    lookups: Mapping[UUID, Lookup] = field(default_factory=dict)
    master: UUID | None = None
    fixed: Mapping[UUID, ColumnLevel] = field(default_factory=dict)


Grounds = Mapping[UUID, Ground]


def masters_of(grounds: Grounds, object_id: UUID) -> tuple[UUID, ...]:
    """The object, the object of its master records, and so on up."""
    found = [object_id]
    while len(found) <= MOST_MASTERS:
        ground = grounds.get(found[-1])
        lookup = None if ground is None or ground.master is None else ground.lookups.get(ground.master)
        if lookup is None or lookup.target not in grounds:
            break
        found.append(lookup.target)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: a database column of a table, and the table it leads to (None: the end)."""

    column: str
    leads_to: str | None = None


def steps_of(grounds: Grounds, object_id: UUID, path: Path) -> tuple[Step, ...] | None:
    """A path of a scope rule in the database; None: it leads nowhere (a column was dropped, say)."""
    found: list[Step] = []
    here: UUID | None = object_id
    for number, word in enumerate(path, 1):
        ground = None if here is None else grounds.get(here)
        if ground is None or number > MOST_HOPS:
            return None
        last = number == len(path)
        if word in (AUTHOR_STEP, OWNER_STEP):
            if not last or (word == OWNER_STEP and not ground.has_owner):
                return None
            found.append(Step(f"{word}_id"))
            continue
        lookup = ground.lookups.get(_column_id(word))
        if lookup is None or (not last and lookup.target not in grounds):
            return None
        found.append(Step(f'"{lookup.column}"', None if last else grounds[lookup.target].table))
        here = lookup.target
    return tuple(found) or None


def _column_id(word: str) -> UUID:
    try:
        return UUID(word)
    except ValueError:
        return UUID(int=0)


def value_at(steps: tuple[Step, ...], alias: str) -> str:
    """SQL for the value at the end of a path from row `alias`; rights on it are not asked for."""
    first, *rest = steps
    value = f"{alias}.{first.column}"
    if not rest:
        return value
    inner = f"{alias}p"
    return (
        f"(select {value_at(tuple(rest), inner)} from @.{first.leads_to} {inner} where {inner}.id = {value})"
    )
