"""Changes of many records: prepared from a list, made, looked at, taken back."""

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect

from ostiary.kernel.entries import OWN, RECORDS, Silent
from ostiary.kernel.errors import Invalid
from ostiary.pages import public as pages
from ostiary.records import public as records
from ostiary.web._frame import URLS, reader_of
from ostiary.web._import_views import csv_file
from ostiary.web._responses import done, page_response
from ostiary.web._view import READ, WRITE, answers, lists_of

_OWN = Silent("how far what the reader asked for has come; each of its records has its event")


@answers(WRITE, guard=RECORDS, writes="records.bulk.previewed")
def prepare(request: HttpRequest, code: str) -> HttpResponseBase:
    """POST /o/<object>/bulk: what may be done with what is selected; nothing is changed yet."""
    view = pages.bulk_form(reader_of(request), code, lists_of(request.POST))
    if view is None:
        return done(URLS.records(code), "none")
    return page_response(request, view, code)


@answers(WRITE, guard=RECORDS, writes="records.bulk.requested")
def carry_out(request: HttpRequest, code: str) -> HttpResponseBase:
    """POST /o/<object>/bulk/do: change or delete it."""
    made = pages.submit_bulk(reader_of(request), code, lists_of(request.POST))
    if isinstance(made, pages.NotChanged):
        return page_response(request, made.view, code, 422)
    return HttpResponseRedirect(URLS.bulk_result(made.id))


@answers(READ, guard=OWN, reads=_OWN)
def result_page(request: HttpRequest, bulk_id: UUID) -> HttpResponseBase:
    """GET /bulk/<id>: how far a change is, and what became of it."""
    bulk = records.get_bulk(request.ctx, bulk_id)
    return page_response(request, pages.bulk_result_view(reader_of(request), bulk), bulk.object)


@answers(WRITE, guard=OWN, writes="records.bulk.requested")
def undo(request: HttpRequest, bulk_id: UUID) -> HttpResponseBase:
    """POST /bulk/<id>/undo: give back what the records held."""
    try:
        made = records.undo_bulk(request.ctx, bulk_id)
    except Invalid:  # somebody was faster, in another window: the page says how it stands
        return HttpResponseRedirect(URLS.bulk_result(bulk_id))
    return HttpResponseRedirect(URLS.bulk_result(made.id))


@answers(WRITE, guard=OWN, writes="records.bulk.cancelled")
def cancel(request: HttpRequest, bulk_id: UUID) -> HttpResponseBase:
    """POST /bulk/<id>/cancel: let it end before its next chunk."""
    records.cancel_bulk(request.ctx, bulk_id)
    return HttpResponseRedirect(URLS.bulk_result(bulk_id))


@answers(READ, guard=OWN, reads="records.bulk.opened")
def result_file(request: HttpRequest, bulk_id: UUID) -> HttpResponseBase:
    """GET /bulk/<id>/result: what became of each record, as CSV."""
    return csv_file(records.bulk_result(request.ctx, bulk_id), f"change-{bulk_id}.csv")
