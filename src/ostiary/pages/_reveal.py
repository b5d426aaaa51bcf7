"""What is sent from the panel that reveals: a reason, answered by the value or by what was wrong with it."""

from dataclasses import dataclass

from ostiary.kernel.errors import Invalid
from ostiary.kernel.ids import RecordId
from ostiary.pages._panel_state import REVEAL, PanelState
from ostiary.pages._posted import Posted, last
from ostiary.pages._reader import Reader
from ostiary.pages._record import RecordView, record_view
from ostiary.pages._reveal_panel import SHOWN_S, Tried
from ostiary.pages._save import UNPROCESSABLE, Refused
from ostiary.records import public as records
from ostiary.ui.i18n import said


@dataclass(frozen=True, slots=True)
class Shown:
    """The page with a value on it that is hidden again after `seconds`, at `then`."""

    view: RecordView
    then: str
    seconds: int = SHOWN_S


def submit_reveal(reader: Reader, code: str, record_id: RecordId, posted: Posted) -> Shown | Refused:
    """The page with the value, or with what was wrong with the reason.

    Raises: NotFound, AccessDenied: as `records.reveal_column`.
    """
    column, reason = last(posted, "column"), last(posted, "reason")
    state = PanelState(REVEAL, column=column)
    try:
        found = records.reveal_column(reader.ctx, code, record_id, column, reason)
    except Invalid as refused:
        errors = {error.field: said(error.message) for error in refused.errors}
        tried = Tried(reason, errors)
        return Refused(record_view(reader, code, record_id, state, given=tried), UNPROCESSABLE)
    view = record_view(reader, code, record_id, state, given=Tried(revealed=found))
    return Shown(view, reader.urls.record(code, record_id))
