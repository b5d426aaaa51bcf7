"""Duplicates: what a search found, records that become one, and by what records are taken for the same."""

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect

from ostiary.kernel.entries import RECORDS
from ostiary.pages import public as pages
from ostiary.web._frame import URLS, reader_of
from ostiary.web._responses import done, page_response
from ostiary.web._view import FORM, answers, lists_of


@answers(FORM, guard=RECORDS, reads="records.record.viewed", writes="records.record.merged")
def merge_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET, POST /o/<object>/merge?id=."""
    reader = reader_of(request)
    if request.method != "POST":
        return page_response(request, pages.merge_form(reader, code, lists_of(request.GET)), code)
    result = pages.submit_merge(reader, code, lists_of(request.POST))
    if isinstance(result, pages.NotMerged):
        return page_response(request, result.view, code, result.status)
    if not result.visible:
        return done(URLS.records(code), "lost")
    return done(URLS.record(code, result.record_id), "merged")


@answers(FORM, guard=RECORDS, reads="records.record.listed", writes="records.duplicates.requested")
def duplicates_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET, POST /o/<object>/duplicates."""
    reader = reader_of(request)
    if request.method != "POST":
        return page_response(request, pages.duplicates_view(reader, code, lists_of(request.GET)), code)
    result = pages.submit_duplicates(reader, code, lists_of(request.POST))
    if isinstance(result, pages.NotDismissed):
        return page_response(request, result.view, code, result.status)
    return HttpResponseRedirect(result)
