"""Changes of whole roles, offered upward: each checks CanManageUsers and leaves an event."""

from collections.abc import Iterable

from ostiary.access._administration import ensure_operation
from ostiary.access._role_rows import count_rows, forget_rows, move_rows
from ostiary.access.core import Operation
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId


def rename_role(ctx: Context, role: UnitId, name: str) -> None:
    """See `identity.rename_role`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.rename_role(ctx, role, name)
    _event(ctx, "identity.role.renamed", role, {"name": name})


def merge_roles(ctx: Context, role: UnitId, into: UnitId) -> None:
    """Let `into` take the place of `role`, which goes; needs CanManageUsers.

    Members, children, links, delegations, elevations, rows, rules, shares and denies go over; so does the
    manager role, or what it has where both units have one. Stored sets of records keep what they are of.
    Raises Invalid: see `identity.ensure_mergeable`.
    """
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.ensure_mergeable(ctx, role, into)
    gone = [role]
    manager, theirs = (identity.find_manager_role(ctx, unit) for unit in (role, into))
    if manager is not None and theirs is not None:
        _move(ctx, manager, theirs)
        gone.append(manager)
    elif manager is not None:
        identity.move_manager_role(ctx, role, into)
    _move(ctx, role, into)
    identity.remove_roles(ctx, gone)
    _event(ctx, "identity.role.merged", role, {"into": str(into), "gone": _texts(gone)})


def remove_role(ctx: Context, role: UnitId, *, children_up: bool = False) -> None:
    """Take a role away, with its manager role and everything that names them; needs CanManageUsers.

    children_up: what lies below goes to its parent. Raises Invalid: it has children; a role that stays.
    """
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.lock_roles(ctx)
    identity.ensure_removable(ctx, role)
    if children_up:
        identity.raise_children(ctx, role)
    manager = identity.find_manager_role(ctx, role)
    gone = [role] if manager is None else [role, manager]
    for each in gone:
        forget_rows(ctx, each)
    identity.remove_roles(ctx, gone)
    _event(ctx, "identity.role.removed", role, {"gone": _texts(gone)})


def role_references(ctx: Context, role: UnitId) -> dict[str, int]:
    """How many things name a role, by what they are; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    found = {**identity.references(ctx, role), **count_rows(ctx, role)}
    return {what: number for what, number in found.items() if number}


def _move(ctx: Context, role: UnitId, into: UnitId) -> None:
    move_rows(ctx, role, into)
    identity.move_content(ctx, role, into)


def _texts(units: Iterable[UnitId]) -> list[str]:
    return [str(unit) for unit in units]


def _event(ctx: Context, event: str, role: UnitId, data: dict[str, object]) -> None:
    audit.append(ctx, event, object_type="unit", object_ref=role, parts=[audit.Part("unit", data)])
