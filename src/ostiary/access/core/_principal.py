"""A principal's sources: the sets by which rows, rules and shares find it. Source: semantics.md section 1."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from ostiary.kernel.ids import UnitId

if TYPE_CHECKING:  # the values come in as arguments: the core itself stands on the kernel alone
    from ostiary.identity import public as identity

SELF, OWN_UNITS, MANAGED_UNITS = "self", "own_units", "managed_units"  # attributes that everybody has


class SourceKind(StrEnum):
    """Why a source speaks for the principal."""

    OWN = "own"
    MANAGED = "managed"
    DELEGATED = "delegated"
    DELEGATED_MANAGED = "delegated_managed"
    ELEVATED = "elevated"


@dataclass(frozen=True, slots=True)
class Source:
    """One set of units, evaluated by itself. of: the grantor, or the role managed or elevated to."""

    kind: SourceKind
    of: UnitId
    units: frozenset[UnitId]


@dataclass(frozen=True, slots=True)
class Held:
    """What one person brings: the own set, and every role in the own set of any subordinate."""

    unit: UnitId
    own: "identity.OwnSet"
    subordinate_roles: frozenset[UnitId] = frozenset()


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything by which a principal may be given something.

    each: the own set first; no two have the same units. own: with the principal, by which alone denies act.
    persons: the principal and its grantors. heads: units whose manager role the principal holds, all_heads:
    those of its grantors too. roles: all units but persons. Persons among all units are `persons` and whoever
    has one of `heads` among the reporting units now. attributes: what scope rules compare with.
    """

    principal: UnitId
    each: tuple[Source, ...]
    own: frozenset[UnitId]
    persons: frozenset[UnitId]
    heads: frozenset[UnitId]
    all_heads: frozenset[UnitId]
    roles: frozenset[UnitId]
    attributes: Mapping[str, frozenset[UUID]] = field(default_factory=dict)


def sources_of(
    held: Held,
    graph: "identity.RoleGraph",
    grantors: Sequence[Held] = (),
    elevated: Iterable[UnitId] = (),
    attributes: Mapping[str, frozenset[UUID]] | None = None,
) -> Sources:
    """The sources of a principal.

    Args: grantors: persons who delegated, each once. elevated: roles of elevations that are valid.
    attributes: named lists of values of the principal itself.
    """
    me = held.unit
    own = held.own.roles | {me}
    mine = {own: Source(SourceKind.OWN, me, own)}
    managed, together = _managed_sources(graph, held.subordinate_roles)
    found = {**mine, **managed, **mine}  # the own set first, whatever else has the same units

    def add(kind: SourceKind, of: UnitId, units: frozenset[UnitId]) -> None:
        if units not in found:
            found[units] = Source(kind, of, units)

    heads = all_heads = graph.heads(held.own)
    for grantor in grantors:
        add(SourceKind.DELEGATED, grantor.unit, grantor.own.roles | {grantor.unit})
        for _, line in managed_lines(graph, grantor.subordinate_roles):
            add(SourceKind.DELEGATED_MANAGED, grantor.unit, line)
        all_heads |= graph.heads(grantor.own)
    for role in elevated:
        add(SourceKind.ELEVATED, role, graph.elevated(role))
    persons = frozenset({me, *(g.unit for g in grantors)})
    units = frozenset(u for u in graph.managed_units(all_heads) if not graph.roles[u].not_inherited)
    named = {SELF: frozenset({me}), OWN_UNITS: own, MANAGED_UNITS: graph.managed_units(heads)}
    return Sources(
        me,
        tuple(found.values()),
        own,
        persons,
        heads,
        all_heads,
        units.union(together, *(s.units for s in found.values() if s.kind is not SourceKind.MANAGED))
        - persons,
        {**(attributes or {}), **named},
    )


def _managed_sources(
    graph: "identity.RoleGraph", roles: frozenset[UnitId]
) -> tuple[Mapping[frozenset[UnitId], Source], frozenset[UnitId]]:
    """What comes of these roles of subordinates, and all units in it. Of thousands it takes long: kept."""

    def make() -> tuple[Mapping[frozenset[UnitId], Source], frozenset[UnitId]]:
        found: dict[frozenset[UnitId], Source] = {}
        for role, line in managed_lines(graph, roles):
            found.setdefault(line, Source(SourceKind.MANAGED, role, line))
        return found, frozenset().union(*found)

    return graph.derived(roles, make)


def grantors_of(
    me: Held,
    delegations: Sequence["identity.Delegation"],
    now: datetime,
    active: Callable[[Sequence[UnitId]], Iterable[Held]],
) -> tuple[tuple[Held, ...], tuple["identity.Delegation", ...]]:
    """Who delegated to a principal, each once, and the delegations looked at, valid or not.

    Args: active: those of the persons that may act. Source: semantics section 1.
    """
    grantors: dict[UnitId, Held] = {}
    looked_at: list[identity.Delegation] = []
    seen, reached = {me.unit}, [me]
    while reached:
        units = frozenset().union(*(h.own.roles | {h.unit} for h in reached))
        concerned = [d for d in delegations if d.receiver in units and d.grantor not in seen]
        looked_at += concerned
        asked = sorted({d.grantor for d in concerned if d.period.holds(now)})
        seen.update(asked)
        reached = list(active(asked)) if asked else []
        grantors.update((h.unit, h) for h in reached)
    return tuple(grantors[g] for g in sorted(grantors)), tuple(looked_at)


def managed_lines(
    graph: "identity.RoleGraph", roles: Iterable[UnitId]
) -> Iterable[tuple[UnitId, frozenset[UnitId]]]:
    """Each role of a subordinate with its ancestors, without the marked ones; a marked role gives nothing.

    Manager roles are passed over: a manager's manager does not inherit the managing itself.
    """
    for role in sorted(roles):
        known = graph.roles[role]
        if known.manages is None and not known.not_inherited:
            yield role, frozenset(r for r in graph.line(role) if not graph.roles[r].not_inherited)
