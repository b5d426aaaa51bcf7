"""Rules in code: what a declaration cannot say, by a name that any object may declare (ADR 0036).

A derivation is a function of the values before and after a write, of rows that it looks up, and of the
present instant. It returns values to store, or refuses. It decides nothing about rights, and runs inside the
door after they were decided.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.objects import public as objects
from ostiary.records._columns import stored
from ostiary.records._view import View

Row = Mapping[str, Any]
MOST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Look:
    """Rows that a rule goes by, whoever may read them: what follows is stored, they are shown to nobody."""

    ctx: Context
    view: View

    def row(self, name: str, record: UUID | None) -> Row | None:
        """One row by the stored names of object and columns; None: there is none."""
        found = self._rows(name, "id", [record]) if record is not None else []
        return found[0] if found else None

    def rows(self, name: str, column: str, value: object) -> Sequence[Row]:
        """The rows of an object that hold a value in a column."""
        made = self._object(name)
        wanted = None if made is None else _column(made, column)
        return [] if wanted is None else self._rows(name, stored(wanted), [value])

    def periods(self, record: UUID) -> Sequence[tuple[datetime, datetime, Row]]:
        """The stages that a record was in before this one, as its log has them: from, to, the stage's row."""
        made = self._log()
        if made is None or made.master_column is None:
            return []
        rows = self.rows(made.name, made.master_column.name, record)
        column = _column(made, objects.LOG_STAGE)
        target = self.view.catalogue.objects.get((column and column.target) or "")
        stages = {} if target is None else self._by_id(target.name, (r[objects.LOG_STAGE] for r in rows))
        return [
            (row["entered_at"], row["left_at"], stages.get(row[objects.LOG_STAGE], {}))
            for row in sorted(rows, key=lambda r: r["left_at"])
        ]

    def _log(self) -> objects.Object | None:
        for code in self.view.catalogue.links.logs.get(self.view.object.code, ()):
            made = self.view.catalogue.objects[code]
            if _column(made, objects.LOG_STAGE) and _column(made, "left_at"):
                return made
        return None

    def _by_id(self, name: str, ids: Iterable[UUID | None]) -> Mapping[UUID, Row]:
        wanted = sorted({id_ for id_ in ids if id_ is not None})
        return {row["id"]: row for row in self._rows(name, "id", wanted)}

    def _rows(self, name: str, where: str, values: Sequence[object]) -> list[Row]:
        made = self._object(name)
        if made is None or not values:
            return []
        columns = {c.name: stored(c) for c in made.columns.values()}
        found = self.ctx.db.rows(
            f"select id, created_at{''.join(f', {c}' for c in columns.values())} from @.{made.table}"
            f" where {where} = any(%(values)s) order by id limit %(most)s::int",
            {"values": list(values), "most": MOST_ROWS},
        )
        return [dict(zip(("id", "created_at", *columns), row, strict=True)) for row in found]

    def _object(self, name: str) -> objects.Object | None:
        return next((o for o in self.view.catalogue.objects.values() if o.name == name), None)


def _column(made: objects.Object, name: str) -> objects.Column | None:
    return next((c for c in made.columns.values() if c.name == name), None)


@dataclass(frozen=True, slots=True)
class Given:
    """What a derivation goes by; values by stored name. before: None for a new record.

    said: the names of what the writer gave. record: its id, None where it is new.
    """

    before: Row | None
    after: Row
    said: frozenset[str]
    record: UUID | None
    now: datetime
    look: Look

    def changed(self, *names: str) -> bool:
        """Whether one of these columns gets another value."""
        return any(self.after.get(n) != (self.before or {}).get(n) for n in names)


# Raises Invalid where it refuses; the fields are stored names.
Derivation = Callable[[Given], Mapping[str, Any]]
_known: dict[str, Derivation] = {}


def register_derivation(name: str, derivation: Derivation) -> None:
    """Let objects declare it. Raises ValueError: there is one of this name."""
    if name in _known:
        raise ValueError(f"there is a derivation {name} already")
    _known[name] = derivation


def derivation(name: str) -> Derivation:
    """The derivation of a name. Raises RuntimeError: nothing may be written by a rule that is not known."""
    if name not in _known:
        raise RuntimeError(f"no derivation {name} is registered")
    return _known[name]
