"""One cell of a list as a field: opened in its place, saved by itself, refused in its place."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ostiary.kernel.errors import AccessDenied, Invalid, NotFound, VersionConflict
from ostiary.kernel.ids import RecordId
from ostiary.objects.public import Column
from ostiary.pages._cells import NO_TONES, Cell, make_cell
from ostiary.pages._form import input_field
from ostiary.pages._input import show_value
from ostiary.pages._posted import TEXT_SUFFIX, Draft, Posted, last, read_posted, version_in
from ostiary.pages._reader import Reader, readable
from ostiary.pages._refusals import why_not_changed, why_not_written
from ostiary.pages._rows import name_of
from ostiary.pages._stages import stages_of, tones_of
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Record
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Field

# no column's code has a dot, so these meet no field of the form
VERSION, BASE = ".version", ".base"
OK, CONFLICT, UNPROCESSABLE = 200, 409, 422


@dataclass(frozen=True, slots=True)
class CellForm:
    """The field in the place of a cell. place: id of the element that it stands in. base: where it started.

    error: what is wrong, be it with another field.
    """

    url: str
    place: str
    field: Field
    version: int
    base: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class CellShown:
    """The cell as it is now. link: of the record, where the cell is its name.

    version: that the change made, by which it is taken back; 0: there is nothing to take back. notice: of the
    toast, if any.
    """

    cell: Cell
    link: str
    version: int
    notice: str


@dataclass(frozen=True, slots=True)
class CellRefused:
    """Why the cell cannot be changed, in its place."""

    text: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a field started from."""

    version: int
    base: str


CellPart = CellForm | CellShown | CellRefused


def cell_form(reader: Reader, code: str, record_id: RecordId, column_code: str) -> CellForm:
    """The field of one cell. Raises NotFound; AccessDenied: record or column."""
    view, column = _column(reader, code, column_code)
    return _form(reader, view, column, _record(reader, view, column, record_id), Draft())


def submit_cell(
    reader: Reader, code: str, record_id: RecordId, column_code: str, posted: Posted
) -> tuple[CellForm | CellShown, int]:
    """Save one cell; what comes in its place, and the status. Raises as `cell_form`."""
    view, column = _column(reader, code, column_code)
    given = {key: value for key, value in posted.items() if key.removesuffix(TEXT_SUFFIX) == column.code}
    if column.code not in given:
        raise NotFound
    draft = read_posted(reader, view, given)
    record = _record(reader, view, column, record_id)
    seen = _Seen(version_in(last(posted, VERSION)), last(posted, BASE))
    if draft.errors:
        return _refused(reader, view, column, record, draft, seen)
    now = show_value(reader, column, record.data.get(column.code))
    if draft.texts[column.code] == now:
        return _shown(reader, view, column, record), OK
    if seen.version != record.version and now != seen.base:
        return _conflict(reader, view, column, record, draft), CONFLICT
    values = {column.code: draft.values[column.code]}
    try:
        with reader.ctx.db.savepoint():
            saved = records.update_record(reader.ctx, code, record_id, values, record.version)
    except Invalid as refused:
        return _refused(reader, view, column, record, draft.with_errors(refused.errors), seen)
    except VersionConflict:  # between the two statements before
        return _conflict(reader, view, column, _record(reader, view, column, record_id), draft), CONFLICT
    return _saved(reader, view, column, saved), OK


def _refused(
    reader: Reader, view: ObjectView, column: Column, record: Record, draft: Draft, seen: _Seen
) -> tuple[CellForm, int]:
    """The field with what was typed; it still starts from what its reader saw."""
    form = _form(reader, view, column, replace(record, version=seen.version), draft, seen.base)
    return form, UNPROCESSABLE


def _saved(reader: Reader, view: ObjectView, column: Column, saved: Record) -> CellShown:
    if not saved.visible:
        return CellShown(Cell("empty"), "", 0, _("Saved. You may no longer see this record."))
    return _shown(reader, view, column, saved, _("Saved."), saved.version)


def refused_cell(error: AccessDenied | NotFound) -> CellRefused:
    """What stands in the place of a cell that cannot be changed."""
    return CellRefused(said(error.message))


def _column(reader: Reader, code: str, column_code: str) -> tuple[ObjectView, Column]:
    view = reader.describe(code)
    column = view.object.columns.get(column_code)
    if column is None or not readable(view, column.code):
        raise NotFound
    return view, column


def _record(reader: Reader, view: ObjectView, column: Column, record_id: RecordId) -> Record:
    """The record, if this column of it may be changed. Raises NotFound, AccessDenied."""
    columns = tuple({column.code, view.object.display} & view.columns.keys())
    record = records.get_record(reader.ctx, view.object.code, record_id, columns, verdicts=True)
    if why := why_not_changed(view, may_update=bool(record.may_update)):
        raise AccessDenied(why, layer="record")
    if column.code not in view.editable:
        raise AccessDenied(why_not_written(column), layer="column")
    return record


def _form(
    reader: Reader,
    view: ObjectView,
    column: Column,
    record: Record,
    draft: Draft,
    base: str | None = None,
) -> CellForm:
    started: dict[str, str] = {}
    field = input_field(reader, view, column, record, draft, started)
    others = [text for code, text in draft.errors.items() if code != column.code]
    return CellForm(
        reader.urls.cell(view.object.code, record.id, column.code),
        _place(record, column),
        replace(field, error="", hint=""),
        record.version,
        started[column.code] if base is None else base,
        " ".join([*([field.error] if field.error else []), *others]),
    )


def _conflict(reader: Reader, view: ObjectView, column: Column, record: Record, draft: Draft) -> CellForm:
    """What somebody else saved meanwhile; saving again takes one's own, and starts from theirs."""
    theirs = make_cell(reader, column, record.data.get(column.code)).text
    told = _("Somebody else saved this field meanwhile: it is %(theirs)s now. Save again to use yours.")
    form = _form(reader, view, column, record, draft)
    return replace(form, error=told % {"theirs": theirs or _("empty")})


def _shown(
    reader: Reader, view: ObjectView, column: Column, record: Record, notice: str = "", version: int = 0
) -> CellShown:
    data: Mapping[str, Any] = record.data
    thing = view.object
    if column.code == thing.display:
        name, link = Cell("text", name_of(data, thing)), reader.urls.record(thing.code, record.id)
        return CellShown(name, link, version, notice)
    tones = tones_of(stages_of(reader, view)) if column.code == thing.layout.stage else NO_TONES
    return CellShown(make_cell(reader, column, data.get(column.code), tones), "", version, notice)


def _place(record: Record, column: Column) -> str:
    return f"cell-{record.id}-{column.code}"
