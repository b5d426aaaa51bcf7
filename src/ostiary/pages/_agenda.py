"""Records that wait for the reader, what is due first on top; each is said to be done with one click."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from ostiary.access.public import Verb
from ostiary.crm.public import Agenda
from ostiary.objects.public import Column, ColumnType
from ostiary.pages._captions import column_of
from ostiary.pages._cells import make_cell
from ostiary.pages._choices import matching_options
from ostiary.pages._list import count_words
from ostiary.pages._open_work import OpenWork, open_work
from ostiary.pages._operators import Is
from ostiary.pages._reader import Json, Reader, readable
from ostiary.pages._state import Condition
from ostiary.records import public as records
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Empty

_SHOWN = 8
_FACTS = 3  # values beside the name
_TOLD = (ColumnType.CHOICE, ColumnType.LOOKUP)


@dataclass(frozen=True, slots=True)
class Done:
    """The form of one button that says it is done: the edit of the record, with these fields."""

    action: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One record. due: when, in words; full: the instant; facts: what else is to be known at a glance."""

    name: str
    url: str
    due: str
    full: str
    overdue: bool
    facts: tuple[str, ...]
    done: Done | None


@dataclass(frozen=True, slots=True)
class AgendaView:
    """What waits. count: how many there are, url: all of them."""

    caption: str
    count: str
    url: str
    items: tuple[Item, ...]
    empty: Empty


def agenda_view(
    reader: Reader, agenda: Agenda, caption: str, empty: Empty, *, dated: bool
) -> AgendaView | None:
    """None where the reader may not read it. dated: those alone that are due at some time."""
    work = open_work(reader, agenda.object, agenda.due)
    if work is None:
        return None
    more = (Condition(agenda.due, Is.NOT_NULL, ""),) if dated else ()
    work = work.within(*more, sort=agenda.due)
    found = _read(reader, work, agenda)
    done = _done_values(reader, work, agenda) if found else {}
    items = tuple(_item(reader, work, agenda, record, done) for record in found[:_SHOWN])
    return AgendaView(caption, _count(reader, work, found), work.url(reader), items, empty)


def _read(reader: Reader, work: OpenWork, agenda: Agenda) -> list[dict[str, Json]]:
    """One more than is shown, so that it is known whether they are all."""
    view = work.view
    wanted = [
        view.object.display,
        agenda.due,
        work.stage,
        agenda.fill,
        *(c.code for c in _fact_columns(work)),
    ]
    columns = tuple(dict.fromkeys(c for c in wanted if c in view.object.columns and readable(view, c)))
    query = records.RecordQuery(
        view.object.code, columns, work.filter(reader), (records.Sort(agenda.due),), limit=_SHOWN + 1
    )
    return records.list_records(reader.ctx, query).records()


def _count(reader: Reader, work: OpenWork, found: list[dict[str, Json]]) -> str:
    if len(found) <= _SHOWN:
        return words.number(len(found))
    capped = records.CountMode.CAPPED
    return count_words(records.count_records(reader.ctx, work.view.object.code, work.filter(reader), capped))


def _fact_columns(work: OpenWork) -> list[Column]:
    """Values of lists and references that the list shows beside name and stage."""
    thing, view = work.view.object, work.view
    codes = [
        c for c in thing.layout.list_columns if c not in (work.stage, thing.display) and readable(view, c)
    ]
    return [column for code in codes if (column := column_of(thing, code)).type in _TOLD]


def _item(
    reader: Reader, work: OpenWork, agenda: Agenda, record: Mapping[str, Json], done: Mapping[str, str]
) -> Item:
    thing = work.view.object
    due = record.get(agenda.due)
    at = dt.datetime.fromisoformat(due) if due else None
    facts = (make_cell(reader, column, record.get(column.code)).text for column in _fact_columns(work))
    return Item(
        str(record.get(thing.display) or _("no name")),
        reader.urls.record(thing.code, record["id"]),
        words.moment(at, reader.now, reader.zone) if at else "",
        words.instant(at, reader.zone) if at else "",
        at is not None and at < reader.now,
        tuple(islice(filter(None, facts), _FACTS)),
        _done(reader, work, record, done),
    )


def _done_values(reader: Reader, work: OpenWork, agenda: Agenda) -> Mapping[str, str]:
    """What makes a record done; nothing where that is not for the reader to say, at layers 2 and 4."""
    view = work.view
    stage = next((s.value for s in work.stages if agenda.done in s.flags), "")
    if not stage or Verb.UPDATE not in view.verbs or work.stage not in view.editable:
        return {}
    values = {work.stage: stage}
    column = view.object.columns.get(agenda.fill)
    if column is not None and column.target and agenda.fill in view.editable:
        first = next(iter(matching_options(reader, column.target, "", 1)), None)
        values |= {agenda.fill: first.value} if first else {}
    return values


def _done(
    reader: Reader, work: OpenWork, record: Mapping[str, Json], values: Mapping[str, str]
) -> Done | None:
    """What is filled in already stays."""
    if not values:
        return None
    held = {code: _id(record.get(code)) for code in values}
    wanted = {code: value for code, value in values.items() if code == work.stage or not held[code]}
    fields = {"version": str(record["version"]), "base": json.dumps(held), "next": "/", **wanted}
    return Done(reader.urls.record(work.view.object.code, record["id"], "edit"), tuple(fields.items()))


def _id(value: Json) -> str:
    return str((value.get("id") if isinstance(value, Mapping) else value) or "")
