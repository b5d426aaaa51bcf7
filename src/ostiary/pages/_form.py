"""Create and edit forms: inputs for what the reader may edit, words for what may only be read."""

import json
from dataclasses import dataclass

from ostiary.objects.public import Column, ColumnType
from ostiary.pages._alike import Alike
from ostiary.pages._cells import make_cell, mark_of
from ostiary.pages._choices import matching_options, people_options, record_name, small_options
from ostiary.pages._facts import display_name
from ostiary.pages._input import show_value
from ostiary.pages._posted import TEXT_SUFFIX, Draft, editable_columns
from ostiary.pages._reader import Json, Reader, is_shown
from ostiary.pages._record import record_head
from ostiary.pages._under import home_of, parent_of
from ostiary.records.public import ObjectView, Record
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Field, Head, Link, Option

_KINDS = {
    ColumnType.LONG_TEXT: "long_text",
    ColumnType.INTEGER: "integer",
    ColumnType.DECIMAL: "decimal",
    ColumnType.MONEY: "decimal",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.INSTANT: "instant",
    ColumnType.EMAIL: "email",
    ColumnType.PHONE: "tel",
    ColumnType.URL: "url",
    ColumnType.CHOICE: "choice",
    ColumnType.LOOKUP: "lookup",
    ColumnType.OWNER: "choice",
}
_LENGTHS = frozenset({ColumnType.TEXT, ColumnType.EMAIL, ColumnType.PHONE, ColumnType.URL})


@dataclass(frozen=True, slots=True)
class FormGroup:
    """Fields under one caption."""

    label: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class FormView:
    """Everything that pages/form.html shows. base: the texts that the form started from.

    under: of a file or a note, the record to go back to. alike: what may be the same, before it is saved
    anyway.
    """

    head: Head
    title: str
    action: str
    cancel_url: str
    submit: str
    groups: tuple[FormGroup, ...]
    problems: tuple[tuple[str, str, str], ...]
    general: str
    hidden_note: str
    version: int | None
    base: str
    under: str
    conflict: bool
    alike: Alike | None


def form_view(
    reader: Reader,
    view: ObjectView,
    record: Record | None,
    draft: Draft,
    *,
    general: str = "",
    conflict: bool = False,
    alike: Alike | None = None,
) -> FormView:
    """The form for a new record (`record` is None) or for changing one, filled with what was typed so far."""
    thing = view.object
    groups, base = _groups(reader, view, record, draft)
    shown = {f.name: f for group in groups for f in group.fields}
    problems = tuple(
        (shown[code].id if code in shown else "content", _label(view, code), message)
        for code, message in draft.errors.items()
    )
    if problems and not general:
        general = _("Nothing was saved: some fields need another look.")
    if record is None:
        title = _("New %(thing)s") % {"thing": words.within(thing.caption)}
        head = record_head(reader, view, title)
        under = _given_parent(view, draft)
        action, cancel = reader.urls.new(thing.code), reader.urls.records(thing.code)
    else:
        name = display_name(view, record)
        title = _("Edit %(name)s") % {"name": name}
        head = record_head(
            reader, view, _("Edit"), Link(name, reader.urls.record(thing.code, record.id)), record=record
        )
        action = reader.urls.record(thing.code, record.id, "edit")
        cancel = reader.urls.record(thing.code, record.id)
        under = parent_of(view, record)
    home = home_of(view, under)
    return FormView(
        head=head,
        title=title,
        action=action,
        cancel_url=home.url(reader.urls) if home else cancel,
        submit=_submit(view, record, alike),
        groups=groups,
        problems=problems,
        general=general,
        hidden_note=hidden_note(view),
        version=record.version if record else None,
        base=json.dumps(base, ensure_ascii=False),
        under=under,
        conflict=conflict,
        alike=alike,
    )


def _submit(view: ObjectView, record: Record | None, alike: Alike | None) -> str:
    if alike is not None:
        return _("Save anyway")
    thing = words.within(view.object.caption)
    return _("Add %(thing)s") % {"thing": thing} if record is None else _("Save")


def _given_parent(view: ObjectView, draft: Draft) -> str:
    master = view.object.master_column
    return draft.texts.get(master.code, "") if master else ""


def _label(view: ObjectView, code: str) -> str:
    column = view.object.columns.get(code)
    return column.caption if column else code


def hidden_note(view: ObjectView) -> str:
    """Which fields are missing, since the reader may not read them."""
    hidden = [c.caption for code, c in view.object.columns.items() if not is_shown(view, code)]
    if not hidden:
        return ""
    return _("Not shown, since you may not read it: %(names)s.") % {"names": words.listed(hidden)}


