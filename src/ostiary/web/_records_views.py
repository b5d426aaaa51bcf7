"""Lists, records and forms of the back office."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.middleware.csrf import get_token

from ostiary.kernel.entries import RECORDS, Silent
from ostiary.kernel.ids import RecordId
from ostiary.pages import public as pages
from ostiary.web._frame import URLS, reader_of
from ostiary.web._preferences_views import own_address
from ostiary.web._responses import change_of, done, page_response
from ostiary.web._typed import typed_in
from ostiary.web._view import FORM, READ, WRITE, answers, lists_of

_EMPTY = Silent("an empty form; options of its lookups are lists with events of their own")


_PARTS = {"rows": pages.render_rows, "cards": pages.render_cards}


@answers(READ, guard=RECORDS, reads="records.record.listed")
def list_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET /o/<object>/."""
    state = pages.read_state(lists_of(request.GET))
    if "do" in request.GET:  # a button of a panel: what came of it gets an address that can be opened again
        return HttpResponseRedirect(URLS.records(code, state.query()))
    render = _PARTS.get(request.GET.get("part", ""))
    if render is not None:
        return HttpResponse(render(reader_of(request), code, state))
    return page_response(request, pages.list_view(reader_of(request), code, state), code)


@answers(READ, guard=RECORDS, reads="records.record.counted")
def match_count(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET /o/<object>/count: how many records fit a filter, while somebody makes it."""
    state = pages.read_state(lists_of(request.GET))
    return HttpResponse(pages.count_match(reader_of(request), code, state))


@answers(READ, guard=RECORDS, reads="records.record.viewed")
def record_page(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """GET /o/<object>/<id>."""
    view = pages.record_view(reader_of(request), code, record_id, pages.read_panel(lists_of(request.GET)))
    return page_response(request, view, code)


@answers(READ, guard=RECORDS, reads="records.record.viewed")
def preview(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """GET /o/<object>/<id>/preview: the record in short, for the panel at the side of another page."""
    return HttpResponse(pages.render_preview(reader_of(request), code, record_id))


@answers(WRITE, guard=RECORDS, writes="pages.record.pinned")
def pin(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """POST /o/<object>/<id>/pin: keep it at hand, or no longer."""
    pinned = request.POST.get("pin") != "no"
    pages.pin_record(reader_of(request), code, record_id, pinned=pinned)
    return done(URLS.record(code, record_id), "pinned" if pinned else "unpinned")


@answers(FORM, guard=RECORDS, reads=_EMPTY, writes="records.record.created")
def new_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET, POST /o/<object>/new."""
    reader = reader_of(request)
    if request.method != "POST":
        return page_response(request, pages.new_form(reader, code, request.GET.dict()), code)
    result = pages.submit_new(reader, code, lists_of(request.POST))
    if isinstance(result, pages.Refused):
        return page_response(request, result.view, code, result.status)
    if not result.visible:
        return done(URLS.records(code), "lost")
    return done(result.back or URLS.record(code, result.record_id), "added")


@answers(FORM, guard=RECORDS, reads="records.record.viewed", writes="records.record.updated")
def edit_page(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """GET, POST /o/<object>/<id>/edit. `next`: the own page to go back to, of a form of one button."""
    reader = reader_of(request)
    if request.method != "POST":
        return page_response(request, pages.edit_form(reader, code, record_id), code)
    result = pages.submit_edit(reader, code, record_id, lists_of(request.POST))
    if isinstance(result, pages.Refused):
        return page_response(request, result.view, code, result.status)
    if not result.visible:
        return done(URLS.records(code), "lost")
    if result.back:
        return done(result.back, "saved")
    where = own_address(request.POST.get("next", URLS.record(code, record_id)))
    return done(where, "saved", change_of(code, record_id, result.version))


@answers(WRITE, guard=RECORDS, writes="records.record.updated")
def undo(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """POST /o/<object>/<id>/undo: take back one's own last change, as long as nothing came after it."""
    version = pages.version_in(request.POST.get("version", ""))
    result = pages.submit_undo(reader_of(request), code, record_id, version)
    if not result.visible:
        return done(URLS.records(code), "lost")
    return done(own_address(request.POST.get("next", URLS.record(code, record_id))), "undone")


@answers(FORM, guard=RECORDS, reads="records.record.viewed", writes="records.record.updated")
def move_page(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """GET, POST /o/<object>/<id>/move?...: the list in its shape, where records are moved."""
    reader, state = reader_of(request), pages.read_state(lists_of(request.GET))
    if request.method != "POST":
        if request.GET.get("part") == "ways":
            return HttpResponse(pages.render_ways(reader, code, record_id, state, get_token(request)))
        return page_response(request, pages.move_page(reader, code, record_id, state), code)
    answer = pages.submit_move(reader, code, record_id, state, lists_of(request.POST))
    response = page_response(request, answer.view, code, answer.status)
    response.headers["HX-Push-Url"] = "false"  # the list stays where it is
    return response


@answers(FORM, guard=RECORDS, reads="records.record.viewed", writes="records.record.deleted")
def delete_page(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """GET, POST /o/<object>/<id>/delete."""
    reader = reader_of(request)
    if request.method != "POST":
        return page_response(request, pages.delete_form(reader, code, record_id), code)
    result = pages.submit_delete(reader, code, record_id, lists_of(request.POST))
    if isinstance(result, pages.Refused):
        return page_response(request, result.view, code, result.status)
    return done(result.back or URLS.records(code), "deleted")


@answers(FORM, guard=RECORDS, reads="records.record.viewed", writes="records.record.updated")
def hand_over_page(request: HttpRequest, code: str, record_id: RecordId) -> HttpResponseBase:
    """GET, POST /o/<object>/<id>/hand-over."""
    reader = reader_of(request)
    if request.method != "POST":
        return page_response(request, pages.hand_over_form(reader, code, record_id), code)
    result = pages.submit_hand_over(reader, code, record_id, lists_of(request.POST))
    if isinstance(result, pages.NotHandedOver):
        return page_response(request, result.view, code, result.status)
    if not result.visible:
        return done(URLS.records(code), "lost")
    return done(URLS.record(code, record_id), "saved")


@answers(READ, guard=RECORDS, reads="records.record.listed")
def lookup_options(request: HttpRequest, code: str, column: str) -> HttpResponseBase:
    """GET /lookup/<object>/<column>?q=: options of a lookup field while somebody types."""
    text = typed_in(request, f"{column}.text")
    return HttpResponse(pages.render_options(reader_of(request), code, column, text))
