"""What a dashboard shows, as values: kept as JSON, checked wherever it comes from.

A widget names an object, a filter as the address of a list says it, and what is made of the records. Whether
its columns may be read is asked when it is shown, for each viewer anew: a dashboard gives no right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from ostiary.kernel.errors import FieldError, Invalid
from ostiary.records.public import Function, Group, Measure, Period

MOST_WIDGETS = 24
MOST_ROWS = 50
_LONGEST = {"caption": 120, "object": 60, "filter": 4_000, "measure": 200, "group": 200, "split": 200}
WIDTHS = (3, 4, 6, 8, 12)


class Kind(StrEnum):
    """Stored keys."""

    FIGURE = "figure"
    CHART = "chart"
    FUNNEL = "funnel"
    LIST = "list"


class Shape(StrEnum):
    """How a chart is drawn. Stored keys."""

    BARS = "bars"
    COLUMNS = "columns"
    LINE = "line"
    RING = "ring"


@dataclass(frozen=True, slots=True)
class Widget:
    """One part of a dashboard.

    filter: query string of the list behind it. measure: `count` or `sum(amount)`. group, split: `stage`,
    `closed_on:month`, or "". limit: groups or records shown. width: of twelve columns.
    """

    kind: Kind
    caption: str
    object: str
    filter: str = ""
    measure: str = "count"
    group: str = ""
    split: str = ""
    shape: Shape = Shape.BARS
    limit: int = 10
    width: int = 6


def read_measure(text: str) -> Measure:
    """`sum(amount)` as a value. Raises ValueError."""
    function, _, rest = text.partition("(")
    column = rest.removesuffix(")")
    made = Measure(Function(function), column)
    if made.name != text or bool(column) == (made.function is Function.COUNT):
        raise ValueError(text)
    return made


def read_group(text: str) -> Group:
    """`closed_on:month` as a value. Raises ValueError."""
    column, _, period = text.partition(":")
    if not column:
        raise ValueError(text)
    return Group(column, Period(period) if period else None)


def widget_values(widget: Widget) -> dict[str, Any]:
    """As it is kept."""
    return asdict(widget)


def read_widgets(values: Any) -> tuple[Widget, ...]:
    """From JSON. Raises Invalid, naming `widgets.<number>.<field>`."""
    if not isinstance(values, list) or not all(isinstance(each, Mapping) for each in values):
        raise Invalid([FieldError("widgets", "type", "A list of widgets")])
    if len(values) > MOST_WIDGETS:
        raise Invalid([FieldError("widgets", "too_many", f"At most {MOST_WIDGETS} widgets")])
    widgets, errors = [], []
    for number, each in enumerate(values):
        found = _errors(each)
        errors += [FieldError(f"widgets.{number}.{e.field}", e.code, e.message) for e in found]
        if not found:
            widgets.append(Widget(**{**each, "kind": Kind(each["kind"]), "shape": _shape(each)}))
    if errors:
        raise Invalid(errors)
    return tuple(widgets)


def _shape(values: Mapping[str, Any]) -> Shape:
    return Shape(values.get("shape", Shape.BARS))


def _errors(values: Mapping[str, Any]) -> Sequence[FieldError]:
    known = set(Widget.__slots__)
    unknown = [
        FieldError(str(name)[:60], "unknown", "There is no such field") for name in values.keys() - known
    ]
    return [*unknown, *_of_texts(values), *_of_choices(values), *_of_numbers(values), *_of_columns(values)]


def _of_texts(values: Mapping[str, Any]) -> list[FieldError]:
    found = []
    for name, longest in _LONGEST.items():
        text = values.get(name, "")
        if not isinstance(text, str) or len(text) > longest:
            found.append(FieldError(name, "too_long", f"A text of at most {longest} characters"))
        elif name in ("caption", "object") and not text.strip():
            found.append(FieldError(name, "required", "Needed"))
    return found


def _of_choices(values: Mapping[str, Any]) -> list[FieldError]:
    choices = {"kind": [k.value for k in Kind], "shape": [s.value for s in Shape]}
    given = {"kind": values.get("kind"), "shape": values.get("shape", Shape.BARS.value)}
    return [
        FieldError(name, "unknown", f"One of {', '.join(known)}")
        for name, known in choices.items()
        if given[name] not in known
    ]


def _of_numbers(values: Mapping[str, Any]) -> list[FieldError]:
    found = []
    limit, width = values.get("limit", 10), values.get("width", 6)
    if type(limit) is not int or not 1 <= limit <= MOST_ROWS:
        found.append(FieldError("limit", "out_of_range", f"1 to {MOST_ROWS}"))
    if width not in WIDTHS:
        found.append(FieldError("width", "unknown", f"One of {', '.join(map(str, WIDTHS))}"))
    return found


def _of_columns(values: Mapping[str, Any]) -> list[FieldError]:
    found = []
    kind = values.get("kind")
    try:
        read_measure(str(values.get("measure", "count")))
    except ValueError:
        found.append(FieldError("measure", "unknown", "count, or a function of a column: sum(amount)"))
    for name in ("group", "split"):
        text = str(values.get(name, ""))
        try:
            if text:
                read_group(text)
        except ValueError:
            found.append(FieldError(name, "unknown", "A column, with a period for dates: closed_on:month"))
    if kind in (Kind.CHART, Kind.FUNNEL) and not values.get("group"):
        found.append(FieldError("group", "required", "Needed"))
    return found
