"""Looking at people and roles, for whoever manages them: each checks CanManageUsers and leaves an event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ostiary.access._administration import ensure_operation
from ostiary.access._asked import at_one_epoch, load_origin
from ostiary.access._ground import Grounds
from ostiary.access._policy import Policy, load_policy
from ostiary.access.core import MANAGED_UNITS, OWN_UNITS, SELF, Operation
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId


@dataclass(frozen=True, slots=True)
class People:
    """One page of a list of people. count: of all that fit; None: not asked for. more: there are others."""

    rows: tuple[identity.Principal, ...]
    more: bool
    count: identity.Count | None = None


def list_people(ctx: Context, query: identity.PeopleQuery, *, counted: bool = False) -> People:
    """People and service accounts that fit, by name; needs CanManageUsers, and is recorded."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    found, count = identity.look_for_principals(ctx, query, one_more=True, counted=counted)
    rows = tuple(found[: query.limit])
    _record(ctx, "identity.person.listed", None, {"ids": [str(row.id) for row in rows]})
    return People(rows, len(found) > query.limit, count if counted else None)


def view_person(ctx: Context, principal: UnitId) -> identity.Details:
    """What is known of a person or service account; needs CanManageUsers, and is recorded."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    found = identity.get_details(ctx, principal)
    _record(ctx, "identity.person.viewed", principal, {})
    return found


@dataclass(frozen=True, slots=True)
class Roles:
    """Some roles with the names of those above them. more: there are others."""

    rows: tuple[identity.RoleEntry, ...]
    names: Mapping[UnitId, str]
    more: bool = False


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role with what is next to it. above: from the root down. names: of all that are named."""

    entry: identity.RoleEntry
    above: tuple[UnitId, ...]
    manager: UnitId | None
    linked: tuple[UnitId, ...]
    names: Mapping[UnitId, str]


def list_roles(
    ctx: Context,
    parent: UnitId | None,
    kind: identity.UnitKind = identity.UnitKind.ORG,
    *,
    after: UnitId | None = None,
    limit: int = 100,
) -> Roles:
    """One level of a tree by name, below a role or the first of a kind; needs CanManageUsers, recorded."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    found = identity.list_below(ctx, parent, kind, after, limit + 1)
    _record(ctx, "identity.role.listed", None, {})
    return _named(ctx, found[:limit], more=len(found) > limit)


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of roles as far as it is open. top: its root; None: of functional roles, which have none.

    levels: what lies below each open role, of `None` the first level.
    """

    top: identity.RoleEntry | None
    levels: Mapping[UnitId | None, Roles]


def view_tree(
    ctx: Context,
    kind: identity.UnitKind,
    *,
    external: bool = False,
    at: UnitId | None = None,
    limit: int = 100,
) -> Tree:
    """The tree of a kind, open down to the children of `at`; needs CanManageUsers, and is recorded."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    graph = identity.role_graph(ctx, identity.current_epoch(ctx))
    top = None
    if kind is identity.UnitKind.ORG:
        top = graph.external_root if external else graph.root
    way = () if at is None or at not in graph.roles else tuple(reversed(graph.ladder(at)))
    opened: list[UnitId | None] = [top, *(role for role in way if role != top)]
    levels = {}
    for parent in opened:
        found = identity.list_below(ctx, parent, kind, None, limit + 1)
        levels[parent] = Roles(tuple(found[:limit]), {}, len(found) > limit)
    _record(ctx, "identity.role.listed", None, {})
    return Tree(None if top is None else identity.get_role(ctx, top), levels)


def search_roles(
    ctx: Context,
    search: str,
    *,
    kinds: frozenset[identity.UnitKind] = identity.ROLE_KINDS,
    external: bool | None = None,
    limit: int = 20,
) -> Roles:
    """Roles that have the words, by name; needs CanManageUsers, and is recorded. Raises Invalid."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    found = identity.find_roles(ctx, search, kinds=kinds, external=external, limit=limit + 1)
    _record(ctx, "identity.role.listed", None, {})
    return _named(ctx, found[:limit], more=len(found) > limit)


