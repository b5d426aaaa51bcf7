"""The list page: columns that the reader may read, filter in words, sort, page, count."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ostiary.access import public as access
from ostiary.access.public import Verb
from ostiary.objects.public import SYSTEM_COLUMNS, Column, ColumnType, Object
from ostiary.pages._bench_state import EXPORT
from ostiary.pages._cells import NO_TONES, NUMERIC, TABULAR, Cell, make_cell, mark_of
from ostiary.pages._choices import OptionNames
from ostiary.pages._filters import BuilderRow, read_filters
from ostiary.pages._reader import Reader, is_shown, readable
from ostiary.pages._refusals import own_why, why_not_created, why_not_exported
from ostiary.pages._settings import page_size
from ostiary.pages._stages import stages_of, tones_of
from ostiary.pages._state import MINE, ListState
from ostiary.records import public as records
from ostiary.records.public import ObjectView
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Action, Empty, Head, Link, Search

_CAP = 10_000


@dataclass(frozen=True, slots=True)
class HeadCell:
    """One column head. card: the place of the column in the two-line card on phones."""

    label: str
    url: str
    sorted: str
    numeric: bool
    tabular: bool
    card: str
    mark: str


@dataclass(frozen=True, slots=True)
class RowView:
    """One record in the list."""

    url: str
    name: Cell
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in words with the address of the list without it."""

    label: str
    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Builder:
    """The filter builder as a GET form; `kept` are the other parts of the state."""

    action: str
    rows: tuple[BuilderRow, ...]
    remove_urls: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]
    close_url: str
    clear_url: str


@dataclass(frozen=True, slots=True)
class ListView:
    """Everything that pages/list.html shows."""

    head: Head
    plural: str
    tabs: tuple[Link, ...]
    chips: tuple[Chip, ...]
    filter_url: str
    builder: Builder | None
    not_offered: str
    errors: int
    columns: tuple[HeadCell, ...]
    rows: tuple[RowView, ...]
    range: str
    previous_url: str
    next_url: str
    export: Action
    empty: Empty | None


def list_view(reader: Reader, code: str, state: ListState) -> ListView:
    """One page of a list. Raises AccessDenied (layer object) or NotFound."""
    view = records.describe(reader.ctx, code)
    thing = view.object
    names = OptionNames(reader)
    filtering = read_filters(reader, view, state, names)
    shown = shown_columns(view)
    sort = _sort(view, state)
    size = page_size(reader.ctx)
    page = records.list_records(
        reader.ctx,
        records.RecordQuery(
            code,
            columns=asked(shown),
            filter=filtering.filter,
            sort=sort,
            limit=size,
            offset=0 if state.after else (state.page - 1) * size,
            after=state.after or None,
            count=records.CountMode.CAPPED,
        ),
    )
    staged = thing.layout.stage in {column.code for column in shown}
    tones = tones_of(stages_of(reader, view)) if staged else NO_TONES
    rows = table_rows(reader, thing, shown, page.records(), tones)
    url = reader.urls.records
    builder = None
    if state.builder or filtering.errors:
        builder = Builder(
            url(code),
            filtering.rows,
            tuple(url(code, row.remove.query()) for row in filtering.rows),
            tuple((k, v) for k, v in (("q", state.search), ("view", state.view), ("sort", state.sort)) if v),
            url(code, state.first_page(builder=False).query()),
            url(code, state.first_page(conditions=(), search="").query()),
        )
    return ListView(
        head=list_head(reader, view, state),
        plural=thing.plural,
        tabs=_tabs(reader, thing, state),
        chips=tuple(Chip(c.label, c.words, url(code, c.remove.query())) for c in filtering.chips),
        filter_url=url(code, state.first_page(builder=not state.builder).query()),
        builder=builder,
        not_offered=not_offered(view),
        errors=filtering.errors,
        columns=_heads(reader, view, shown, sort, state),
        rows=rows,
        range=_range(page, state, len(rows), size),
        previous_url=url(code, _previous(state).query()) if state.page > 1 else "",
        next_url=url(code, _next(state, page.next).query()) if page.next else "",
        export=_export(reader, thing, state),
        empty=None if rows else _empty(reader, view, state, filtered=bool(filtering.chips)),
    )


