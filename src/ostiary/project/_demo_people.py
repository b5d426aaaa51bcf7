"""The demo organisation: about forty people in departments and teams, with managers and functional roles."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.project import _demo_words as words

# unit -> (name, parent, functional role linked to it)
UNITS: Mapping[str, tuple[str, str | None, str | None]] = {
    "sales_organisation": ("Sales", None, "sales"),
    "sales_north": ("Sales North", "sales_organisation", None),
    "sales_west": ("Sales West", "sales_organisation", None),
    "sales_south": ("Sales South", "sales_organisation", None),
    "service_organisation": ("Service", None, "service"),
    "service_first": ("Service first line", "service_organisation", None),
    "service_second": ("Service second line", "service_organisation", None),
    "marketing_department": ("Marketing", None, "marketing"),
    "finance_department": ("Finance", None, "finance"),
    "human_resources": ("Human resources", None, None),
    "administration": ("Administration", None, None),
}
SALES_TEAMS = ("sales_north", "sales_west", "sales_south")
SERVICE_TEAMS = ("service_first", "service_second")
_REPRESENTATIVES, _AGENTS = 5, 4  # per team
_LEADS_OF = {
    "sales_organisation": ("Head of sales", "sales_managers"),
    "sales_north": ("Sales manager North", "sales_managers"),
    "sales_west": ("Sales manager West", "sales_managers"),
    "sales_south": ("Sales manager South", "sales_managers"),
    "service_organisation": ("Head of service", "service_managers"),
    "service_first": ("Lead of the first line", "service_managers"),
    "service_second": ("Lead of the second line", "service_managers"),
    "marketing_department": ("Head of marketing", None),
    "finance_department": ("Head of finance", None),
    "human_resources": ("Head of human resources", None),
    "administration": ("System administrator", identity.SYSTEM_ADMINISTRATORS),
}
_STAFF_OF = {
    **dict.fromkeys(SALES_TEAMS, ("Sales representative", _REPRESENTATIVES)),
    **dict.fromkeys(SERVICE_TEAMS, ("Service agent", _AGENTS)),
    "marketing_department": ("Marketing specialist", 2),
    "finance_department": ("Accountant", 2),
    "human_resources": ("Personnel officer", 1),
    "administration": ("Office administrator", 1),
}


@dataclass(frozen=True, slots=True)
class Person:
    """One of them. manages: leads `unit`. role: a functional role held directly. signs_in: has a password."""

    login: str
    name: str
    title: str
    unit: str
    manages: bool = False
    role: str | None = None
    signs_in: bool = True


def invent_people(rng: random.Random) -> tuple[Person, ...]:
    """The same people for the same seed; no two share a name."""
    people: list[Person] = []
    names: set[str] = set()

    def add(
        unit: str, title: str, role: str | None = None, *, manages: bool = False, signs_in: bool = True
    ) -> None:
        name = f"{rng.choice(words.GIVEN)} {words.surname(rng)}"
        while name in names:
            name = f"{rng.choice(words.GIVEN)} {words.surname(rng)}"
        names.add(name)
        login = words.slug(name).replace("-", ".")
        people.append(Person(login, name, title, unit, manages=manages, role=role, signs_in=signs_in))

    for unit in UNITS:
        title, role = _LEADS_OF[unit]
        add(unit, title, role, manages=unit != "administration")
        staff, count = _STAFF_OF.get(unit, ("", 0))
        for place in range(count):
            add(unit, staff, signs_in=place == 0)  # hashing is slow on purpose: one of each kind is enough
    return tuple(people)


def create_people(ctx: Context, people: tuple[Person, ...], password: str) -> Mapping[str, UnitId]:
    """Make the organisation through the checked commands; ids by login. The package's roles must be there."""
    units = _create_units(ctx)
    managers = {
        unit: access.create_role(
            ctx, identity.UnitKind.MANAGER, f"{UNITS[unit][0]}. Managers", manages=units[unit]
        )
        for unit in UNITS
        if unit != "administration"
    }
    ids: dict[str, UnitId] = {}
    memberships: list[tuple[UnitId, UnitId]] = []
    for person in people:
        made = access.create_person(
            ctx, login=person.login, name=person.name, email=f"{person.login}@example.com"
        )
        if person.signs_in:
            access.set_password(ctx, made, password)
        ids[person.login] = made
        memberships.append((made, units[person.unit]))
        if person.manages:
            memberships.append((made, managers[person.unit]))
        if person.role is not None:
            memberships.append((made, _role(ctx, person.role)))
    access.add_members(ctx, memberships)
    return ids


def _create_units(ctx: Context) -> dict[str, UnitId]:
    units: dict[str, UnitId] = {}
    for code, (name, parent, linked) in UNITS.items():
        units[code] = access.create_role(
            ctx, identity.UnitKind.ORG, name, code=code, parent=units[parent] if parent else None
        )
        if linked is not None:
            access.link(ctx, units[code], _role(ctx, linked))
    return units


def _role(ctx: Context, code: str) -> UnitId:
    found = identity.find_unit(ctx, code)
    if found is None:
        raise LookupError(f"the role {code} comes with the package, which is not installed")
    return found