def _groups(
    reader: Reader, view: ObjectView, record: Record | None, draft: Draft
) -> tuple[tuple[FormGroup, ...], dict[str, str]]:
    """(groups of fields, base texts). Groups follow the layout; what it does not place comes last."""
    editable = {column.code for column in editable_columns(view, creating=record is None)}
    placed = {code for _caption, codes in view.object.layout.groups for code in codes}
    rest = tuple(code for code in view.object.columns if code not in placed and code in editable)
    base: dict[str, str] = {}
    groups = []
    for caption, codes in (*view.object.layout.groups, (_("More"), rest)):
        fields = []
        for code in codes:
            column = view.object.columns.get(code)
            if column is not None and code in editable:
                fields.append(input_field(reader, view, column, record, draft, base))
            elif column is not None and record is not None and is_shown(view, code):
                fields.append(_words_only(reader, column, record))
        if fields:
            groups.append(FormGroup(caption, tuple(fields)))
    return tuple(groups), base


def _words_only(reader: Reader, column: Column, record: Record) -> Field:
    cell = make_cell(reader, column, record.data.get(column.code))
    wide = column.type is ColumnType.LONG_TEXT
    return Field(column.code, column.caption, "readonly", wide=wide, mark=mark_of(column), cell=cell)


def input_field(
    reader: Reader,
    view: ObjectView,
    column: Column,
    record: Record | None,
    draft: Draft,
    base: dict[str, str],
) -> Field:
    """The input of one column, filled with what was typed so far; `base` is given what it started from."""
    code = column.code
    stored = record.data.get(code) if record else None
    start = show_value(reader, column, stored) if record else _default_text(reader, column)
    text = draft.texts.get(code, start)
    base[code] = start if record else ""
    kind = _KINDS.get(column.type, "text")
    shown, lookup_url = text, ""
    options = _options(reader, column, stored, text)
    if column.type is ColumnType.LOOKUP and column.target and not reader.is_small(column):
        lookup_url = reader.urls.options(view.object.code, code)
        start_name = _name(reader, column.target, stored, start)
        base[code + TEXT_SUFFIX] = start_name if record else ""
        shown = draft.names.get(
            code, start_name if text == start else _name(reader, column.target, stored, text)
        )
        if code in draft.errors and shown:
            options = matching_options(reader, column.target, shown)
    # options mean a drop-down; of a big lookup only when several records fit the name that was typed
    if options:
        kind = "choice"
        options = tuple(Option(o.value, o.label, o.value == text) for o in (Option("", ""), *options))
    return Field(
        name=code,
        label=column.caption,
        kind=kind,
        value=shown,
        key=text if kind == "lookup" else "",
        hint=_hint(column, stored),
        error=draft.errors.get(code, ""),
        required=column.required and column.type is not ColumnType.BOOLEAN,
        wide=column.type is ColumnType.LONG_TEXT,
        max_length=column.max_length if column.type in _LENGTHS else 0,
        options=options,
        lookup_url=lookup_url,
        mark=mark_of(column),
        theirs=draft.theirs.get(code),
    )


def _hint(column: Column, stored: Json) -> str:
    if isinstance(stored, dict) and stored.get("restricted"):
        return _("A record that you may not read is chosen here. Choose another one to replace it.")
    return column.help


def _options(reader: Reader, column: Column, stored: Json, text: str) -> tuple[Option, ...]:
    match column.type:
        case ColumnType.CHOICE:
            offered = (c for c in column.choices if not c.retired or c.code in (stored, text))
            return tuple(Option(c.code, c.caption) for c in offered)
        case ColumnType.OWNER:
            return _people(reader, stored)
        case ColumnType.LOOKUP if column.target and reader.is_small(column):
            return small_options(reader, column.target)
    return ()


def _default_text(reader: Reader, column: Column) -> str:
    match column.default:
        case None:
            return ""
        case "me":
            return str(reader.ctx.actor)
        case "today":
            return reader.now.astimezone(reader.zone).date().isoformat()
        case "now":
            return reader.now.astimezone(reader.zone).strftime("%Y-%m-%dT%H:%M")
        case bool(value):
            return "yes" if value else ""
    return str(column.default)


def _people(reader: Reader, stored: Json) -> tuple[Option, ...]:
    """Colleagues, and the owner as it is."""
    people = people_options(reader)
    if stored and all(option.value != stored["id"] for option in people):
        return (Option(str(stored["id"]), stored["display"]), *people)
    return people


def _name(reader: Reader, target: str, stored: Json, key: str) -> str:
    if not key:
        return ""
    if stored and str(stored.get("id")) == key:
        return str(stored.get("display") or "")
    return record_name(reader, target, key)
