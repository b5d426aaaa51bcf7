"""A dashboard as a page: figures on top, then cards with charts, funnels and lists."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from ostiary.access import public as access
from ostiary.dashboards import public as dashboards
from ostiary.dashboards.public import Dashboard, Kind, Level, Shape, Widget
from ostiary.pages._columns import asked, shown_columns
from ostiary.pages._figures import Asked, Closed, Figure, by_groups, list_url, total, understand
from ostiary.pages._heads import HeadCell, plain_heads
from ostiary.pages._reader import Reader, readable
from ostiary.pages._rows import RowView, table_rows
from ostiary.records import public as records
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import ngettext
from ostiary.ui.values import Action, Empty, Head, Link

_LIST_COLUMNS = 5
_CHART = {Shape.BARS: "bar", Shape.COLUMNS: "column", Shape.LINE: "line", Shape.RING: "ring"}


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One stage. share: thousandths of the widest; beside: such as how many of the one before come on."""

    figure: Figure
    share: int
    beside: str


@dataclass(frozen=True, slots=True)
class Card:
    """One widget as it is shown. closed: why it shows a lock. note: what is to be known beside.

    chart: what the script draws, as JSON; figures say the same as a table.
    """

    number: int
    kind: str
    caption: str
    width: int
    url: str = ""
    closed: str = ""
    note: str = ""
    figure: Figure | None = None
    figures: tuple[Figure, ...] = ()
    series: tuple[str, ...] = ()
    chart: str = ""
    steps: tuple[FunnelStep, ...] = ()
    columns: tuple[HeadCell, ...] = ()
    rows: tuple[RowView, ...] = ()
    edit_url: str = ""


@dataclass(frozen=True, slots=True)
class DashboardView:
    """Everything that pages/dashboard.html shows. figures: the strip on top; cards: what is below."""

    head: Head
    name: str
    tabs: tuple[Link, ...]
    figures: tuple[Card, ...]
    cards: tuple[Card, ...]
    actions: tuple[Action, ...]
    empty: Empty | None


def dashboard_view(reader: Reader, dashboard_id: UUID) -> DashboardView:
    """One dashboard. Raises NotFound: absent, or not shared with the reader."""
    all_ = dashboards.list_dashboards(reader.ctx)
    shown = next((d for d in all_ if d.id == dashboard_id), None)
    if shown is None:
        shown = dashboards.get_dashboard(reader.ctx, dashboard_id)  # refuses
    tabs = [Link(d.name, reader.urls.dashboard(d.id), current=d.id == shown.id) for d in all_]
    why = _why_not_managed(reader)
    cards = [make_card(reader, shown, number) for number in range(len(shown.widgets))]
    return DashboardView(
        Head(shown.name, (Link(_("Dashboards"), reader.urls.dashboard()),)),
        shown.name,
        tuple(tabs) if len(tabs) > 1 else (),
        tuple(card for card in cards if card.kind == Kind.FIGURE),
        tuple(card for card in cards if card.kind != Kind.FIGURE),
        (*_actions(reader, shown, why), _create(reader, why)),
        None if cards else _nothing_on_it(reader, shown, why),
    )


def no_dashboard_view(reader: Reader) -> DashboardView:
    """What whoever has none sees."""
    why = _why_not_managed(reader)
    create = _create(reader, why)
    text = _("Figures, charts and lists of what you may read, on one page.")
    empty = Empty(_("No dashboard yet"), text, "chart-bar", () if why else (create,))
    return DashboardView(Head(_("Dashboards")), _("Dashboards"), (), (), (), (create,), empty)


def _create(reader: Reader, why: str) -> Action:
    return Action(_("New dashboard"), reader.urls.dashboard("new"), "plus", why)


def _why_not_managed(reader: Reader) -> str:
    if access.may_operate(reader.ctx, access.Operation.MANAGE_ANALYTICS):
        return ""
    return _("You may not change dashboards: it needs the operation %(operation)s (layer 1).") % {
        "operation": access.Operation.MANAGE_ANALYTICS.value
    }