def shown_columns(view: ObjectView) -> list[Column]:
    """The layout's list columns that the reader is shown, the naming one first."""
    codes = [view.object.display, *(c for c in view.object.layout.list_columns if c != view.object.display)]
    return [view.object.column(code) for code in codes if is_shown(view, code)]


def asked(shown: list[Column]) -> tuple[str, ...]:
    """The codes to ask for; what every record has comes without asking."""
    return tuple(column.code for column in shown if column.code not in SYSTEM_COLUMNS)


def not_offered(view: ObjectView) -> str:
    """One line that names the columns which the reader may not read, or ""."""
    hidden = [c.caption for code, c in view.object.columns.items() if not readable(view, code)]
    if not hidden:
        return ""
    sentence = (
        _("%(names)s is not offered. You may not read it, so it cannot filter or sort.")
        if len(hidden) == 1
        else _("%(names)s are not offered. You may not read them, so they cannot filter or sort.")
    )
    return sentence % {"names": words.listed(hidden)}


def list_head(reader: Reader, view: ObjectView, state: ListState | None = None) -> Head:
    """Title, search box and New of an object's list."""
    thing = view.object
    label = _("Search %(things)s") % {"things": thing.plural.lower()}
    search = Search(reader.urls.records(thing.code), label, state.search if state else "")
    return Head(
        title=thing.plural,
        search=search if readable(view, thing.display) else None,
        create=create_action(reader, view),
    )


def create_action(reader: Reader, view: ObjectView, **given: str) -> Action:
    """New, with values already given. That files are added elsewhere is no refusal to explain."""
    thing = view.object
    return Action(
        _("New %(thing)s") % {"thing": thing.caption.lower()},
        reader.urls.new(thing.code, **given),
        "plus",
        why_not_created(view),
        "" if thing.content else own_why(reader, thing.code, Verb.CREATE),
    )


def table_rows(
    reader: Reader,
    thing: Object,
    shown: list[Column],
    found: list[dict[str, Any]],
    tones: Mapping[str, str] = NO_TONES,
) -> tuple[RowView, ...]:
    """Records as rows: the naming cell links to the record, the others say their value."""
    named = bool(shown) and shown[0].code == thing.display
    rest = shown[1:] if named else shown
    return tuple(
        RowView(
            reader.urls.record(thing.code, record["id"]),
            Cell("text", _display(record, thing) if named else _("Open")),
            tuple(make_cell(reader, column, record.get(column.code), tones) for column in rest),
        )
        for record in found
    )


def _display(record: Mapping[str, Any], thing: Object) -> str:
    value = record.get(thing.display)
    if isinstance(value, dict):
        value = value.get("masked") or value.get("display")
    return str(value) if value not in (None, "") else _("no name")


def _sort(view: ObjectView, state: ListState) -> tuple[records.Sort, ...]:
    wanted = (state.sort,) if state.sort else view.object.layout.default_sort
    sort = tuple(
        records.Sort(code.removeprefix("-"), descending=code.startswith("-"))
        for code in wanted
        if readable(view, code.removeprefix("-"))
        and view.object.column(code.removeprefix("-")).type is not ColumnType.LONG_TEXT
    )
    return sort or _fallback_sort(view)


def _fallback_sort(view: ObjectView) -> tuple[records.Sort, ...]:
    return (records.Sort(view.object.display),) if readable(view, view.object.display) else ()


def _heads(
    reader: Reader, view: ObjectView, shown: list[Column], sort: tuple[records.Sort, ...], state: ListState
) -> tuple[HeadCell, ...]:
    places, thing = _cards(shown, view.object.layout.stage), view.object.code
    heads = []
    for column in shown:
        current = next((s for s in sort[:1] if s.column == column.code), None)
        wanted = column.code if current is None or current.descending else f"-{column.code}"
        direction = "" if current is None else ("descending" if current.descending else "ascending")
        sortable = column.type is not ColumnType.LONG_TEXT
        heads.append(
            HeadCell(
                column.caption,
                reader.urls.records(thing, state.first_page(sort=wanted).query()) if sortable else "",
                direction,
                column.type in NUMERIC,
                column.type in TABULAR,
                places.get(column.code, "sub"),
                mark_of(column),
            )
        )
    if not shown or shown[0].code != view.object.display:
        heads.insert(0, HeadCell(view.object.caption, "", "", False, False, "stick", ""))
    return tuple(heads)


