"""Packages of declarations: a folder of YAML files becomes checked values. Nothing here touches a database.

package.yaml     code, caption, version, the files in order, workplaces
<object>.yaml    one object
<lookups>.yaml   `lookups:` several small objects of values with the policy they share
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ostiary.kernel.ids import ObjectId
from ostiary.objects._declared import PolicyDefaults, read_column, read_policy
from ostiary.objects._details import Details, expanded, read_details
from ostiary.objects._errors import PackageRefused
from ostiary.objects._model import (
    UNASSIGNED,
    Column,
    Layout,
    Object,
    Workplace,
    owner_column,
)
from ostiary.objects._names import IDENTIFIER
from ostiary.objects._rules import NO_RULES, read_rules
from ostiary.objects._strict import Node, read_yaml
from ostiary.objects._verify import verify_extensions, verify_object, verify_package
from ostiary.objects._verify_rules import verify_between, verify_rules


@dataclass(frozen=True, slots=True)
class Package:
    """Declarations, checked against each other. Their ids are unassigned: installing gives them.

    values: rows of lookups, by object code. lookup_defaults: (object, column) -> `name` of the default value.
    extensions: columns that it adds to objects of others, by object code. rights: as in a file of rights.
    """

    code: str
    caption: str
    version: str
    objects: Mapping[str, Object]
    workplaces: tuple[Workplace, ...]
    values: Mapping[str, tuple[Mapping[str, object], ...]] = field(default_factory=dict)
    lookup_defaults: Mapping[tuple[str, str], str] = field(default_factory=dict)
    extensions: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    rights: Mapping[str, Any] | None = None


class Draft:
    """What has been read so far."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.values: dict[str, tuple[Mapping[str, object], ...]] = {}
        self.lookup_defaults: dict[tuple[str, str], str] = {}

    def add(self, node: Node, made: Object, defaults: Mapping[str, str]) -> None:
        if made.code in self.objects:
            raise node.refuse("an object with this code is declared twice")
        verify_object(made, node.refuse)
        self.objects[made.code] = made
        self.lookup_defaults |= {(made.code, column): value for column, value in defaults.items()}

    def add_object(self, node: Node) -> None:
        """Read an object that is no list of values, with what it says to lie under it."""
        declared, defaults, details = read_object(node)
        made, *under = expanded(declared, details)
        self.add(node, made, defaults)
        for each in under:
            self.add(node.at(each.code), each, {})


def read_package(folder: Path, *, known: Iterable[str] = ()) -> Package:
    """Read and check a package.

    Args: known: codes of objects outside the package that its lookups may name.
    Raises: PackageRefused, naming file, object and key.
    """
    head = read_yaml(folder / "package.yaml")
    code, caption = head.take("package", str), head.take("caption", str)
    version = head.take("version", str)
    draft = Draft()
    for name in head.texts("files"):
        if Path(name).name != name:
            raise head.refuse(f"{name!r} is not a file of this folder")
        if not (folder / name).is_file():
            raise head.refuse(f"there is no file {name!r}")
        _read_file(read_yaml(folder / name), draft)
    workplaces = tuple(read_workplace(node) for node in head.nodes("workplaces"))
    head.finish()
    return finish_package(code, caption, version, draft, workplaces, known)


def finish_package(  # noqa: PLR0913, PLR0917  the parts of a package
    code: str,
    caption: str,
    version: str,
    draft: Draft,
    workplaces: tuple[Workplace, ...],
    known: Iterable[str] | None,
    extensions: Mapping[str, tuple[Column, ...]] | None = None,
    rights: Mapping[str, Any] | None = None,
) -> Package:
    """A package whose parts fit together. Raises PackageRefused."""
    if IDENTIFIER.fullmatch(code) is None:
        raise PackageRefused(f"package: {code!r} is not a code")
    package = Package(
        code,
        caption,
        version,
        draft.objects,
        workplaces,
        draft.values,
        draft.lookup_defaults,
        extensions or {},
        rights,
    )
    if known is not None:
        verify_package(package.objects, workplaces, frozenset(known))
        verify_extensions(package.extensions, package.objects, frozenset(known))
        verify_between(package.objects)
    _verify_values(package)
    return package


def _read_file(node: Node, draft: Draft) -> None:
    if not node.has("lookups"):
        _read_object(node, draft)
        return
    policy = read_policy(node.node("policy"))
    for lookup in node.nodes("lookups"):
        _read_lookup(lookup, policy, draft)
    node.finish()


def _read_object(node: Node, draft: Draft) -> None:
    draft.add_object(node)


