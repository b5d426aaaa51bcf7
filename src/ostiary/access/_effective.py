"""Every role that counts for a principal, and the ways by which it does: what its sources are made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ostiary.access._administration import ensure_operation
from ostiary.access._asked import at_one_epoch, load_origin
from ostiary.access._question import Origin
from ostiary.access.core import Held, Operation, grantors_of, managed_lines
from ostiary.identity import public as identity
from ostiary.identity.public import Hop, Step
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId

MOST_WAYS = 3  # are told of one role


class WayKind(StrEnum):
    """By what a role counts."""

    OWN = "own"
    MANAGED = "managed"  # somebody below has it
    UNIT = "unit"  # the unit itself is managed: rules, scopes and shares may name it
    DELEGATED = "delegated"
    DELEGATED_MANAGED = "delegated_managed"
    ELEVATED = "elevated"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a role. of: the unit managed, or the grantor. hops: from the first role to this one."""

    kind: WayKind
    hops: tuple[Hop, ...] = ()
    of: UnitId | None = None


@dataclass(frozen=True, slots=True)
class EffectiveRole:
    """A role that counts. more: ways beyond those that are told."""

    role: UnitId
    ways: tuple[Way, ...]
    more: int = 0


def effective_roles(ctx: Context, principal: UnitId) -> list[EffectiveRole]:
    """What counts for a person or service account now, in no order; needs CanManageUsers. Raises NotFound."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    origin = at_one_epoch(
        ctx,
        lambda epoch: load_origin(ctx, epoch, identity.role_graph(ctx, epoch), principal),
    )
    found: dict[UnitId, list[Way]] = {}
    for role, way in ways_of(origin):
        found.setdefault(role, []).append(way)
    return [
        EffectiveRole(role, tuple(ways[:MOST_WAYS]), max(0, len(ways) - MOST_WAYS))
        for role, ways in found.items()
    ]


def ways_of(origin: Origin) -> Iterator[tuple[UnitId, Way]]:
    """Every way to every role, its own first."""
    graph = origin.graph
    kind = identity.UnitKind.SERVICE if origin.service else identity.UnitKind.PERSON
    for role, paths in identity.own_paths(graph, kind, origin.direct, external=origin.external).items():
        yield from ((role, Way(WayKind.OWN, path)) for path in paths)
    if origin.service:
        return
    for elevation in origin.elevations:
        if elevation.person == origin.unit and elevation.period.holds(origin.now):
            yield from _elevated(origin, elevation.role)
    own = origin.own()
    yield from _managed(origin, own, WayKind.MANAGED, None)
    grantors, _looked_at = grantors_of(
        Held(origin.unit, own), origin.delegations, origin.now, origin.people_of
    )
    for grantor in grantors:
        yield from ((role, Way(WayKind.DELEGATED, of=grantor.unit)) for role in grantor.own.roles)
        yield from _managed(origin, grantor.own, WayKind.DELEGATED_MANAGED, grantor.unit)


def _elevated(origin: Origin, role: UnitId) -> Iterator[tuple[UnitId, Way]]:
    hops: tuple[Hop, ...] = ()
    for number, step in enumerate(origin.graph.ladder(role)):
        hops = (*hops, Hop(step, Step.ABOVE if number else Step.DIRECT))
        yield step, Way(WayKind.ELEVATED, hops)
        for func in origin.graph.linked(step):
            yield func, Way(WayKind.ELEVATED, (*hops, Hop(func, Step.LINK)))


def _managed(
    origin: Origin, own: identity.OwnSet, kind: WayKind, grantor: UnitId | None
) -> Iterator[tuple[UnitId, Way]]:
    """What comes by managing. grantor: whose managing it is; told once for each role, by the first unit."""
    graph, told = origin.graph, set[UnitId]()
    for head in sorted(graph.heads(own)):
        for had, line in managed_lines(graph, _under(origin, head)):
            start = () if grantor is not None else (Hop(had, Step.DIRECT),)
            for role in line - told:
                told.add(role)
                hops = start if role == had or grantor is not None else (*start, Hop(role, Step.ABOVE))
                yield role, Way(kind, hops, grantor or head)
        for unit in graph.descendants(head) - told:
            if not graph.roles[unit].not_inherited:
                told.add(unit)
                yield unit, Way(WayKind.UNIT, of=grantor or head)


def _under(origin: Origin, head: UnitId) -> frozenset[UnitId]:
    """Roles of whoever reports to a unit, the principal with its own included where it does."""
    own = origin.own()
    mine = own.roles if head in own.reporting else frozenset()
    return origin.under.get(head, frozenset()) | mine
