"""Files and notes on the page of the record that they lie under: what is there, and how more comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from ostiary.access.public import Verb
from ostiary.objects.public import FILE_COLUMNS, Column, ColumnType
from ostiary.pages._cells import RESTRICTED, Cell, make_cell, mark_of
from ostiary.pages._file_kinds import kind_words
from ostiary.pages._posted import Draft
from ostiary.pages._reader import Reader, is_shown, readable
from ostiary.pages._refusals import (
    own_why,
    why_not_changed,
    why_not_created_at_all,
    why_not_deleted,
    why_not_written,
    why_restricted,
)
from ostiary.pages._under import text_of_note
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Record
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Action, Field

FILES = "files"  # the field of files
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a note: what it is called, who added it when, and what may be done with it."""

    name: str
    who: str
    when: str
    full: str
    edit: Action
    delete: Action


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file. size and kind as the reader may read them; download: its bytes."""

    entry: Entry
    size: Cell
    kind: Cell
    download: Action


@dataclass(frozen=True, slots=True)
class FilesPanel:
    """action: where files are sent. why: they may not be. most: bytes that one may have, also in words."""

    kind: ClassVar = "files"
    action: str
    why: str
    explain: str
    error: str
    most: int
    limit: str
    rows: tuple[FileRow, ...]


@dataclass(frozen=True, slots=True)
class NoteRow:
    """One note; `text` is a mark where it may not be read."""

    entry: Entry
    text: Cell


@dataclass(frozen=True, slots=True)
class NotesPanel:
    """action: where a new note is sent. hidden: what it lies under. why: none may be added."""

    kind: ClassVar = "notes"
    action: str
    why: str
    explain: str
    hidden: tuple[str, str]
    fields: tuple[Field, ...]
    rows: tuple[NoteRow, ...]


Panel = FilesPanel | NotesPanel


@dataclass(frozen=True, slots=True)
class Place:
    """Where a panel stands: a record, and the lookup of what lies under it. view: the record's own object."""

    view: ObjectView
    record: Record
    column: str


def find_panel(reader: Reader, theirs: ObjectView, place: Place, tried: Draft) -> Panel | None:
    """What an open list of files or notes shows; None for any other list. tried: what was not added."""
    if theirs.object.content:
        return _files_panel(reader, theirs, place, tried.errors.get(FILES, ""))
    text = text_of_note(theirs)
    return None if text is None else _notes_panel(reader, theirs, place, text, tried)


def _files_panel(reader: Reader, theirs: ObjectView, place: Place, error: str) -> FilesPanel:
    most = records.attachment_limit(reader.ctx)
    found = _load(reader, theirs, place)
    return FilesPanel(
        reader.urls.record(place.view.object.code, place.record.id, "attachments"),
        *_why_not_added(reader, theirs, place, [_stored(theirs, "name")]),
        error,
        most,
        words.size(most),
        tuple(_file(reader, theirs, row, found) for row in found.rows),
    )


