"""What happened to a record, in sentences. A change of a column that may not be read is not told."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.ids import UnitId
from ostiary.objects.public import Column, ColumnType
from ostiary.pages._cells import make_cell
from ostiary.pages._reader import Json, Reader, readable
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Record
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import ngettext

_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Change:
    """One changed field in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One event: who, what, when. `full` is the exact instant for the title."""

    actor: str
    sentence: str
    when: str
    full: str
    icon: str
    changes: tuple[Change, ...]


def timeline(reader: Reader, view: ObjectView, record: Record) -> tuple[Entry, ...]:
    """The record's newest events that mean something to people, newest first."""
    events = records.record_events(reader.ctx, view.object.code, record.id, limit=_LIMIT)
    people = identity.names_of(reader.ctx, list({UnitId(e.actor) for e in events if e.actor}))
    entries: list[Entry] = []
    for event in events:
        actor = people.get(UnitId(event.actor), _("Somebody")) if event.actor else _("Somebody")
        told = _tell(reader, view, event)
        if told is None:
            continue
        sentence, icon, changes = told
        entry = Entry(
            actor,
            sentence,
            words.moment(event.occurred_at, reader.now, reader.zone),
            words.instant(event.occurred_at, reader.zone),
            icon,
            changes,
        )
        # the same person reading again and again is one line
        repeated = entries and not changes and (entries[-1].actor, entries[-1].sentence) == (actor, sentence)
        if not repeated:
            entries.append(entry)
    return tuple(entries)


def _tell(
    reader: Reader, view: ObjectView, event: audit.EventView
) -> tuple[str, str, tuple[Change, ...]] | None:
    thing = words.within(view.object.caption)
    if event.outcome != audit.Outcome.SUCCESS:
        return None
    match event.type:
        case "records.record.created":
            return _("added this %(thing)s") % {"thing": thing}, "plus", ()
        case "records.record.imported":
            return _("imported this %(thing)s") % {"thing": thing}, "plus", ()
        case "records.record.viewed":
            return _("read this %(thing)s") % {"thing": thing}, "eye", ()
        case "records.record.exported":
            return _("exported this %(thing)s") % {"thing": thing}, "file-export", ()
        case "records.record.updated":
            changes = tuple(_changes(reader, view, event))
            if not changes:
                return None
            if len(changes) == 1 and changes[0].label == _stage_label(view):
                return (
                    _("moved the %(field)s") % {"field": words.within(changes[0].label)},
                    "arrow-right",
                    changes,
                )
            number = ngettext("changed %(num)d field", "changed %(num)d fields", len(changes))
            return number % {"num": len(changes)}, "edit", changes
    return None


def _stage_label(view: ObjectView) -> str:
    stage = view.object.layout.stage
    return view.object.column(stage).caption if stage else ""


def _raw_changes(event: audit.EventView) -> Iterable[Mapping[str, Any]]:
    for part in event.parts:
        yield from part.get("changes", ())


def _changes(reader: Reader, view: ObjectView, event: audit.EventView) -> Iterable[Change]:
    for change in _raw_changes(event):
        code = change["field"]
        if code not in view.object.columns or not readable(view, code):
            continue
        column = view.object.columns[code]
        before = _value_words(reader, column, change.get("before"))
        after = _value_words(reader, column, change.get("after"))
        yield Change(column.caption, before, after)


def _value_words(reader: Reader, column: Column, value: Json) -> str:
    if value is None or value == "":
        return _("empty")
    if column.type in (ColumnType.LOOKUP, ColumnType.OWNER):
        shown = value.get("display") if isinstance(value, Mapping) else None
        return str(shown) if shown else _("a record that you may not read")
    if column.type is ColumnType.INSTANT and isinstance(value, str):
        value = dt.datetime.fromisoformat(value).isoformat()
    return make_cell(reader, column, value).text
