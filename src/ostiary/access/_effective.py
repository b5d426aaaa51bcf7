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


@dataclass(frozen=True, slots=True)
class Effective:
    """Roles that count, by name. manages: the units that the principal or a grantor manages."""

    roles: tuple[EffectiveRole, ...]
    manages: tuple[UnitId, ...]


def effective_roles(ctx: Context, principal: UnitId, *, managing: bool = False) -> Effective:
    """What counts for a person or service account now; needs CanManageUsers. Raises NotFound.

    managing: what comes by managing, instead of what comes by other ways: for whoever is above thousands that
    is every role there is.
    """
    ensure_operation(ctx, Operation.MANAGE_USERS)
    return at_one_epoch(ctx, lambda epoch: _effective(ctx, epoch, principal, managing=managing))


def _effective(ctx: Context, epoch: int, principal: UnitId, *, managing: bool) -> Effective:
    graph = identity.role_graph(ctx, epoch)

    def found() -> Effective:
        only = None if managing else frozenset[UnitId]()
        return _told(ctx, load_origin(ctx, epoch, graph, principal, only=only), managing=managing)

    standing = identity.standing_in(ctx, epoch)
    if not managing or standing.delegations or standing.elevations:  # these begin and end without a change
        return found()
    # whoever is above thousands turns page after page of the same
    return graph.derived(("effective", principal), found)


def _told(ctx: Context, origin: Origin, *, managing: bool) -> Effective:
    found: dict[UnitId, list[Way]] = {}
    for role, way in managed_ways(origin) if managing else other_ways(origin):
        found.setdefault(role, []).append(way)
    names = identity.names_of(ctx, sorted(found))
    told = [
        EffectiveRole(role, tuple(ways[:MOST_WAYS]), max(0, len(ways) - MOST_WAYS))
        for role, ways in sorted(found.items(), key=lambda each: (names.get(each[0], "").casefold(), each[0]))
    ]
    heads = origin.graph.heads(origin.own()).union(*(origin.graph.heads(g.own) for g in _grantors(origin)))
    return Effective(tuple(told), tuple(sorted(heads)))


def other_ways(origin: Origin) -> Iterator[tuple[UnitId, Way]]:
    """Every way but by managing, its own first."""
    kind = identity.UnitKind.SERVICE if origin.service else identity.UnitKind.PERSON
    paths = identity.own_paths(origin.graph, kind, origin.direct, external=origin.external)
    for role, own in paths.items():
        yield from ((role, Way(WayKind.OWN, path)) for path in own)
    if origin.service:
        return
    for elevation in origin.elevations:
        if elevation.person == origin.unit and elevation.period.holds(origin.now):
            yield from _elevated(origin, elevation.role)
    for grantor in _grantors(origin):
        yield from ((role, Way(WayKind.DELEGATED, of=grantor.unit)) for role in grantor.own.roles)


def managed_ways(origin: Origin) -> Iterator[tuple[UnitId, Way]]:
    """Every way by managing, of the principal and of grantors."""
    if origin.service:
        return
    yield from _managed(origin, origin.own(), WayKind.MANAGED, None)
    for grantor in _grantors(origin):
        yield from _managed(origin, grantor.own, WayKind.DELEGATED_MANAGED, grantor.unit)


def _grantors(origin: Origin) -> tuple[Held, ...]:
    if origin.service:
        return ()
    held = Held(origin.unit, origin.own())
    return grantors_of(held, origin.delegations, origin.now, origin.people_of)[0]


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