def known_roles(ctx: Context, roles: Sequence[UnitId]) -> Roles:
    """Those of these roles that exist, in this order; needs CanManageUsers, and is recorded."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    found = identity.get_roles(ctx, roles)
    _record(ctx, "identity.role.listed", None, {})
    return _named(ctx, [found[role] for role in dict.fromkeys(roles) if role in found])


def view_role(ctx: Context, role: UnitId) -> RoleView:
    """A role and what is next to it; needs CanManageUsers, and is recorded. Raises NotFound."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    entry = identity.get_role(ctx, role)
    graph = identity.role_graph(ctx, identity.current_epoch(ctx))
    near = identity.neighbours(ctx, entry)
    above = identity.above(graph, role) if role in graph.roles else ()
    _record(ctx, "identity.role.viewed", role, {})
    named = {*above, *near.linked, *filter(None, (near.manager, entry.manages))}
    return RoleView(entry, above, near.manager, near.linked, identity.names_of(ctx, sorted(named)))


def direct_roles(ctx: Context, principal: UnitId) -> Roles:
    """The direct roles of a person or service account, by name; needs CanManageUsers, and is recorded."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    found = identity.get_roles(ctx, sorted(identity.roles_of(ctx, principal)))
    _record(ctx, "identity.person.viewed", principal, {})
    return _named(ctx, sorted(found.values(), key=lambda r: (r.name.casefold(), r.id)))


@dataclass(frozen=True, slots=True)
class StandingView:
    """Who stands in for whom around a person. names: of all that are named; roles: those that are roles."""

    standings: identity.Standings
    names: Mapping[UnitId, str]
    roles: frozenset[UnitId]


def view_standings(ctx: Context, person: UnitId) -> StandingView:
    """Delegations and elevations of a person that are not over; needs CanManageUsers, and is recorded."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    origin = at_one_epoch(
        ctx,
        lambda epoch: load_origin(ctx, epoch, identity.role_graph(ctx, epoch), person, only=frozenset()),
    )
    found = identity.standings_of(ctx, person, () if origin.service else origin.own().roles)
    _record(ctx, "identity.person.viewed", person, {})
    named = {unit for d in (*found.given, *found.received) for unit in (d.grantor, d.receiver)}
    named |= {elevation.role for elevation in found.elevations}
    return StandingView(
        found, identity.names_of(ctx, sorted(named)), frozenset(named & origin.graph.roles.keys())
    )


@dataclass(frozen=True, slots=True)
class AttributeView:
    """An attribute of a principal. objects: whose records its values are, by the scope rules that name it."""

    name: str
    values: frozenset[UUID]
    objects: frozenset[UUID]


def view_attributes(ctx: Context, grounds: Grounds, principal: UnitId) -> list[AttributeView]:
    """Attributes that a principal has or scope rules name; needs CanManageUsers, and is recorded."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    had = identity.attributes_of(ctx, principal)
    compared = compared_objects(load_policy(ctx, identity.current_epoch(ctx)), grounds)
    _record(ctx, "identity.person.viewed", principal, {})
    return [
        AttributeView(name, had.get(name, frozenset()), compared.get(name, frozenset()))
        for name in sorted(had.keys() | compared.keys())
    ]


def compared_objects(policy: Policy, grounds: Grounds) -> dict[str, frozenset[UUID]]:
    """For each named attribute the objects whose records scope rules compare it with; none for units."""
    found: dict[str, set[UUID]] = {}
    for object_id, rules in policy.objects.items():
        for scope in rules.records.scopes:
            if scope.attribute in (SELF, OWN_UNITS, MANAGED_UNITS):
                continue
            targets = found.setdefault(scope.attribute, set())
            here = grounds.get(object_id)
            for step in scope.path:
                lookup = None if here is None or "-" not in step else here.lookups.get(UUID(step))
                here = None if lookup is None else grounds.get(lookup.target)
            if here is not None:
                targets.add(here.object_id)
    return {name: frozenset(objects) for name, objects in found.items()}


def _named(ctx: Context, rows: Sequence[identity.RoleEntry], *, more: bool = False) -> Roles:
    above = {unit for row in rows for unit in (row.parent, row.manages) if unit is not None}
    return Roles(tuple(rows), identity.names_of(ctx, sorted(above)), more)


def _record(ctx: Context, event: str, unit: UnitId | None, data: dict[str, object]) -> None:
    audit.append(
        ctx,
        event,
        object_type=None if unit is None else "unit",
        object_ref=unit,
        parts=[audit.Part("unit", data, data_subject=unit)] if data else (),
    )
