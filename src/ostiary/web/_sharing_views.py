"""Sharing of a record: given, changed, taken back, denied."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from ostiary.kernel.entries import RECORDS
from ostiary.kernel.ids import RecordId
from ostiary.pages import public as pages
from ostiary.web._frame import reader_of
from ostiary.web._responses import done, page_response
from ostiary.web._typed import typed_in
from ostiary.web._view import READ, WRITE, answers, lists_of


@answers(WRITE, guard=RECORDS, writes="access.record.shared")
def sharing(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """POST /o/<object>/<id>/sharing: a form of the inspector."""
    result = pages.submit_sharing(reader_of(request), code, record_id, lists_of(request.POST))
    if isinstance(result, pages.Refused):
        return page_response(request, result.view, code, result.status)
    return done(result.back, "decided")


@answers(READ, guard=RECORDS, reads="access.unit.searched")
def units(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """GET /o/<object>/<id>/sharing/units?q=: people and roles while somebody types one."""
    text = typed_in(request, "unit.text", "deny_unit.text")
    return HttpResponse(pages.render_units(reader_of(request), code, record_id, text))
