"""Moving a record on a board or in a calendar: into a lane, or to another day. It is a change like any other.

What a stage needs beforehand is asked for; what is refused is told at the card, which stays where it is.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ostiary.kernel.errors import AccessDenied, FieldError, Invalid, NotFound, VersionConflict
from ostiary.kernel.ids import RecordId
from ostiary.pages._board import lane_field
from ostiary.pages._cells import make_cell
from ostiary.pages._dates import Dates, dates_of, local_time, shifted
from ostiary.pages._facts import display_name
from ostiary.pages._form import input_field
from ostiary.pages._input import show_value
from ostiary.pages._list import ListView, list_view
from ostiary.pages._moved import Moved, MovePanel
from ostiary.pages._posted import NOTHING, Draft, Posted, last, read_posted, version_in
from ostiary.pages._reader import Json, Reader, readable
from ostiary.pages._refusals import why_not_changed
from ostiary.pages._saved import resolved
from ostiary.pages._stage_path import Way, ways_to
from ostiary.pages._stages import values_of
from ostiary.pages._state import CALENDAR, ListState
from ostiary.pages._view_store import read_views
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Record
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Undo

DONE, UNPROCESSABLE, CONFLICT, FORBIDDEN = 200, 422, 409, 403
TO_DAY = "to.day"  # no column is called so


@dataclass(frozen=True, slots=True)
class MoveAnswer:
    """The list after a move, or after one that did not happen, and the status it is sent with."""

    view: ListView
    status: int


@dataclass(frozen=True, slots=True)
class _Move:
    """What moves: the record as it is, and the columns that say where it stands."""

    reader: Reader
    view: ObjectView
    state: ListState
    record: Record
    columns: tuple[str, ...]
    dates: Dates | None

    @property
    def url(self) -> str:
        """Where the move is asked for."""
        return self.reader.urls.move(self.view.object.code, self.record.id, self.state.query())

    @property
    def name(self) -> str:
        """What the record is called."""
        return display_name(self.view, self.record)


def move_page(reader: Reader, code: str, record_id: RecordId, state: ListState) -> ListView:
    """The list with the panel that asks where to. Raises NotFound, AccessDenied (object, record)."""
    panel = move_panel(reader, code, record_id, state)
    return list_view(reader, code, state, moved=Moved(str(record_id), panel=panel))


def move_panel(reader: Reader, code: str, record_id: RecordId, state: ListState) -> MovePanel:
    """The panel by itself. Raises as `move_page`."""
    move = _understood(reader, code, record_id, state)
    if not move.record.may_update:
        raise AccessDenied(why_not_changed(move.view, may_update=False), layer="record")
    return _panel(move, NOTHING, move.record.version)


def submit_move(
    reader: Reader, code: str, record_id: RecordId, state: ListState, posted: Posted
) -> MoveAnswer:
    """Move a record. Raises NotFound: absent or hidden, or its list has no such shape."""
    move = _understood(reader, code, record_id, state)
    draft = read_posted(reader, move.view, posted)
    version = version_in(last(posted, "version"))
    try:
        values = {**draft.values, **_by_day(move, last(posted, TO_DAY))}
        if draft.errors:
            return _asking(move, draft, version)
        if not any(column in values for column in move.columns):
            raise NotFound
        with reader.ctx.db.savepoint():
            after = records.update_record(reader.ctx, code, record_id, values, version)
        return _done(move, after)
    except Invalid as refused:
        return _asking(move, draft.with_errors(refused.errors), version)
    except VersionConflict:
        note = _("Somebody else changed this record meanwhile. It is shown as it is now.")
        return _refused(move, note, CONFLICT)
    except AccessDenied as denied:
        return _refused(move, said(denied.message), FORBIDDEN)


def _understood(reader: Reader, code: str, record_id: RecordId, state: ListState) -> _Move:
    view = reader.describe(code)
    record = records.get_record(reader.ctx, code, record_id, verdicts=True)
    meant, _current = resolved(state, read_views(reader.ctx, view.object.id))
    if meant.shape == CALENDAR:
        dates = dates_of(reader, view, meant.start, meant.end)
        fields = [] if dates is None else [f for f in (dates.start, dates.end) if f is not None]
    else:
        dates, lane = None, lane_field(reader, view, meant.lanes)
        fields = [] if lane is None else [lane]
    return _Move(reader, view, state, record, tuple(f.column.code for f in fields), dates)


def _by_day(move: _Move, text: str) -> dict[str, Json]:
    """What moving to a day changes: the end goes along. Raises Invalid."""
    if not text or move.dates is None:
        return {}
    start = move.dates.start.column
    try:
        at = local_time(move.reader, start, move.record.data.get(start.code))
        days = 0 if at is None else (dt.date.fromisoformat(text) - at.date()).days
        codes = [code for code in move.columns if code in move.view.editable or code == start.code]
        return {
            code: shifted(move.reader, move.view.object.columns[code], move.record.data.get(code), days)
            for code in codes
        }
    except (ValueError, OverflowError):
        message = f"{start.caption}: {_('Write a date as year-month-day, like 2026-12-14.')}"
        raise Invalid([FieldError(start.code, "malformed", message)]) from None


def _done(move: _Move, after: Record) -> MoveAnswer:
    moved = Moved(str(move.record.id), told=_("Saved. You may no longer see this record."))
    if after.visible:
        column = move.view.object.columns[move.columns[0]]
        place = make_cell(move.reader, column, after.data.get(column.code)).text or _("No value")
        told = _("%(name)s was moved: %(place)s.") % {"name": move.name, "place": place}
        moved = replace(moved, told=told, undo=_undo(move, after))
    return MoveAnswer(_list(move, moved), DONE)


def _undo(move: _Move, after: Record) -> Undo | None:
    """Everything that the reader may write and that is otherwise now, as it was; None: nothing is."""
    before = {
        code: _shown(move, code)
        for code in move.view.editable
        if readable(move.view, code) and move.record.data.get(code) != after.data.get(code)
        if not _is_hidden(move.record.data.get(code))
    }
    if not any(code in before for code in move.columns):
        return None
    return Undo(move.url, (("version", str(after.version)), *before.items()))


def _is_hidden(value: Json) -> bool:
    return isinstance(value, dict) and "id" not in value


def _shown(move: _Move, code: str) -> str:
    return show_value(move.reader, move.view.object.columns[code], move.record.data.get(code))


def _asking(move: _Move, draft: Draft, version: int) -> MoveAnswer:
    """A form for what is missing; words at the card where no form can help."""
    wanted = [code for code in draft.errors if code not in move.columns or move.dates is not None]
    if not wanted or not all(code in move.view.editable for code in wanted):
        return _refused(move, " ".join(_sentences(move.view, draft.errors)), UNPROCESSABLE)
    moved = Moved(str(move.record.id), panel=_panel(move, draft, version))
    return MoveAnswer(_list(move, moved), UNPROCESSABLE)


def _sentences(view: ObjectView, errors: Mapping[str, str]) -> list[str]:
    columns = view.object.columns
    return [f"{columns[code].caption if code in columns else code}: {text}." for code, text in errors.items()]


def _refused(move: _Move, note: str, status: int) -> MoveAnswer:
    return MoveAnswer(_list(move, Moved(str(move.record.id), note=note)), status)


def _list(move: _Move, moved: Moved) -> ListView:
    return list_view(move.reader, move.view.object.code, move.state, moved=moved)


def _panel(move: _Move, draft: Draft, version: int) -> MovePanel:
    """Ways into other lanes, dates, or what was found missing on the way."""
    missing = tuple(code for code in draft.errors if code not in move.columns)
    asked = missing or (move.columns if move.dates is not None else ())
    base: dict[str, str] = {}
    columns = move.view.object.columns
    fields = tuple(
        input_field(move.reader, move.view, columns[code], move.record, draft, base)
        for code in asked
        if code in move.view.editable
    )
    kept = [("version", str(version))]
    if missing:
        kept += [(code, text) for code, text in draft.texts.items() if code not in missing]
    return MovePanel(
        title=_("Move %(name)s") % {"name": move.name},
        action=move.url,
        kept=tuple(kept),
        name=move.columns[0] if move.columns else "",
        ways=() if fields or move.dates is not None else _ways(move),
        fields=fields,
        problem="" if not draft.errors else _("Not moved yet: some fields need another look."),
        close_url=move.reader.urls.records(move.view.object.code, move.state.query()),
    )


def _ways(move: _Move) -> tuple[Way, ...]:
    code = move.columns[0]
    if code not in move.view.editable:
        return ()
    stages = values_of(move.reader, move.view.object.columns[code])
    return tuple(ways_to(move.reader, move.view, move.record, code, stages).values())
