"""Signing in and out, the start page, built files."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect

from ostiary import ui
from ostiary.identity import public as identity
from ostiary.kernel.entries import OWN, RECORDS, Silent, open_because
from ostiary.kernel.errors import NotFound, TooManyRequests
from ostiary.pages import public as pages
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Head
from ostiary.web._frame import (
    HOME_URL,
    URLS,
    WORKPLACE,
    administration_of,
    first_section,
    plain_frame,
    reader_of,
    section_links,
)
from ostiary.web._preferences_views import own_address, remember
from ostiary.web._responses import page_response
from ostiary.web._view import FORM, READ, WRITE, answers

_ON_THE_WAY = Silent("leads on to a section; names of sections, no record")


@answers(
    FORM,
    guard=open_because("whoever signs in is not signed in yet"),
    reads=Silent("an empty form"),
    writes="identity.session.opened",
)
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """GET, POST /sign-in. One answer for every failure: it does not tell whether the account exists."""
    target = own_address(request.POST.get("next") or request.GET.get("next", ""))
    if request.method != "POST":
        if request.ctx.principal is not None:
            return HttpResponseRedirect(target)
        return _sign_in_page(request, target)
    login = request.POST.get("login", "")
    try:
        person = identity.check_password(request.ctx, login, request.POST.get("password", ""))
    except identity.SignInFailed as failed:
        return _sign_in_page(request, target, login, said(failed.message), 422)
    except TooManyRequests as busy:
        return _sign_in_page(request, target, login, said(busy.message), 429)
    request.opened_session = identity.open_session(request.ctx, person)
    return HttpResponseRedirect(target)


def _sign_in_page(
    request: HttpRequest, target: str, login: str = "", error: str = "", status: int = 200
) -> HttpResponse:
    frame = plain_frame(request)
    head = Head(_("Sign in"))
    page = ui.render("web/sign_in.html", frame=frame, head=head, next=target, login=login, error=error)
    return HttpResponse(page, status=status, headers={"Vary": "Accept-Language, Cookie"})


@answers(WRITE, guard=OWN, writes="identity.session.ended")
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """POST /sign-out: the session ends on the server, not only in the browser."""
    identity.end_session(request.ctx, request.session_token)
    request.ended_session = True
    return HttpResponseRedirect("/sign-in")


@answers(READ, guard=RECORDS, reads="records.record.listed")
def start(request: HttpRequest) -> HttpResponseBase:
    """GET /: what waits for whoever signed in; each list and each figure leaves an event of its own."""
    places = [link for group in administration_of(request) for link in group.links]
    return page_response(
        request, pages.day_view(reader_of(request), section_links(request), places), HOME_URL
    )


@answers(READ, guard=OWN, reads=_ON_THE_WAY)
def workplace(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET /w/<workplace>: its first section; the browser remembers the workplace."""
    section = first_section(request, code)
    response = HttpResponseRedirect(URLS.records(section) if section else "/")
    remember(request, response, WORKPLACE, code)
    return response


@answers(
    READ,
    guard=open_because("the same files for everybody, also for the page to sign in"),
    reads=Silent("a file of the release"),
)
def built_file(request: HttpRequest, name: str) -> HttpResponseBase:
    """GET /static/<name>: a built file. Its name carries a hash, so it may be kept for ever."""
    found = ui.find_file(name, request.headers.get("Accept-Encoding", ""))
    if found is None:
        raise NotFound
    response = HttpResponse(found.content, content_type=found.content_type)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Vary"] = "Accept-Encoding"
    if found.encoding:
        response.headers["Content-Encoding"] = found.encoding
    return response
