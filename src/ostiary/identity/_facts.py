"""What units are called where ids do not travel: kind, code, name, sign-in name."""

from collections.abc import Collection
from dataclasses import dataclass

from ostiary.identity._graph import UnitKind
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """A unit. code: of roles that have one, and of service accounts. login: of people."""

    id: UnitId
    kind: UnitKind
    name: str
    code: str | None
    login: str | None


def facts_of(ctx: Context, units: Collection[UnitId]) -> list[UnitFacts]:
    """Of these units."""
    return _found(ctx, "u.id = any(%(ids)s)", ids=list(units))


def facts_of_roles(ctx: Context) -> list[UnitFacts]:
    """Of every role."""
    return _found(ctx, "u.kind in ('org', 'func', 'manager')")


def find_facts(ctx: Context, *, logins: Collection[str], codes: Collection[str]) -> list[UnitFacts]:
    """Of people with these sign-in names and units with these codes."""
    return _found(
        ctx, "p.login = any(%(logins)s) or u.code = any(%(codes)s)", logins=list(logins), codes=list(codes)
    )


def _found(ctx: Context, condition: str, **values: list[str] | list[UnitId]) -> list[UnitFacts]:
    return [
        UnitFacts(UnitId(r[0]), UnitKind(r[1]), r[2], r[3], r[4])
        for r in ctx.db.rows(
            "select u.id, u.kind, u.name, u.code, p.login from @.identity_unit u"
            f" left join @.identity_person p on p.unit_id = u.id where {condition}",
            values,
        )
    ]
