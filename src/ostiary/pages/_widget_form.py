"""The form of a widget: what it counts, of which records, grouped how, and how it is drawn."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urlsplit

from ostiary.dashboards import public as dashboards
from ostiary.dashboards.public import Kind, Shape, Widget
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.objects.public import Column, ColumnType
from ostiary.pages._cells import NUMERIC
from ostiary.pages._reader import Reader, readable, readable_columns
from ostiary.pages._saved import resolved
from ostiary.pages._state import read_state
from ostiary.pages._view_store import read_views
from ostiary.records.public import Function, Measure, ObjectView, Period
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later, said
from ostiary.ui.values import Field, Option

REFRESH = "change"
_KINDS = {
    Kind.FIGURE: later("Figure"),
    Kind.CHART: later("Chart"),
    Kind.FUNNEL: later("Funnel"),
    Kind.LIST: later("List"),
}
_SHAPES = {
    Shape.BARS: later("Bars"),
    Shape.COLUMNS: later("Columns"),
    Shape.LINE: later("Line"),
    Shape.RING: later("Ring"),
}
_WIDTHS = {
    3: later("A quarter"),
    4: later("A third"),
    6: later("Half"),
    8: later("Two thirds"),
    12: later("All of it"),
}
_FUNCTIONS = {
    Function.SUM: later("Sum of %(field)s"),
    Function.AVG: later("Average of %(field)s"),
    Function.MIN: later("Smallest %(field)s"),
    Function.MAX: later("Largest %(field)s"),
}
_PERIODS = {
    Period.DAY: later("%(field)s by day"),
    Period.WEEK: later("%(field)s by week"),
    Period.MONTH: later("%(field)s by month"),
    Period.QUARTER: later("%(field)s by quarter"),
    Period.YEAR: later("%(field)s by year"),
}
_HINT = later("Filter the list of these records, then copy its address here. Empty: all that may be read.")
_GROUPED = frozenset({ColumnType.LOOKUP, ColumnType.OWNER, ColumnType.CHOICE, ColumnType.BOOLEAN})
_DATED = frozenset({ColumnType.DATE, ColumnType.INSTANT})
_DEFAULTS = {"kind": "chart", "measure": "count", "shape": "columns", "limit": "10", "width": "6"}


def texts_of(reader: Reader, widget: Widget) -> dict[str, str]:
    """A widget as its form shows it."""
    known = dashboards.widget_values(widget)
    texts = {name: str(value) for name, value in known.items() if name != "filter"}
    return texts | {"list": reader.urls.records(widget.object, widget.filter)}


def widget_fields(reader: Reader, given: Mapping[str, str]) -> tuple[Field, ...]:
    """The fields, filled with what was given so far; choices are those of the chosen object."""
    texts = {**_DEFAULTS, **{k: v for k, v in given.items() if v}}
    code = texts.get("object") or _object_of(reader, texts.get("list", ""))
    view = reader.views.get(code)
    return (
        _choice("kind", _("Kind"), texts, {k.value: _(w) for k, w in _KINDS.items()}, refresh=True),
        Field("caption", _("Title"), "text", texts.get("caption", ""), required=True, max_length=120),
        _choice("object", _("Records"), {**texts, "object": code}, _objects(reader), refresh=True),
        Field(
            "list",
            _("Filtered like the list at"),
            "text",
            texts.get("list", ""),
            hint=_(_HINT),
            max_length=4_000,
        ),
        *(_of_object(view, texts) if view else ()),
        _choice("width", _("Width"), texts, {str(k): _(w) for k, w in _WIDTHS.items()}),
    )


def read_widget(reader: Reader, given: Mapping[str, str]) -> Widget:
    """The widget that was typed. Raises Invalid, naming the fields."""
    code = given.get("object", "")
    if code not in reader.views:
        raise Invalid([FieldError("object", "required", _("Choose what it is about."))])
    values = {
        **{name: given.get(name, "") for name in ("kind", "caption", "group", "split")},
        "object": code,
        "measure": given.get("measure") or "count",
        "filter": _filter(reader, code, given.get("list", "").strip()),
        "shape": given.get("shape") or Shape.COLUMNS.value,
        "limit": _whole(given.get("limit") or "10"),
        "width": _whole(given.get("width") or "6"),
    }
    try:
        return dashboards.read_widgets([values])[0]
    except Invalid as refused:
        raise Invalid(
            [FieldError(e.field.removeprefix("widgets.0."), e.code, said(e.message)) for e in refused.errors]
        ) from None


def _filter(reader: Reader, code: str, address: str) -> str:
    if not address:
        return ""
    parts = urlsplit(address)
    if parts.path != reader.urls.records(code):
        raise Invalid(
            [FieldError("list", "unknown", _("This is not the address of the list of these records."))]
        )
    state = read_state(parse_qs(parts.query, keep_blank_values=True))
    # the conditions themselves: others need not have the view, and it may change
    shown, _view = resolved(state, read_views(reader.ctx, reader.views[code].object.id))
    return shown.content.query()


def _object_of(reader: Reader, address: str) -> str:
    path = urlsplit(address).path
    return next((code for code in reader.views if reader.urls.records(code) == path), "")


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else -1


def _objects(reader: Reader) -> dict[str, str]:
    things = sorted(
        (v.object for v in reader.views.values() if not v.object.is_lookup), key=lambda o: o.plural.casefold()
    )
    return {"": "", **{thing.code: thing.plural for thing in things}}


def _of_object(view: ObjectView, texts: Mapping[str, str]) -> Iterator[Field]:
    kind = texts["kind"]
    if kind != Kind.LIST:
        yield _choice("measure", _("What it shows"), texts, dict(_measures(view)))
    if kind in (Kind.CHART, Kind.FUNNEL):
        yield _choice("group", _("Grouped by"), texts, {"": "", **dict(_groups(view))}, required=True)
    if kind == Kind.CHART:
        yield _choice("split", _("Divided by"), texts, {"": "", **dict(_groups(view))})
        yield _choice("shape", _("Drawn as"), texts, {s.value: _(w) for s, w in _SHAPES.items()})
    if kind != Kind.FIGURE:
        told = _("At most %(most)s") % {"most": dashboards.MOST_ROWS}
        yield Field("limit", _("How many at most"), "integer", texts["limit"], hint=told)


def _measures(view: ObjectView) -> Iterator[tuple[str, str]]:
    yield "count", _("Number of %(things)s") % {"things": words.within(view.object.plural)}
    for column in view.object.columns.values():
        if column.type in NUMERIC and readable(view, column.code):
            for function, sentence in _FUNCTIONS.items():
                yield Measure(function, column.code).name, _(sentence) % {"field": column.caption}


def _groups(view: ObjectView) -> Iterator[tuple[str, str]]:
    for column in readable_columns(view):
        if column.type in _GROUPED:
            yield column.code, column.caption
        elif column.type in _DATED:
            yield from _periods(column)


def _periods(column: Column) -> Iterator[tuple[str, str]]:
    for period, sentence in _PERIODS.items():
        yield f"{column.code}:{period}", _(sentence) % {"field": column.caption}


def _choice(
    name: str,
    label: str,
    texts: Mapping[str, str],
    options: Mapping[str, str],
    *,
    refresh: bool = False,
    required: bool = False,
) -> Field:
    chosen = texts.get(name, "")
    listed = tuple(Option(value, told, value == chosen) for value, told in options.items())
    return Field(
        name, label, "choice", chosen, required=required, options=listed, refresh=REFRESH if refresh else ""
    )
