"""The search box over everything: a page, and what is found while somebody types."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from ostiary.kernel.entries import RECORDS
from ostiary.pages import public as pages
from ostiary.web._frame import frame_of, reader_of
from ostiary.web._responses import page_response
from ostiary.web._typed import typed_in
from ostiary.web._view import READ, answers


@answers(READ, guard=RECORDS, reads="records.record.searched")
def search_page(request: HttpRequest) -> HttpResponseBase:
    """GET /search?q=."""
    return page_response(request, _view(request, whole=True))


@answers(READ, guard=RECORDS, reads="records.record.searched")
def found(request: HttpRequest) -> HttpResponseBase:
    """GET /search/found?q=: for the palette. Without q what was open lately, which is read as lists are."""
    return HttpResponse(pages.render_found(_view(request, whole=False)))


def _view(request: HttpRequest, *, whole: bool) -> pages.FindView:
    places = frame_of(request).groups
    return pages.find_view(reader_of(request), typed_in(request), places, whole=whole)
