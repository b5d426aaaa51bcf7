"""People with roles, and how many events of each type there are."""

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context


def person(ctx: Context, login: str, *roles: str) -> Context:
    """The context of a new person with these roles."""
    unit = access.create_person(ctx, login=login, name=login.title(), email=f"{login}@example.com")
    for code in roles:
        role = identity.find_unit(ctx, code)
        assert role is not None
        access.add_member(ctx, unit, role)
    return ctx.acting_as(unit)


def events(ctx: Context) -> dict[str, int]:
    """How many events of each type the transaction sees."""
    return dict(ctx.db.rows("select type, count(*) from @.audit_index group by type"))
