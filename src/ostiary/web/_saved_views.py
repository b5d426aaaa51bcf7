"""Saved views of lists: kept, changed, deleted and taken back."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from ostiary.access.public import Operation
from ostiary.kernel.entries import RECORDS, needs
from ostiary.pages import public as pages
from ostiary.web._frame import reader_of
from ostiary.web._responses import done, page_response
from ostiary.web._typed import typed_in
from ostiary.web._view import READ, WRITE, answers, lists_of


@answers(WRITE, guard=RECORDS, writes="pages.view.saved")
def saved_views(request: HttpRequest, code: str) -> HttpResponseBase:
    """POST /o/<object>/views: keep what the list shows."""
    result = pages.submit_view(reader_of(request), code, lists_of(request.POST))
    if isinstance(result, pages.Refused):
        return page_response(request, result.view, code, result.status)
    return done(result.back, "view_saved")


@answers(WRITE, guard=RECORDS, writes="pages.view.saved")
def saved_view(request: HttpRequest, code: str, view_id: UUID) -> HttpResponseBase:
    """POST /o/<object>/views/<id>: save, rename, delete, restore, open first."""
    result = pages.submit_view_change(reader_of(request), code, view_id, lists_of(request.POST))
    if isinstance(result, pages.Refused):
        return page_response(request, result.view, code, result.status)
    if request.POST.get("do") == "delete":
        return done(result.back, "view_deleted", str(view_id))
    return done(result.back, "view_saved")


@answers(READ, guard=needs(Operation.SAVE_LISTS_FOR_OTHERS.value), reads="access.unit.searched")
def roles(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET /o/<object>/views/roles?q=: roles that a view may be for, while somebody types one."""
    return HttpResponse(pages.render_view_roles(reader_of(request), typed_in(request, "role.text")))
