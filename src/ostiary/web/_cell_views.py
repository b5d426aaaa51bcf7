"""One cell of a list, changed in its place."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseBase
from django.middleware.csrf import get_token

from ostiary.kernel.entries import RECORDS
from ostiary.kernel.errors import AccessDenied, NotFound
from ostiary.kernel.ids import RecordId
from ostiary.pages import public as pages
from ostiary.ui.values import Undo
from ostiary.web._forms import answer
from ostiary.web._frame import URLS, reader_of
from ostiary.web._responses import HTTP_STATUS
from ostiary.web._view import FORM, answers, lists_of


@answers(FORM, guard=RECORDS, reads="records.record.viewed", writes="records.record.updated")
def cell(request: HttpRequest, code: str, record_id: RecordId, column: str) -> HttpResponseBase:
    """GET, POST /o/<object>/<id>/cell/<column>: its field, and the cell as it is after saving."""
    reader = reader_of(request)
    part: pages.CellPart
    try:
        if request.method == "POST":
            part, status = pages.submit_cell(reader, code, record_id, column, lists_of(request.POST))
        else:
            part, status = pages.cell_form(reader, code, record_id, column), 200
    except (AccessDenied, NotFound) as refusal:  # said in the cell: the list around it stays
        part, status = pages.refused_cell(refusal), HTTP_STATUS[type(refusal)]
    return answer(pages.render_cell(part, get_token(request), _undo(request, part, code, record_id)), status)


def _undo(request: HttpRequest, part: pages.CellPart, code: str, record_id: RecordId) -> Undo | None:
    """The form that takes a change back, and comes back to the list that it was made in."""
    if not isinstance(part, pages.CellShown) or not part.version:
        return None
    here = urlsplit(request.headers.get("HX-Current-URL", ""))
    back = f"{here.path}?{here.query}" if here.path else URLS.records(code)
    fields = (("version", str(part.version)), ("next", back))
    return Undo(URLS.record(code, record_id, "undo"), fields)
