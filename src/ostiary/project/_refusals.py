"""What a request gets that is refused: a page or a problem document that tells no more than it must."""

import logging

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from ostiary.kernel.errors import NotFound, OstiaryError, OutcomeUnknown, Unavailable

API = "/api/"

log = logging.getLogger(__name__)


class Unexpected(OstiaryError):
    """Something broke. The log has it under the request's id; the caller learns no more than that."""

    code = "internal_error"

    def __init__(self) -> None:
        super().__init__("Something went wrong on our side; nothing was changed")


def refuse(request: HttpRequest, error: OstiaryError) -> HttpResponseBase:
    """The answer for an error. Nothing of the request is kept."""
    request.refused = True
    if getattr(request, "ctx", None) is None:  # a static file, or there was no connection
        if isinstance(error, NotFound):
            return plain(404, "Not found")
        if not isinstance(error, Unavailable):
            error = Unavailable("Try again later", retry_after_s=2)
    try:
        return _render(request, error)
    except Exception as broken:  # noqa: BLE001  a page that cannot be made must not hide the refusal
        log_failure(broken)
        if getattr(request, "ctx", None) is None:
            return plain(503, "Try again later")
        return plain(500, f"Something went wrong on our side: request {request.ctx.request_id}")


def _render(request: HttpRequest, error: OstiaryError) -> HttpResponseBase:
    # Imported late: pages are not needed to serve the API, nor the API to serve pages.
    if request.path_info.startswith(API):
        from ostiary.api import public as api

        return api.problem_response(request, error)
    from ostiary.web import public as web

    return web.error_response(request, error)


def fail(request: HttpRequest, error: Exception) -> HttpResponseBase:
    """Log it, and answer that nothing was changed, unless nobody can know that."""
    log_failure(error)
    return refuse(request, error if isinstance(error, OutcomeUnknown) else Unexpected())


def log_failure(error: BaseException) -> None:
    """One line for what broke: its class and where, never what it says."""
    log.error("request.failed", exc_info=(type(error), error, error.__traceback__))


def plain(status: int, text: str) -> HttpResponse:
    """One line of text, for whoever asks before it is known whose request it is."""
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")


def refuse_plain_http(request: HttpRequest, host: str | None, *, data: bool) -> HttpResponse:
    """To TLS with those who only look; a refusal for everything else."""
    if data or request.method not in ("GET", "HEAD"):
        # a key or form sent in the clear has to fail, so that somebody notices
        return plain(403, "HTTPS only")
    response = HttpResponse(status=308)
    response.headers["Location"] = f"https://{host}{request.get_full_path()}"
    return response
