"""What happened to a record, in sentences. A change of a column that may not be read is not told."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from ostiary.ui.i18n import later, ngettext
from ostiary.ui.values import Link

_LIMIT = 50
CHANGES = "changes"
_PLAIN = {
    "records.record.created": (later("added this %(thing)s"), "plus"),
    "records.record.imported": (later("imported this %(thing)s"), "plus"),
    "records.record.merged": (later("merged others into this %(thing)s"), "git-merge"),
    "records.record.viewed": (later("read this %(thing)s"), "eye"),
    "records.record.exported": (later("exported this %(thing)s"), "file-export"),
}
CHANGED = ("records.record.created", "records.record.updated", "records.record.merged")


@dataclass(frozen=True, slots=True)
class Change:
    """One changed field in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One event: who, what, when. `full` is the exact instant for the title.

    link: what was added, where the event is about another record.
    """

    at: dt.datetime
    actor: str
    sentence: str
    when: str
    full: str
    icon: str
    changes: tuple[Change, ...] = ()
    link: Link | None = None


def timeline(reader: Reader, view: ObjectView, record: Record, kind: str = "") -> tuple[Entry, ...]:
    """The record's newest events that mean something to people, newest first. kind: changes alone."""
    types = CHANGED if kind == CHANGES else ()
    events = records.record_events(reader.ctx, view.object.code, record.id, limit=_LIMIT, types=types)
    return entries_of(reader, view, events)


def entries_of(reader: Reader, view: ObjectView, events: Sequence[audit.EventView]) -> tuple[Entry, ...]:
    """Events in words, in their order; those that say nothing to people are left out."""
    people = identity.names_of(reader.ctx, list({UnitId(e.actor) for e in events if e.actor}))
    entries: list[Entry] = []
    for event in events:
        actor = people.get(UnitId(event.actor), _("Somebody")) if event.actor else _("Somebody")
        told = _tell(reader, view, event)
        if told is None:
            continue
        sentence, icon, changes = told
        entry = Entry(
            event.occurred_at,
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
    if event.outcome != audit.Outcome.SUCCESS:
        return None
    if event.type == "records.record.updated":
        return _told_change(view, _listed(reader, view, event))
    if event.type == "records.column.revealed":
        return _revealed(view, event), "lock-open", ()
    if event.type not in _PLAIN:
        return None
    sentence, icon = _PLAIN[event.type]
    changes = _listed(reader, view, event) if event.type == "records.record.merged" else ()
    return _(sentence) % {"thing": words.within(view.object.caption)}, icon, changes


def _told_change(view: ObjectView, changes: tuple[Change, ...]) -> tuple[str, str, tuple[Change, ...]] | None:
    if not changes:
        return None
    if len(changes) == 1 and changes[0].label == _stage_label(view):
        return _("moved the %(field)s") % {"field": words.within(changes[0].label)}, "arrow-right", changes
    number = ngettext("changed %(num)d field", "changed %(num)d fields", len(changes))
    return number % {"num": len(changes)}, "edit", changes


def _revealed(view: ObjectView, event: audit.EventView) -> str:
    """Which field and why, for those who are shown at least its mask."""
    part = next((part for part in event.parts if part.get("field") in view.object.columns), None)
    if part is None:
        return _("revealed a masked field")
    told = {"field": view.object.columns[part["field"]].caption, "reason": part["reason"]}
    return _("revealed %(field)s: “%(reason)s”") % told


def _stage_label(view: ObjectView) -> str:
    stage = view.object.layout.stage
    return view.object.column(stage).caption if stage else ""


def _raw_changes(event: audit.EventView) -> Iterable[Mapping[str, Any]]:
    for part in event.parts:
        yield from part.get("changes", ())


def changes_of(reader: Reader, view: ObjectView, event: audit.EventView) -> Iterator[tuple[str, Change]]:
    """(column, change) of what the reader may read today."""
    for change in _raw_changes(event):
        code = change["field"]
        if code not in view.object.columns or not readable(view, code):
            continue
        column = view.object.columns[code]
        before = value_words(reader, column, change.get("before"))
        after = value_words(reader, column, change.get("after"))
        yield code, Change(column.caption, before, after)


def _listed(reader: Reader, view: ObjectView, event: audit.EventView) -> tuple[Change, ...]:
    return tuple(change for _code, change in changes_of(reader, view, event))


def hidden_words() -> str:
    """What stands for a record that a field refers to and the reader may not read."""
    return _("a record that you may not read")


def value_words(reader: Reader, column: Column, value: Json) -> str:
    """A value of an event, or of the record, as one text."""
    if value is None or value == "":
        return _("empty")
    if column.type in (ColumnType.LOOKUP, ColumnType.OWNER):
        shown = value.get("display") if isinstance(value, Mapping) else None
        return str(shown) if shown else hidden_words()
    if column.type is ColumnType.INSTANT and isinstance(value, str):
        value = dt.datetime.fromisoformat(value).isoformat()
    return make_cell(reader, column, value).text
