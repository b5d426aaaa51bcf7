"""How the rows of one list stand to those above them: whose order matters, which can never decide.

Said of rows that nobody saved yet, to whoever edits them; what is decided is decided in `core`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ostiary.access._units import Holders, NamedUnit
from ostiary.identity import public as identity
from ostiary.kernel.ids import UnitId


@dataclass(frozen=True, slots=True)
class RowNote:
    """About one row, by the places of others in the list, from 0.

    overlaps: rows above that concern some of the same people and say something else. shadow: a row above
    that decides wherever this one could. mostly: one that decides for everybody who has the unit, so that
    this row is left to whoever reaches it by managing or by an elevation.
    """

    overlaps: tuple[int, ...] = ()
    shadow: int | None = None
    mostly: int | None = None


def row_notes(
    rows: Sequence[tuple[UnitId, object]],
    units: Mapping[UnitId, NamedUnit],
    graph: identity.RoleGraph,
    held: Holders,
) -> tuple[RowNote, ...]:
    """What is to be said of each row, topmost first."""
    listed = [unit for unit, _ in rows]
    side = _Side(listed, units, graph, held)
    return tuple(_note(side, rows, place) for place in range(len(rows)))


def _note(side: "_Side", rows: Sequence[tuple[UnitId, object]], place: int) -> RowNote:
    unit, value = rows[place]
    above = rows[:place]
    shadow = next((n for n, (other, _) in enumerate(above) if other in side.least(unit)), None)
    if shadow is not None:
        return RowNote(shadow=shadow)
    mostly = next((n for n, (other, _) in enumerate(above) if other in side.usual(unit)), None)
    overlaps = tuple(
        n for n, (other, theirs) in enumerate(above) if theirs != value and side.meet(unit, other)
    )
    return RowNote(overlaps, mostly=mostly)


class _Side:
    """What sources with a unit always hold, and which units one person can have."""

    def __init__(
        self,
        listed: Sequence[UnitId],
        units: Mapping[UnitId, NamedUnit],
        graph: identity.RoleGraph,
        held: Holders,
    ) -> None:
        self._listed, self._units, self._graph, self._held = listed, units, graph, held
        self._owns = {unit: self._own(unit) for unit in listed}

    def _own(self, unit: UnitId) -> frozenset[UnitId]:
        """The own set of whoever has this unit and nothing else."""
        role = self._graph.roles.get(unit)
        if role is not None:
            return self._graph.own_set([unit], external=role.external).roles
        named = self._units.get(unit)
        return self._held.roles_of(None if named is None else named.label, self._listed)

    def least(self, unit: UnitId) -> frozenset[UnitId]:
        """What every source with the unit holds beside it, whoever has it."""
        if unit not in self._graph.roles:
            return self._owns[unit]
        # a service account has the role alone; a subordinate's role comes with its ancestors alone
        return frozenset() if unit in self._held.accounts else self._graph.line(unit) - {unit}

    def usual(self, unit: UnitId) -> frozenset[UnitId]:
        """What everybody who has the unit has, too."""
        return frozenset() if unit in self._held.accounts else self._owns[unit] - {unit}

    def meet(self, one: UnitId, other: UnitId) -> bool:
        """Whether somebody can have both; that everybody has the root is no news."""
        if {one, other} & {self._graph.root, self._graph.external_root}:
            return False
        if one in self._owns[other] or other in self._owns[one]:
            return True
        return not self._labels(one).isdisjoint(self._labels(other))

    def _labels(self, unit: UnitId) -> frozenset[int]:
        return self._held.labels.get(unit, frozenset())
