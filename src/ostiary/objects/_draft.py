"""Metadata in the making: a register that changes are applied to one by one, before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

from ostiary.kernel.clock import now
from ostiary.kernel.ids import ColumnId, ObjectId
from ostiary.objects._change import Later
from ostiary.objects._ddl import Step
from ostiary.objects._errors import ChangeRefused, refused
from ostiary.objects._facts import Facts
from ostiary.objects._model import Column, Object
from ostiary.objects._names import MAX_CODE, column_code_problem, is_object_code
from ostiary.objects._register import Held, Kept, Place, Register, shown_object
from ostiary.objects._verify import verify_masters, verify_object

MANY = 50_000  # rows from which on an index is built beside the writers, by a job


@dataclass(slots=True)
class Draft:
    """What is there, what becomes of it, and what has to be done for that.

    role: the tenant's database role. now, recovery: from when and how long dropped things and former codes
    are kept. number: of the change at hand, from 0. opens: what is new is open to employees.
    written: ids of objects that differ. closed: new columns, which nobody may see at first.
    under: new objects that get the rights of the one that they lie under.
    dropped_by: who had dropped what a change removes for good, by the change's number.
    first, last: DDL that concerns new tables alone, and DDL that takes a lock on one that is read.
    """

    held: dict[ObjectId, Held]
    places: dict[str, Place]
    facts: Facts
    role: str
    now: datetime
    recovery: timedelta
    by: str | None = None
    number: int = 0
    package: str = "own"
    written: dict[ObjectId, None] = field(default_factory=dict)
    closed: dict[ObjectId, list[ColumnId]] = field(default_factory=dict)
    under: dict[ObjectId, ObjectId] = field(default_factory=dict)
    first: list[Step] = field(default_factory=list)
    last: list[Step] = field(default_factory=list)
    placed: dict[str, None] = field(default_factory=dict)
    unplaced: list[str] = field(default_factory=list)
    purged_columns: list[tuple[ObjectId, ColumnId]] = field(default_factory=list)
    purged_objects: list[ObjectId] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    later: list[Later] = field(default_factory=list)
    values: dict[str, tuple[Mapping[str, object], ...]] = field(default_factory=dict)
    dropped_by: dict[int, Kept] = field(default_factory=dict)
    widened: bool = False
    opens: bool = False

    @classmethod
    def of(cls, register: Register, facts: Facts, role: str, recovery: timedelta, by: UUID | None) -> "Draft":
        """A draft of what is stored, changed by somebody now."""
        who = None if by is None else str(by)
        return cls(dict(register.objects), dict(register.places), facts, role, now(), recovery, who)

    @property
    def register(self) -> Register:
        """What would be stored."""
        return Register(self.held, self.places)

    def visible(self, code: str) -> Held:
        """An object in the catalogue, by its code or a former one. Raises ChangeRefused."""
        found = [h for h in self.held.values() if h.dropped is None]
        for held in found:
            if held.object.code == code:
                return held
        for held in found:
            if any(f.code == code for f in held.object.former):
                return held
        raise refused("object", "unknown", f"there is no object {code!r}")

    def dropped(self, code: str) -> Held:
        """A dropped object. Raises ChangeRefused."""
        for held in self.held.values():
            if held.object.code == code and held.dropped is not None:
                return held
        raise refused("object", "unknown", f"no object {code!r} is dropped")

    def put(self, held: Held) -> None:
        """Take a changed object in. Raises ChangeRefused: it would contradict itself."""
        made = held.object
        verify_object(shown_object(made), lambda words: refused("object", "contradiction", words))
        self.held[made.id] = held
        if made.master:
            there = {h.object.code: shown_object(h.object) for h in self.held.values() if h.dropped is None}
            verify_masters(there, lambda words: refused("object", "contradiction", words))
        self.written[made.id] = None

    def put_object(self, held: Held, made: Object) -> None:
        """The same object with another definition."""
        self.put(replace(held, object=made))

    def kept(self) -> Kept:
        """How long something dropped now is kept."""
        return Kept(self.now.isoformat(), (self.now + self.recovery).isoformat(), self.by)

    def free_object_code(self, code: str, field_: str) -> None:
        """Raises ChangeRefused: malformed, taken, or kept by something dropped."""
        if not is_object_code(code):
            raise refused(
                field_, "malformed", f"a code is a lower-case letter and up to {MAX_CODE} more of a-z, 0-9, _"
            )
        for held in self.held.values():
            if held.object.code == code:
                kept = "" if held.dropped is None else f", dropped and kept until {held.dropped.until}"
                raise refused(field_, "taken", f"there is an object {code!r} already{kept}")

    def free_column_code(self, made: Object, code: str, field_: str) -> None:
        """Raises ChangeRefused: malformed, taken, or kept by something dropped."""
        problem = column_code_problem(code)
        if problem:
            raise refused(field_, "malformed", problem)
        if code in made.columns:
            raise refused(field_, "taken", f"{made.code} has a column {code!r} already")
        if code in made.dropped:
            raise refused(
                field_, "taken", f"{made.code} has a dropped column {code!r}: restore it, or wait for its end"
            )

    def object_name(self, code: str) -> str:
        """A name in the database for a new object: the code, unless something renamed lies under it."""
        return free_name(code, {h.object.name for h in self.held.values()})


def column_name(made: Object, code: str) -> str:
    """A name in the database for a new column: the code, unless something renamed lies under it."""
    stored = (*made.columns.values(), *made.dropped.values())
    return free_name(code, {c.name for c in stored} | set(made.spent))


def free_name(code: str, taken: set[str]) -> str:
    """`code`, or `code__2` and so on: no code has two underscores."""
    name, number = code, 1
    while name in taken:
        number += 1
        name = f"{code}__{number}"
    return name


def column_of(made: Object, code: str, field_: str = "column") -> Column:
    """A declared column, by its code or a former one. Raises ChangeRefused."""
    found = made.columns.get(code) or made.columns.get(made.aliases.get(code, ""))
    if found is None:
        raise refused(field_, "unknown", f"{made.code} has no column {code!r}")
    return found


def with_column(made: Object, column: Column) -> Object:
    """The object with a column replaced or added at the end."""
    return replace(made, columns={**made.columns, column.code: column})


def refuse(field_: str, code: str, message: str) -> NoReturn:
    """Raise the refusal of one field."""
    raise refused(field_, code, message)


__all__ = [
    "MANY",
    "ChangeRefused",
    "Draft",
    "column_name",
    "column_of",
    "free_name",
    "refuse",
    "with_column",
]
