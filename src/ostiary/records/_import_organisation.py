"""The organisation step of an import: units, people, manager roles from a team file, by checked commands."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.ids import UnitId
from ostiary.records._import_errors import ImportRefused, refuse_all
from ostiary.records._import_mapping import OrganisationStep
from ostiary.records._import_result import Fate, RowFate
from ostiary.records._import_source import SourceRow

MANAGER = ".manager"  # ends the code of a unit's manager role; slugs hold no dot


class Organisation(Protocol):
    """The checked administration commands that the step needs, and the reading that goes with them."""

    def find_unit(self, ctx: Context, code: str) -> UnitId | None: ...

    def find_login(self, ctx: Context, login: str) -> UnitId | None: ...

    def roles_of(self, ctx: Context, principal: UnitId) -> frozenset[UnitId]: ...

    def name_of(self, ctx: Context, unit: UnitId) -> str: ...

    def create_person(
        self, ctx: Context, *, login: str, name: str, email: str, language: str, time_zone: str
    ) -> UnitId: ...

    def create_unit(self, ctx: Context, name: str, *, code: str, parent: UnitId | None) -> UnitId: ...

    def create_manager_role(self, ctx: Context, name: str, *, code: str, manages: UnitId) -> UnitId: ...

    def add_members(self, ctx: Context, pairs: Iterable[tuple[UnitId, UnitId]]) -> None: ...

    def remove_member(self, ctx: Context, principal: UnitId, role: UnitId) -> None: ...

    def set_password(self, ctx: Context, person: UnitId, password: str) -> None: ...


@dataclass(slots=True)
class _Person:
    """Someone of the file: where first named, and the codes of the roles that the file gives."""

    name: str
    line: int
    roles: set[str] = field(default_factory=set)

    @property
    def manages(self) -> bool:
        return any(code.endswith(MANAGER) for code in self.roles)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit of the file and the name of its manager role."""

    code: str
    name: str
    parent: str

    @property
    def manager_code(self) -> str:
        return f"{self.code}{MANAGER}"


@dataclass(frozen=True, slots=True)
class Chart:
    """What a team file says: units, parents first, and people by folded name."""

    units: tuple[_Unit, ...]
    people: Mapping[str, _Person]


def draw_chart(step: OrganisationStep, rows: Sequence[SourceRow]) -> Chart:
    """The organisation that the rows describe. Raises ImportRefused with every fault by line."""
    units: dict[str, _Unit] = {}
    people: dict[str, _Person] = {}
    agents: dict[str, int] = {}
    faults: list[str] = []
    for row in rows:
        blank = [c for c in (step.member, step.manager, step.office) if not row.cells[c]]
        if blank:
            faults.append(f"{step.file}: line {row.line}: column {blank[0]!r} is blank")
            continue
        agent, manager, office = (row.cells[c] for c in (step.member, step.manager, step.office))
        if (first := agents.setdefault(agent.casefold(), row.line)) != row.line:
            faults.append(f"{step.file}: line {row.line}: {step.member} {agent!r} is on line {first} already")
            continue
        office_unit = _office_unit(step, office)
        team = _Unit(
            f"{office_unit.code}.{slug(manager)}",
            step.team_name.replace("{manager}", manager),
            office_unit.code,
        )
        units.setdefault(office_unit.code, office_unit)
        units.setdefault(team.code, team)
        _person(people, manager, row.line, office_unit.code, team.manager_code)
        _person(people, agent, row.line, team.code)
    faults += _add_heads(step, units, people)
    faults += [
        f"{step.file}: line {person.line}: no login can be made from the name {person.name!r}"
        for person in people.values()
        if not login_of(person.name)
    ]
    refuse_all(faults)
    return Chart(tuple(units.values()), people)


def _office_unit(step: OrganisationStep, office: str) -> _Unit:
    return _Unit(
        f"{step.parent_code}.{slug(office)}", step.office_name.replace("{office}", office), step.parent_code
    )


def _person(people: dict[str, _Person], name: str, line: int, *roles: str) -> None:
    person = people.setdefault(" ".join(name.split()).casefold(), _Person(" ".join(name.split()), line))
    person.roles.update(roles)


def _add_heads(step: OrganisationStep, units: Mapping[str, _Unit], people: dict[str, _Person]) -> list[str]:
    faults = []
    for office, name in step.heads.items():
        unit = units.get(_office_unit(step, office).code)
        if unit is None:
            faults.append(
                f"{step.file}: column {step.office!r}: no row names {office!r}, for which a head is given"
            )
            continue
        _person(people, name, 0, step.parent_code, unit.manager_code)
    return faults