def _notes_panel(reader: Reader, theirs: ObjectView, place: Place, text: Column, tried: Draft) -> NotesPanel:
    display = theirs.object.columns[theirs.object.display]
    found = _load(reader, theirs, place)
    return NotesPanel(
        reader.urls.new(theirs.object.code),
        *_why_not_added(reader, theirs, place, [display]),
        (place.column, str(place.record.id)),
        tuple(_field(column, tried) for column in (display, text) if column.code in theirs.creatable),
        tuple(
            NoteRow(_entry(reader, theirs, row, found), _cell(reader, theirs, text, row))
            for row in found.rows
        ),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """Records under one, and which of them may be changed and deleted."""

    rows: Sequence[Mapping[str, Any]]
    changeable: frozenset[str]
    deletable: frozenset[str]


def _load(reader: Reader, theirs: ObjectView, place: Place) -> _Found:
    thing = theirs.object
    default = [code for code in thing.layout.default_sort if readable(theirs, code.removeprefix("-"))]
    page = records.list_records(
        reader.ctx,
        records.RecordQuery(
            thing.code,
            columns=tuple(code for code in thing.columns if is_shown(theirs, code)),
            filter=records.Compare(place.column, records.Op.EQ, str(place.record.id)),
            sort=tuple(records.Sort.parse(code) for code in default),
            limit=_SHOWN,
        ),
    )
    changeable, deletable = (
        frozenset(map(str, records.permitted(reader.ctx, thing.code, page.ids, verb) if page.ids else ()))
        for verb in (Verb.UPDATE, Verb.DELETE)
    )
    return _Found(page.records(), changeable, deletable)


def _why_not_added(
    reader: Reader, theirs: ObjectView, place: Place, needed: Sequence[Column]
) -> tuple[str, str]:
    """Why nothing may be added, and where that is explained."""
    code = theirs.object.code
    if Verb.CREATE not in theirs.verbs:
        return why_not_created_at_all(theirs), own_why(reader, code, Verb.CREATE)
    closed = next((column for column in needed if column.code not in theirs.creatable), None)
    if closed is not None:
        return why_not_written(closed), own_why(reader, code, Verb.CREATE, column=closed.code)
    # whoever may change no object above may still do so at layer 3: then it is the door that says
    if place.record.may_update or Verb.UPDATE not in place.view.verbs:
        return "", ""
    text = _("You may read this record but not change it, so you add nothing to it (layer 3, record).")
    return text, own_why(reader, place.view.object.code, Verb.UPDATE, place.record.id)


def _stored(theirs: ObjectView, name: str) -> Column:
    return next(column for column in theirs.object.columns.values() if column.name == name)


def _file(reader: Reader, theirs: ObjectView, row: Mapping[str, Any], found: _Found) -> FileRow:
    columns = {name: _stored(theirs, name) for name in FILE_COLUMNS}
    size, kind = (_cell(reader, theirs, columns[name], row) for name in ("size", "content_type"))
    if readable(theirs, columns["size"].code):
        size = Cell("text", words.size(row[columns["size"].code]))
    if readable(theirs, columns["content_type"].code):
        kind = Cell("text", kind_words(kind.text), title=kind.text)
    return FileRow(_entry(reader, theirs, row, found), size, kind, download_of(reader, theirs, row["id"]))


def download_of(reader: Reader, view: ObjectView, file_id: str) -> Action:
    """The way to the bytes of a file, or why they may not be read."""
    columns = (_stored(view, name) for name in FILE_COLUMNS)
    closed = next((column for column in columns if not readable(view, column.code)), None)
    url = reader.urls.record(view.object.code, file_id, "content")
    if closed is None:
        return Action(_("Download"), url, "download")
    explain = own_why(reader, view.object.code, Verb.READ, file_id, closed.code)
    return Action(_("Download"), url, "download", why_restricted(closed), explain)


def _entry(reader: Reader, theirs: ObjectView, row: Mapping[str, Any], found: _Found) -> Entry:
    thing, id_, at = theirs.object, row["id"], datetime.fromisoformat(row["created_at"])
    name = row.get(thing.display)
    name = name["masked"] if isinstance(name, Mapping) else name
    edit = why_not_changed(theirs, may_update=id_ in found.changeable)
    delete = why_not_deleted(theirs, may_delete=id_ in found.deletable)
    return Entry(
        str(name or thing.caption),
        (row.get("author") or {}).get("display") or _("Somebody"),
        words.moment(at, reader.now, reader.zone),
        words.instant(at, reader.zone),
        Action(
            _("Rename") if thing.content else _("Edit"),
            reader.urls.record(thing.code, id_, "edit"),
            "edit",
            edit,
            own_why(reader, thing.code, Verb.UPDATE, id_),
        ),
        Action(
            _("Delete"),
            reader.urls.record(thing.code, id_, "delete"),
            "trash",
            delete,
            own_why(reader, thing.code, Verb.DELETE, id_),
        ),
    )


def _cell(reader: Reader, theirs: ObjectView, column: Column, row: Mapping[str, Any]) -> Cell:
    return make_cell(reader, column, row.get(column.code)) if is_shown(theirs, column.code) else RESTRICTED


def _field(column: Column, tried: Draft) -> Field:
    long = column.type is ColumnType.LONG_TEXT
    return Field(
        column.code,
        column.caption,
        "long_text" if long else "text",
        value=tried.texts.get(column.code, ""),
        error=tried.errors.get(column.code, ""),
        required=column.required,
        wide=True,
        max_length=0 if long else column.max_length,
        mark=mark_of(column),
    )