def plain_heads(shown: list[Column], stage: str | None) -> tuple[HeadCell, ...]:
    """Heads of a table that is not sorted by clicking."""
    places = _cards(shown, stage)
    return tuple(
        HeadCell(
            c.caption, "", "", c.type in NUMERIC, c.type in TABULAR, places.get(c.code, "sub"), mark_of(c)
        )
        for c in shown
    )


def _cards(shown: list[Column], stage: str | None) -> dict[str, str]:
    """Where each column goes in the card on phones: name and one figure on top, two more below."""
    places = {shown[0].code: "stick"} if shown else {}
    if stage and stage not in places and any(c.code == stage for c in shown):
        places[stage] = "card-third"
    wanted = (
        ("card-end", NUMERIC),
        ("card-second", {ColumnType.DATE, ColumnType.LOOKUP, ColumnType.EMAIL, ColumnType.INSTANT}),
        ("card-third", {ColumnType.CHOICE, ColumnType.PHONE, ColumnType.OWNER}),
    )
    for place, kinds in wanted:
        found = next((c.code for c in shown if c.type in kinds and c.code not in places), None)
        if found and place not in places.values():
            places[found] = place
    return places


def _range(page: records.Page, state: ListState, length: int, size: int) -> str:
    if not length:
        return ""
    first = (state.page - 1) * size + 1
    total = count_words(page.count)
    shown = {"first": f"{first:,}", "last": f"{first + length - 1:,}", "total": total}
    return (_("%(first)s\u2013%(last)s of %(total)s") if total else _("%(first)s\u2013%(last)s")) % shown


def count_words(count: records.Count | None) -> str:
    """214, or 10,000+ where counting stopped."""
    return "" if count is None else f"{count.value:,}" + ("+" if count.capped else "")


def _next(state: ListState, token: str) -> ListState:
    return state.first_page(page=state.page + 1, after=token)


def _previous(state: ListState) -> ListState:
    return state.first_page(page=state.page - 1)


def _tabs(reader: Reader, thing: Object, state: ListState) -> tuple[Link, ...]:
    if not thing.has_owner:
        return ()
    url = reader.urls.records
    return (
        Link(
            _("All you may read"), url(thing.code, state.first_page(view="").query()), current=not state.view
        ),
        Link(_("Mine"), url(thing.code, state.first_page(view=MINE).query()), current=state.view == MINE),
    )


def _export(reader: Reader, thing: Object, state: ListState) -> Action:
    address = reader.urls.export(thing.code, state.first_page(builder=False).query())
    explain = own_why(reader, thing.code, EXPORT)
    return Action(_("Export"), address, "file-export", why_not_exported(reader), explain)


def _empty(reader: Reader, view: ObjectView, state: ListState, *, filtered: bool) -> Empty:
    thing = view.object
    create = create_action(reader, view)
    if state.page > 1 or state.after:
        first = Action(_("Go to the first page"), reader.urls.records(thing.code, state.first_page().query()))
        title = _("No more %(things)s") % {"things": thing.plural.lower()}
        return Empty(title, _("The list ends before this page."), thing.icon, (first,))
    if filtered or state.view == MINE:
        clear = reader.urls.records(thing.code, ListState(sort=state.sort).query())
        text = _("No record that you may read fits all of these conditions.")
        return Empty(_("No match"), text, "filter-off", (Action(_("Clear all"), clear),))
    # whether hidden records exist is not said: only who may read everything learns that there is nothing
    if access.may_operate(reader.ctx, access.Operation.VIEW_ANY_DATA):
        title = _("No %(things)s yet") % {"things": thing.plural.lower()}
        return Empty(title, _("Add the first one, or import a list."), thing.icon, (create,))
    text = _("Your roles open no record in this list.")
    return Empty(_("Nothing here is visible to you"), text, "eye-off", () if create.why else (create,))


def export_query(reader: Reader, code: str, state: ListState) -> records.RecordQuery:
    """The query of the list that `state` shows, for exporting all of it."""
    view = records.describe(reader.ctx, code)
    filtering = read_filters(reader, view, state, OptionNames(reader))
    columns = asked(shown_columns(view))
    return records.RecordQuery(code, columns=columns, filter=filtering.filter, sort=_sort(view, state))
