"""From a team file to units, people and manager roles; what is there already stays."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import cast
from uuid import UUID

import pytest

from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import TenantId, UnitId, new_id
from ostiary.kernel.ports import Db
from ostiary.records._import_errors import ImportRefused
from ostiary.records._import_mapping import OrganisationStep, parse_mapping
from ostiary.records._import_organisation import draw_chart, import_organisation, login_of
from ostiary.records._import_result import Fate, RowFate
from ostiary.records._import_source import SourceRow

MAPPING = """
name: sample
steps:
  - kind: organisation
    name: team
    file: teams.csv
    columns: {member: agent, manager: manager, office: office}
    parent: {code: sales_org, name: Sales}
    office_name: "{office} office"
    team_name: Team {manager}
    functional_role: sales
    functional_role_of_managers: sales_managers
    email: "{login}@example.com"
    heads: {Central: Ada Bell}
"""
MANAGING = {"sales", "sales_managers"}
TEAMS = [("Al Fox", "Di Roe", "Central"), ("Bo Ek", "Di Roe", "Central"), ("Cy Ox", "Em Poe", "Central")]


class Memory:
    """Units and memberships in memory, behind the port of the import."""

    def __init__(self) -> None:
        self.units: dict[str, UnitId] = {
            "sales": UnitId(new_id()),
            "sales_managers": UnitId(new_id()),
        }
        self.names: dict[UnitId, str] = {}
        self.parents: dict[UnitId, UnitId | None] = {}
        self.manages: dict[UnitId, UnitId] = {}
        self.logins: dict[str, UnitId] = {}
        self.members: set[tuple[UnitId, UnitId]] = set()
        self.passwords: dict[UnitId, str] = {}

    def find_unit(self, _ctx: Context, code: str) -> UnitId | None:
        return self.units.get(code)

    def find_login(self, _ctx: Context, login: str) -> UnitId | None:
        return self.logins.get(login)

    def roles_of(self, _ctx: Context, principal: UnitId) -> frozenset[UnitId]:
        return frozenset(role for person, role in self.members if person == principal)

    def name_of(self, _ctx: Context, unit: UnitId) -> str:
        return self.names[unit]

    def create_person(
        self, _ctx: Context, *, login: str, name: str, email: str, language: str, time_zone: str
    ) -> UnitId:
        assert (email, language, time_zone) == (f"{login}@example.com", "en", "UTC")
        self.logins[login] = made = UnitId(new_id())
        self.names[made] = name
        return made

    def create_unit(self, _ctx: Context, name: str, *, code: str, parent: UnitId | None) -> UnitId:
        self.units[code] = made = UnitId(new_id())
        self.names[made], self.parents[made] = name, parent
        return made

    def create_manager_role(self, _ctx: Context, _name: str, *, code: str, manages: UnitId) -> UnitId:
        self.units[code] = made = UnitId(new_id())
        self.manages[made] = manages
        return made

    def add_members(self, _ctx: Context, pairs: Iterable[tuple[UnitId, UnitId]]) -> None:
        self.members |= set(pairs)

    def remove_member(self, _ctx: Context, principal: UnitId, role: UnitId) -> None:
        self.members.remove((principal, role))

    def set_password(self, _ctx: Context, person: UnitId, password: str) -> None:
        self.passwords[person] = password

    def codes_of(self, login: str) -> set[str]:
        held = {role for person, role in self.members if person == self.logins[login]}
        return {code for code, unit in self.units.items() if unit in held}


class Savepoints:
    @contextmanager
    def savepoint(self) -> Iterator[None]:
        yield


def step() -> OrganisationStep:
    (found,) = parse_mapping(MAPPING, name="m.yaml").steps
    assert isinstance(found, OrganisationStep)
    return found


def source(rows: list[tuple[str, str, str]]) -> list[SourceRow]:
    names = ("agent", "manager", "office")
    return [SourceRow(n, dict(zip(names, row, strict=True))) for n, row in enumerate(rows, 2)]


def imported(
    memory: Memory, rows: list[tuple[str, str, str]], password: str | None = None
) -> dict[str, RowFate]:
    ctx = Context(TenantId(UUID(int=1)), cast("Db", Savepoints()), UnitId(UUID(int=2)), Channel.IMPORT)
    chart = draw_chart(step(), source(rows))
    return {f.key: f for f in import_organisation(ctx, memory, step(), chart, password=password)}


def test_teams_lie_below_offices_and_each_manager_holds_one_team() -> None:
    memory = Memory()
    fates = imported(memory, TEAMS)
    assert {name: (fate.line, fate.fate) for name, fate in fates.items()} == {
        "Ada Bell": (0, Fate.CREATED),
        "Al Fox": (2, Fate.CREATED),
        "Di Roe": (2, Fate.CREATED),
        "Bo Ek": (3, Fate.CREATED),
        "Cy Ox": (4, Fate.CREATED),
        "Em Poe": (4, Fate.CREATED),
    }
    assert memory.codes_of("al.fox") == {"sales_org.central.di-roe", "sales"}
    assert memory.codes_of("di.roe") == {"sales_org.central", "sales_org.central.di-roe.manager", *MANAGING}
    assert memory.codes_of("em.poe") == {"sales_org.central", "sales_org.central.em-poe.manager", *MANAGING}
    assert memory.codes_of("ada.bell") == {"sales_org", "sales_org.central.manager", *MANAGING}
    units = memory.units
    assert memory.parents[units["sales_org.central.di-roe"]] == units["sales_org.central"]
    assert memory.parents[units["sales_org.central"]] == units["sales_org"]
    assert memory.manages[units["sales_org.central.di-roe.manager"]] == units["sales_org.central.di-roe"]
    assert memory.passwords == {}


def test_a_second_run_changes_nothing_and_a_move_moves() -> None:
    memory = Memory()
    imported(memory, TEAMS)
    memory.members.add((memory.logins["bo.ek"], other := UnitId(new_id())))
    before = set(memory.members)
    assert {fate.fate for fate in imported(memory, TEAMS).values()} == {Fate.UNCHANGED}
    assert memory.members == before
    moved = imported(memory, [TEAMS[0], ("Bo Ek", "Em Poe", "Central"), TEAMS[2]])
    assert {name for name, fate in moved.items() if fate.fate is Fate.UPDATED} == {"Bo Ek"}
    assert memory.codes_of("bo.ek") == {"sales_org.central.em-poe", "sales"}
    assert (memory.logins["bo.ek"], other) in memory.members


def test_a_login_of_somebody_else_is_refused_and_the_rest_is_not() -> None:
    memory = Memory()
    memory.logins["al.fox"] = stranger = UnitId(new_id())
    memory.names[stranger] = "Alice Fox"
    fates = imported(memory, TEAMS, password="first one")
    assert fates["Al Fox"].fate is Fate.REFUSED
    assert "the login al.fox belongs to Alice Fox" in fates["Al Fox"].reason
    assert fates["Bo Ek"].fate is Fate.CREATED
    assert memory.roles_of(cast("Context", None), stranger) == frozenset()
    assert set(memory.passwords) == set(memory.logins.values()) - {stranger}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("", "Di Roe", "Central"), "teams.csv: line 5: column 'agent' is blank"),
        (("Gy Hu", "Di Roe", ""), "teams.csv: line 5: column 'office' is blank"),
        (("al fox", "Em Poe", "Central"), "line 5: agent 'al fox' is on line 2 already"),
        (("李", "Di Roe", "Central"), "line 5: no login can be made from the name '李'"),
    ],
)
def test_a_faulty_team_file_is_refused_by_line(row: tuple[str, str, str], says: str) -> None:
    draw_chart(step(), source(TEAMS))
    with pytest.raises(ImportRefused) as refused:
        draw_chart(step(), source([*TEAMS, row]))
    assert says in refused.value.message


def test_a_head_of_no_office_and_an_unknown_functional_role_are_refused() -> None:
    with pytest.raises(ImportRefused, match="no row names 'Central', for which a head is given"):
        draw_chart(step(), source([("Al Fox", "Di Roe", "West")]))
    for code in MANAGING:
        memory = Memory()
        del memory.units[code]
        with pytest.raises(ImportRefused, match=f"no functional role '{code}'"):
            imported(memory, TEAMS)


@pytest.mark.parametrize(
    ("name", "login"),
    [("Mei-Mei Johns", "mei-mei.johns"), (" Zoë  O'Neil ", "zoe.o-neil"), ("李", ""), ("A", "a")],
)
def test_logins_from_names(name: str, login: str) -> None:
    assert login_of(name) == login
