"""Semantics section 3, leg 6: records whose value equals a value of the reader's own."""

from tests.oracle.model import MANAGED_UNITS, OWN_UNITS, SELF, Grant, Graph, Scope, Unit, Verb, World
from tests.oracle.units import managed_units, nameable_units, own_set


def value_of(world: World, record: str, column: str) -> str | None:
    """What a step of a path finds: a unit, a record, or nothing."""
    here = world.records[record]
    if column in ("owner", "author"):
        return here.owner if column == "owner" else here.author
    value = here.values.get(column)
    return None if value is None else str(value)


def value_at(world: World, record: str, path: tuple[str, ...]) -> str | None:
    """What stands at the end of a path now, whoever may see it; nothing behind an empty lookup."""
    value: str | None = record
    for column in path:
        if value is None:
            return None
        value = value_of(world, value, column)
    return value


def own_values(graph: Graph, principal: Unit, attribute: str) -> frozenset[str]:
    """The principal's own values, never a grantor's; marked units are among the managed ones."""
    if attribute == SELF:
        return frozenset({principal})
    if attribute == OWN_UNITS:
        return own_set(graph, principal)
    if attribute == MANAGED_UNITS:
        return managed_units(graph, principal)
    return graph.attributes.get(principal, {}).get(attribute, frozenset())


def is_in_scope(world: World, principal: Unit, scope: Scope, record: str) -> bool:
    """Whether a scope rule concerns this principal and this record."""
    if scope.grantee not in nameable_units(world.now, principal):
        return False
    value = value_at(world, record, scope.path)
    return value is not None and value in own_values(world.now, principal, scope.attribute)


def by_scopes(world: World, principal: Unit, verb: Verb, record: str) -> Grant:
    """Leg 6."""
    scopes = world.objects[world.records[record].object].scopes
    grants = [
        scope.grants.get(verb, Grant.NONE) for scope in scopes if is_in_scope(world, principal, scope, record)
    ]
    return max(grants, default=Grant.NONE)
