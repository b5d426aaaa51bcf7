"""Revealing one masked field of a record, for a reason."""

from django.http import HttpRequest, HttpResponseBase

from ostiary.kernel.entries import RECORDS
from ostiary.kernel.ids import RecordId
from ostiary.pages import public as pages
from ostiary.web._frame import reader_of
from ostiary.web._responses import page_response
from ostiary.web._view import WRITE, answers, lists_of


@answers(WRITE, guard=RECORDS, writes="records.column.revealed", operation="CanRevealMasked")
def reveal(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """POST /o/<object>/<id>/reveal: a form of the inspector. The browser hides the value by itself."""
    result = pages.submit_reveal(reader_of(request), code, record_id, lists_of(request.POST))
    if isinstance(result, pages.Refused):
        return page_response(request, result.view, code, result.status)
    response = page_response(request, result.view, code)
    response.headers["Refresh"] = f"{result.seconds}; url={result.then}"  # a header: it needs no script
    return response
