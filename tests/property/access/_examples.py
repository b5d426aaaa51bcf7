"""The examples of docs/explanation/access.md as worlds, and what they say will be.

Names of the page stand for units, objects and records of the stage; what an example leaves out is open.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.oracle.model import (
    EXTERNALS,
    ROOT,
    ColumnRow,
    Delegation,
    Deny,
    Elevation,
    Grant,
    Graph,
    Kind,
    Leg,
    Level,
    Object,
    ObjectRow,
    Operation,
    OperationRow,
    Record,
    Rule,
    Scope,
    Share,
    Unit,
    Verb,
    World,
)
from tests.oracle.worlds import COLUMNS, DISPLAYS, LOOKUPS, MASTERS

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "access.md"
_ORGS = {"Sales": "o1", "North": "o2", "South": "o3", "Service": "o4"}
_OUTSIDE = {"Acme": "e1", "Globex": "e2"}
_UNITS: dict[str, Unit] = {
    "All employees": ROOT,
    "All external users": EXTERNALS,
    **_ORGS,
    **_OUTSIDE,
    **{f"{name} managers": f"m_{org}" for name, org in _ORGS.items()},
    "Analysts": "f1",
    **{name: f"p{n}" for n, name in enumerate(("Ann", "Ben", "Cem", "Dia", "Eve"), 1)},
    "Xena": "x1",
    "Yuri": "x2",
    "Robot": "s1",
}
_OBJECTS = {"deal": "alpha", "offer": "beta", "line": "gamma", "region": "zone"}
_OPERATIONS = {"View any": Operation.VIEW_ANY, "Edit any": Operation.EDIT_ANY}
_VERBS = {verb.value: verb for verb in Verb}
_YESTERDAY = -86_400


@dataclass(frozen=True)
class Example:
    """A world, and sentences about it."""

    number: int
    world: World
    sentences: tuple[str, ...]


def examples() -> Iterator[Example]:
    """Every example of the page."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for number, block in enumerate(blocks, 1):
        told: dict[str, Any] = yaml.safe_load(block)
        yield Example(number, _world(told), tuple(told["then"]))


def _world(told: Mapping[str, Any]) -> World:
    before = _graph(told, told["people"])
    after = _graph(told, {**told["people"], **told.get("later", {})}) if "later" in told else before
    return World(
        (before, after),
        {name: _object(told, word, name) for word, name in _OBJECTS.items()},
        {name: _record(text) for name, text in told["records"].items()},
        tuple(share for text in told.get("shares", ()) for share in _shares(text)),
        {
            _OPERATIONS[name]: tuple(OperationRow(unit, said == "yes") for unit, said in map(_row, rows))
            for name, rows in told.get("operations", {}).items()
        },
        LOOKUPS,
        DISPLAYS,
        tuple(_deny(text) for text in told.get("denies", ())),
        MASTERS,
    )


def _graph(told: Mapping[str, Any], people: Mapping[str, Sequence[str]]) -> Graph:
    kinds: dict[Unit, Kind] = {ROOT: Kind.ORG, EXTERNALS: Kind.ORG, "system_administrators": Kind.FUNC}
    kinds |= dict.fromkeys([*_ORGS.values(), *_OUTSIDE.values()], Kind.ORG)
    kinds |= dict.fromkeys([f"m_{org}" for org in _ORGS.values()], Kind.MANAGER)
    kinds |= {"f1": Kind.FUNC, "ada": Kind.PERSON, "s1": Kind.SERVICE}
    kinds |= dict.fromkeys([u for name, u in _UNITS.items() if u[0] in "px" and u[1:].isdigit()], Kind.PERSON)
    parents = dict.fromkeys(_ORGS.values(), ROOT) | dict.fromkeys(_OUTSIDE.values(), EXTERNALS)
    parents |= {_UNITS[unit]: _UNITS[parent] for unit, parent in told.get("units", {}).items()}
    return Graph(
        kinds,
        parents,
        {f"m_{org}": org for org in _ORGS.values()},
        members=frozenset((_UNITS[who], _UNITS[role]) for who, roles in people.items() for role in roles)
        | {("ada", "system_administrators")},
        marked=frozenset({"system_administrators"}),
        external=frozenset({EXTERNALS, *_OUTSIDE.values(), "x1", "x2"}),
        delegations=tuple(_delegation(text) for text in told.get("delegations", ())),
        elevations=tuple(_elevation(text) for text in told.get("elevations", ())),
        attributes={
            _UNITS[who]: {name: frozenset(values) for name, values in lists.items()}
            for who, lists in told.get("attributes", {}).items()
        },
    )


