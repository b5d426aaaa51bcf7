"""The list page: columns that the reader may read, filter in words, sort, groups, page, count."""

from dataclasses import dataclass, replace

from ostiary.access import public as access
from ostiary.access.public import Verb
from ostiary.objects.public import Object
from ostiary.pages._asked import Asked, changeable_of, read_page, tones_shown, understand
from ostiary.pages._bench_state import EXPORT
from ostiary.pages._board import Board, read_board
from ostiary.pages._builder import Builder, make_builder
from ostiary.pages._bulk_bar import BulkBar, bulk_bar, may_select
from ostiary.pages._calendar import Calendar, read_calendar
from ostiary.pages._cells import NO_TONES
from ostiary.pages._choices import OptionNames
from ostiary.pages._fields import find_field, not_offered
from ostiary.pages._filters import read_filters
from ostiary.pages._grouped import GroupedList, grouped_list
from ostiary.pages._heads import HeadCell, list_heads
from ostiary.pages._moved import Moved, Pairs
from ostiary.pages._pickers import (
    ColumnPicker,
    GroupPicker,
    SortPicker,
    column_picker,
    group_picker,
    sort_picker,
)
from ostiary.pages._reader import Reader, readable
from ostiary.pages._refusals import own_why, why_not_created, why_not_exported
from ostiary.pages._rows import RowView, table_rows
from ostiary.pages._saved import TypedView, ViewPanel, resolved, view_panel, view_tabs
from ostiary.pages._settings import page_size
from ostiary.pages._shapes import ShapePicker, shape_links, shape_picker, shape_words
from ostiary.pages._state import ALL, BOARD, CALENDAR, MINE, ListState
from ostiary.pages._totals import Total, totals
from ostiary.pages._view_store import SavedViews, read_views
from ostiary.records import public as records
from ostiary.records.public import ObjectView
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import ngettext
from ostiary.ui.values import Action, Empty, Head, Link, Search

ROWS_PART = "&part=rows"  # the address of a page's rows by themselves


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in words with the address of the list without it."""

    label: str
    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A button of the toolbar that opens a panel below it. words: what is set there now."""

    label: str
    url: str
    open: bool
    icon: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Tools:
    """The buttons beside the filter, and their panels: each is there where it is open."""

    buttons: tuple[Tool, ...]
    shape_picker: ShapePicker | None
    view_panel: ViewPanel | None
    column_picker: ColumnPicker | None
    sort_picker: SortPicker | None
    group_picker: GroupPicker | None


@dataclass(frozen=True, slots=True)
class RowsView:
    """Rows alone, added when somebody reaches the end of a list. more_url: where the next ones are."""

    columns: tuple[HeadCell, ...]
    rows: tuple[RowView, ...]
    more_url: str
    select: bool


@dataclass(frozen=True, slots=True)
class ListView:
    """Everything that pages/list.html shows.

    first, last: numbers of the rows; total, match: how many there are, in words. missing: columns were asked
    for that are not there for this reader; gone: so was a saved view. board, calendar: in place of a table.
    moved: what came of moving a record there. kept: the state, for the forms that move.
    """

    head: Head
    plural: str
    singular: str
    shapes: tuple[Link, ...]
    tabs: tuple[Link, ...]
    chips: tuple[Chip, ...]
    filter_url: str
    builder: Builder | None
    tools: Tools
    not_offered: str
    missing: bool
    gone: bool
    errors: int
    columns: tuple[HeadCell, ...]
    rows: tuple[RowView, ...]
    grouped: GroupedList | None
    board: Board | None
    calendar: Calendar | None
    moved: Moved | None
    kept: Pairs
    totals: tuple[Total, ...]
    first: int
    last: int
    total: str
    match: str
    previous_url: str
    next_url: str
    density: str
    export: Action
    import_url: str
    print_url: str
    duplicates_url: str
    empty: Empty | None
    bulk: BulkBar | None

    @property
    def more_url(self) -> str:
        """The next rows by themselves."""
        return self.next_url and self.next_url + ROWS_PART


