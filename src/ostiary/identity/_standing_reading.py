"""Who stands in for whom, and who has what for a while: what is not over, as pages show it."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from ostiary.identity._standing_in import Delegation, Period
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.kernel.tables import has_table


@dataclass(frozen=True, slots=True)
class ElevationEntry:
    """A role for a while, with its reason."""

    id: UUID
    role: UnitId
    period: Period
    reason: str


@dataclass(frozen=True, slots=True)
class Standings:
    """given: what the person lets others act with. received: what they act with, by name or by a role."""

    given: tuple[Delegation, ...] = ()
    received: tuple[Delegation, ...] = ()
    elevations: tuple[ElevationEntry, ...] = ()


def standings_of(ctx: Context, person: UnitId, roles: Collection[UnitId]) -> Standings:
    """Delegations and elevations of a person that are not over. roles: by which they may receive."""
    if not has_table(ctx.db, "identity_delegation"):
        return Standings()
    delegations = [
        Delegation(r[0], r[1], r[2], Period(r[3], r[4]))
        for r in ctx.db.rows(
            "select id, grantor_id, receiver_id, valid_from, valid_to from @.identity_delegation"
            " where (grantor_id = %(person)s or receiver_id = any(%(units)s))"
            " and (valid_to is null or valid_to > now()) order by coalesce(valid_from, '-infinity'), id",
            {"person": person, "units": [person, *sorted(roles)]},
        )
    ]
    elevations = tuple(
        ElevationEntry(r[0], r[1], Period(r[2], r[3]), r[4])
        for r in ctx.db.rows(
            "select id, role_id, valid_from, valid_to, reason from @.identity_elevation"
            " where person_id = %(person)s and (valid_to is null or valid_to > now())"
            " order by coalesce(valid_from, '-infinity'), id",
            {"person": person},
        )
    )
    return Standings(
        tuple(d for d in delegations if d.grantor == person),
        tuple(d for d in delegations if d.grantor != person),
        elevations,
    )