def _elevation(text: str) -> Elevation:
    person, role = (_UNITS[word] for word in text.split(" to "))
    return Elevation(person, role)


def _delegation(text: str) -> Delegation:
    names, _, ended = text.partition(" until ")
    grantor, receiver = (_UNITS[word] for word in names.split(" to "))
    return Delegation(grantor, receiver, None, _YESTERDAY if ended else None)


def _object(told: Mapping[str, Any], word: str, name: str) -> Object:
    rows = told.get("rows", {}).get(word, ["All employees: create read update delete"])
    columns = {
        column: tuple(
            ColumnRow(unit, Level[said.upper()])
            for unit, said in map(_row, told.get("columns", {}).get(f"{word}.{column}", ()))
        )
        for column in COLUMNS[name]
    }
    off = told.get("switched_off", {}).get(word, ())
    return Object(
        records="records" not in off,
        legs=frozenset(leg for leg in Leg if leg.name.lower() not in off),
        rows=tuple(
            ObjectRow(unit, frozenset(_VERBS[verb] for verb in said.split()))
            for unit, said in map(_row, rows)
        ),
        columns=columns,
        rules=tuple(_rule(text) for text in told.get("rules", {}).get(word, ())),
        scopes=tuple(_scope(text) for text in told.get("scopes", {}).get(word, ())),
        denies=True,
        sealed=frozenset(c.partition(".")[2] for c in told.get("sealed", ()) if c.startswith(f"{word}.")),
    )


def _row(text: str) -> tuple[Unit, str]:
    unit, _, said = text.rpartition(": ")
    return _UNITS[unit], said


def _grants(said: str) -> dict[Verb, Grant]:
    return {
        _VERBS[verb.rstrip("+")]: Grant.DELEGABLE if verb.endswith("+") else Grant.GRANTED
        for verb in said.split()
    }


def _rule(text: str) -> Rule:
    units, _, said = text.rpartition(": ")
    author, grantee = (_UNITS[word] for word in units.split(" -> "))
    return Rule(author, grantee, _grants(said))


def _scope(text: str) -> Scope:
    grantee, compared, said = text.split(": ")
    path, attribute = compared.split(" in ")
    return Scope(_UNITS[grantee], tuple(path.split(".")), attribute, _grants(said))


def _shares(text: str) -> list[Share]:
    record, unit, said = re.split(r" with |: ", text)
    return [Share(record, _UNITS[unit], verb, grant) for verb, grant in _grants(said).items()]


def _deny(text: str) -> Deny:
    record, unit, said = re.split(r" to |: ", text)
    return Deny(record, _UNITS[unit], frozenset(_VERBS[verb] for verb in said.split()))


def _record(text: str) -> Record:
    head, *facts = text.split(", ")
    kind, _, author = head.split()
    owner = None
    values: dict[str, str | int | None] = {"title": "A title"}
    for fact in facts:
        name, value = fact.split()
        if name == "owner":
            owner = _UNITS[value]
        else:
            values[name] = int(value) if value.isdigit() else value
    return Record(_OBJECTS[kind], _UNITS[author], owner, values=values)


@dataclass(frozen=True)
class Claim:
    """A sentence: who does, or does not do, what."""

    who: Unit
    verb: str
    thing: str
    holds: bool
    column: str = ""
    under: str = ""


SENTENCE = re.compile(
    r"(?P<who>\w+) (?P<no>does not )?(?P<verb>[a-z]+?)s? (?P<thing>\w+?)(\.(?P<column>\w+))?"
    r"( (?P<masked>masked)| about (?P<under>\w+))?"
)


def read_sentence(text: str) -> Claim:
    """What a sentence claims. Raises ValueError: it is of no known form."""
    found = SENTENCE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    verb = f"{found['verb']} masked" if found["masked"] else found["verb"]
    return Claim(
        _UNITS[found["who"]],
        verb,
        _OBJECTS.get(found["thing"], found["thing"]),
        not found["no"],
        found["column"] or "",
        found["under"] or "",
    )