def import_organisation(
    ctx: Context, port: Organisation, step: OrganisationStep, chart: Chart, *, password: str | None = None
) -> list[RowFate]:
    """Make what is missing, move who has moved; nothing else. One fate for each person, line 0 for heads.

    Raises: AccessDenied: the user may not manage users and roles. ImportRefused: no such functional role.
    """
    functional = _functional_roles(ctx, port, step)
    made = _make_units(ctx, port, step, chart)
    settler = _Settler(port, step, frozenset(made.values()), password)
    fates = []
    pairs: list[tuple[UnitId, UnitId]] = []
    for person in sorted(chart.people.values(), key=lambda p: (p.line, p.name)):
        fate = RowFate(step.name, step.file, person.line, person.name)
        wanted = frozenset(made[code] for code in person.roles) | functional[person.manages]
        try:
            with ctx.db.savepoint():
                pairs += settler.settle(ctx, person, wanted, fate)
        except Invalid as problem:
            fate.fate, fate.record = Fate.REFUSED, ""
            fate.columns = [error.field for error in problem.errors]
            fate.reason = "; ".join(f"{error.field}: {error.message}" for error in problem.errors)
        fates.append(fate)
    if pairs:
        port.add_members(ctx, pairs)
    return fates


def _functional_roles(
    ctx: Context, port: Organisation, step: OrganisationStep
) -> Mapping[bool, frozenset[UnitId]]:
    """Functional roles by whether somebody manages. They are given, never taken: others give them, too."""
    found = {}
    for code in (step.functional, step.functional_of_managers):
        unit = port.find_unit(ctx, code) if code is not None else None
        if code is not None and unit is None:
            raise ImportRefused(f"{step.name}: there is no functional role {code!r}")
        found[code] = frozenset({unit}) if unit is not None else frozenset()
    everybody = found[step.functional]
    return {False: everybody, True: everybody | found[step.functional_of_managers]}


def _make_units(ctx: Context, port: Organisation, step: OrganisationStep, chart: Chart) -> dict[str, UnitId]:
    """Ids by code: the parent, offices, teams, and the manager role of each office and team."""
    parent = port.find_unit(ctx, step.parent_code)
    if parent is None:
        parent = port.create_unit(ctx, step.parent_name, code=step.parent_code, parent=None)
    made = {step.parent_code: parent}
    for unit in chart.units:
        found = port.find_unit(ctx, unit.code)
        if found is None:
            found = port.create_unit(ctx, unit.name, code=unit.code, parent=made[unit.parent])
        made[unit.code] = found
        manager = port.find_unit(ctx, unit.manager_code)
        if manager is None:
            manager = port.create_manager_role(
                ctx, f"{unit.name}: manager", code=unit.manager_code, manages=found
            )
        made[unit.manager_code] = manager
    return made


@dataclass(frozen=True, slots=True)
class _Settler:
    """Brings people to where the file has them. ours: the roles that the step gives and takes."""

    port: Organisation
    step: OrganisationStep
    ours: frozenset[UnitId]
    password: str | None

    def settle(
        self, ctx: Context, person: _Person, wanted: frozenset[UnitId], fate: RowFate
    ) -> list[tuple[UnitId, UnitId]]:
        """Find or make a person; returns the memberships to add. Raises Invalid: the login is another's."""
        found = self.port.find_login(ctx, login_of(person.name))
        held: frozenset[UnitId] = frozenset()
        if found is None:
            found = self._create(ctx, person, fate)
        else:
            self._ensure_same(ctx, found, person)
            held = self.port.roles_of(ctx, found)
        fate.record = str(found)
        left = (held & self.ours) - wanted
        for role in left:  # the file has moved this person; roles that it does not know stay
            self.port.remove_member(ctx, found, role)
        missing = wanted - held
        if fate.fate is not Fate.CREATED and (left or missing):
            fate.fate = Fate.UPDATED
            fate.columns = [self.step.office, self.step.manager]
        return [(found, role) for role in sorted(missing)]

    def _create(self, ctx: Context, person: _Person, fate: RowFate) -> UnitId:
        login = login_of(person.name)
        made = self.port.create_person(
            ctx,
            login=login,
            name=person.name,
            email=self.step.email.replace("{login}", login),
            language=self.step.language,
            time_zone=self.step.time_zone,
        )
        if self.password is not None:
            self.port.set_password(ctx, made, self.password)
        fate.fate = Fate.CREATED
        fate.notes.append(f"login {login}")
        return made

    def _ensure_same(self, ctx: Context, found: UnitId, person: _Person) -> None:
        name = self.port.name_of(ctx, found)
        if name.casefold() != person.name.casefold():
            message = f"the login {login_of(person.name)} belongs to {name}"
            raise Invalid([FieldError(self.step.member, "taken", message)])


def slug(text: str) -> str:
    """Lower-case ASCII letters and digits with hyphens, for codes."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def login_of(name: str) -> str:
    """`Mei-Mei Johns` -> `mei-mei.johns`; empty when nothing of the name is left in ASCII."""
    return ".".join(part for word in name.split() if (part := slug(word)))
