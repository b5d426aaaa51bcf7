"""The page of duplicates of an object: what a search found for the reader, group by group."""

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from ostiary.kernel.errors import Invalid, NotFound
from ostiary.pages._alike import same_words
from ostiary.pages._cells import Cell, make_cell
from ostiary.pages._merge import MOST
from ostiary.pages._posted import Posted, last
from ostiary.pages._reader import Json, Reader
from ostiary.pages._save import UNPROCESSABLE
from ostiary.records import public as records
from ostiary.records.public import ObjectView, SearchState
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Empty, Head, Link

AFTER = "after"
_SHOWN = 4  # values of a record beside its name
_DIGITS = 4  # of the place of a group


@dataclass(frozen=True, slots=True)
class DuplicateRecord:
    """One record of a group."""

    id: str
    name: str
    url: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class GroupView:
    """Records that may be the same. chosen: ids of those that are ticked when the page opens."""

    number: int
    by: str
    records: tuple[DuplicateRecord, ...]
    chosen: frozenset[str]


@dataclass(frozen=True, slots=True)
class DuplicatesView:
    """Everything that pages/duplicates.html shows. waits: a search is at work."""

    head: Head
    title: str
    action: str
    groups: tuple[GroupView, ...]
    state: str
    waits: bool
    next_url: str
    empty: Empty | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class NotDismissed:
    """It is not done: the page that says why, and the status it is sent with."""

    view: DuplicatesView
    status: int


def duplicates_view(reader: Reader, code: str, asked: Posted, error: str = "") -> DuplicatesView:
    """The page. Raises: NotFound, AccessDenied: layer 2."""
    view = reader.describe(code)
    records.ensure_seeks(reader.ctx, code)
    search = records.find_search(reader.ctx, code)
    text = last(asked, AFTER)
    after = int(text) if text.isdecimal() and len(text) <= _DIGITS else -1
    groups, more = records.list_groups(reader.ctx, code, after)
    shown = tuple(_group(reader, view, group) for group in groups)
    url = reader.urls.duplicates(code)
    title = _("Duplicates among %(things)s") % {"things": words.within(view.object.plural)}
    return DuplicatesView(
        Head(title, crumbs=(Link(view.object.plural, reader.urls.records(code)),)),
        title,
        url,
        shown,
        _state(reader, search),
        search is not None and search.state is SearchState.WAITING,
        f"{url}?{urlencode({AFTER: more})}" if more is not None else "",
        None if shown else _empty(view, search),
        error,
    )


def _state(reader: Reader, search: records.DuplicateSearch | None) -> str:
    if search is None:
        return _("Nobody has looked for you yet.")
    at = words.moment(search.ended_at or search.asked_at, reader.now, reader.zone)
    told = {
        SearchState.WAITING: _(
            "The search was asked for %(at)s and goes on in the background. Load this page again."
        ),
        SearchState.DONE: _("Looked through %(at)s, by what you may read."),
        SearchState.STOPPED: _("The search of %(at)s was stopped: your rights have changed since."),
        SearchState.FAILED: _("The search of %(at)s did not come to an end."),
    }[search.state] % {"at": at}
    if search.more:
        told += " " + _("There are more groups than are kept: merge some and search again.")
    return told


def _empty(view: ObjectView, search: records.DuplicateSearch | None) -> Empty:
    done = search is not None and search.state is SearchState.DONE
    if done:
        text = _("Nothing that you may read looks like another, by the rules of this object.")
        return Empty(_("No duplicates"), text, "git-merge")
    text = _("Search, and what looks alike is listed here in groups.")
    return Empty(_("No search yet"), text, "search")


def _group(reader: Reader, view: ObjectView, group: records.DuplicateGroup) -> GroupView:
    shown = tuple(_record(reader, view, row) for row in group.records)
    chosen = frozenset(record.id for record in shown[:MOST])
    return GroupView(group.number, same_words(group.by), shown, chosen)


def _record(reader: Reader, view: ObjectView, row: dict[str, Json]) -> DuplicateRecord:
    made = view.object
    codes = [code for code in made.layout.list_columns if code in row and code != made.display]
    cells = tuple(make_cell(reader, made.columns[code], row[code]) for code in codes if code in made.columns)
    name = row.get(made.display) or made.caption
    return DuplicateRecord(row["id"], str(name), reader.urls.record(made.code, row["id"]), cells[:_SHOWN])


def submit_duplicates(reader: Reader, code: str, posted: Posted) -> str | NotDismissed:
    """Ask for a search, go on to merging, or say that records are no duplicates; the page to go on to."""
    here, do = reader.urls.duplicates(code), last(posted, "do")
    if do == "search":
        records.search_duplicates(reader.ctx, code)
        return f"{here}?done=searching"
    if do == "merge":
        return reader.urls.merge(code, urlencode([("id", each) for each in posted.get("id", ())]))
    try:
        ids = [UUID(text) for text in posted.get("id", ())]
    except ValueError:
        raise NotFound from None
    try:
        with reader.ctx.db.savepoint():
            records.say_not_duplicates(reader.ctx, code, ids)
    except Invalid as refused:
        return NotDismissed(duplicates_view(reader, code, posted, said(refused.message)), UNPROCESSABLE)
    return f"{here}?done=apart"