def list_view(
    reader: Reader,
    code: str,
    state: ListState,
    typed: TypedView | None = None,
    moved: Moved | None = None,
) -> ListView:
    """One page of a list. typed: a view that was not saved. Raises AccessDenied (layer object), NotFound."""
    view = reader.describe(code)
    saved = read_views(reader.ctx, view.object.id)
    wanted = state.saved
    state, current = resolved(state, saved)
    asked = understand(reader, view, state)
    filtering, url = asked.filtering, reader.urls.records
    code = asked.code
    board, calendar = _shaped(reader, asked, moved)
    table = board is None and calendar is None
    tones = tones_shown(reader, asked) if table else NO_TONES
    grouped = grouped_list(reader, asked, tones) if table else None
    page = read_page(reader, asked, records.CountMode.CAPPED) if table and grouped is None else _NO_PAGE
    rows = table_rows(reader, view.object, asked.shown, page.records(), tones, changeable_of(page))
    some = bool(rows or (grouped and grouped.sections) or (board and board.records) or calendar)
    summing = some and table and not _many(page)
    first = (state.page - 1) * page_size(reader.ctx) + 1
    return ListView(
        head=list_head(reader, view, state),
        plural=view.object.plural,
        singular=words.within(view.object.caption),
        shapes=shape_links(reader, asked),
        tabs=_tabs(reader, view.object, state, saved),
        chips=tuple(Chip(c.label, c.words, url(code, c.remove.query())) for c in filtering.chips),
        filter_url=url(code, state.showing("" if state.builder else "filter").query()),
        builder=_builder(reader, asked),
        tools=_tools(reader, asked, view_panel(reader, asked, saved, current, typed)),
        not_offered=not_offered(view),
        missing=asked.missing,
        gone=bool(wanted) and current is None,
        errors=filtering.errors,
        columns=list_heads(reader, view, asked.shown, asked.sort, state),
        rows=rows,
        grouped=grouped,
        board=board,
        calendar=calendar,
        moved=moved,
        kept=tuple(state.pairs()),
        totals=totals(reader, code, filtering.filter, asked.shown) if summing else (),
        first=first,
        last=first + len(rows) - 1,
        total=count_words(page.count),
        match="" if page.count is None else match_words(page.count),
        previous_url=url(code, _previous(state).query()) if state.page > 1 else "",
        next_url=url(code, _next(state, page.next).query()) if page.next else "",
        density=state.density,
        export=_export(reader, view.object, state),
        import_url=_import_url(reader, view),
        print_url=reader.urls.paper(code, state.query()),
        duplicates_url=_duplicates_url(reader, view),
        empty=None if some else _empty(reader, view, state, filtered=bool(filtering.chips)),
        bulk=bulk_bar(reader, view, state, count_words(page.count)) if some else None,
    )


_NO_PAGE = records.Page(b"[]", (), None, ())  # of a list whose groups are shown


def _shaped(reader: Reader, asked: Asked, moved: Moved | None) -> tuple[Board | None, Calendar | None]:
    """The list as a board or as a calendar, where that is asked for and there is one."""
    shape = asked.state.shape
    return (
        read_board(reader, asked, moved.record_id if moved else "") if shape == BOARD else None,
        read_calendar(reader, asked) if shape == CALENDAR else None,
    )


def _many(page: records.Page) -> bool:
    """More records than are summed while somebody waits."""
    return page.count is not None and page.count.capped


def _builder(reader: Reader, asked: Asked) -> Builder | None:
    if not asked.state.builder and not asked.filtering.errors:
        return None
    return make_builder(reader, asked.view, asked.state, asked.filtering, asked.names)


