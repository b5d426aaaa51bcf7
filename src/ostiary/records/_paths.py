"""Paths through lookups as joins: each record on the way is looked at only if the reader may read it."""

from dataclasses import dataclass, field

from ostiary.kernel.errors import FieldError, Invalid
from ostiary.objects import public as objects
from ostiary.records._columns import Bound, next_hop, stored
from ostiary.records._view import View

MAX_JOINS = 10
SYSTEM = {"author": "author_id", "created_at": "created_at", "modified_at": "modified_at"}


@dataclass(frozen=True, slots=True)
class Place:
    """A column that a path leads to. value: its SQL. hidden: SQL, true where the way is closed; "": never."""

    column: objects.Column
    value: str
    alias: str
    hidden: str


@dataclass(slots=True)
class Paths:
    """The paths of one statement over rows `r`. base: what it needs of `r` itself. joins: the ways."""

    bound: Bound
    base: dict[str, None] = field(default_factory=dict)
    joins: dict[tuple[str, ...], str] = field(default_factory=dict)

    def place(self, path: str) -> Place:
        """Where a path leads. Raises ColumnRestricted; Invalid: no such column, no lookup, too long."""
        view, alias, hidden = self.bound.view, "r", ""
        *hops, last = path.split(".")
        for depth, code in enumerate(hops):
            column, view = next_hop(self.bound, view, code, path, depth)
            value = self._value(alias, stored(column))
            alias = self._add(tuple(hops[: depth + 1]), view, value)
            closed = f"({value} is not null and {alias}.id is null)"
            hidden = f"{hidden} or {closed}" if hidden else closed
        column = self._column(view, last, path)
        name = SYSTEM.get(last) if last not in view.object.columns else None
        return Place(column, self._value(alias, f'"{name}"' if name else stored(column)), alias, hidden)

    def of(self, place: Place, name: str) -> str:
        """Another database column of the row that a place is in."""
        return self._value(place.alias, name)

    def join(self, target: View, on: str) -> str:
        """The readable rows of an object, joined by id; the alias."""
        return self._add((target.object.code, on), target, on)

    def sql(self) -> str:
        """The joins, after `from (...) r`."""
        return "".join(self.joins.values())

    def _value(self, alias: str, name: str) -> str:
        if alias == "r":
            self.base[name] = None
        return f"{alias}.{name}"

    def _column(self, view: View, code: str, path: str) -> objects.Column:
        if code in SYSTEM and code not in view.object.columns:
            return objects.SYSTEM_COLUMNS[code]
        return self.bound.column(view, code, path)

    def _add(self, key: tuple[str, ...], target: View, value: str) -> str:
        known = list(self.joins)
        if key in self.joins:
            return f"j{known.index(key)}"
        if len(known) >= MAX_JOINS:
            raise Invalid([FieldError("columns", "too_many", f"At most {MAX_JOINS} lookups are followed")])
        alias = f"j{len(known)}"
        rows = f"select * from @.{target.object.table} t where {self.bound.row_test(target, 't')}"
        if self.bound.filter(target).everyone:
            rows = f"select * from @.{target.object.table} t"
        self.joins[key] = f" left join ({rows}) {alias} on {alias}.id = {value}"
        return alias
