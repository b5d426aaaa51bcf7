"""Taking back one's own last change of a record: its values of before, written through the door as any."""

from collections.abc import Mapping

from ostiary.audit import public as audit
from ostiary.kernel.errors import FieldError, Invalid, VersionConflict
from ostiary.kernel.ids import RecordId
from ostiary.kernel.messages import later
from ostiary.pages._reader import Json, Reader
from ostiary.pages._save import Saved
from ostiary.records import public as records
from ostiary.records.public import ObjectView

_LOOKED_AT = 20  # newest events: beside changes there are those of reading
_CHANGED = "records.record.updated"
_OTHER_WRITES = ("records.record.created", "records.record.imported", "records.record.merged")


def submit_undo(reader: Reader, code: str, record_id: RecordId, version: int) -> Saved:
    """Give the fields of the last change the values they had. version: what that change made of the record.

    Rules of stages and rights on fields hold as for any change.
    Raises: NotFound, AccessDenied, Invalid. VersionConflict: it is not the last change, or not one's own.
    """
    view = reader.describe(code)
    record = records.get_record(reader.ctx, code, record_id, ())
    event = _last_change(reader, code, record_id)
    if record.version != version or event is None or event.actor != reader.ctx.actor:
        raise VersionConflict(later("It was changed again since: nothing was taken back"))
    values = _before(view, event)
    with reader.ctx.db.savepoint():
        changed = records.update_record(reader.ctx, code, record_id, values, version)
    return Saved(record_id, visible=changed.visible)


def _last_change(reader: Reader, code: str, record_id: RecordId) -> audit.EventView | None:
    """The newest event that wrote the record, if it is a change."""
    events = records.record_events(reader.ctx, code, record_id, limit=_LOOKED_AT)
    written = (e for e in events if e.type in (_CHANGED, *_OTHER_WRITES))
    newest = next(written, None)
    return newest if newest is not None and newest.type == _CHANGED else None


def _before(view: ObjectView, event: audit.EventView) -> Mapping[str, Json]:
    """What the fields held that the reader may write; what rules filled in beside them, rules take out."""
    changes = [change for part in event.parts for change in part.get("changes", ())]
    return {c["field"]: _value(c["field"], c.get("before")) for c in changes if c["field"] in view.editable}


def _value(field: str, before: Json) -> Json:
    """A reference as its id. Raises Invalid: one that may not be read any more is not written either."""
    if not isinstance(before, Mapping):
        return before
    if "id" not in before:
        raise Invalid([FieldError(field, "not_readable", later("What it referred to is closed to you now"))])
    return before["id"]