def read_object(node: Node) -> tuple[Object, Mapping[str, str], Details]:
    """An object, the names of its lookups' default values, what is to lie under it. Raises PackageRefused."""
    code = node.take("object", str)
    node.at(code)
    policy = read_policy(node.node("policy")) if node.has("policy") else PolicyDefaults()
    details = read_details(node, policy)
    has_owner = node.take("owner", bool, True)
    columns, defaults = _read_columns(node, policy)
    if has_owner:
        columns["owner"] = owner_column()
    made = Object(
        id=ObjectId(UNASSIGNED),
        code=code,
        caption=node.take("caption", str),
        plural=node.take("plural", str),
        icon=node.take("icon", str),
        display=node.take("display", str),
        columns=columns,
        layout=read_layout(node.node("layout")),
        has_owner=has_owner,
        description=node.take("description", str, ""),
        master=node.take("master", str, ""),
        content=node.take("content", bool, False),
        log=node.take("log", bool, False),
        rules=read_rules(node.node("rules")) if node.has("rules") else NO_RULES,
    )
    node.finish()
    verify_rules(made, node.refuse)
    return made, defaults, details


def _read_lookup(node: Node, policy: PolicyDefaults, draft: Draft) -> None:
    made, defaults, values = read_lookup(node, policy)
    draft.add(node, made, defaults)
    draft.values[made.code] = values


def read_lookup(
    node: Node, policy: PolicyDefaults
) -> tuple[Object, Mapping[str, str], tuple[Mapping[str, object], ...]]:
    """A small object of values: `name` and `position` are always there, more columns may be declared."""
    code = node.take("lookup", str)
    node.at(code)
    columns = {c.code: c for c in _standard_lookup_columns(policy)}
    own, defaults = _read_columns(node, policy, taken=columns)
    columns |= own
    caption, plural = node.take("caption", str), node.take("plural", str)
    made = Object(
        id=ObjectId(UNASSIGNED),
        code=code,
        caption=caption,
        plural=plural,
        icon=node.take("icon", str, "list-details"),
        display="name",
        columns=columns,
        layout=Layout(tuple(columns), ("position", "name"), (), ((caption, tuple(columns)),)),
        is_lookup=True,
        has_owner=False,
        description=node.take("description", str, ""),
    )
    values = tuple(node.take("values", list, []))
    node.finish()
    return made, defaults, tuple(_value(node, made, i, value) for i, value in enumerate(values, 1))


def _standard_lookup_columns(policy: PolicyDefaults) -> Iterable[Column]:
    name = {"column": "name", "type": "text", "required": True, "unique": True, "max_length": 120}
    position = {"column": "position", "caption": "Order", "type": "integer", "minimum": 0, "default": 0}
    for declared in (name, position):
        yield read_column(Node("standard column", declared), policy)[0]


def _value(node: Node, lookup: Object, number: int, value: object) -> Mapping[str, object]:
    """One value of a lookup: its name alone, or a mapping of columns. The file's order is its position."""
    row: dict[Any, Any] = (
        {"name": value} if isinstance(value, str) else value if isinstance(value, dict) else {}
    )
    if not isinstance(row.get("name"), str):
        raise node.refuse(f"value {number} has no name")
    for key in row:
        if key not in lookup.columns:
            raise node.refuse(f"value {row['name']!r}: unknown key {key!r}")
    return {"position": number * 10, **row}


def _read_columns(
    node: Node, policy: PolicyDefaults, taken: Iterable[str] = ()
) -> tuple[dict[str, Column], dict[str, str]]:
    columns: dict[str, Column] = {}
    defaults: dict[str, str] = {}
    for declared in node.nodes("columns"):
        column, lookup_default = read_column(declared, policy)
        if column.code in columns or column.code in taken:
            raise node.refuse(f"column {column.code} is declared twice")
        columns[column.code] = column
        if lookup_default is not None:
            defaults[column.code] = lookup_default
    return columns, defaults


def read_layout(node: Node) -> Layout:
    """How an object is shown. Raises PackageRefused."""
    groups = []
    for group in node.nodes("groups"):
        groups.append((group.take("caption", str), group.texts("columns")))
        group.finish()
    details = []
    for detail in node.nodes("details"):
        details.append((detail.take("caption", str), detail.take("object", str), detail.take("column", str)))
        detail.finish()
    layout = Layout(
        list_columns=node.texts("list"),
        default_sort=node.texts("sort"),
        facts=node.texts("facts"),
        groups=tuple(groups),
        details=tuple(details),
        stage=node.take("stage", str) if node.has("stage") else None,
    )
    node.finish()
    return layout


def read_workplace(node: Node) -> Workplace:
    """A workplace with its sections. Raises PackageRefused."""
    code, caption = node.take("workplace", str), node.take("caption", str)
    node.at(code)
    groups = []
    for group in node.nodes("groups"):
        groups.append((group.take("caption", str), group.texts("sections")))
        group.finish()
    node.finish()
    return Workplace(code, caption, tuple(groups))


def _verify_values(package: Package) -> None:
    for code, rows in package.values.items():
        names = [row["name"] for row in rows]
        for name in names:
            if names.count(name) > 1:
                raise PackageRefused(f"{code}: value {name!r} is given twice")
    for (code, column), value in package.lookup_defaults.items():
        target = package.objects[code].columns[column].target
        if value not in [row["name"] for row in package.values.get(str(target), ())]:
            raise PackageRefused(f"{code}: column {column}: the default {value!r} is no value of {target}")
