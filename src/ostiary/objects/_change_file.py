"""Changes as documents: read strictly from YAML or JSON, and written back for keeping."""

from collections.abc import Callable, Mapping
from typing import Any

from ostiary.kernel.ids import ColumnId
from ostiary.objects import _change as c
from ostiary.objects._declared import (
    TAGS,
    PolicyDefaults,
    read_choices,
    read_column,
    read_policy,
    take_policy,
)
from ostiary.objects._details import NO_DETAILS, details_document
from ostiary.objects._document import column_document, layout_document, object_document, retention_document
from ostiary.objects._errors import PackageRefused
from ostiary.objects._model import UNASSIGNED
from ostiary.objects._package import read_layout, read_lookup, read_object
from ostiary.objects._strict import Node, read_document

MAX_CHANGES = 500
_NO_ID = ColumnId(UNASSIGNED)


def read_changes(text: str, name: str = "changes") -> tuple[c.Change, ...]:
    """One change, or several under `changes`. Raises PackageRefused, naming the place."""
    document = read_document(text, name)
    node = Node(name, document)
    if not node.has("changes"):
        return (read_change(document, name),)
    nodes = node.take("changes", list)
    node.finish()
    if not 0 < len(nodes) <= MAX_CHANGES:
        raise node.refuse(f"between 1 and {MAX_CHANGES} changes")
    return tuple(read_change(each, f"{name}: changes {i}") for i, each in enumerate(nodes, 1))


def read_change(document: object, name: str = "change") -> c.Change:
    """A change from its document. Raises PackageRefused, naming the place."""
    node = Node(name, document)
    kind = node.take("change", str)
    reader = _READ.get(kind)
    if reader is None:
        raise node.refuse(f"change {kind!r} is none of {', '.join(sorted(_READ))}")
    made = reader(node)
    node.finish()
    return made


def _create_object(node: Node) -> c.Change:
    details = NO_DETAILS
    if node.has("lookup"):
        policy = read_policy(node.node("policy"))
        made, defaults, values = read_lookup(node, policy)
    else:
        made, defaults, details = read_object(node)
        values = ()
    if defaults:
        raise node.refuse("a default value of a lookup is set by change_column, by its id")
    return c.CreateObject(made, values, details)


def _text(node: Node, key: str) -> str | None:
    return node.take(key, str) if node.has(key) else None


def _integer(node: Node, key: str) -> int | None:
    return node.take(key, int) if node.has(key) else None


def _flag(node: Node, key: str) -> bool | None:
    return node.take(key, bool) if node.has(key) else None


def _change_object(node: Node) -> c.Change:
    return c.ChangeObject(
        node.take("object", str),
        caption=_text(node, "caption"),
        plural=_text(node, "plural"),
        icon=_text(node, "icon"),
        description=_text(node, "description"),
        display=_text(node, "display"),
        layout=read_layout(node.node("layout")) if node.has("layout") else None,
        attachments=_flag(node, "attachments"),
        notes=_flag(node, "notes"),
    )


def _add_column(node: Node) -> c.Change:
    object_ = node.take("object", str)
    column, default = read_column(node.node("column"), PolicyDefaults())
    if default is not None:
        raise node.refuse("a default value of a lookup is set by change_column, by its id")
    return c.AddColumn(object_, column, node.take("in_list", bool, False), _text(node, "group"))


def _change_column(node: Node) -> c.Change:
    policy = take_policy(node)
    default = node.any("default")
    if not isinstance(default, str | int | None):
        raise node.refuse("default must be a text, a whole number, yes or no")
    return c.ChangeColumn(
        node.take("object", str),
        node.take("column", str),
        caption=_text(node, "caption"),
        help=_text(node, "help"),
        required=_flag(node, "required"),
        default=default,
        clear=node.texts("clear"),
        max_length=_integer(node, "max_length"),
        minimum=_integer(node, "minimum"),
        maximum=_integer(node, "maximum"),
        choices=read_choices(node),
        retire=node.texts("retire"),
        revive=node.texts("revive"),
        data_class=policy.data_class,
        personal_data=policy.personal_data,
        retention=policy.retention,
        tags=_tags(node) if node.has("tags") else None,
        reason=node.take("reason", str, ""),
    )


