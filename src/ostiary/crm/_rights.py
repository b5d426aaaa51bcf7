"""The rights that the package declares: rows, rules and switches for its objects, read strictly from YAML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.objects import public as objects

LETTERS = {verb.letter: verb for verb in access.Verb}
BUILT_IN = frozenset({identity.ALL_EMPLOYEES, identity.SYSTEM_ADMINISTRATORS})

T = TypeVar("T")
ColumnRows = tuple[tuple[str, access.ColumnLevel], ...]  # (unit code, level), topmost first


@dataclass(frozen=True, slots=True)
class Rule:
    """A default rule between two units, by code."""

    author: str
    grantee: str
    read: access.Grant
    update: access.Grant
    delete: access.Grant


@dataclass(frozen=True, slots=True)
class ObjectRights:
    """What is written for one object. Units are codes of roles."""

    rows: tuple[tuple[str, frozenset[access.Verb]], ...]
    records: bool
    rules: tuple[Rule, ...]
    by_class: Mapping[objects.DataClass, ColumnRows]
    by_column: Mapping[str, ColumnRows]

    def rows_for(self, column: objects.Column) -> ColumnRows:
        """The rows of a column. Raises KeyError where its class has none: `read_rights` refuses that."""
        return self.by_column.get(column.code) or self.by_class[column.data_class]


@dataclass(frozen=True, slots=True)
class Rights:
    """Roles with their captions, operation rows (the units that may), and rights by object code."""

    roles: Mapping[str, str]
    operations: Mapping[access.Operation, tuple[str, ...]]
    objects: Mapping[str, ObjectRights]


def read_rights(path: Path, package: objects.Package) -> Rights:
    """Read and check against the package. Raises PackageRefused: an object or column is left out."""
    node = objects.read_yaml(path)
    roles = {}
    for role in node.nodes("roles"):
        roles[role.take("role", str)] = role.take("caption", str)
        role.finish()
    units = BUILT_IN | roles.keys()
    operations = {}
    for operation in node.nodes("operations"):
        code = _member(operation, "operation", {o.value: o for o in access.Operation})
        operations[code] = tuple(_known(operation, unit, units) for unit in operation.texts("rows"))
        operation.finish()
    lookups = _read_object(node.node("lookups"), units)
    declared = {}
    for described in node.nodes("objects"):
        code_ = described.take("object", str)
        declared[code_] = _read_object(described.at(code_), units)
    node.finish()
    whole = {code: lookups for code, made in package.objects.items() if made.is_lookup} | declared
    _verify_complete(node, package, whole)
    return Rights(roles, operations, whole)


def _read_object(node: objects.Node, units: frozenset[str]) -> ObjectRights:
    rows = []
    for row in node.nodes("rows"):
        letters = row.take("verbs", str)
        if not letters or not set(letters) <= LETTERS.keys():
            raise row.refuse(f"verbs {letters!r} are letters out of {''.join(LETTERS)}")
        rows.append((_known(row, row.take("unit", str), units), frozenset(LETTERS[x] for x in letters)))
        row.finish()
    columns = node.node("columns")
    by_column = {}
    for exception in columns.nodes("except"):
        code = exception.take("column", str)
        by_column[code] = _read_column_rows(exception.nodes("rows"), units)
        exception.finish()
    by_class = {
        data_class: _read_column_rows(columns.nodes(data_class.name.lower()), units)
        for data_class in objects.DataClass
        if columns.has(data_class.name.lower())
    }
    columns.finish()
    rules = tuple(_read_rule(rule, units) for rule in node.nodes("rules"))
    made = ObjectRights(tuple(rows), node.take("records", bool), rules, by_class, by_column)
    node.finish()
    return made


def _read_column_rows(nodes: Sequence[objects.Node], units: frozenset[str]) -> ColumnRows:
    levels = {level.name.lower(): level for level in access.ColumnLevel}
    rows = []
    for node in nodes:
        rows.append((_known(node, node.take("unit", str), units), _member(node, "level", levels)))
        node.finish()
    return tuple(rows)


def _read_rule(node: objects.Node, units: frozenset[str]) -> Rule:
    grants = {grant.name.lower(): grant for grant in access.Grant}

    def grant(key: str) -> access.Grant:
        return _member(node, key, grants) if node.has(key) else access.Grant.NONE

    author, grantee = (_known(node, node.take(key, str), units) for key in ("author", "grantee"))
    rule = Rule(author, grantee, grant("read"), grant("update"), grant("delete"))
    node.finish()
    return rule


def _member(node: objects.Node, key: str, members: Mapping[str, T]) -> T:
    value = node.take(key, str)
    if value not in members:
        raise node.refuse(f"{key} {value!r} is none of {', '.join(members)}")
    return members[value]


def _known(node: objects.Node, unit: str, units: frozenset[str]) -> str:
    if unit not in units:
        raise node.refuse(f"there is no role {unit!r}")
    return unit


def _verify_complete(
    node: objects.Node, package: objects.Package, rights: Mapping[str, ObjectRights]
) -> None:
    """Closed is a decision here, too: an object or a column that nobody thought of is refused."""
    if rights.keys() != package.objects.keys():
        raise node.refuse(
            f"rights and objects differ: {', '.join(sorted(rights.keys() ^ package.objects.keys()))}"
        )
    for code, made in package.objects.items():
        columns = {c.code: c for c in made.columns.values() if c.takes_rows}
        for column in columns.values():
            if column.code not in rights[code].by_column and column.data_class not in rights[code].by_class:
                raise node.refuse(
                    f"{code}: column {column.code}: nobody is named for {column.data_class.name.lower()}"
                )
        unknown = rights[code].by_column.keys() - columns.keys()
        if unknown:
            raise node.refuse(f"{code}: except: unknown column {', '.join(sorted(unknown))}")
