"""Objects, columns and layouts as the documents that are read as them: what an export writes."""

from collections.abc import Mapping, Sequence
from typing import Any

from ostiary.objects._declared import Policy
from ostiary.objects._model import Column, ColumnType, Layout, Mask, Object, Retention, Workplace
from ostiary.objects._rules import rules_document

Document = dict[str, Any]
_STANDARD = ("name", "position")  # every list of values has them; they are not declared
_LENGTHS = {
    ColumnType.TEXT: 250,
    ColumnType.EMAIL: 254,
    ColumnType.PHONE: 50,
    ColumnType.URL: 500,
    ColumnType.LONG_TEXT: 10_000,
}


def retention_document(kept: Retention) -> Document:
    """How long a value is kept."""
    return {"months": kept.months, "after": kept.after, "then": kept.then}


def policy_document(of: Column | Policy) -> Document:
    """Class, personal data and retention."""
    return {
        "class": of.data_class.name.lower(),
        "personal_data": of.personal_data,
        "retention": retention_document(of.retention),
    }


def column_document(column: Column, default: object = None) -> Document:
    """A column with its whole policy. default: the name of a lookup's default value."""
    stated: Document = {
        "column": column.code,
        "caption": column.caption,
        "type": column.type.value,
        **policy_document(column),
    }
    if column.tags:
        stated["tags"] = list(column.tags)
    for flag in ("required", "unique", "indexed", "sealed", "computed"):
        if getattr(column, flag):
            stated[flag] = True
    if column.formula:
        stated |= {"computed": column.formula} | ({} if column.computed else {"typed": True})
    if column.mask is not Mask.ALL:
        stated["mask"] = column.mask.value
    if column.help:
        stated["help"] = column.help
    return stated | _settings(column, default)


def _settings(column: Column, default: object) -> Document:
    kind, stated = column.type, dict[str, Any]()
    if kind in _LENGTHS and column.max_length != _LENGTHS[kind]:
        stated["max_length"] = column.max_length
    for bound in ("minimum", "maximum"):
        if getattr(column, bound) is not None:
            stated[bound] = getattr(column, bound)
    if kind in (ColumnType.DECIMAL, ColumnType.MONEY) and column.scale != 2:
        stated["scale"] = column.scale
    if kind is ColumnType.CHOICE:
        stated["choices"] = [
            {"code": x.code, "caption": x.caption, "tone": x.tone} | ({"retired": True} if x.retired else {})
            for x in column.choices
        ]
    if column.target is not None:
        stated["target"] = column.target
    if column.pattern:
        stated["pattern"] = column.pattern
    value = default if kind is ColumnType.LOOKUP else column.default
    if value is not None and not (kind is ColumnType.BOOLEAN and value is False):
        stated["default"] = value
    return stated


def layout_document(layout: Layout) -> Document:
    """How an object is shown."""
    stated: Document = {"list": list(layout.list_columns), "sort": list(layout.default_sort)}
    if layout.facts:
        stated["facts"] = list(layout.facts)
    if layout.groups:
        stated["groups"] = [{"caption": title, "columns": list(codes)} for title, codes in layout.groups]
    if layout.details:
        stated["details"] = [
            {"caption": title, "object": code, "column": link} for title, code, link in layout.details
        ]
    if layout.stage is not None:
        stated["stage"] = layout.stage
    return stated


def object_document(
    made: Object,
    values: Sequence[Mapping[str, object]] = (),
    defaults: Mapping[str, str] | None = None,
) -> Document:
    """An object, or a list of values with them. defaults: names of default values, by lookup column."""
    defaults = defaults or {}
    texts = {"caption": made.caption, "plural": made.plural, "icon": made.icon}
    if made.description:
        texts["description"] = made.description
    if made.master_column is not None:
        texts["master"] = made.master_column.code
    declared = [
        column_document(x, defaults.get(x.code))
        for x in made.columns.values()
        if x.type is not ColumnType.OWNER and not (made.is_lookup and x.code in _STANDARD)
    ]
    if made.is_lookup:
        shared = policy_document(made.columns["name"])
        stated: Document = {"lookup": made.code, **texts, "policy": shared}
        if declared:
            stated["columns"] = declared
        return stated | ({"values": [dict(value) for value in values]} if values else {})
    stated = {"object": made.code, **texts, "display": made.display}
    if not made.has_owner:
        stated["owner"] = False
    for flag in ("content", "log"):
        if getattr(made, flag):
            stated[flag] = True
    if not made.rules.none:
        stated["rules"] = rules_document(made.rules)
    return stated | {"columns": declared, "layout": layout_document(made.layout)}


def workplace_document(place: Workplace) -> Document:
    """A workplace with its sections."""
    groups = [{"caption": title, "sections": list(codes)} for title, codes in place.groups]
    return {"workplace": place.code, "caption": place.caption, "groups": groups}
