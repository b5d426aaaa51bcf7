"""What happened to a record, in sentences. A change of a column that may not be read is not told."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

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
    linked = _linked_names(reader, view, events)
    entries: list[Entry] = []
    for event in events:
        actor = people.get(UnitId(event.actor), _("Somebody")) if event.actor else _("Somebody")
        told = _tell(reader, view, event, linked)
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


def _tell(  # noqa: PLR0911  one return for each type of event
    reader: Reader, view: ObjectView, event: audit.EventView, linked: Mapping[tuple[str, str], str]
) -> tuple[str, str, tuple[Change, ...]] | None:
    thing = view.object.caption.lower()
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
            changes = tuple(_changes(reader, view, event, linked))
            if not changes:
                return None
            if len(changes) == 1 and changes[0].label == _stage_label(view):
                return _("moved the %(field)s") % {"field": changes[0].label.lower()}, "arrow-right", changes
            number = ngettext("changed %(num)d field", "changed %(num)d fields", len(changes))
            return number % {"num": len(changes)}, "edit", changes
    return None


def _stage_label(view: ObjectView) -> str:
    stage = view.object.layout.stage
    return view.object.column(stage).caption if stage else ""


def _raw_changes(event: audit.EventView) -> Iterable[Mapping[str, Any]]:
    for part in event.parts:
        yield from part.get("changes", ())


def _changes(
    reader: Reader, view: ObjectView, event: audit.EventView, linked: Mapping[tuple[str, str], str]
) -> Iterable[Change]:
    for change in _raw_changes(event):
        code = change["field"]
        if code not in view.object.columns or not readable(view, code):
            continue
        column = view.object.columns[code]
        before = _value_words(reader, column, change.get("before"), linked)
        after = _value_words(reader, column, change.get("after"), linked)
        yield Change(column.caption, before, after)


def _value_words(reader: Reader, column: Column, value: Json, linked: Mapping[tuple[str, str], str]) -> str:
    if value is None or value == "":
        return _("empty")
    if column.type in (ColumnType.LOOKUP, ColumnType.OWNER):
        return linked.get((column.code, _id_in(value)), _("a record that you may not read"))
    if column.type is ColumnType.INSTANT and isinstance(value, str):
        value = dt.datetime.fromisoformat(value).isoformat()
    return make_cell(reader, column, value).text


def _id_in(value: Json) -> str:
    return str(value["id"]) if isinstance(value, Mapping) else str(value)


def _linked_names(
    reader: Reader, view: ObjectView, events: Iterable[audit.EventView]
) -> dict[tuple[str, str], str]:
    """Names of what lookups changed from and to; hidden records stay without a name."""
    wanted: dict[str, set[str]] = {}
    for event in events:
        for change in _raw_changes(event):
            column = view.object.columns.get(change["field"])
            if (
                column
                and column.type in (ColumnType.LOOKUP, ColumnType.OWNER)
                and readable(view, column.code)
            ):
                named = (_id_in(change[side]) for side in ("before", "after") if change.get(side))
                wanted.setdefault(column.code, set()).update(named)
    names: dict[tuple[str, str], str] = {}
    for code, ids in wanted.items():
        column = view.object.columns[code]
        if column.type is ColumnType.OWNER:
            people = identity.names_of(reader.ctx, [UnitId(UUID(i)) for i in ids])
            names |= {(code, str(unit)): name for unit, name in people.items()}
        elif column.target:
            names |= {(code, i): name for i, name in _record_names(reader, column.target, ids).items()}
    return names


def _record_names(reader: Reader, target: str, ids: set[str]) -> dict[str, str]:
    theirs = reader.views.get(target)
    if theirs is None or not readable(theirs, theirs.object.display):
        return {}
    display = theirs.object.display
    query = records.RecordQuery(
        target, columns=(display,), filter=records.Compare("id", records.Op.IN, sorted(ids)), limit=len(ids)
    )
    return {str(r["id"]): str(r.get(display, "")) for r in records.list_records(reader.ctx, query).records()}