def _tags(node: Node) -> tuple[str, ...]:
    tags = node.texts("tags")
    if not set(tags) <= TAGS:
        raise node.refuse(f"tags are out of {', '.join(sorted(TAGS))}")
    return tags


def _backfill(node: Node) -> c.Change:
    return c.Backfill(
        node.take("object", str), node.take("column", str), node.any("value"), _text(node, "copy_of")
    )


def _set_workplace(node: Node) -> c.Change:
    groups = []
    code, caption = node.take("workplace", str), node.take("caption", str)
    for group in node.nodes("groups"):
        groups.append((group.take("caption", str), group.texts("sections")))
        group.finish()
    return c.SetWorkplace(code, caption, tuple(groups))


def _place_section(node: Node) -> c.Change:
    place, code, group = (node.take(key, str) for key in ("workplace", "object", "group"))
    return c.PlaceSection(place, code, group, _integer(node, "position"))


def _texts(kind: Callable[..., c.Change], *keys: str) -> Callable[[Node], c.Change]:
    return lambda node: kind(*(node.take(key, str) for key in keys))


_READ: Mapping[str, Callable[[Node], c.Change]] = {
    c.CreateObject.kind: _create_object,
    c.ChangeObject.kind: _change_object,
    c.RenameObject.kind: _texts(c.RenameObject, "object", "to"),
    c.DropObject.kind: _texts(c.DropObject, "object"),
    c.RestoreObject.kind: _texts(c.RestoreObject, "object"),
    c.PurgeObject.kind: _texts(c.PurgeObject, "object"),
    c.AddColumn.kind: _add_column,
    c.ChangeColumn.kind: _change_column,
    c.RenameColumn.kind: _texts(c.RenameColumn, "object", "column", "to"),
    c.DropColumn.kind: _texts(c.DropColumn, "object", "column"),
    c.RestoreColumn.kind: _texts(c.RestoreColumn, "object", "column"),
    c.PurgeColumn.kind: _texts(c.PurgeColumn, "object", "column"),
    c.SetIndex.kind: lambda node: c.SetIndex(
        node.take("object", str), node.take("column", str), node.take("indexed", bool)
    ),
    c.Backfill.kind: _backfill,
    c.SetWorkplace.kind: _set_workplace,
    c.DropWorkplace.kind: _texts(c.DropWorkplace, "workplace"),
    c.PlaceSection.kind: _place_section,
    c.RemoveSection.kind: _texts(c.RemoveSection, "workplace", "object"),
}


def change_document(change: c.Change) -> dict[str, Any]:
    """The document that `read_change` reads back as this change."""
    stated: dict[str, Any] = {"change": change.kind}
    match change:
        case c.CreateObject(made, values, details):
            return stated | object_document(made, values) | details_document(details)
        case c.AddColumn(object_, column, in_list, group):
            stated |= {"object": object_, "column": column_document(column)}
            return stated | ({"in_list": True} if in_list else {}) | ({"group": group} if group else {})
        case c.SetWorkplace(code, caption, groups):
            listed = [{"caption": title, "sections": list(codes)} for title, codes in groups]
            return stated | {"workplace": code, "caption": caption, "groups": listed}
    for name in change.__slots__:
        value = getattr(change, name)
        if value is not None and value not in ((), ""):
            stated[_KEYS.get(name, name)] = _plain(name, value)
    return stated


_KEYS = {"data_class": "class"}


def _plain(name: str, value: Any) -> Any:
    match name:
        case "layout":
            return layout_document(value)
        case "data_class":
            return value.name.lower()
        case "retention":
            return retention_document(value)
        case "choices":
            return [{"code": x.code, "caption": x.caption, "tone": x.tone} for x in value]
    return list(value) if isinstance(value, tuple) else value


__all__ = ["PackageRefused", "change_document", "read_change", "read_changes"]
