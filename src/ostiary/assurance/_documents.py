"""The rights of one object or operation as one document, and the changes that lead to another one."""

from collections.abc import Mapping
from typing import Any

from ostiary.access import public as access
from ostiary.access.public import Operation
from ostiary.assurance._changes import (
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
from ostiary.assurance._target import (
    PolicyChange,
    Target,
    default_rules,
    deny_rules,
    scope_rules,
    stored_at,
    target_of,
)
from ostiary.assurance._written import (
    MOST_ROWS,
    OPERATIONS,
    VERBS,
    Codes,
    read_column_rows,
    read_grants,
    read_object_rows,
    read_operation_rows,
    read_scope,
    read_switches,
    words_of,
    written,
)
from ostiary.objects import public as objects

Document = dict[str, Any]
_MADE_UP = ("change", "object", "column", "operation")  # what the place in a document says already


def _part(change: PolicyChange, codes: Codes) -> Document:
    return {key: value for key, value in written(change, codes).items() if key not in _MADE_UP}


def object_rights(policy: access.Policy, catalogue: objects.Catalogue, made: objects.Object) -> Document:
    """All rights of an object: rows, record layer, columns, what operations carry."""
    codes, stored = Codes(catalogue), policy.object(made.id)
    columns = [c for c in made.columns.values() if c.takes_rows]
    return {
        "rows": _part(stored_at(SetObjectRows(made.id, ()), policy), codes)["rows"],
        "records": {
            **_part(stored_at(SetSwitches(made.id, True), policy), codes),
            "rules": [_part(rule, codes) for rule in default_rules(policy, made.id)],
            "scopes": [_part(rule, codes) for rule in scope_rules(policy, made.id)],
            "deny_rules": [_part(rule, codes) for rule in deny_rules(policy, made.id)],
        },
        "columns": {
            c.code: _part(stored_at(SetColumnRows(made.id, c.id, ()), policy), codes)["rows"] for c in columns
        },
        "carried": {code: words_of(verbs) for code, verbs in stored.carried.items()},
    }


def operation_rights(policy: access.Policy, catalogue: objects.Catalogue, operation: Operation) -> Document:
    """All rights about an operation: its rows, what it carries by object."""
    carried = {
        made.code: words_of(verbs)
        for made in catalogue.objects.values()
        if (verbs := policy.object(made.id).carried.get(operation.value))
    }
    rows = _part(stored_at(SetOperationRows(operation, ()), policy), Codes(catalogue))["rows"]
    return {"rows": rows, "carried": carried}


def object_changes(
    policy: access.Policy, catalogue: objects.Catalogue, made: objects.Object, fields: Fields
) -> tuple[PolicyChange, ...]:
    """What to change so that the rights are as the given parts of a document say. Raises Invalid."""
    wanted: list[PolicyChange] = []
    if fields.has("rows"):
        wanted.append(SetObjectRows(made.id, read_object_rows(fields)))
    if fields.has("records"):
        wanted += _read_records(policy, catalogue, made, fields.inner("records"))
    if fields.has("columns"):
        wanted += _read_columns(made, fields.inner("columns"))
    if fields.has("carried"):
        carried = _read_carried(fields.inner("carried"), OPERATIONS)
        known = policy.object(made.id).carried.keys() | carried.keys()
        wanted += [
            SetCarriedRight(OPERATIONS[code], made.id, carried.get(code, frozenset()))
            for code in sorted(known)
            if code in OPERATIONS
        ]
    return _differing(policy, wanted)


def operation_changes(
    policy: access.Policy, catalogue: objects.Catalogue, operation: Operation, fields: Fields
) -> tuple[PolicyChange, ...]:
    """The same for an operation."""
    wanted: list[PolicyChange] = []
    if fields.has("rows"):
        wanted.append(SetOperationRows(operation, read_operation_rows(fields)))
    if fields.has("carried"):
        carried = _read_carried(fields.inner("carried"), catalogue.objects)
        wanted += [
            SetCarriedRight(operation, made.id, carried.get(made.code, frozenset()))
            for made in catalogue.objects.values()
        ]
    return _differing(policy, wanted)


def _differing(policy: access.Policy, wanted: list[PolicyChange]) -> tuple[PolicyChange, ...]:
    return tuple(change for change in wanted if stored_at(change, policy) != change)


def _read_carried(fields: Fields, known: Mapping[str, object]) -> dict[str, frozenset[access.Verb]]:
    found = {}
    for name in fields.names():
        if name not in known:
            raise refuse(fields.at(name[:60]), "unknown", f"{name:.60} is not known here")
        found[name] = fields.members(name, VERBS)
    return found


def _read_columns(made: objects.Object, fields: Fields) -> list[PolicyChange]:
    known = {c.code: c for c in made.columns.values() if c.takes_rows}
    found: list[PolicyChange] = []
    for code in fields.names():
        if code not in known:
            raise refuse(fields.at(code[:60]), "unknown", f"{code:.60} is no column that takes rows")
        found.append(SetColumnRows(made.id, known[code].id, read_column_rows(fields, code)))
    return found


def _read_records(
    policy: access.Policy, catalogue: objects.Catalogue, made: objects.Object, fields: Fields
) -> list[PolicyChange]:
    found: list[PolicyChange] = [read_switches(made, fields)]
    given: list[PolicyChange] = []
    for each in fields.each("rules", MOST_ROWS):
        given.append(SetDefaultRule(made.id, each.unit("author"), each.unit("grantee"), read_grants(each)))
        each.finish()
    for each in fields.each("scopes", MOST_ROWS):
        scope = read_scope(catalogue, made, each)
        given.append(SetScopeRule(made.id, each.unit("grantee"), scope, read_grants(each)))
        each.finish()
    for each in fields.each("deny_rules", MOST_ROWS):
        verbs = each.members("verbs", VERBS)
        given.append(SetDenyRule(made.id, each.unit("author"), each.unit("unit"), verbs))
        each.finish()
    fields.finish()
    return [*found, *_emptied(made, policy, given, fields), *given]


def _emptied(
    made: objects.Object, policy: access.Policy, given: list[PolicyChange], fields: Fields
) -> list[PolicyChange]:
    """Stored rules that are not given any more. Raises Invalid: one is given twice."""
    targets: list[Target] = [target_of(change) for change in given]
    if len(set(targets)) != len(targets):
        raise refuse(fields.at("rules"), "twice", "A rule is given twice")
    gone: list[PolicyChange] = [
        *(
            SetDefaultRule(made.id, r.author, r.grantee, access.Grants())
            for r in default_rules(policy, made.id)
        ),
        *(SetScopeRule(made.id, r.grantee, r.scope, access.Grants()) for r in scope_rules(policy, made.id)),
        *(SetDenyRule(made.id, r.author, r.unit, frozenset()) for r in deny_rules(policy, made.id)),
    ]
    return [change for change in gone if target_of(change) not in set(targets)]
