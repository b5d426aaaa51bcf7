"""Whom a person calls "my team": no right follows from it, lists and filters ask for it."""

from ostiary.access._rights import Rights
from ostiary.identity import public as identity
from ostiary.kernel.ids import UnitId


def team_of(rights: Rights) -> frozenset[UnitId]:
    """The lowest organisational roles that the principal is in, and the units whose manager it is.

    The team are the people who have one of them among their reporting units. The root makes no team.
    """
    graph = rights.graph
    mine = {unit for unit in rights.sources.own if _is_part(graph, unit)}
    above = {upper for unit in mine for upper in graph.line(unit) - {unit}}
    return frozenset(mine - above) | rights.sources.heads


def _is_part(graph: identity.RoleGraph, unit: UnitId) -> bool:
    """Whether the unit is an organisational role below the root."""
    role = graph.roles.get(unit)
    return role is not None and role.kind is identity.UnitKind.ORG and role.parent is not None
