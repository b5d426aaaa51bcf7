"""Changes of rights that an editor has not saved yet: beside each stands what was stored when it began.

A value that travels with a form. Nothing in it is believed: what it asks for is checked when it is saved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from ostiary.access import public as access
from ostiary.assurance._target import PolicyChange, Target, stored_at, target_of
from ostiary.kernel.ids import UnitId

MOST_STEPS = 20  # that can be undone

Value = TypeVar("Value")
Rows = tuple[tuple[UnitId, Value], ...]
AnyChange = TypeVar("AnyChange", bound=PolicyChange)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is wanted at one place. base: what was stored there when the editor came to it."""

    base: PolicyChange
    change: PolicyChange


@dataclass(frozen=True, slots=True)
class Draft:
    """Unsaved changes as of an epoch, one for each place, which holds one type of change alone.

    steps: for each edit the entries that it replaced, by place; None: there was none.
    """

    epoch: int
    entries: Mapping[Target, Entry]
    steps: tuple[tuple[PolicyChange, ...], ...] = ()

    @property
    def changes(self) -> tuple[PolicyChange, ...]:
        """What saving would do."""
        return tuple(entry.change for entry in self.entries.values())

    def at(self, place: AnyChange, policy: access.Policy) -> AnyChange:
        """What would stand at the place of this change, unsaved or stored."""
        entry = self.entries.get(target_of(place))
        return cast("AnyChange", stored_at(place, policy) if entry is None else entry.change)

    def is_changed(self, place: PolicyChange) -> bool:
        """Whether something unsaved stands there."""
        return target_of(place) in self.entries

    def base(self, place: AnyChange, policy: access.Policy) -> AnyChange:
        """What was stored at the place of this change when the editor came to it."""
        entry = self.entries.get(target_of(place))
        return cast("AnyChange", stored_at(place, policy) if entry is None else entry.base)

    def put(self, policy: access.Policy, *changes: PolicyChange) -> "Draft":
        """With these changes as one edit. What is as it was stored is no change."""
        before = tuple(self.at(change, policy) for change in changes)
        if before == changes:
            return self
        return replace(self._with(policy, changes), steps=(*self.steps, before)[-MOST_STEPS:])

    def undone(self, policy: access.Policy) -> "Draft":
        """Without the last edit."""
        if not self.steps:
            return self
        return replace(self._with(policy, self.steps[-1]), steps=self.steps[:-1])

    def reverted(self, policy: access.Policy, place: PolicyChange) -> "Draft":
        """With what was stored at one place."""
        return self.put(policy, self.base(place, policy))

    def _with(self, policy: access.Policy, changes: Sequence[PolicyChange]) -> "Draft":
        entries = dict(self.entries)
        for change in changes:
            base = self.base(change, policy)
            if base == change:
                entries.pop(target_of(change), None)
            else:
                entries[target_of(change)] = Entry(base, change)
        return replace(self, entries=entries)

    def moved(self, policy: access.Policy) -> tuple[tuple[Entry, PolicyChange], ...]:
        """Entries below which something else is stored by now, each with that."""
        now = [(entry, stored_at(entry.base, policy)) for entry in self.entries.values()]
        return tuple((entry, stored) for entry, stored in now if stored != entry.base)

    def rebased(self, policy: access.Policy) -> "Draft":
        """The same wishes on what is stored now."""
        entries = {
            target: Entry(stored_at(entry.base, policy), entry.change)
            for target, entry in self.entries.items()
        }
        kept = {target: entry for target, entry in entries.items() if entry.base != entry.change}
        return Draft(policy.epoch, kept)


def begin(policy: access.Policy) -> Draft:
    """A draft without changes."""
    return Draft(policy.epoch, {})


def with_row(rows: Rows[Value], unit: UnitId, value: Value) -> Rows[Value]:
    """With another value in the row of a unit; a new row stands last."""
    if unit not in {u for u, _ in rows}:
        return (*rows, (unit, value))
    return tuple((u, value if u == unit else v) for u, v in rows)


def without_row(rows: Rows[Value], unit: UnitId) -> Rows[Value]:
    """Without the row of a unit."""
    return tuple(row for row in rows if row[0] != unit)


def moved_row(rows: Rows[Value], unit: UnitId, place: int) -> Rows[Value]:
    """With the row of a unit at a place, from 0; beyond either end it is the first or the last."""
    row = next((row for row in rows if row[0] == unit), None)
    if row is None:
        return rows
    others = without_row(rows, unit)
    place = max(0, min(place, len(others)))
    return (*others[:place], row, *others[place:])
