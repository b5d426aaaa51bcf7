"""Reading people and their direct roles: what commands and imports compare with."""

from collections.abc import Collection

from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId


def find_people(ctx: Context, names: Collection[str]) -> list[tuple[UnitId, str]]:
    """(person, name) of every active person with one of these names, whatever their case."""
    wanted = sorted({name.strip().lower() for name in names})
    return [
        (UnitId(row[0]), row[1])
        for row in ctx.db.rows(
            "select id, name from @.identity_unit"
            " where kind = 'person' and active and lower(name) = any(%(names)s) order by id",
            {"names": wanted},
        )
    ]


def find_logins(ctx: Context, logins: Collection[str]) -> list[tuple[UnitId, str]]:
    """(person, login) of every active person with one of these logins."""
    wanted = sorted({login.strip().lower() for login in logins})
    return [
        (UnitId(row[0]), row[1])
        for row in ctx.db.rows(
            "select p.unit_id, p.login from @.identity_person p join @.identity_unit u on u.id = p.unit_id"
            " where u.active and p.login = any(%(logins)s)",
            {"logins": wanted},
        )
    ]


def roles_of(ctx: Context, principal: UnitId) -> frozenset[UnitId]:
    """The direct roles of a principal."""
    return frozenset(
        UnitId(row[0])
        for row in ctx.db.rows(
            "select role_id from @.identity_membership where principal_id = %(id)s", {"id": principal}
        )
    )
