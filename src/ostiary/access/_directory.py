"""Looking at people and roles, for whoever manages them: each checks CanManageUsers and leaves an event."""

from dataclasses import dataclass

from ostiary.access._administration import ensure_operation
from ostiary.access.core import Operation
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
    found = identity.list_principals(ctx, query, one_more=True)
    rows = tuple(found[: query.limit])
    _record(ctx, "identity.person.listed", None, {"ids": [str(row.id) for row in rows]})
    count = identity.count_principals(ctx, query) if counted else None
    return People(rows, len(found) > query.limit, count)


def view_person(ctx: Context, principal: UnitId) -> identity.Details:
    """What is known of a person or service account; needs CanManageUsers, and is recorded."""
    ensure_operation(ctx, Operation.MANAGE_USERS)
    found = identity.get_details(ctx, principal)
    _record(ctx, "identity.person.viewed", principal, {})
    return found


def _record(ctx: Context, event: str, unit: UnitId | None, data: dict[str, object]) -> None:
    audit.append(
        ctx,
        event,
        object_type=None if unit is None else "unit",
        object_ref=unit,
        parts=[audit.Part("unit", data, data_subject=unit)] if data else (),
    )
