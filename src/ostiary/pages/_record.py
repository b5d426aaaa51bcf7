"""The record page: head, key facts, stage path, groups of fields, related lists, what happened."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ostiary.access.public import Verb
from ostiary.kernel.ids import RecordId
from ostiary.objects import public as objects
from ostiary.pages._columns import asked, shown_columns
from ostiary.pages._facts import Fact, FactGroup, display_name, fact_groups, is_placed, make_fact, subtitle
from ostiary.pages._heads import HeadCell, plain_heads
from ostiary.pages._history import HistoryView, history_view
from ostiary.pages._list import count_words, create_action, list_head
from ostiary.pages._panel_state import CLOSED, HISTORY, REVEAL, SHARE, WHO, PanelState
from ostiary.pages._panels import Panel, Place, download_of, find_panel
from ostiary.pages._pins import is_pinned
from ostiary.pages._posted import NOTHING, Draft
from ostiary.pages._reader import Reader, readable
from ostiary.pages._refusals import own_why, why_not_changed, why_not_deleted
from ostiary.pages._reveal_panel import RevealPanel, Tried, reveal_panel
from ostiary.pages._rows import RowView, table_rows
from ostiary.pages._share_panel import SharePanel, Typed, share_action, share_panel
from ostiary.pages._stage_path import StagePath, stage_path
from ostiary.pages._state import Condition, ListState
from ostiary.pages._stream import Stream, stream
from ostiary.pages._under import home_of, parent_name, parent_of, tab_of
from ostiary.pages._who_panel import WhoPanel, who_action, who_panel
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Record
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Action, Head, Link

_SHORT = 5  # related records on the overview
_LONG = 50  # related records on their own tab
_DETAIL_COLUMNS = 6
Inspector = WhoPanel | SharePanel | RevealPanel


@dataclass(frozen=True, slots=True)
class Detail:
    """Records that refer to this one: the first few, how many the reader may read, where all of them are.

    panel: of an open list of files or notes, in place of rows. create: none for what is written by itself.
    """

    label: str
    icon: str
    count: str
    rows: tuple[RowView, ...]
    columns: tuple[HeadCell, ...]
    all_url: str
    create: Action | None
    panel: Panel | None = None


@dataclass(frozen=True, slots=True)
class RecordView:
    """Everything that pages/record.html shows. pinned: None where nothing can be pinned yet."""

    head: Head
    name: str
    subtitle: str
    facts: tuple[Fact, ...]
    path: StagePath
    tabs: tuple[Link, ...]
    groups: tuple[FactGroup, ...]
    related: tuple[Detail, ...]
    open_detail: Detail | None
    stream: Stream
    history: HistoryView | None
    edit: Action
    delete: Action
    download: Action | None
    hand_over: Action | None
    merge: Action | None
    who: Action
    share: Action
    print_url: str
    pinned: bool | None
    pin_url: str
    inspector: Inspector | None


def record_view(
    reader: Reader,
    code: str,
    record_id: RecordId,
    panel: PanelState = CLOSED,
    tried: Draft = NOTHING,
    given: Typed | Tried | None = None,
) -> RecordView:
    """One record. panel: its tab, and the inspector beside it.

    tried: what was not added on the tab, and why. given: what was typed into the inspector, and its outcome.
    Raises NotFound for what is absent or hidden, AccessDenied where the object is closed.
    """
    view = reader.describe(code)
    record = records.get_record(reader.ctx, code, record_id, verdicts=True)
    thing = view.object
    name, tab = display_name(view, record), panel.tab
    related = records.related_counts(reader.ctx, view.object.code, record.id)
    details = _details(reader, view, record, related, tab, tried)
    opened = next((detail for key, detail in details if key == tab), None)
    facts = tuple(make_fact(reader, view, record, c) for c in thing.layout.facts if is_placed(view, c))
    groups = fact_groups(reader, view, record)
    if panel.name == WHO:
        facts = _asking(reader, view, record, facts)
        groups = tuple(replace(g, facts=_asking(reader, view, record, g.facts)) for g in groups)
    return RecordView(
        head=record_head(reader, view, name, record=record),
        name=name,
        subtitle=subtitle(reader, view, record),
        facts=facts,
        path=stage_path(reader, view, record),
        tabs=_tabs(reader, code, record_id, details, tab if opened or tab == HISTORY else ""),
        groups=groups,
        related=tuple(detail for _key, detail in details if detail.rows)[:1],
        open_detail=opened,
        stream=Stream() if opened or tab == HISTORY else stream(reader, view, record, related, panel),
        history=history_view(reader, view, record, panel) if tab == HISTORY else None,
        edit=Action(
            _("Edit"),
            reader.urls.record(code, record_id, "edit"),
            "edit",
            why_not_changed(view, may_update=bool(record.may_update)),
            own_why(reader, code, Verb.UPDATE, record_id),
        ),
        delete=Action(
            _("Delete"),
            reader.urls.record(code, record_id, "delete"),
            "trash",
            why_not_deleted(view, may_delete=bool(record.may_delete)),
            own_why(reader, code, Verb.DELETE, record_id),
        ),
        download=_download(reader, view, record),
        hand_over=_hand_over(reader, view, record),
        merge=_merge(reader, view, record),
        who=who_action(reader, code, record_id),
        share=share_action(reader, code, record_id),
        pinned=is_pinned(reader.ctx, thing.id, record_id),
        pin_url=reader.urls.record(code, record_id, "pin"),
        print_url=reader.urls.record(code, record_id, "print"),
        inspector=_inspector(reader, view, record, panel, given),
    )


def _inspector(
    reader: Reader, view: ObjectView, record: Record, panel: PanelState, given: Typed | Tried | None
) -> Inspector | None:
    if panel.name == WHO:
        return who_panel(reader, view, record.id, panel)
    if panel.name == SHARE:
        return share_panel(reader, view, record.id, panel, given if isinstance(given, Typed) else None)
    if panel.name == REVEAL:
        return reveal_panel(reader, view, record, panel, given if isinstance(given, Tried) else Tried())
    return None


def _download(reader: Reader, view: ObjectView, record: Record) -> Action | None:
    if not view.object.content:
        return None
    return download_of(reader, view, str(record.id))


def _merge(reader: Reader, view: ObjectView, record: Record) -> Action | None:
    """Where a record is compared with what looks like it; for those who may delete what is doubled."""
    if not {Verb.UPDATE, Verb.DELETE} <= view.verbs or not records.has_duplicate_rules(
        reader.ctx, view.object
    ):
        return None
    return Action(_("Duplicates"), reader.urls.merge(view.object.code, f"id={record.id}"), "git-merge")


def _hand_over(reader: Reader, view: ObjectView, record: Record) -> Action | None:
    """Where a record is handed over, as long as it is not in the stage of those that were."""
    declared, stage = view.object.rules.hand_over, view.object.layout.stage
    if declared is None or not record.may_update or stage not in view.editable:
        return None
    links = [c.code for to in declared.to for c in view.object.columns.values() if c.name == to.link]
    if all(record.data.get(code) for code in links):
        return None
    closed = [to.object for to in declared.to if to.object not in reader.views]
    why = _("You may not see everything that it would be handed over to (layer 2, object).") if closed else ""
    explain = own_why(reader, closed[0], Verb.READ) if closed else ""
    url = reader.urls.record(view.object.code, record.id, "hand-over")
    return Action(_("Hand over"), url, "arrow-right", why, explain)


def record_head(
    reader: Reader, view: ObjectView, title: str, *more: Link, record: Record | None = None
) -> Head:
    """Title and breadcrumb below the object's list; a file or a note stands below its record."""
    home = home_of(view, parent_of(view, record)) if record else None
    above = reader.views.get(home.object) if home else None
    listed = list_head(reader, above or view)
    crumbs = [Link((above or view).object.plural, reader.urls.records((above or view).object.code))]
    if record and home and above:
        crumbs.append(Link(parent_name(view, record) or above.object.caption, home.url(reader.urls)))
    return Head(title, (*crumbs, *more), listed.search, listed.create)


