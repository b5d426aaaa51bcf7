"""From pages to answers: status codes in one table, refusals as pages."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.http import urlencode

from ostiary.kernel.errors import (
    AccessDenied,
    Invalid,
    NotFound,
    NotSignedIn,
    OstiaryError,
    TooManyRequests,
    Unavailable,
    VersionConflict,
)
from ostiary.pages import public as pages
from ostiary.web._frame import empty_frame, frame_of, plain_frame

HTTP_STATUS: Mapping[type[OstiaryError], int] = {
    NotFound: 404,
    AccessDenied: 403,
    NotSignedIn: 401,
    VersionConflict: 409,
    Invalid: 422,
    TooManyRequests: 429,
    Unavailable: 503,
}
_BROKEN = 500


def page_response(
    request: HttpRequest, view: pages.View, current: str = "", status: int = 200
) -> HttpResponse:
    """The page in its frame."""
    response = HttpResponse(pages.render(view, frame_of(request, current)), status=status)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def done(address: str, what: str, undo: str = "") -> HttpResponseBase:
    """On to a page that says what was done: "added", "saved", "deleted"...

    undo: what the button beside it takes back: `change_of` a record, or the id of a deleted view.
    """
    news = f"done={what}" + (f"&undo={undo}" if undo else "")
    return HttpResponseRedirect(f"{address}{'&' if '?' in address else '?'}{news}")


def change_of(code: str, record_id: object, version: int) -> str:
    """The change by which a record came to be at `version`, as an address names it."""
    return f"{code}:{record_id}:{version}" if version else ""


def error_response(request: HttpRequest, error: OstiaryError) -> HttpResponseBase:
    """The page that says why not. Whoever is not signed in goes to sign in and comes back from there."""
    if isinstance(error, NotSignedIn):
        return _to_sign_in(request)
    ctx = getattr(request, "ctx", None)
    view = pages.error_view(error, "/", None if ctx is None else ctx.request_id)
    status = next((code for kind, code in HTTP_STATUS.items() if isinstance(error, kind)), _BROKEN)
    if ctx is None:  # no database, or no tenant that this node serves: nothing may be asked
        response = HttpResponse(pages.render(view, empty_frame(request)), status=status)
    elif ctx.principal is None or status == _BROKEN:
        # no query here: the transaction may be lost, and a stranger has no navigation
        response = HttpResponse(pages.render(view, plain_frame(request)), status=status)
    else:
        response = page_response(request, view, status=status)
    response.headers.setdefault("Vary", "Accept-Language, Cookie")
    if isinstance(error, TooManyRequests | Unavailable):
        response.headers["Retry-After"] = str(error.details.get("retry_after_s", 1))
    if request.headers.get("HX-Request") == "true":
        response.headers["HX-Retarget"] = "#content"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    here = request.get_full_path() if request.method == "GET" else "/"
    address = "/sign-in" if here == "/" else f"/sign-in?{urlencode({'next': here})}"
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=401, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)