def list_rows(reader: Reader, code: str, state: ListState) -> RowsView:
    """The rows of one page by themselves. Raises as `list_view`."""
    asked = asked_list(reader, code, state)
    page = read_page(reader, asked, None)
    more = reader.urls.records(asked.code, _next(state, page.next).query()) if page.next else ""
    tones, thing = tones_shown(reader, asked), asked.view.object
    return RowsView(
        list_heads(reader, asked.view, asked.shown, asked.sort, state),
        table_rows(reader, thing, asked.shown, page.records(), tones, changeable_of(page)),
        more and more + ROWS_PART,
        may_select(asked.view),
    )


def count_match(reader: Reader, code: str, state: ListState) -> str:
    """How many records fit the filter, in words. Raises as `list_view`."""
    view = reader.describe(code)
    node = read_filters(reader, view, state, OptionNames(reader)).filter
    found = records.count_records(reader.ctx, view.object.code, node, records.CountMode.CAPPED)
    return match_words(found)


def _tools(reader: Reader, asked: Asked, panel: ViewPanel | None) -> Tools:
    state, view = asked.state, asked.view
    return Tools(
        _buttons(reader, asked),
        shape_picker(reader, asked),
        panel,
        column_picker(reader, view, state, asked.shown) if state.panel == "columns" else None,
        sort_picker(reader, view, state, asked.sort) if state.panel == "sort" else None,
        group_picker(reader, view, state) if state.panel == "group" else None,
    )


def _buttons(reader: Reader, asked: Asked) -> tuple[Tool, ...]:
    """What a shape goes by, its order, what it shows, saving it."""
    grouping = asked.grouping.label if asked.grouping else ""
    first = {
        BOARD: ("lanes", _("Lanes"), "layout-kanban", shape_words(reader, asked)),
        CALENDAR: ("dates", _("Dates"), "calendar", shape_words(reader, asked)),
    }.get(asked.state.shape, ("group", _("Group"), "layout-list", grouping))
    made = [_tool(reader, asked, *first)]
    if asked.state.shape != CALENDAR:
        made.append(_tool(reader, asked, "sort", _("Sort"), "arrows-sort", _ordered(reader, asked)))
        made.append(_tool(reader, asked, "columns", _("Columns"), "columns-3"))
    return (*made, _tool(reader, asked, "view", _("Save view"), "bookmark"))


def _ordered(reader: Reader, asked: Asked) -> str:
    if not asked.state.sorts:
        return ""
    fields = (find_field(reader, asked.view, key.column) for key in asked.sort)
    return ", ".join(field.caption for field in fields if field)


def _tool(reader: Reader, asked: Asked, panel: str, label: str, icon: str, now: str = "") -> Tool:
    is_open = asked.state.panel == panel
    after = asked.state.showing("" if is_open else panel)
    return Tool(label, reader.urls.records(asked.code, after.query()), is_open, icon, now)


def list_head(reader: Reader, view: ObjectView, state: ListState | None = None) -> Head:
    """Title, search box and New of an object's list."""
    thing = view.object
    label = _("Search %(things)s") % {"things": words.within(thing.plural)}
    now = state or ListState()
    search = Search(reader.urls.records(thing.code), label, now.search, tuple(now.shaped.pairs()))
    return Head(
        title=thing.plural,
        search=search if readable(view, thing.display) else None,
        create=create_action(reader, view),
    )


def create_action(reader: Reader, view: ObjectView, **given: str) -> Action:
    """New, with values already given. That files are added elsewhere is no refusal to explain."""
    thing = view.object
    return Action(
        _("New %(thing)s") % {"thing": words.within(thing.caption)},
        reader.urls.new(thing.code, **given),
        "plus",
        why_not_created(view),
        "" if thing.content else own_why(reader, thing.code, Verb.CREATE),
    )


def match_words(count: records.Count) -> str:
    """214 match."""
    return ngettext("%(num)s matches", "%(num)s match", count.value) % {"num": count_words(count)}


