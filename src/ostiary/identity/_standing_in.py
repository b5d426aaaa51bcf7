"""Delegations, elevations and attributes: what makes a principal more than its roles, for a while.

Unchecked here: `access` offers the commands upward behind its operations. Each raises the epoch.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ostiary.identity._graph import ROLE_KINDS, UnitKind, bump_epoch
from ostiary.identity._roles import ensure_same_side, kind_of, lock_roles
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import UnitId, new_id
from ostiary.kernel.recent import TENANTS_AT_HAND, Recent
from ostiary.kernel.tables import has_table

MOST_VALUES = 500  # of one attribute: statements carry them


@dataclass(frozen=True, slots=True)
class Period:
    """valid_from <= t < valid_to; None is open."""

    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is valid at an instant."""
        started = self.valid_from is None or self.valid_from <= now
        return started and (self.valid_to is None or now < self.valid_to)

    @property
    def ends(self) -> tuple[datetime, ...]:
        """The instants at which validity changes."""
        return tuple(t for t in (self.valid_from, self.valid_to) if t is not None)


@dataclass(frozen=True, slots=True)
class Delegation:
    """grantor: whose sources the receiver (a person, or whoever has that role) acts with."""

    id: UUID
    grantor: UnitId
    receiver: UnitId
    period: Period


@dataclass(frozen=True, slots=True)
class Elevation:
    """A role that a person has as one more source."""

    id: UUID
    person: UnitId
    role: UnitId
    period: Period


@dataclass(frozen=True, slots=True)
class StandingIn:
    """All delegations and elevations of a tenant that are not over."""

    delegations: tuple[Delegation, ...] = ()
    elevations: tuple[Elevation, ...] = ()


_kept: Recent[str, tuple[int, StandingIn]] = Recent(TENANTS_AT_HAND)


def standing_in(ctx: Context, epoch: int) -> StandingIn:
    """The tenant's delegations and elevations; those read at `epoch` may be reused."""
    known = _kept.get(ctx.db.schema)
    if known is not None and known[0] == epoch:
        return known[1]
    found = _read(ctx, None)
    _kept.put(ctx.db.schema, (epoch, found))
    return found


def standing_in_at(ctx: Context, at: datetime) -> StandingIn:
    """The delegations and elevations by today's rows that are not over at an instant, which may be past."""
    return _read(ctx, at)


def _read(ctx: Context, at: datetime | None) -> StandingIn:
    if not has_table(ctx.db, "identity_delegation"):
        return StandingIn()
    delegations = [
        Delegation(r[0], r[1], r[2], Period(r[3], r[4]))
        for r in ctx.db.rows(
            "select id, grantor_id, receiver_id, valid_from, valid_to from @.identity_delegation"
            " where valid_to is null or valid_to > coalesce(%(at)s::timestamptz, now()) order by id",
            {"at": at},
        )
    ]
    elevations = [
        Elevation(r[0], r[1], r[2], Period(r[3], r[4]))
        for r in ctx.db.rows(
            "select id, person_id, role_id, valid_from, valid_to from @.identity_elevation"
            " where valid_to is null or valid_to > coalesce(%(at)s::timestamptz, now()) order by id",
            {"at": at},
        )
    ]
    return StandingIn(tuple(delegations), tuple(elevations))


def attributes_of(ctx: Context, principal: UnitId) -> dict[str, frozenset[UUID]]:
    """The named lists of values of a principal."""
    if not has_table(ctx.db, "identity_delegation"):
        return {}
    return {
        r[0]: frozenset(r[1])
        for r in ctx.db.rows(
            "select name, array_agg(value) from @.identity_attribute"
            " where principal_id = %(id)s group by name",
            {"id": principal},
        )
    }


def _refuse(field: str, code: str, message: str) -> Invalid:
    return Invalid([FieldError(field, code, message)])


def _check_period(period: Period) -> None:
    if period.valid_from is not None and period.valid_to is not None and period.valid_from >= period.valid_to:
        raise _refuse("valid_to", "before_start", "It ends before it begins")


