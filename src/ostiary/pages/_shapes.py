"""The shapes that a list may take: a table, a board, a calendar; and what the last two go by."""

from dataclasses import dataclass

from ostiary.pages._asked import Asked
from ostiary.pages._board import lane_field, lane_fields
from ostiary.pages._dates import date_fields, dates_of
from ostiary.pages._fields import FieldAt
from ostiary.pages._pickers import Pairs, kept_pairs
from ostiary.pages._reader import Reader
from ostiary.pages._state import BOARD, CALENDAR
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Link, Option

LANES, DATES = "lanes", "dates"  # panels


@dataclass(frozen=True, slots=True)
class Picked:
    """One thing to choose: its name in the address, its label, what there is."""

    name: str
    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class ShapePicker:
    """What a board or a calendar goes by."""

    title: str
    action: str
    kept: Pairs
    rows: tuple[Picked, ...]
    hint: str
    close_url: str


def shape_links(reader: Reader, asked: Asked) -> tuple[Link, ...]:
    """The shapes that there are for this object and reader; none where there is no choice."""
    offered = [("", _("List"), "list")]
    if lane_field(reader, asked.view, "") is not None:
        offered.append((BOARD, _("Board"), "layout-kanban"))
    if dates_of(reader, asked.view) is not None:
        offered.append((CALENDAR, _("Calendar"), "calendar"))
    if len(offered) == 1:
        return ()
    return tuple(
        Link(label, _url(reader, asked, shape), icon, current=asked.state.shape == shape)
        for shape, label, icon in offered
    )


def _url(reader: Reader, asked: Asked, shape: str) -> str:
    state = asked.state
    if shape != state.shape:
        state = state.other(shape=shape, panel="", builder=False, day="")
    return reader.urls.records(asked.code, state.query())


def shape_panel(asked: Asked) -> str:
    """The panel that belongs to the shape; "" for a table."""
    return {BOARD: LANES, CALENDAR: DATES}.get(asked.state.shape, "")


def shape_words(reader: Reader, asked: Asked) -> str:
    """What the shape goes by, in words."""
    state = asked.state
    if state.shape == BOARD:
        field = lane_field(reader, asked.view, state.lanes)
        return field.caption if field else ""
    dates = dates_of(reader, asked.view, state.start, state.end)
    return dates.start.caption if dates else ""


def shape_picker(reader: Reader, asked: Asked) -> ShapePicker | None:
    """The panel where it is open."""
    if not asked.state.panel or asked.state.panel != shape_panel(asked):
        return None
    if asked.state.shape == BOARD:
        hint = _("Numbers and sums of lanes cover what you may read.")
        return _picker(reader, asked, _("Lanes"), (_lanes(reader, asked),), hint)
    hint = _("Days are those of your time zone.")
    return _picker(reader, asked, _("Dates"), _dates(reader, asked), hint)


def _picker(reader: Reader, asked: Asked, title: str, rows: tuple[Picked, ...], hint: str) -> ShapePicker:
    code, url = asked.code, reader.urls.records
    kept = kept_pairs(asked.state, *(row.name for row in rows))
    return ShapePicker(title, url(code), kept, rows, hint, url(code, asked.state.showing().query()))


def _lanes(reader: Reader, asked: Asked) -> Picked:
    now = lane_field(reader, asked.view, asked.state.lanes)
    return Picked("by", _("by"), _options(lane_fields(reader, asked.view), now))


def _dates(reader: Reader, asked: Asked) -> tuple[Picked, ...]:
    now = dates_of(reader, asked.view, asked.state.start, asked.state.end)
    fields = date_fields(asked.view)
    start = now.start if now else None
    same = [f for f in fields if start and f.column.type is start.column.type and f.path != start.path]
    none = Option("", _("no end"))
    return (
        Picked("start", _("begins"), _options(fields, start)),
        Picked("end", _("ends"), (none, *_options(same, now.end if now else None))),
    )


def _options(fields: list[FieldAt], now: FieldAt | None) -> tuple[Option, ...]:
    return tuple(Option(f.path, f.caption, now is not None and f.path == now.path) for f in fields)