def count_words(count: records.Count | None) -> str:
    """214, or 10,000+ where counting stopped."""
    return "" if count is None else words.number(count.value) + ("+" if count.capped else "")


def _next(state: ListState, token: str) -> ListState:
    return state.first_page(page=state.page + 1, after=token)


def _previous(state: ListState) -> ListState:
    return state.first_page(page=state.page - 1)


def _tabs(reader: Reader, thing: Object, state: ListState, saved: SavedViews) -> tuple[Link, ...]:
    """All, one's own, and the saved views; nothing where there is no choice."""
    if not thing.has_owner and not saved.views:
        return ()
    plain = state.view in ("", ALL)
    everything = state.first_page(view=ALL if saved.first else "", changed=False)
    if state.saved:  # what a view says ends with it
        everything = ListState(view=everything.view)
    url = reader.urls.records
    mine = ListState(view=MINE) if state.saved else state.first_page(view=MINE)
    own = (
        [Link(_("Mine"), url(thing.code, mine.query()), current=state.view == MINE)]
        if thing.has_owner
        else []
    )
    return (
        Link(_("All you may read"), url(thing.code, everything.query()), current=plain),
        *own,
        *view_tabs(reader, thing.code, saved, state),
    )


def _import_url(reader: Reader, view: ObjectView) -> str:
    """Where files are brought in, for those who may; for others there is nothing to explain in a list."""
    # the rights that the records of this page were just read with
    may = access.rights_of(reader.ctx).operation(access.Operation.IMPORT).allowed
    return reader.urls.import_file(view.object.code) if may and not why_not_created(view) else ""


def _duplicates_url(reader: Reader, view: ObjectView) -> str:
    """Where what is doubled is found, for those who may merge it."""
    may = {Verb.UPDATE, Verb.DELETE} <= view.verbs and not (view.object.is_lookup or view.object.content)
    return reader.urls.duplicates(view.object.code) if may else ""


def _export(reader: Reader, thing: Object, state: ListState) -> Action:
    address = reader.urls.export(thing.code, state.first_page(builder=False).query())
    explain = own_why(reader, thing.code, EXPORT)
    return Action(_("Export"), address, "file-export", why_not_exported(reader), explain)


def _empty(reader: Reader, view: ObjectView, state: ListState, *, filtered: bool) -> Empty:
    thing = view.object
    create = create_action(reader, view)
    if state.page > 1 or state.after:
        first = Action(_("Go to the first page"), reader.urls.records(thing.code, state.first_page().query()))
        title = _("No more %(things)s") % {"things": words.within(thing.plural)}
        return Empty(title, _("The list ends before this page."), thing.icon, (first,))
    if filtered or state.view == MINE:
        clear = reader.urls.records(thing.code, replace(state.shaped, sort=state.sort).query())
        text = _("No record that you may read fits all of these conditions.")
        return Empty(_("No match"), text, "filter-off", (Action(_("Clear all"), clear),))
    # whether hidden records exist is not said: only who may read everything learns that there is nothing
    if access.may_operate(reader.ctx, access.Operation.VIEW_ANY_DATA):
        title = _("No %(things)s yet") % {"things": words.within(thing.plural)}
        return Empty(title, _("Add the first one, or import a list."), thing.icon, (create,))
    text = _("Your roles open no record in this list.")
    return Empty(_("Nothing here is visible to you"), text, "eye-off", () if create.why else (create,))


def export_query(reader: Reader, code: str, state: ListState) -> records.RecordQuery:
    """The query of the list that `state` shows, for exporting all of it."""
    return asked_list(reader, code, state).query()


def asked_list(reader: Reader, code: str, state: ListState) -> Asked:
    """What the list is asked for, with the view that opens by itself."""
    view = reader.describe(code)
    return understand(reader, view, resolved(state, read_views(reader.ctx, view.object.id))[0])