def _actions(reader: Reader, shown: Dashboard, why: str) -> tuple[Action, ...]:
    shared = "" if shown.level >= Level.EDIT else _("It was shared with you for viewing, not for changing.")
    mine = "" if shown.level is Level.OWN else _("Only its owner may share it or delete it.")
    url = reader.urls.dashboard
    return (
        Action(_("Add a widget"), url(shown.id, "widgets/new"), "plus", why or shared),
        Action(_("Edit"), url(shown.id, "edit"), "edit", why or shared),
        Action(_("Share"), url(shown.id, "share"), "share", why or mine),
    )


def _nothing_on_it(reader: Reader, shown: Dashboard, why: str) -> Empty:
    add = () if why or shown.level < Level.EDIT else _actions(reader, shown, why)[:1]
    return Empty(_("Nothing on it yet"), _("Add figures, charts, funnels and lists."), "chart-bar", add)


def make_card(reader: Reader, shown: Dashboard, number: int) -> Card:
    """One widget for this reader; a lock where they may not read what it is about."""
    widget = shown.widgets[number]
    edit = reader.urls.dashboard(shown.id, f"widgets/{number}") if shown.level >= Level.EDIT else ""
    known = {"number": number, "kind": widget.kind.value, "caption": widget.caption, "width": widget.width}
    try:
        what = understand(reader, widget)
    except Closed as closed:
        return Card(**known, closed=str(closed), edit_url=edit)  # type: ignore[arg-type]  # keywords of several types
    note = ""
    if what.left_out:
        note = ngettext(
            "%(num)d condition is not open to you and narrows nothing here.",
            "%(num)d conditions are not open to you and narrow nothing here.",
            what.left_out,
        ) % {"num": what.left_out}
    content = _CONTENTS[widget.kind](reader, widget, what)
    return Card(**known, url=list_url(reader, what), note=note, edit_url=edit, **content)  # type: ignore[arg-type]  # the same


def _figure(reader: Reader, _widget: Widget, what: Asked) -> Mapping[str, object]:
    return {"figure": total(reader, what)}


def _chart(reader: Reader, widget: Widget, what: Asked) -> Mapping[str, object]:
    figures = by_groups(reader, what, widget.limit)
    series = tuple(dict.fromkeys(figure.series for figure in figures))
    labels = list(dict.fromkeys(figure.label for figure in figures))
    values = {(f.label, f.series): f for f in figures}
    drawn = {
        "shape": _CHART[widget.shape],
        "labels": labels,
        "series": [
            {
                "name": name,
                "values": [_value(values.get((label, name))) for label in labels],
                "texts": [_text(values.get((label, name))) for label in labels],
                "urls": [_url(values.get((label, name))) for label in labels],
            }
            for name in series
        ],
    }
    return {"figures": figures, "series": series, "chart": json.dumps(drawn, ensure_ascii=False)}


def _value(figure: Figure | None) -> float | None:
    return figure.value if figure else None


def _text(figure: Figure | None) -> str:
    return figure.text if figure else ""


def _url(figure: Figure | None) -> str:
    return figure.url if figure else ""


def _funnel(reader: Reader, widget: Widget, what: Asked) -> Mapping[str, object]:
    figures = by_groups(reader, what, widget.limit)
    widest = max((f.value or 0 for f in figures), default=0) or 1
    steps, before = [], None
    for figure in figures:
        value = figure.value or 0
        on = f"{round(100 * value / before)} %" if before else ""
        steps.append(FunnelStep(figure, round(1000 * value / widest), on))
        before = value
    return {"figures": figures, "steps": tuple(steps)}


def _list(reader: Reader, widget: Widget, what: Asked) -> Mapping[str, object]:
    view = what.view
    shown = shown_columns(view)[:_LIST_COLUMNS]
    order = (what.state.sort,) if what.state.sort else view.object.layout.default_sort
    sort = tuple(
        records.Sort(code.removeprefix("-"), descending=code.startswith("-"))
        for code in order
        if readable(view, code.removeprefix("-"))
    )
    query = records.RecordQuery(view.object.code, asked(shown), what.filter, sort, limit=widget.limit)
    found = records.list_records(reader.ctx, query)
    heads = plain_heads(shown, view.object.layout.stage)
    return {"columns": heads, "rows": table_rows(reader, view.object, shown, found.records())}


_CONTENTS = {Kind.FIGURE: _figure, Kind.CHART: _chart, Kind.FUNNEL: _funnel, Kind.LIST: _list}