def delegate(ctx: Context, grantor: UnitId, receiver: UnitId, period: Period) -> UUID:
    """Let `receiver` act with what `grantor` may.

    Raises Invalid: grantor not a person, receiver a service account or the grantor, sides differ, dates.
    """
    lock_roles(ctx)
    _check_period(period)
    if kind_of(ctx, grantor, "grantor")[0] is not UnitKind.PERSON:
        raise _refuse("grantor", "not_a_person", "Only a person delegates")
    kind = kind_of(ctx, receiver, "receiver")[0]
    if kind is UnitKind.SERVICE:
        raise _refuse("receiver", "service", "Nothing is delegated to a service account")
    if grantor == receiver:
        raise _refuse("receiver", "self", "Nobody delegates to themselves")
    ensure_same_side(ctx, grantor, receiver, "receiver")
    made = new_id()
    ctx.db.run(
        "insert into @.identity_delegation (id, grantor_id, receiver_id, valid_from, valid_to)"
        " values (%(id)s, %(g)s, %(r)s, %(from)s, %(to)s)",
        {"id": made, "g": grantor, "r": receiver, "from": period.valid_from, "to": period.valid_to},
    )
    bump_epoch(ctx)
    return made


def elevate(ctx: Context, person: UnitId, role: UnitId, period: Period, reason: str) -> UUID:
    """Give a person a role as one more source.

    Raises Invalid: not a person, not a role, sides differ, dates, no reason.
    """
    lock_roles(ctx)
    _check_period(period)
    if kind_of(ctx, person, "person")[0] is not UnitKind.PERSON:
        raise _refuse("person", "not_a_person", "Only a person is elevated")
    if kind_of(ctx, role, "role")[0] not in ROLE_KINDS:
        raise _refuse("role", "unknown", "There is no such role")
    ensure_same_side(ctx, person, role, "role")
    if not reason.strip() or len(reason) > 1_000:
        raise _refuse("reason", "malformed", "An elevation has a reason of 1 to 1,000 characters")
    made = new_id()
    ctx.db.run(
        "insert into @.identity_elevation (id, person_id, role_id, valid_from, valid_to, reason)"
        " values (%(id)s, %(p)s, %(r)s, %(from)s, %(to)s, %(why)s)",
        {
            "id": made,
            "p": person,
            "r": role,
            "from": period.valid_from,
            "to": period.valid_to,
            "why": reason.strip(),
        },
    )
    bump_epoch(ctx)
    return made


def end_delegation(ctx: Context, delegation: UUID) -> Delegation:
    """Take a delegation back. Raises NotFound."""
    lock_roles(ctx)
    row = ctx.db.row(
        "delete from @.identity_delegation where id = %(id)s"
        " returning id, grantor_id, receiver_id, valid_from, valid_to",
        {"id": delegation},
    )
    if row is None:
        raise NotFound
    bump_epoch(ctx)
    return Delegation(row[0], row[1], row[2], Period(row[3], row[4]))


def end_elevation(ctx: Context, elevation: UUID) -> Elevation:
    """End an elevation before its time. Raises NotFound."""
    lock_roles(ctx)
    row = ctx.db.row(
        "delete from @.identity_elevation where id = %(id)s"
        " returning id, person_id, role_id, valid_from, valid_to",
        {"id": elevation},
    )
    if row is None:
        raise NotFound
    bump_epoch(ctx)
    return Elevation(row[0], row[1], row[2], Period(row[3], row[4]))


def set_attribute(ctx: Context, principal: UnitId, name: str, values: Iterable[UUID]) -> None:
    """Replace the values of a principal's attribute; none at all: it is gone.

    Raises Invalid: not a principal, a name that is none, too many values.
    """
    wanted = sorted(set(values))
    if kind_of(ctx, principal, "principal")[0] not in (UnitKind.PERSON, UnitKind.SERVICE):
        raise _refuse("principal", "unknown", "Only a person or service account has attributes")
    if not name.isidentifier() or len(name) > 60:
        raise _refuse("name", "malformed", "An attribute's name has 1 to 60 letters, digits and underscores")
    if len(wanted) > MOST_VALUES:
        raise _refuse("values", "too_many", f"An attribute has at most {MOST_VALUES} values")
    ctx.db.run(
        "delete from @.identity_attribute where principal_id = %(p)s and name = %(n)s",
        {"p": principal, "n": name},
    )
    ctx.db.run(
        "insert into @.identity_attribute (principal_id, name, value)"
        " select %(p)s, %(n)s, v from unnest(%(values)s::uuid[]) as v",
        {"p": principal, "n": name, "values": wanted},
    )
    bump_epoch(ctx)
