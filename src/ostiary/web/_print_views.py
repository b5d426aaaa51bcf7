"""Records on paper: one, or a list as it is shown."""

from django.http import HttpRequest, HttpResponseBase

from ostiary.kernel.entries import RECORDS
from ostiary.kernel.ids import RecordId
from ostiary.pages import public as pages
from ostiary.web._frame import reader_of
from ostiary.web._responses import page_response
from ostiary.web._view import FORM, answers, lists_of


def _ask(request: HttpRequest) -> pages.PrintAsk:
    reason = request.POST.get("reason", "") if request.method == "POST" else None
    return pages.PrintAsk("plain" in request.GET, reason)


def _answer(request: HttpRequest, made: pages.Paper | pages.PrintForm, code: str) -> HttpResponseBase:
    return page_response(request, made, code, made.status if isinstance(made, pages.PrintForm) else 200)


@answers(FORM, guard=RECORDS, reads="records.record.viewed", writes="records.export.requested")
def record_print(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """GET, POST /o/<object>/<id>/print: with closed fields the form first, which makes it an export.

    plain=: without them.
    """
    return _answer(request, pages.print_record(reader_of(request), code, record_id, _ask(request)), code)


@answers(FORM, guard=RECORDS, reads="records.record.counted", writes="records.export.requested")
def list_print(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET, POST /o/<object>/print: the list of the query string, all of it; otherwise as of a record."""
    state = pages.read_state(lists_of(request.GET))
    return _answer(request, pages.print_list(reader_of(request), code, state, _ask(request)), code)
