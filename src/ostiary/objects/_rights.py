"""The rights that a package declares: roles, rows, rules and switches for its objects, written with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.objects._catalogue import load_catalogue
from ostiary.objects._inherited import inherit_rights, verbs_under
from ostiary.objects._install import Plan
from ostiary.objects._model import Column, DataClass, Object
from ostiary.objects._package import Package
from ostiary.objects._strict import Node, read_yaml
from ostiary.objects._verify import MOST_MASTERS

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
    """What is written for one object. Units are codes of roles.

    inherited: made from the rights of the master's object, where none were declared.
    """

    rows: tuple[tuple[str, frozenset[access.Verb]], ...]
    records: bool
    rules: tuple[Rule, ...]
    by_class: Mapping[DataClass, ColumnRows]
    by_column: Mapping[str, ColumnRows]
    inherited: bool = False

    def under(self) -> "ObjectRights":
        """The rights of an object under this one, where nobody declares any.

        Who may read it reads what lies under it, who may change it changes that in every way; columns go by
        class. Which records, only the legs of those records tell, the master's above all.
        """
        rows = tuple((unit, verbs_under(verbs)) for unit, verbs in self.rows)
        return ObjectRights(rows, True, (), self.by_class, {}, inherited=True)

    def rows_for(self, column: Column) -> ColumnRows:
        """The rows of a column. Raises KeyError where its class has none: `read_rights` refuses that."""
        return self.by_column.get(column.code) or self.by_class[column.data_class]


@dataclass(frozen=True, slots=True)
class Rights:
    """Roles with their captions, operation rows (the units that may), and rights by object code."""

    roles: Mapping[str, str]
    operations: Mapping[access.Operation, tuple[str, ...]]
    objects: Mapping[str, ObjectRights]


def read_rights(path: Path, package: Package) -> Rights:
    """Read a file of rights. Raises PackageRefused: an object or column of the package is left out."""
    return _read(read_yaml(path), package)


def rights_of(package: Package) -> Rights:
    """The rights that a package file carries. Raises PackageRefused: an object or column is left out."""
    return _read(Node("package: rights", dict(package.rights or {})), package)


def _read(node: Node, package: Package) -> Rights:
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
    _inherit(package, whole)
    _verify_complete(node, package, whole)
    return Rights(roles, operations, whole)


def _inherit(package: Package, rights: dict[str, ObjectRights]) -> None:
    """An object with a master record that nothing is declared for has the rights of its master's object."""
    left = [code for code in package.objects if code not in rights]
    for _ in range(MOST_MASTERS):
        for code in left:
            master = _master_of(package, code)
            if code not in rights and master in rights:
                rights[code] = rights[master].under()


def _master_of(package: Package, code: str) -> str:
    made = package.objects.get(code)
    column = None if made is None else made.master_column
    return "" if column is None else column.target or ""


def _read_object(node: Node, units: frozenset[str]) -> ObjectRights:
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
        for data_class in DataClass
        if columns.has(data_class.name.lower())
    }
    columns.finish()
    rules = tuple(_read_rule(rule, units) for rule in node.nodes("rules"))
    made = ObjectRights(tuple(rows), node.take("records", bool), rules, by_class, by_column)
    node.finish()
    return made


def _read_column_rows(nodes: Sequence[Node], units: frozenset[str]) -> ColumnRows:
    levels = {level.name.lower(): level for level in access.ColumnLevel}
    rows = []
    for node in nodes:
        rows.append((_known(node, node.take("unit", str), units), _member(node, "level", levels)))
        node.finish()
    return tuple(rows)


def _read_rule(node: Node, units: frozenset[str]) -> Rule:
    grants = {grant.name.lower(): grant for grant in access.Grant}

    def grant(key: str) -> access.Grant:
        return _member(node, key, grants) if node.has(key) else access.Grant.NONE

    author, grantee = (_known(node, node.take(key, str), units) for key in ("author", "grantee"))
    rule = Rule(author, grantee, grant("read"), grant("update"), grant("delete"))
    node.finish()
    return rule


def _member(node: Node, key: str, members: Mapping[str, T]) -> T:
    value = node.take(key, str)
    if value not in members:
        raise node.refuse(f"{key} {value!r} is none of {', '.join(members)}")
    return members[value]


def _known(node: Node, unit: str, units: frozenset[str]) -> str:
    if unit not in units:
        raise node.refuse(f"there is no role {unit!r}")
    return unit


def _verify_complete(node: Node, package: Package, rights: Mapping[str, ObjectRights]) -> None:
    """Closed is a decision here, too: an object or a column that nobody thought of is refused."""
    apart = rights.keys() ^ package.objects.keys()
    if apart:
        # what lies under an object that is left out would have that one's rights
        told = (code for code in apart if _master_of(package, code) not in apart)
        raise node.refuse(f"rights and objects differ: {', '.join(sorted(told))}")
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


def write_rights(ctx: Context, plan: Plan, rights: Rights) -> None:
    """Give new objects and columns their declared rights, once; later they are the administrators' own."""
    units = _ensure_roles(ctx, rights)
    with identity.as_one(ctx) as together:
        _write_rights(together, plan, rights, units)


def _ensure_roles(ctx: Context, rights: Rights) -> Mapping[str, UnitId]:
    """Ids by code. Operation rows are written with the first role: later they are the administrators' own."""
    units = {}
    first = False
    for code in (identity.ALL_EMPLOYEES, identity.SYSTEM_ADMINISTRATORS, *rights.roles):
        found = identity.find_unit(ctx, code)
        if found is None:
            found = access.create_role(ctx, identity.UnitKind.FUNC, rights.roles[code], code=code)
            first = True
        units[code] = found
    if first:
        for operation, allowed in rights.operations.items():
            access.set_operation_rows(ctx, operation, [(units[unit], True) for unit in allowed])
    return units


def _write_rights(ctx: Context, plan: Plan, rights: Rights, units: Mapping[str, UnitId]) -> None:
    added = {
        code: {column for owner, column in plan.new_columns if owner == code} for code, _ in plan.new_columns
    }
    for made in plan.objects:
        declared = rights.objects[made.code]
        if made.code in plan.new_objects:
            master = made.master_column and made.master_column.target
            if declared.inherited and master not in plan.new_objects:
                # administrators may have changed the rights that the master's object came with
                inherit_rights(ctx, load_catalogue(ctx.db, 0).objects[str(master)], made)
                continue
            _write_object(ctx, made, declared, units)
            columns = set(made.columns)
        else:
            columns = added.get(made.code, set())
        chosen = [made.columns[code] for code in columns if made.columns[code].takes_rows]
        if chosen:
            access.set_columns_rows(
                ctx,
                made.id,
                {c.id: [(units[unit], level) for unit, level in declared.rows_for(c)] for c in chosen},
            )


def _write_object(ctx: Context, made: Object, declared: ObjectRights, units: Mapping[str, UnitId]) -> None:
    access.set_object_rows(ctx, made.id, [(units[unit], verbs) for unit, verbs in declared.rows])
    access.set_switches(ctx, made.id, records=declared.records)
    for rule in declared.rules:
        access.add_default_rule(
            ctx,
            made.id,
            units[rule.author],
            units[rule.grantee],
            read=rule.read,
            update=rule.update,
            delete=rule.delete,
        )
