"""Rights as YAML: written in one way only, so that the same rights are the same bytes; read strictly."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import yaml

from ostiary.access import public as access
from ostiary.assurance._rights_values import (
    ObjectText,
    OperationText,
    RightsText,
    RoleText,
    Rows,
    Switches,
)
from ostiary.identity import public as identity
from ostiary.objects import public as objects

MOST_TEXT = 20_000_000  # characters
KINDS = {
    identity.UnitKind.ORG: "organisational",
    identity.UnitKind.FUNC: "functional",
    identity.UnitKind.MANAGER: "manager",
}
_LETTERS = {verb.letter: verb for verb in access.Verb}
_LEVELS = {level.name.lower(): level for level in access.ColumnLevel}
_GRANTS = {"granted": access.Grant.GRANTED, "delegable": access.Grant.DELEGABLE}
_HEAD = """\
# Rights of a tenant: roles, system operations, objects, records, columns. Rows stand topmost first.
# What the file does not name is left as it is. People and their roles are not part of it.
"""
Key = TypeVar("Key")
Value = TypeVar("Value")
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Line(dict[str, Any]):
    """A mapping on one line."""


class _Writer(_Dumper):  # type: ignore[misc]  # which of the two it is shows at run time
    def ignore_aliases(self, data: object) -> bool:
        return True


_Writer.add_representer(
    _Line,
    lambda writer, line: writer.represent_mapping("tag:yaml.org,2002:map", line.items(), flow_style=True),
)


def text_of(rights: RightsText) -> str:
    """The file."""
    document: dict[str, Any] = {
        "roles": [_role(reference, role) for reference, role in rights.roles.items()],
        **_links(rights),
        "operations": {code: _operation(made) for code, made in rights.operations.items()},
        "objects": {code: _object(made) for code, made in sorted(rights.objects.items())},
    }
    text: str = yaml.dump(document, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=1_000)
    return _HEAD + text


def _links(rights: RightsText) -> dict[str, Any]:
    if rights.links is None:
        return {}
    return {"links": [_Line(org=org, func=func) for org, func in sorted(rights.links)]}


def _role(reference: str, role: RoleText) -> _Line:
    line = _Line(role=reference, kind=KINDS[role.kind], name=role.name)
    for key in ("parent", "manages"):
        if (value := getattr(role, key)) is not None:
            line[key] = value
    for key in ("not_inherited", "external"):
        if getattr(role, key):
            line[key] = True
    return line


def _operation(made: OperationText) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if made.rows is not None:
        found["rows"] = [_Line(unit=unit, allow=allow) for unit, allow in made.rows]
    if made.carries is not None:
        found["carries"] = _Line(sorted(made.carries.items()))
    return found


def _object(made: ObjectText) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if made.rows is not None:
        found["rows"] = [_Line(unit=unit, verbs=verbs) for unit, verbs in made.rows]
    if made.switches is not None:
        records, legs, denies = made.switches
        found["switches"] = _Line(records=records, legs=sorted(legs), denies=denies)
    if made.rules is not None:
        rules = sorted(made.rules.items(), key=lambda rule: rule[0])
        found["rules"] = [_Line(author=a, grantee=g, **_grants(grants)) for (a, g), grants in rules]
    if made.scopes is not None:
        scopes = sorted(made.scopes.items(), key=lambda rule: rule[0])
        found["scopes"] = [
            _Line(grantee=grantee, path=path, attribute=attribute, **_grants(grants))
            for (grantee, path, attribute), grants in scopes
        ]
    if made.deny_rules is not None:
        denied = sorted(made.deny_rules.items())
        found["deny_rules"] = [_Line(author=a, unit=u, verbs=verbs) for (a, u), verbs in denied]
    if made.columns:
        found["columns"] = {
            column: [_Line(unit=unit, level=level) for unit, level in rows]
            for column, rows in sorted(made.columns.items())
        }
    return found


def _grants(grants: access.Grants) -> dict[str, str]:
    given = {"read": grants.read, "update": grants.update, "delete": grants.delete}
    return {verb: grant.name.lower() for verb, grant in given.items() if grant is not access.Grant.NONE}


def read_text(text: str, name: str = "rights") -> RightsText:
    """A file. Raises PackageRefused, naming the place."""
    node = objects.Node(name, objects.read_document(text, name, longest=MOST_TEXT))
    roles: dict[str, RoleText] = {}
    for each in node.nodes("roles"):
        reference = each.take("role", str)
        if reference in roles:
            raise each.refuse(f"{reference} is there twice")
        roles[reference] = _read_role(each.at(reference))
    links = frozenset(map(_read_link, node.nodes("links"))) if node.has("links") else None
    operations = {code: _read_operation(code, each) for code, each in _under(node, "operations")}
    declared = {code: _read_object(each) for code, each in _under(node, "objects")}
    node.finish()
    return RightsText(roles, links, operations, declared)


def _under(node: objects.Node, key: str) -> list[tuple[str, objects.Node]]:
    """Mappings by code under a key; an absent key has none."""
    found: dict[str, object] = node.take(key, dict, {})
    return [(str(code), objects.Node(f"{node.place}: {key}: {code}", value)) for code, value in found.items()]


def _read_role(node: objects.Node) -> RoleText:
    kinds = {word: kind for kind, word in KINDS.items()}
    made = RoleText(
        _one_of(node, "kind", kinds),
        node.take("name", str),
        _optional(node, "parent"),
        _optional(node, "manages"),
        node.take("not_inherited", bool, False),
        node.take("external", bool, False),
    )
    node.finish()
    return made


def _optional(node: objects.Node, key: str) -> str | None:
    return node.take(key, str) if node.has(key) else None


def _one_of(node: objects.Node, key: str, values: Mapping[str, Value]) -> Value:
    word = node.take(key, str)
    if word not in values:
        raise node.refuse(f"{key} {word!r} is none of {', '.join(values)}")
    return values[word]


def _read_link(node: objects.Node) -> tuple[str, str]:
    found = node.take("org", str), node.take("func", str)
    node.finish()
    return found


def _read_operation(code: str, node: objects.Node) -> OperationText:
    if code not in {operation.value for operation in access.Operation}:
        raise node.refuse("there is no such operation")
    rows, carries = None, None
    if node.has("rows"):
        rows = tuple((row.take("unit", str), row.take("allow", bool)) for row in _all_of(node, "rows", 2))
    if node.has("carries"):
        given: dict[str, object] = node.take("carries", dict)
        carries = {object_: _letters(node, letters) for object_, letters in given.items()}
    node.finish()
    return OperationText(rows, carries)


def _all_of(node: objects.Node, key: str, keys: int) -> list[objects.Node]:
    """The mappings of a list, which have so many keys."""
    found = node.nodes(key)
    for each in found:
        if each.size != keys:
            raise each.refuse(f"{keys} keys are expected here")
    return found


def _letters(node: objects.Node, letters: object) -> str:
    if not isinstance(letters, str) or not set(letters) <= _LETTERS.keys():
        raise node.refuse(f"verbs {letters!r} are letters out of {''.join(_LETTERS)}")
    return "".join(letter for letter in _LETTERS if letter in letters)


def _read_object(node: objects.Node) -> ObjectText:
    rows: Rows | None = None
    if node.has("rows"):
        rows = tuple((r.take("unit", str), _letters(r, r.any("verbs"))) for r in _all_of(node, "rows", 2))
    columns: dict[str, object] = node.take("columns", dict, {})
    made = ObjectText(
        rows,
        _read_switches(node.node("switches")) if node.has("switches") else None,
        _by_key(node, "rules", lambda r: (r.take("author", str), r.take("grantee", str)), _read_grants),
        _by_key(
            node,
            "scopes",
            lambda r: (r.take("grantee", str), r.take("path", str), r.take("attribute", str)),
            _read_grants,
        ),
        _by_key(node, "deny_rules", lambda r: (r.take("author", str), r.take("unit", str)), _read_denied),
        {code: _read_levels(f"{node.place}: {code}", listed) for code, listed in columns.items()},
    )
    node.finish()
    return made


def _by_key(
    node: objects.Node,
    name: str,
    key: Callable[[objects.Node], Key],
    value: Callable[[objects.Node], Value],
) -> Mapping[Key, Value] | None:
    """Rules of a list, each once. An absent list is None."""
    if not node.has(name):
        return None
    found: dict[Key, Value] = {}
    for each in node.nodes(name):
        here = key(each)
        if here in found:
            raise each.refuse("this rule is there twice")
        found[here] = value(each)
    return found


def _read_levels(place: str, listed: object) -> Rows:
    rows = _all_of(objects.Node(place, {"rows": listed}), "rows", 2)
    return tuple((row.take("unit", str), _one_of(row, "level", _LEVELS).name.lower()) for row in rows)


def _read_switches(node: objects.Node) -> Switches:
    found = (
        node.take("records", bool),
        frozenset(node.texts("legs")),
        node.take("denies", bool, False),
    )
    if unknown := sorted(found[1] - access.ALL_LEGS):
        raise node.refuse(f"there is no leg {', '.join(unknown)}")
    node.finish()
    return found


def _read_grants(node: objects.Node) -> access.Grants:
    given = {verb: _one_of(node, verb, _GRANTS) for verb in ("read", "update", "delete") if node.has(verb)}
    if not given:
        raise node.refuse("read, update or delete is missing")
    node.finish()
    return access.Grants(**given)


def _read_denied(node: objects.Node) -> str:
    letters = _letters(node, node.any("verbs"))
    if not letters or "c" in letters:
        raise node.refuse("verbs are letters out of rud")
    node.finish()
    return letters
