"""A list as a calendar: a month, a week or a day of the reader's own time zone."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ostiary.access.public import Verb
from ostiary.objects.public import ColumnType
from ostiary.pages._asked import Asked
from ostiary.pages._cards import Card, card_paths, make_card
from ostiary.pages._dates import Dates, dates_of, local_time, typed_day, within
from ostiary.pages._reader import Reader
from ostiary.pages._stage_path import held
from ostiary.pages._stages import Stage, stages_of
from ostiary.pages._state import DAY, WEEK
from ostiary.records import public as records
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later, ngettext
from ostiary.ui.values import Link

MOST = 300  # records of a calendar at once
_OF_A_DAY = 5  # shown of each day of a month
_LABELS = {"": later("Month"), WEEK: later("Week"), DAY: later("Day")}


@dataclass(frozen=True, slots=True)
class Event:
    """A record. first, last: its days. time: when it begins, "" for a date. stage: where it stands."""

    card: Card
    first: dt.date
    last: dt.date
    time: str
    stage: str
    tone: str

    @property
    def day(self) -> str:
        """The day that it begins on."""
        return self.first.isoformat()

    def words_on(self, day: str) -> str:
        """The time as that day shows it; what began before goes on."""
        return self.time if day == self.day else "…"


@dataclass(frozen=True, slots=True)
class Day:
    """One day. outside: of another month than the one that is shown. more: in words, what is not shown.

    create_url: the form for a new record on this day; "" where nothing may be added.
    """

    key: str
    number: str
    label: str
    today: bool
    outside: bool
    events: tuple[Event, ...]
    more: str
    url: str
    create_url: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days in rows. more: in words, that not everything is shown. start, end: captions of the columns."""

    title: str
    span: str
    spans: tuple[Link, ...]
    weekdays: tuple[str, ...]
    weeks: tuple[tuple[Day, ...], ...]
    previous_url: str
    today_url: str
    next_url: str
    range: str
    nothing: bool
    more: str
    start: str
    end: str


def read_calendar(reader: Reader, asked: Asked) -> Calendar | None:
    """The calendar of a list, by one statement for its records; None where the object has no date."""
    state = asked.state
    dates = dates_of(reader, asked.view, state.start, state.end)
    if dates is None:
        return None
    anchor = _anchor(reader, state.day)
    first, after = _span(anchor, state.span)
    events, page = _events(reader, asked, dates, first, after)
    days = [first + dt.timedelta(days=n) for n in range((after - first).days)]
    shown = [_day(reader, asked, dates, day, anchor, events) for day in days]
    width = 1 if state.span == DAY else 7
    before, today, following = (_at(reader, asked, day) for day in _around(reader, anchor, state.span))
    many = len(page.ids)
    return Calendar(
        title=_title(anchor, first, after, state.span),
        span=state.span,
        spans=_spans(reader, asked, anchor),
        weekdays=tuple(words.weekday(day) for day in days[:width]),
        weeks=tuple(tuple(shown[n : n + width]) for n in range(0, len(days), width)),
        previous_url=before,
        today_url=today,
        next_url=following,
        range=ngettext("%(num)s record", "%(num)s records", many) % {"num": words.number(many)},
        nothing=not events,
        more=_only_first() if page.next else "",
        start=dates.start.caption,
        end=dates.end.caption if dates.end else "",
    )


def _only_first() -> str:
    sentence = _("Only the first %(num)s records are shown. Filter the list, or look at less time.")
    return sentence % {"num": MOST}


