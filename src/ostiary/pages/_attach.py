"""Files that are sent from the page of a record: all of them are kept, or none."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from ostiary.kernel.errors import Invalid, NotFound
from ostiary.kernel.ids import RecordId
from ostiary.pages._panel_state import PanelState
from ostiary.pages._panels import FILES
from ostiary.pages._posted import Draft
from ostiary.pages._reader import Reader
from ostiary.pages._record import record_view
from ostiary.pages._save import UNPROCESSABLE, Refused, Saved
from ostiary.pages._under import tab_of
from ostiary.records import public as records
from ostiary.records.public import AttachmentRefused
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said

_MOST = 20  # files at once


class Sent(Protocol):
    """A file as it comes. chunks: taken once, before the next file is asked for."""

    @property
    def name(self) -> str: ...

    @property
    def content_type(self) -> str | None: ...

    @property
    def chunks(self) -> Iterator[bytes]: ...


def submit_files(reader: Reader, code: str, record_id: RecordId, sent: Iterable[Sent]) -> Saved | Refused:
    """Put files under a record. Raises NotFound: it takes none, is absent or hidden; Invalid."""
    tab = _tab_of_files(reader, code)
    names: list[str] = []
    try:
        with reader.ctx.db.savepoint():
            for file in sent:
                names.append(file.name)
                if len(names) > _MOST:
                    raise AttachmentRefused("", "too_many", _("at most %(most)s at once") % {"most": _MOST})
                records.attach(reader.ctx, code, record_id, file.name, file.chunks, file.content_type)
    except AttachmentRefused as refusal:
        error = _("Nothing was added. %(name)s: %(reason)s.")
        error %= {"name": names[-1], "reason": words.continued(said(refusal.message))}
        return _refused(reader, code, record_id, tab, error)
    except Invalid as refusal:
        if [error.code for error in refusal.errors] == ["not_found"]:
            raise NotFound from None  # the record itself
        raise
    if not names:
        return _refused(reader, code, record_id, tab, _("Choose a file first."))
    return Saved(record_id, back=f"{reader.urls.record(code, record_id)}?tab={tab}")


def _refused(reader: Reader, code: str, record_id: RecordId, tab: str, error: str) -> Refused:
    view = record_view(reader, code, record_id, PanelState(tab=tab), Draft(errors={FILES: error}))
    return Refused(view, UNPROCESSABLE)


def _tab_of_files(reader: Reader, code: str) -> str:
    view = reader.describe(code)
    for _caption, other, column in view.object.layout.details:
        theirs = reader.views.get(other)
        if theirs is not None and theirs.object.content:
            return tab_of(theirs.object.code, column)
    raise NotFound
