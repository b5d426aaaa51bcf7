"""Changes of rights as JSON: objects, columns and operations by code, people and roles by id."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import singledispatch
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, Grant, Operation, Verb
from ostiary.assurance._changes import (
    MOST_CHANGES,
    SetCarriedRight,
    SetColumnRows,
    SetDefaultRule,
    SetDenyRule,
    SetObjectRows,
    SetOperationRows,
    SetScopeRule,
    SetSwitches,
)
from ostiary.assurance._fields import Fields, refuse
from ostiary.assurance._target import PolicyChange
from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects

MOST_ROWS = 2_000  # of one list
VERBS: Mapping[str, Verb] = {verb.value: verb for verb in Verb}
LEVELS: Mapping[str, ColumnLevel] = {level.name.lower(): level for level in ColumnLevel}
GRANTS: Mapping[str, Grant] = {grant.name.lower(): grant for grant in Grant}
OPERATIONS: Mapping[str, Operation] = {operation.value: operation for operation in Operation}
_LEGS = {leg: leg for leg in access.ALL_LEGS}
_ENDS = frozenset({"owner", "author"})  # last steps of a path that are no column


def read_changes(catalogue: objects.Catalogue, given: Iterable[Fields]) -> tuple[PolicyChange, ...]:
    """The changes of a list. Raises Invalid: names the place."""
    found = []
    for fields in given:
        read = fields.member("change", _READERS)
        found.append(read(catalogue, fields))
        fields.finish()
    return tuple(found)


def changes_in(catalogue: objects.Catalogue, body: object) -> tuple[PolicyChange, ...]:
    """The changes of a body with a list `changes`, and nothing else. Raises Invalid."""
    fields = Fields(body, "")
    found = read_changes(catalogue, fields.each("changes", MOST_CHANGES))
    fields.finish()
    return found


def read_object(catalogue: objects.Catalogue, fields: Fields, name: str = "object") -> objects.Object:
    """The object that a field names by its code."""
    return fields.member(name, catalogue.objects)


def read_operation_rows(fields: Fields) -> tuple[tuple[UnitId, bool], ...]:
    """Rows of an operation, topmost first."""
    return _rows(fields, lambda row: row.flag("allowed"))


def read_object_rows(fields: Fields) -> tuple[tuple[UnitId, frozenset[Verb]], ...]:
    """Rows of an object, topmost first."""
    return _rows(fields, lambda row: row.members("verbs", VERBS))


def read_column_rows(fields: Fields, name: str = "rows") -> tuple[tuple[UnitId, ColumnLevel], ...]:
    """Rows of a column, topmost first."""
    return _rows(fields, lambda row: row.member("level", LEVELS), name)


def _rows(
    fields: Fields, value: Callable[[Fields], Any], name: str = "rows"
) -> tuple[tuple[UnitId, Any], ...]:
    found = []
    for row in fields.each(name, MOST_ROWS):
        found.append((row.unit("unit"), value(row)))
        row.finish()
    return tuple(found)


def read_column(made: objects.Object, fields: Fields) -> objects.Column:
    """The column that a field names by its code; one that takes rows."""
    return fields.member("column", {c.code: c for c in made.columns.values() if c.takes_rows})


def read_grants(fields: Fields) -> access.Grants:
    """What a rule gives for each verb; what is left out is none."""
    given = fields.inner("grants")
    values = [given.member(v, GRANTS) if given.has(v) else Grant.NONE for v in ("read", "update", "delete")]
    given.finish()
    return access.Grants(*values)


def read_switches(made: objects.Object, fields: Fields) -> SetSwitches:
    """Layer 3 on or off, its legs, denies."""
    legs = fields.members("legs", _LEGS)
    return SetSwitches(made.id, fields.flag("records"), legs, fields.flag("denies"))


def read_scope(catalogue: objects.Catalogue, made: objects.Object, fields: Fields) -> access.Scope:
    """A path of codes and an attribute."""
    path: list[str] = []
    here: objects.Object | None = made
    for step in fields.texts("path"):
        column = None if here is None else here.columns.get(step)
        if column is None or column.target is None:
            if step not in _ENDS and not _is_id(step):  # of a column that is gone: its rule can go, too
                raise refuse(fields.at("path"), "unknown", f"{step:.60} is no lookup column there")
            path.append(step)
            here = None
            continue
        path.append(str(column.id))
        here = catalogue.objects.get(column.target)
    return access.Scope(tuple(path), fields.text("attribute"))


def _is_id(step: str) -> bool:
    try:
        return str(UUID(step)) == step
    except ValueError:
        return False


def _operation_rows(catalogue: objects.Catalogue, fields: Fields) -> PolicyChange:
    return SetOperationRows(fields.member("operation", OPERATIONS), read_operation_rows(fields))


def _carried(catalogue: objects.Catalogue, fields: Fields) -> PolicyChange:
    operation, made = fields.member("operation", OPERATIONS), read_object(catalogue, fields)
    return SetCarriedRight(operation, made.id, fields.members("verbs", VERBS))


def _object_rows(catalogue: objects.Catalogue, fields: Fields) -> PolicyChange:
    return SetObjectRows(read_object(catalogue, fields).id, read_object_rows(fields))


def _column_rows(catalogue: objects.Catalogue, fields: Fields) -> PolicyChange:
    made = read_object(catalogue, fields)
    return SetColumnRows(made.id, read_column(made, fields).id, read_column_rows(fields))


def _switches(catalogue: objects.Catalogue, fields: Fields) -> PolicyChange:
    return read_switches(read_object(catalogue, fields), fields)


def _default_rule(catalogue: objects.Catalogue, fields: Fields) -> PolicyChange:
    made = read_object(catalogue, fields)
    return SetDefaultRule(made.id, fields.unit("author"), fields.unit("grantee"), read_grants(fields))


def _scope_rule(catalogue: objects.Catalogue, fields: Fields) -> PolicyChange:
    made = read_object(catalogue, fields)
    scope = read_scope(catalogue, made, fields)
    return SetScopeRule(made.id, fields.unit("grantee"), scope, read_grants(fields))


def _deny_rule(catalogue: objects.Catalogue, fields: Fields) -> PolicyChange:
    made = read_object(catalogue, fields)
    return SetDenyRule(made.id, fields.unit("author"), fields.unit("unit"), fields.members("verbs", VERBS))


_READERS: Mapping[str, Callable[[objects.Catalogue, Fields], PolicyChange]] = {
    "set_operation_rows": _operation_rows,
    "set_carried_right": _carried,
    "set_object_rows": _object_rows,
    "set_column_rows": _column_rows,
    "set_switches": _switches,
    "set_default_rule": _default_rule,
    "set_scope_rule": _scope_rule,
    "set_deny_rule": _deny_rule,
}


class Codes:
    """Codes by id, for writing."""

    def __init__(self, catalogue: objects.Catalogue) -> None:
        self._objects: dict[UUID, str] = {o.id: o.code for o in catalogue.objects.values()}
        self._columns: dict[UUID, str] = {
            c.id: c.code for o in catalogue.objects.values() for c in o.columns.values()
        }

    def object(self, object_id: UUID) -> str:
        """The code of an object; of one that is gone, its id."""
        return self._objects.get(object_id, str(object_id))

    def column(self, column_id: UUID) -> str:
        """The code of a column; of one that is gone, its id."""
        return self._columns.get(column_id, str(column_id))

    def path(self, path: Sequence[str]) -> list[str]:
        """A path in codes."""
        return [step if step in _ENDS else self.column(UUID(step)) for step in path]


@singledispatch
def written(change: object, codes: Codes) -> dict[str, Any]:
    """A change as JSON, which `read_changes` understands."""
    raise TypeError(f"{type(change).__name__} is not written as JSON")


@written.register
def _(change: SetOperationRows, codes: Codes) -> dict[str, Any]:
    rows = [{"unit": str(unit), "allowed": allowed} for unit, allowed in change.rows]
    return {"change": "set_operation_rows", "operation": change.operation.value, "rows": rows}


@written.register
def _(change: SetCarriedRight, codes: Codes) -> dict[str, Any]:
    return {
        "change": "set_carried_right",
        "operation": change.operation.value,
        "object": codes.object(change.object_id),
        "verbs": words_of(change.verbs),
    }


@written.register
def _(change: SetObjectRows, codes: Codes) -> dict[str, Any]:
    rows = [{"unit": str(unit), "verbs": words_of(verbs)} for unit, verbs in change.rows]
    return {"change": "set_object_rows", "object": codes.object(change.object_id), "rows": rows}


@written.register
def _(change: SetColumnRows, codes: Codes) -> dict[str, Any]:
    return {
        "change": "set_column_rows",
        "object": codes.object(change.object_id),
        "column": codes.column(change.column_id),
        "rows": [{"unit": str(unit), "level": level.name.lower()} for unit, level in change.rows],
    }


@written.register
def _(change: SetSwitches, codes: Codes) -> dict[str, Any]:
    return {
        "change": "set_switches",
        "object": codes.object(change.object_id),
        "records": change.records,
        "legs": sorted(change.legs),
        "denies": change.denies,
    }


@written.register
def _(change: SetDefaultRule, codes: Codes) -> dict[str, Any]:
    return {
        "change": "set_default_rule",
        "object": codes.object(change.object_id),
        "author": str(change.author),
        "grantee": str(change.grantee),
        "grants": grants_in_words(change.grants),
    }


@written.register
def _(change: SetScopeRule, codes: Codes) -> dict[str, Any]:
    return {
        "change": "set_scope_rule",
        "object": codes.object(change.object_id),
        "grantee": str(change.grantee),
        "path": codes.path(change.scope.path),
        "attribute": change.scope.attribute,
        "grants": grants_in_words(change.grants),
    }


@written.register
def _(change: SetDenyRule, codes: Codes) -> dict[str, Any]:
    return {
        "change": "set_deny_rule",
        "object": codes.object(change.object_id),
        "author": str(change.author),
        "unit": str(change.unit),
        "verbs": words_of(change.verbs),
    }


def words_of(verbs: Iterable[Verb]) -> list[str]:
    """Verbs in their usual order."""
    wanted = frozenset(verbs)
    return [verb.value for verb in Verb if verb in wanted]


def grants_in_words(grants: access.Grants) -> dict[str, str]:
    """What a rule gives, verb by verb."""
    return {verb: getattr(grants, verb).name.lower() for verb in ("read", "update", "delete")}
