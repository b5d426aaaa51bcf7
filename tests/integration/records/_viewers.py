"""Viewers of different rights over the same records, and a look at the statements that a call makes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects
from ostiary.records._statement import Statement


@dataclass(frozen=True, slots=True)
class Viewers:
    """Two agents who see their own, their lead who sees both, and an administrator who sees everything."""

    admin: Context
    one: Context
    two: Context
    lead: Context

    def all(self) -> tuple[Context, ...]:
        return (self.one, self.two, self.lead, self.admin)


def unit(ctx: Context, code: str) -> UnitId:
    found = identity.find_unit(ctx, code)
    assert found is not None
    return found


def person(admin: Context, login: str, *roles: str) -> Context:
    made = access.create_person(admin, login=login, name=login.title(), email=f"{login}@example.com")
    for code in roles:
        access.add_member(admin, made, unit(admin, code))
    return admin.acting_as(made)


def make_viewers(admin: Context) -> Viewers:
    team = access.create_role(admin, identity.UnitKind.ORG, "Team")
    lead_role = access.create_role(admin, identity.UnitKind.MANAGER, "Team lead", manages=team)
    one, two, lead = (person(admin, login, "sales") for login in ("one", "two", "lead"))
    access.add_members(admin, [(one.actor, team), (two.actor, team), (lead.actor, lead_role)])
    return Viewers(admin, one, two, lead)


def give_level(
    admin: Context, code: str, column: str, viewer: Context, level: access.ColumnLevel
) -> objects.Column:
    """One viewer at a level, everybody else at edit."""
    thing = objects.find_object(admin, code)
    found = thing.columns[column]
    rows = [(viewer.actor, level), (unit(admin, identity.ALL_EMPLOYEES), access.ColumnLevel.EDIT)]
    access.set_column_rows(admin, thing.id, found.id, rows)
    return found


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts of the compiled statements that are run inside."""
    run: list[str] = []
    known = Statement.run

    def noted(self: Statement, ctx: Context, values: dict[str, object]) -> object:
        run.append(self.text)
        return known(self, ctx, values)

    with monkeypatch.context() as patch:
        patch.setattr(Statement, "run", noted)
        yield run
