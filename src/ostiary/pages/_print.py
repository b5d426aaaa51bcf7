"""A record, or a list as it is shown, on paper: what the reader may see, who printed it and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from ostiary.identity import public as identity
from ostiary.kernel.errors import Invalid
from ostiary.kernel.ids import RecordId, UnitId
from ostiary.objects.public import Column, ColumnType
from ostiary.pages._asked import Asked
from ostiary.pages._bench_state import EXPORT
from ostiary.pages._cells import Cell
from ostiary.pages._columns import asked_paths
from ostiary.pages._facts import Fact, FactGroup, display_name, fact_groups, subtitle
from ostiary.pages._fields import FieldAt
from ostiary.pages._form import hidden_note
from ostiary.pages._heads import HeadCell, plain_heads
from ostiary.pages._list import asked_list
from ostiary.pages._reader import Reader, is_shown
from ostiary.pages._record import record_head
from ostiary.pages._refusals import own_why, why_not_exported
from ostiary.pages._rows import RowView, table_rows
from ostiary.pages._state import ListState
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Record, RecordQuery
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Field, Head, Link


@dataclass(frozen=True, slots=True)
class PrintAsk:
    """How something is printed. plain: without closed fields. reason: None until the form was sent."""

    plain: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """Everything that pages/print.html shows: groups of a record, or rows of a list."""

    head: Head
    title: str
    subtitle: str
    back_url: str
    printed: str
    groups: tuple[FactGroup, ...] = ()
    columns: tuple[HeadCell, ...] = ()
    rows: tuple[RowView, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class PrintForm:
    """Everything that pages/print_form.html shows. closed: fields by class. why: none may be exported."""

    head: Head
    title: str
    action: str
    plain_url: str
    cancel_url: str
    closed: tuple[tuple[str, tuple[str, ...]], ...]
    reason: Field
    why: str
    explain: str
    error: str = ""
    status: int = 200


def print_record(reader: Reader, code: str, record_id: RecordId, ask: PrintAsk) -> Paper | PrintForm:
    """The record on paper, or the form that asks why. Raises NotFound, AccessDenied: as its page."""
    view = reader.describe(code)
    named = records.get_record(reader.ctx, code, record_id, _name_only(view))
    name, here = display_name(view, named), reader.urls.record(view.object.code, record_id)
    head = record_head(reader, view, _("Print"), Link(name, here))
    kept, left = _kept(view, ask)
    query = RecordQuery(view.object.code, kept, records.Compare("id", records.Op.EQ, str(record_id)))
    found = _take(reader, query, ask, head, here)
    if isinstance(found, PrintForm):
        return replace(found, title=_("Print %(name)s") % {"name": name})
    record = _record(record_id, found[0], view)
    groups = tuple(_on_paper(group, left) for group in fact_groups(reader, view, record))
    return Paper(head, name, subtitle(reader, view, named), here, _printed(reader), groups)


def _name_only(view: ObjectView) -> tuple[str, ...]:
    shown = (
        view.object.display,
        *(c.code for c in view.object.columns.values() if c.type is ColumnType.AUTO_NUMBER),
    )
    return tuple(code for code in shown if is_shown(view, code))


def _kept(view: ObjectView, ask: PrintAsk) -> tuple[tuple[str, ...], frozenset[str]]:
    """(columns that are printed, columns that are left out)."""
    shown = [c for code, c in view.object.columns.items() if code == c.code and is_shown(view, code)]
    left = frozenset(c.code for c in shown if ask.plain and c.data_class in records.CLOSED)
    return tuple(c.code for c in shown if c.code not in left), left


def _record(record_id: RecordId, row: Mapping[str, Any], view: ObjectView) -> Record:
    restricted = tuple(code for code in view.object.columns if not is_shown(view, code))
    return Record(record_id, row["version"], orjson.dumps(row), restricted)


def _on_paper(group: FactGroup, left: frozenset[str]) -> FactGroup:
    def told(fact: Fact) -> Fact:
        return replace(fact, cell=Cell("text", _("not printed"))) if fact.code in left else fact

    return FactGroup(group.label, tuple(told(fact) for fact in group.facts))


def print_list(reader: Reader, code: str, state: ListState, ask: PrintAsk) -> Paper | PrintForm:
    """The list on paper, all of it, or the form that asks why. Raises AccessDenied, NotFound, Invalid."""
    asked = asked_list(reader, code, state)
    thing, here = asked.view.object, reader.urls.records(asked.code, state.query())
    shown = [field for field in asked.shown if not (ask.plain and field.column.data_class in records.CLOSED)]
    head = Head(_("Print"), (Link(thing.plural, here),))
    found = _take(reader, _query(asked, shown), ask, head, here)
    if isinstance(found, PrintForm):
        return replace(found, title=_("Print %(name)s") % {"name": thing.plural})
    chips = words.listed([f"{chip.label} {chip.words}" for chip in asked.filtering.chips])
    return Paper(
        head,
        thing.plural,
        chips,
        here,
        _printed(reader),
        columns=plain_heads([_named(field) for field in shown], thing.layout.stage),
        rows=table_rows(reader, thing, shown, [dict(row) for row in found]),
        note=hidden_note(asked.view),
    )


def _query(asked: Asked, shown: Sequence[FieldAt]) -> RecordQuery:
    return RecordQuery(asked.code, asked_paths(list(shown)), asked.query().filter, asked.sort)


def _named(field: FieldAt) -> Column:
    """The column under the caption that it has in the list."""
    return replace(field.column, caption=field.caption)


def _take(
    reader: Reader, query: RecordQuery, ask: PrintAsk, head: Head, here: str
) -> Sequence[Mapping[str, Any]] | PrintForm:
    """What is printed, or the form: where closed fields are among it, a reason comes first."""
    preview = records.preview_print(reader.ctx, query)
    form = _form(reader, query, preview, ask, head, here)
    if preview.closed and ask.reason is None:
        return form
    try:
        return records.print_records(reader.ctx, query, ask.reason or "")
    except Invalid as refused:
        errors = {error.field: said(error.message) for error in refused.errors}
        reason = replace(form.reason, error=errors.pop("reason", ""))
        return replace(form, reason=reason, error=" ".join(errors.values()), status=422)


def _form(
    reader: Reader, query: RecordQuery, preview: records.PrintPreview, ask: PrintAsk, head: Head, here: str
) -> PrintForm:
    path, _mark, asked = here.partition("?")
    address = f"{path.rstrip('/')}/print"
    return PrintForm(
        head=head,
        title="",
        action=f"{address}?{asked}",
        plain_url=f"{address}?plain=1" + (f"&{asked}" if asked else ""),
        cancel_url=here,
        closed=tuple(_by_class(preview.closed)),
        reason=Field(
            "reason",
            _("Reason"),
            "text",
            ask.reason or "",
            hint=_("Recorded with the export."),
            required=preview.needs_reason,
            max_length=500,
        ),
        why="" if preview.may else why_not_exported(reader),
        explain="" if preview.may else own_why(reader, query.object, EXPORT),
    )


def _by_class(closed: Sequence[Column]) -> list[tuple[str, tuple[str, ...]]]:
    classes = sorted({column.data_class for column in closed}, key=lambda each: each.value)
    return [
        (each.name.lower(), tuple(column.caption for column in closed if column.data_class is each))
        for each in classes
    ]


def _printed(reader: Reader) -> str:
    unit = UnitId(reader.ctx.actor)
    told = {
        "who": identity.names_of(reader.ctx, [unit]).get(unit, _("Somebody")),
        "when": words.instant(reader.now, reader.zone),
        "zone": str(reader.zone),
    }
    return _("Printed by %(who)s, %(when)s (%(zone)s). Shows what %(who)s may read.") % told
