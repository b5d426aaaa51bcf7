"""What happened to a record and under it, in one stream: its events, notes, activities, files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ostiary.pages._panel_state import PanelState
from ostiary.pages._reader import Reader, readable
from ostiary.pages._timeline import CHANGES, Entry, timeline
from ostiary.pages._under import text_of_note
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Record, Related
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later
from ostiary.ui.values import Link

NOTES, ACTIVITIES, FILES = "notes", "activities", "files"
KINDS = (CHANGES, NOTES, ACTIVITIES, FILES)
_LABELS = {
    "": later("Everything"),
    CHANGES: later("Changes"),
    NOTES: later("Notes"),
    ACTIVITIES: later("Activities"),
    FILES: later("Files"),
}
_SENTENCES = {
    NOTES: (later("wrote a note"), "note"),
    ACTIVITIES: (later("added an activity"), "calendar"),
    FILES: (later("added a file"), "paperclip"),
}
_ACTIVITY = "activity"  # the name that the packaged object was born with
_EACH = 20  # of each list
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Stream:
    """Entries, newest first. kinds: what they may be narrowed to."""

    kinds: tuple[Link, ...] = ()
    entries: tuple[Entry, ...] = ()


def stream(
    reader: Reader, view: ObjectView, record: Record, related: Sequence[Related], panel: PanelState
) -> Stream:
    """The stream, or one kind of it."""
    kind = panel.kind if panel.kind in KINDS else ""
    here = reader.urls.record(view.object.code, record.id)
    found = list(timeline(reader, view, record, kind)) if kind in ("", CHANGES) else []
    lists = tuple(_lists(reader, related))
    for listed, theirs, of in lists:
        if kind in ("", of) and listed.count.value:
            found += _added(reader, theirs, listed, record, of)
    found.sort(key=lambda entry: entry.at, reverse=True)
    present = {of for *_rest, of in lists}
    offered = ["", CHANGES, *(each for each in KINDS[1:] if each in present)]
    links = (Link(_(_LABELS[k]), PanelState(kind=k).at(here), current=k == kind) for k in offered)
    return Stream(tuple(links), tuple(found[:_SHOWN]))


def _lists(reader: Reader, related: Sequence[Related]) -> Iterator[tuple[Related, ObjectView, str]]:
    """The lists that take part, with what is in them."""
    for listed in related:
        theirs = reader.views.get(listed.object)
        kind = _kind(theirs) if theirs is not None and readable(theirs, listed.column) else ""
        if theirs is not None and kind:
            yield listed, theirs, kind


def _kind(theirs: ObjectView) -> str:
    """What records of an object are in the stream; "" for no part of it."""
    if theirs.object.content:
        return FILES
    if text_of_note(theirs) is not None:
        return NOTES
    return ACTIVITIES if theirs.object.name == _ACTIVITY else ""


def _added(reader: Reader, theirs: ObjectView, listed: Related, record: Record, kind: str) -> Iterator[Entry]:
    thing = theirs.object
    columns = (thing.display,) if readable(theirs, thing.display) else ()
    query = records.RecordQuery(
        thing.code,
        columns=columns,
        filter=records.Compare(listed.column, records.Op.EQ, str(record.id)),
        sort=(records.Sort("created_at", descending=True),),
        limit=_EACH,
    )
    for row in records.list_records(reader.ctx, query).records():
        yield _entry(reader, theirs, row, kind)


def _entry(reader: Reader, theirs: ObjectView, row: Mapping[str, Any], kind: str) -> Entry:
    thing = theirs.object
    sentence, icon = _SENTENCES[kind]
    at = datetime.fromisoformat(row["created_at"])
    name = row.get(thing.display)
    return Entry(
        at,
        (row.get("author") or {}).get("display") or _("Somebody"),
        _(sentence),
        words.moment(at, reader.now, reader.zone),
        words.instant(at, reader.zone),
        icon,
        link=Link(str(name) if name else thing.caption, reader.urls.record(thing.code, row["id"])),
    )