def _anchor(reader: Reader, text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return reader.now.astimezone(reader.zone).date()


def _span(anchor: dt.date, span: str) -> tuple[dt.date, dt.date]:
    """The first day, and the one after the last."""
    if span == DAY:
        return anchor, anchor + dt.timedelta(days=1)
    first = words.week_begin(anchor if span == WEEK else anchor.replace(day=1))
    last = first if span == WEEK else _month(anchor, 1) - dt.timedelta(days=1)
    return first, words.week_begin(last) + dt.timedelta(days=7)


def _month(day: dt.date, by: int) -> dt.date:
    """The first day of a month before or after."""
    at = day.year * 12 + day.month - 1 + by
    return dt.date(at // 12, at % 12 + 1, 1)


def _around(reader: Reader, anchor: dt.date, span: str) -> tuple[dt.date, dt.date, dt.date]:
    """A day of the time before, today, and a day of the time after."""
    today = reader.now.astimezone(reader.zone).date()
    if span not in (DAY, WEEK):
        return _month(anchor, -1), today, _month(anchor, 1)
    step = dt.timedelta(days=1 if span == DAY else 7)
    return anchor - step, today, anchor + step


def _at(reader: Reader, asked: Asked, day: dt.date, **changes: str) -> str:
    state = asked.state.first_page(day=day.isoformat(), **changes)
    return reader.urls.records(asked.code, state.query())


def _spans(reader: Reader, asked: Asked, anchor: dt.date) -> tuple[Link, ...]:
    found = []
    for span, label in _LABELS.items():
        state = asked.state.other(span=span, day=anchor.isoformat())
        url = reader.urls.records(asked.code, state.query())
        found.append(Link(_(label), url, current=asked.state.span == span))
    return tuple(found)


def _title(anchor: dt.date, first: dt.date, after: dt.date, span: str) -> str:
    if span == DAY:
        return f"{words.weekday(anchor)} {words.day(anchor)}"
    if span == WEEK:
        return f"{words.day(first)} \N{EN DASH} {words.day(after - dt.timedelta(days=1))}"
    return words.month(anchor)


def _events(
    reader: Reader, asked: Asked, dates: Dates, first: dt.date, after: dt.date
) -> tuple[list[Event], records.Page]:
    """Everything that touches the span, in order."""
    stage = asked.view.object.layout.stage or ""
    paths = (dates.start.path, dates.end.path if dates.end else "", stage)
    query = replace(
        asked.query(only=within(reader, dates, first, after)),
        columns=card_paths(asked.view, (), *filter(None, paths)),
        sort=(records.Sort(dates.start.path),),
        limit=MOST,
        verdicts=True,
    )
    page = records.list_records(reader.ctx, query)
    stages = {each.value: each for each in stages_of(reader, asked.view)} if page.ids else {}
    may = dates.start.column.code in asked.view.editable
    found = [
        _event(
            reader,
            dates,
            make_card(reader, asked, (), record, movable=may and key in page.updatable),
            record,
            stages.get(held(record, stage)),
        )
        for key, record in zip(page.ids, page.records(), strict=True)
    ]
    return found, page


def _event(reader: Reader, dates: Dates, card: Card, record: Mapping[str, Any], stage: Stage | None) -> Event:
    begin = local_time(reader, dates.start.column, record[dates.start.path])
    if begin is None:
        raise RuntimeError("a record without a start lies in no span")
    end = None
    if dates.end is not None:
        end = local_time(reader, dates.end.column, record.get(dates.end.path))
    timed = dates.start.column.type is ColumnType.INSTANT
    return Event(
        card,
        begin.date(),
        begin.date() if end is None else max(begin.date(), _last_day(end, begin, timed=timed)),
        f"{begin:%H:%M}" if timed else "",
        stage.label if stage else "",
        stage.tone if stage else "",
    )


def _last_day(end: dt.datetime, begin: dt.datetime, *, timed: bool) -> dt.date:
    """What ends at midnight is not of the day that begins then."""
    midnight = timed and end > begin and end.time() == dt.time()
    return end.date() - dt.timedelta(days=1) if midnight else end.date()


def _day(
    reader: Reader, asked: Asked, dates: Dates, day: dt.date, anchor: dt.date, events: Sequence[Event]
) -> Day:
    its = tuple(event for event in events if event.first <= day <= event.last)
    month = not asked.state.span
    shown = its[:_OF_A_DAY] if month and len(its) > _OF_A_DAY + 1 else its
    left = len(its) - len(shown)
    return Day(
        key=day.isoformat(),
        number=str(day.day),
        label=f"{words.weekday(day)} {words.day(day)}",
        today=day == reader.now.astimezone(reader.zone).date(),
        outside=month and day.month != anchor.month,
        events=shown,
        more=_("%(num)s more") % {"num": words.number(left)} if left else "",
        url=_at(reader, asked, day, span=DAY),
        create_url=_create_url(reader, asked, dates, day),
    )


def _create_url(reader: Reader, asked: Asked, dates: Dates, day: dt.date) -> str:
    view, column = asked.view, dates.start.column
    if Verb.CREATE not in view.verbs or column.code not in view.creatable or view.object.content:
        return ""
    return reader.urls.new(asked.code, **{column.code: typed_day(column, day)})