def _asking(reader: Reader, view: ObjectView, record: Record, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """The fields with a link that asks who can see each of them; what is read with the record has none."""
    here = reader.urls.record(view.object.code, record.id)
    return tuple(
        replace(fact, who_url=PanelState(WHO, column=fact.code).at(here))
        if fact.code in view.object.columns
        else fact
        for fact in facts
    )


def _details(
    reader: Reader,
    view: ObjectView,
    record: Record,
    related: Sequence[records.Related],
    tab: str,
    tried: Draft,
) -> list[tuple[str, Detail]]:
    """The related lists with their sizes; rows of the one that is open, else of the first that has any."""
    found: list[tuple[str, Detail]] = []
    first = next((r for r in related if r.count.value), None)
    for listed in related:
        key = tab_of(listed.object, listed.column)
        theirs = reader.views.get(listed.object)
        if theirs is not None and readable(theirs, listed.column):
            limit = _LONG if key == tab else _SHORT if listed is first else 0
            place = Place(view, record, listed.column)
            panel = find_panel(reader, theirs, place, tried) if key == tab else None
            detail = _detail(reader, theirs, listed, record, 0 if panel else limit)
            found.append((key, replace(detail, panel=panel)))
    return found


def _detail(
    reader: Reader, theirs: ObjectView, listed: records.Related, record: Record, limit: int
) -> Detail:
    thing, column = theirs.object, listed.column
    shown = [c for c in shown_columns(theirs) if c.code != column][:_DETAIL_COLUMNS]
    state = ListState(conditions=(Condition(column, records.Op.EQ.value, str(record.id)),))
    create = None if thing.log else create_action(reader, theirs, **{column: str(record.id)})
    return Detail(
        _(listed.caption),
        thing.icon,
        count_words(listed.count),
        _first_rows(reader, theirs, shown, records.Compare(column, records.Op.EQ, str(record.id)), limit),
        plain_heads(shown, thing.layout.stage),
        reader.urls.records(thing.code, state.query()),
        create,
    )


def _first_rows(
    reader: Reader, theirs: ObjectView, shown: list[objects.Column], only: records.Compare, limit: int
) -> tuple[RowView, ...]:
    if not limit:
        return ()
    thing = theirs.object
    default = [c for c in thing.layout.default_sort if readable(theirs, c.removeprefix("-"))]
    page = records.list_records(
        reader.ctx,
        records.RecordQuery(
            thing.code,
            columns=asked(shown),
            filter=only,
            sort=tuple(records.Sort(c.removeprefix("-"), descending=c.startswith("-")) for c in default),
            limit=limit,
        ),
    )
    return table_rows(reader, thing, shown, page.records())


def _tabs(
    reader: Reader, code: str, record_id: RecordId, details: list[tuple[str, Detail]], tab: str
) -> tuple[Link, ...]:
    here = reader.urls.record(code, record_id)
    return (
        Link(_("Overview"), here, current=not tab),
        *(Link(d.label, f"{here}?tab={key}", current=key == tab, count=d.count) for key, d in details),
        Link(_("History"), f"{here}?tab={HISTORY}", current=tab == HISTORY),
    )
