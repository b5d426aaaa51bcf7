"""Changes of people, roles and keys, offered upward: each checks its operation and leaves an event."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ostiary.access._administration import ensure_operation
from ostiary.access.core import Operation
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId


def _identity_event(ctx: Context, event: str, unit: UnitId, data: Mapping[str, Any]) -> None:
    audit.append(
        ctx,
        event,
        object_type="unit",
        object_ref=unit,
        parts=[audit.Part("unit", dict(data), data_subject=unit)],
    )


def create_person(
    ctx: Context,
    *,
    login: str,
    name: str,
    email: str,
    language: str = "en",
    time_zone: str | None = None,
    external: bool = False,
) -> UnitId:
    """See `identity.create_person`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    unit = identity.create_person(
        ctx, login=login, name=name, email=email, language=language, time_zone=time_zone, external=external
    )
    _identity_event(ctx, "identity.person.created", unit, {"login": login, "name": name, "email": email})
    return unit


def change_person(
    ctx: Context, person: UnitId, *, name: str, email: str, language: str, time_zone: str
) -> None:
    """See `identity.change_person`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    facts = {"name": name, "email": email, "language": language, "time_zone": time_zone}
    identity.change_person(ctx, person, **facts)
    _identity_event(ctx, "identity.person.changed", person, facts)


def change_own_locale(ctx: Context, *, language: str, time_zone: str) -> None:
    """See `identity.change_locale`, of whoever acts: words and times of one's own give nobody anything."""
    identity.change_locale(ctx, ctx.actor, language=language, time_zone=time_zone)
    _identity_event(ctx, "identity.person.changed", ctx.actor, {"language": language, "time_zone": time_zone})


def create_service_account(ctx: Context, *, login: str, name: str, external: bool = False) -> UnitId:
    """See `identity.create_service_account`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    unit = identity.create_service_account(ctx, login=login, name=name, external=external)
    _identity_event(ctx, "identity.service_account.created", unit, {"login": login, "name": name})
    return unit


def create_role(  # noqa: PLR0913  what a role is made of
    ctx: Context,
    kind: identity.UnitKind,
    name: str,
    *,
    code: str | None = None,
    parent: UnitId | None = None,
    manages: UnitId | None = None,
    not_inherited: bool = False,
    external: bool = False,
    role: UnitId | None = None,
) -> UnitId:
    """See `identity.create_role`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    unit = identity.create_role(
        ctx,
        kind,
        name,
        code=code,
        parent=parent,
        manages=manages,
        not_inherited=not_inherited,
        external=external,
        role=role,
    )
    _identity_event(ctx, "identity.role.created", unit, {"kind": kind.value, "name": name})
    return unit


def move_role(ctx: Context, role: UnitId, parent: UnitId | None) -> None:
    """See `identity.move_role`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.move_role(ctx, role, parent)
    _identity_event(ctx, "identity.role.moved", role, {"parent": str(parent)})


def add_members(ctx: Context, pairs: Sequence[tuple[UnitId, UnitId]]) -> None:
    """See `identity.add_members`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.add_members(ctx, pairs)
    for principal, role in pairs:
        _identity_event(ctx, "identity.membership.added", principal, {"role": str(role)})


def add_member(ctx: Context, principal: UnitId, role: UnitId) -> None:
    """See `identity.add_members`; needs CanManageUsers."""
    add_members(ctx, [(principal, role)])


def remove_members(ctx: Context, pairs: Sequence[tuple[UnitId, UnitId]]) -> None:
    """See `identity.remove_members`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.remove_members(ctx, pairs)
    for principal, role in pairs:
        _identity_event(ctx, "identity.membership.removed", principal, {"role": str(role)})


def remove_member(ctx: Context, principal: UnitId, role: UnitId) -> None:
    """See `identity.remove_members`; needs CanManageUsers."""
    remove_members(ctx, [(principal, role)])


def link(ctx: Context, org: UnitId, func: UnitId) -> None:
    """See `identity.link`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.link(ctx, org, func)
    _identity_event(ctx, "identity.link.added", org, {"functional": str(func)})


def unlink(ctx: Context, org: UnitId, func: UnitId) -> None:
    """See `identity.unlink`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.unlink(ctx, org, func)
    _identity_event(ctx, "identity.link.removed", org, {"functional": str(func)})


def mark_role(ctx: Context, role: UnitId, *, not_inherited: bool) -> None:
    """See `identity.mark_role`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.mark_role(ctx, role, not_inherited=not_inherited)
    _identity_event(ctx, "identity.role.marked", role, {"not_inherited": not_inherited})


def delegate(ctx: Context, grantor: UnitId, receiver: UnitId, period: identity.Period) -> UUID:
    """See `identity.delegate`; needs CanChangeAdminUnitGrantedRight."""
    ensure_operation(ctx, Operation.CHANGE_DELEGATIONS)
    made = identity.delegate(ctx, grantor, receiver, period)
    _identity_event(ctx, "identity.delegation.added", grantor, {"receiver": str(receiver), **_dates(period)})
    return made


def end_delegation(ctx: Context, delegation: UUID) -> None:
    """See `identity.end_delegation`; needs CanChangeAdminUnitGrantedRight."""
    ensure_operation(ctx, Operation.CHANGE_DELEGATIONS)
    gone = identity.end_delegation(ctx, delegation)
    _identity_event(ctx, "identity.delegation.ended", gone.grantor, {"receiver": str(gone.receiver)})


def elevate(ctx: Context, person: UnitId, role: UnitId, period: identity.Period, reason: str) -> UUID:
    """See `identity.elevate`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    made = identity.elevate(ctx, person, role, period, reason)
    _identity_event(
        ctx, "identity.elevation.added", person, {"role": str(role), "reason": reason, **_dates(period)}
    )
    return made


def end_elevation(ctx: Context, elevation: UUID) -> None:
    """See `identity.end_elevation`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    gone = identity.end_elevation(ctx, elevation)
    _identity_event(ctx, "identity.elevation.ended", gone.person, {"role": str(gone.role)})


def set_attribute(ctx: Context, principal: UnitId, name: str, values: Iterable[UUID]) -> None:
    """See `identity.set_attribute`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    wanted = sorted(set(values))
    identity.set_attribute(ctx, principal, name, wanted)
    _identity_event(
        ctx, "identity.attribute.changed", principal, {"name": name, "values": [str(v) for v in wanted]}
    )


def _dates(period: identity.Period) -> dict[str, str | None]:
    return {
        "from": None if period.valid_from is None else period.valid_from.isoformat(),
        "to": None if period.valid_to is None else period.valid_to.isoformat(),
    }


def set_active(ctx: Context, principal: UnitId, *, active: bool) -> None:
    """See `identity.set_active`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.set_active(ctx, principal, active=active)
    _identity_event(
        ctx, "identity.principal.activated" if active else "identity.principal.deactivated", principal, {}
    )


def set_password(ctx: Context, person: UnitId, password: str) -> None:
    """See `identity.set_password`; needs CanManageUsers."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    identity.set_password(ctx, person, password)
    _identity_event(ctx, "identity.password.set", person, {})


def create_api_key(ctx: Context, principal: UnitId, name: str, *, expires_at: datetime | None = None) -> str:
    """See `identity.create_api_key`; a person may make own keys, others' need CanManageApiClients."""
    if principal != ctx.actor:
        ensure_operation(ctx, Operation.MANAGE_API_CLIENTS)
    key = identity.create_api_key(ctx, principal, name, expires_at)
    _identity_event(ctx, "identity.api_key.created", principal, {"name": name})
    return key
