"""Looking at roles: trees level by level, one role with what is next to it, roles that have words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ostiary.identity._directory import GATHERED, NAME_KEY, are_many, beginning, matching, with_word
from ostiary.identity._graph import ROLE_KINDS, RoleGraph, UnitKind
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId

MOST_MEMBERS = 10_000  # are counted of one role


@dataclass(frozen=True, slots=True)
class RoleEntry:
    """A role in a list or tree. members: who has it directly, at most `MOST_MEMBERS` and one."""

    id: UnitId
    kind: UnitKind
    name: str
    code: str | None
    parent: UnitId | None
    manages: UnitId | None
    not_inherited: bool
    external: bool
    has_children: bool
    members: int


_ENTRY = (
    "select u.id, u.kind, u.name, u.code, u.parent_id, u.manages_id, u.not_inherited, u.external,"
    " exists (select 1 from @.identity_unit c where c.parent_id = u.id),"
    " (select count(*) from (select 1 from @.identity_membership m where m.role_id = u.id"
    " limit %(most)s::int) f)"
    " from @.identity_unit u"
)
_ROLES = "u.kind in ('org', 'func', 'manager')"


def _entries(ctx: Context, rest: str, values: Mapping[str, object]) -> list[RoleEntry]:
    rows = ctx.db.rows(f"{_ENTRY} {rest}", {"most": MOST_MEMBERS + 1, **values})
    return [RoleEntry(UnitId(r[0]), UnitKind(r[1]), *r[2:]) for r in rows]


def get_role(ctx: Context, role: UnitId) -> RoleEntry:
    """Raises NotFound: no such role."""
    found = _entries(ctx, f"where u.id = %(id)s and {_ROLES}", {"id": role})
    if not found:
        raise NotFound
    return found[0]


def get_roles(ctx: Context, roles: Sequence[UnitId]) -> dict[UnitId, RoleEntry]:
    """Those of the roles that exist."""
    found = _entries(ctx, f"where u.id = any(%(ids)s) and {_ROLES}", {"ids": list(roles)})
    return {entry.id: entry for entry in found}


def list_below(
    ctx: Context, parent: UnitId | None, kind: UnitKind, after: UnitId | None, limit: int
) -> list[RoleEntry]:
    """Children of a role by name, or the first level of a tree of one kind. after: the last one seen."""
    where = "u.parent_id = %(parent)s" if parent is not None else "u.parent_id is null and u.kind = %(kind)s"
    values: dict[str, object] = {"parent": parent, "kind": kind.value, "limit": limit, "after": after}
    if after is not None:
        where += (
            f" and ({NAME_KEY}, u.id) > (select {NAME_KEY}, u.id from @.identity_unit u"
            " where u.id = %(after)s)"
        )
    return _entries(ctx, f"where {where} order by {NAME_KEY}, u.id limit %(limit)s::int", values)


def find_roles(
    ctx: Context,
    search: str,
    *,
    kinds: frozenset[UnitKind] = ROLE_KINDS,
    external: bool | None = None,
    limit: int = 20,
) -> list[RoleEntry]:
    """Roles that have words which begin with those of the search, by name. Raises Invalid: too many words."""
    asked = matching(search)
    if not asked:
        return []
    sides = (False, True) if external is None else (external,)
    branches = [
        f"u.kind = '{kind.value}' and {'' if side else 'not '}u.external"
        for kind in sorted(kinds)
        for side in sides
    ]
    values = {**asked, "gathered": GATHERED + 1, "limit": limit}
    gathered = beginning([f"{branch} and u.active" for branch in branches])
    if not are_many(ctx, gathered, values):
        having = " and ".join(with_word(name) for name in asked if name.startswith("w"))
        gathered += (
            f" union (select u.id from @.identity_unit u where ({' or '.join(branches)}) and {having}"
            " limit %(gathered)s::int)"
        )
    return _entries(ctx, f"where u.id in ({gathered}) order by {NAME_KEY}, u.id limit %(limit)s::int", values)


def above(graph: RoleGraph, role: UnitId) -> tuple[UnitId, ...]:
    """The ancestors of a role from the root down; of a manager role those of its unit, with the unit."""
    here = graph.roles[role]
    step = here.manages or here.parent
    return () if step is None else tuple(reversed(graph.ladder(step)))


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What is next to a role.

    manager: the manager role of this unit. linked: its functional roles, or of a functional one the
    organisational roles that bring it.
    """

    manager: UnitId | None
    linked: tuple[UnitId, ...]


def neighbours(ctx: Context, role: RoleEntry) -> Neighbours:
    """The manager role and the links of a role."""
    manager = ctx.db.row("select id from @.identity_unit where manages_id = %(id)s", {"id": role.id})
    here, there = ("org_id", "func_id") if role.kind is UnitKind.ORG else ("func_id", "org_id")
    rows = ctx.db.rows(
        f"select l.{there} from @.identity_link l join @.identity_unit u on u.id = l.{there}"
        f" where l.{here} = %(id)s order by {NAME_KEY}, u.id",
        {"id": role.id},
    )
    return Neighbours(None if manager is None else UnitId(manager[0]), tuple(UnitId(r[0]) for r in rows))


def references(ctx: Context, role: UnitId) -> dict[str, int]:
    """How many things of `identity` name a role: children, members, links, delegations, elevations."""
    row = ctx.db.row(
        "select (select count(*) from @.identity_unit where parent_id = %(id)s),"
        " (select count(*) from @.identity_membership where role_id = %(id)s),"
        " (select count(*) from @.identity_link where org_id = %(id)s or func_id = %(id)s),"
        " (select count(*) from @.identity_delegation where receiver_id = %(id)s),"
        " (select count(*) from @.identity_elevation where role_id = %(id)s),"
        " (select count(*) from @.identity_unit where manages_id = %(id)s)",
        {"id": role},
    )
    names = ("children", "members", "links", "delegations", "elevations", "manager_roles")
    return dict(zip(names, row or (), strict=True))
