"""Errors as problem documents: one table from error to status, no detail that helps guessing."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

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
from ostiary.objects import public as objects
from ostiary.records import public as records


class BodyTooLarge(OstiaryError):
    """The body of a request has more bytes than one may have."""

    code = "body_too_large"

    def __init__(self) -> None:
        super().__init__("The body is too large: send fewer rows at once")


HTTP_STATUS: Mapping[type[OstiaryError], int] = {
    NotFound: 404,
    NotSignedIn: 401,
    AccessDenied: 403,
    Invalid: 422,
    VersionConflict: 409,
    objects.PackageRefused: 422,
    records.InUse: 409,
    records.KeyReused: 422,
    records.LooksLike: 409,
    records.BulkRefused: 422,
    BodyTooLarge: 413,
    TooManyRequests: 429,
    Unavailable: 503,
}
TITLES = {
    401: "Not signed in",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Content too large",
    415: "Unsupported media type",
    422: "Not accepted",
    428: "Precondition required",
    429: "Too many requests",
    500: "Internal error",
    503: "Not available now",
}
_SHOWN = ("layer", "object", "column", "operation", "version", "yours", "theirs", "found")


def status_of(error: OstiaryError) -> int:
    """The status of an error; what nobody mapped is our own fault."""
    return next((HTTP_STATUS[kind] for kind in type(error).__mro__ if kind in HTTP_STATUS), 500)


def problem(request: HttpRequest, status: int, code: str, detail: str, **more: Any) -> HttpResponse:
    """An `application/problem+json` answer."""
    ctx = getattr(request, "ctx", None)
    body = {
        "type": f"urn:ostiary:problem:{code}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    if ctx is not None:
        body["instance"] = f"urn:request:{ctx.request_id}"
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/problem+json")


def problem_response(request: HttpRequest, error: OstiaryError) -> HttpResponse:
    """The answer for an error."""
    status = status_of(error)
    more: dict[str, Any] = {k: v for k, v in error.details.items() if k in _SHOWN}
    if isinstance(error, Invalid):
        more["errors"] = [{"field": e.field, "code": e.code, "message": e.message} for e in error.errors]
    response = problem(request, status, error.code, error.message, **more)
    if isinstance(error, TooManyRequests | Unavailable):
        response.headers["Retry-After"] = str(error.details.get("retry_after_s", 1))
    return response
