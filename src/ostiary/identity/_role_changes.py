"""Renaming, merging and removing roles. What names them elsewhere was moved or removed by `access` before."""

from collections.abc import Sequence

from ostiary.identity._details import LONGEST_NAME
from ostiary.identity._graph import SYSTEM_ADMINISTRATORS, UnitKind, bump_epoch, role_graph
from ostiary.identity._labels import refresh_labels
from ostiary.identity._roles import ensure_same_side, find_unit, kind_of, lock_roles
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.ids import UnitId
from ostiary.kernel.messages import worded


def _refuse(field: str, code: str, message: str) -> Invalid:
    return Invalid([FieldError(field, code, message)])


def rename_role(ctx: Context, role: UnitId, name: str) -> None:
    """Give a role another name. Raises Invalid: no role, a name that is none."""
    _role_kind(ctx, role, "role")
    if not name.strip() or len(name) > LONGEST_NAME:
        raise _refuse("name", "malformed", worded("A name has 1 to %(most)s characters", most=LONGEST_NAME))
    ctx.db.run(
        "update @.identity_unit set name = %(name)s where id = %(role)s", {"name": name.strip(), "role": role}
    )
    bump_epoch(ctx)


def ensure_mergeable(ctx: Context, role: UnitId, into: UnitId) -> None:
    """Raises Invalid: the same role, other kinds or sides, a role that stays, or one above the other's."""
    lock_roles(ctx)
    kind = _role_kind(ctx, role, "role")
    if role == into:
        raise _refuse("into", "same", "A role is merged into another one")
    if _role_kind(ctx, into, "into") is not kind:
        raise _refuse("into", "other_kind", "A role is merged into one of the same kind")
    if kind is UnitKind.MANAGER:
        raise _refuse("role", "manager", "A manager role is merged with its unit")
    ensure_same_side(ctx, role, into, "into")
    ensure_removable(ctx, role)
    if role in role_graph(ctx).line(into):
        raise _refuse("into", "cycle", "A role cannot be merged into one below it")


def ensure_removable(ctx: Context, role: UnitId) -> None:
    """Raises Invalid: a root, System administrators, or no role at all."""
    _role_kind(ctx, role, "role")
    graph = role_graph(ctx)
    if role in (graph.root, graph.external_root, find_unit(ctx, SYSTEM_ADMINISTRATORS)):
        raise _refuse("role", "fixed", "This role stays: everything rests on it")


def move_content(ctx: Context, role: UnitId, into: UnitId) -> None:
    """Members, children, links, delegations and elevations go to `into`, each once."""
    values = {"role": role, "into": into}
    for text in (
        (
            "insert into @.identity_membership (principal_id, role_id) select principal_id, %(into)s"
            " from @.identity_membership where role_id = %(role)s on conflict do nothing"
        ),
        (
            "insert into @.identity_link (org_id, func_id) select %(into)s, func_id"
            " from @.identity_link where org_id = %(role)s on conflict do nothing"
        ),
        (
            "insert into @.identity_link (org_id, func_id) select org_id, %(into)s"
            " from @.identity_link where func_id = %(role)s on conflict do nothing"
        ),
        "update @.identity_unit set parent_id = %(into)s where parent_id = %(role)s",
        "update @.identity_delegation set receiver_id = %(into)s where receiver_id = %(role)s",
        "update @.identity_elevation set role_id = %(into)s where role_id = %(role)s",
    ):
        ctx.db.run(text, values)


def move_manager_role(ctx: Context, unit: UnitId, into: UnitId) -> None:
    """The manager role of a unit becomes that of another, which has none."""
    ctx.db.run(
        "update @.identity_unit set manages_id = %(into)s where manages_id = %(unit)s",
        {"unit": unit, "into": into},
    )


def find_manager_role(ctx: Context, unit: UnitId) -> UnitId | None:
    """The manager role of an organisational role, if it has one."""
    row = ctx.db.row("select id from @.identity_unit where manages_id = %(unit)s", {"unit": unit})
    return None if row is None else UnitId(row[0])


def raise_children(ctx: Context, role: UnitId) -> None:
    """The children of a role go to its parent."""
    ctx.db.run(
        "update @.identity_unit set parent_id = (select parent_id from @.identity_unit where id = %(role)s)"
        " where parent_id = %(role)s",
        {"role": role},
    )


def remove_roles(ctx: Context, roles: Sequence[UnitId]) -> None:
    """Take roles away with what is left of them here; their members lose them.

    Raises Invalid: a role that stays, or one below which others lie that stay.
    """
    lock_roles(ctx)
    for role in roles:
        ensure_removable(ctx, role)
    gone = {"roles": list(roles)}
    if ctx.db.row(
        "select 1 from @.identity_unit where (parent_id = any(%(roles)s) or manages_id = any(%(roles)s))"
        " and id <> all(%(roles)s)",
        gone,
    ):
        raise _refuse("role", "has_children", "Roles lie below this one: move them first, or up with it")
    for text in (
        "delete from @.identity_membership where role_id = any(%(roles)s)",
        "delete from @.identity_link where org_id = any(%(roles)s) or func_id = any(%(roles)s)",
        "delete from @.identity_delegation where receiver_id = any(%(roles)s)",
        "delete from @.identity_elevation where role_id = any(%(roles)s)",
        "delete from @.identity_unit where id = any(%(roles)s)",
    ):
        ctx.db.run(text, gone)
    refresh_labels(ctx)
    bump_epoch(ctx)


def _role_kind(ctx: Context, role: UnitId, field: str) -> UnitKind:
    kind, _external = kind_of(ctx, role, field)
    if kind in (UnitKind.PERSON, UnitKind.SERVICE):
        raise _refuse(field, "unknown", "There is no such role")
    return kind
