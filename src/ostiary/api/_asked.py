"""What is asked of the API and how it answers: parameters, bodies, versions; refusals name the field."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, QueryDict

from ostiary.api._errors import BodyTooLarge, problem
from ostiary.kernel.context import Context
from ostiary.kernel.entries import RECORDS, Entry, Guard, Silent, View, declare
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.records import public as records

JSON = "application/json"
MAX_FILTER = 20_000


def answers(
    events: Mapping[str, str | Silent], operation: str | None = None, *, guard: Guard = RECORDS
) -> Callable[[View], View]:
    """Declares a view: the door guards it, if nothing else does, and each method leaves its event."""
    return lambda view: declare(view, Entry(guard, events, operation))


def digest_of(request: HttpRequest, *headers: str) -> bytes:
    """All that a repetition under one idempotency key must repeat, with these headers."""
    asked = [
        request.method or "",
        request.get_full_path(),
        *(request.headers.get(name, "") for name in headers),
    ]
    return hashlib.sha256(orjson.dumps(asked) + _content(request)).digest()


def once(request: HttpRequest, code: str, call: Callable[[], records.Record | None]) -> records.Record | None:
    """The effect of a request, once for each idempotency key that comes with it; without a key, each time."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return call()
    asked = records.Request(code, digest_of(request, "If-Match"))
    return records.idempotent(context(request), key, asked, call)[0]


def version_of(request: HttpRequest, most_digits: int = 9) -> int | None:
    """The version in `If-Match`, if there is one."""
    given = request.headers.get("If-Match")
    if given is None:
        return None
    digits = given.removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdigit() or len(digits) > most_digits:
        raise refuse("If-Match", "malformed", "If-Match is the ETag of what is changed")
    return int(digits)


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The body, an object of JSON. Raises Invalid; BodyTooLarge."""
    # a browser cannot send this type across origins without asking first (ASVS 3.5.2)
    if request.content_type != JSON:
        raise refuse("Content-Type", "unsupported", f"Send {JSON}")
    try:
        found = orjson.loads(_content(request))
    except orjson.JSONDecodeError:
        raise refuse("", "malformed", "The body is no JSON") from None
    if not isinstance(found, dict):
        raise refuse("", "malformed", "The body is an object of column codes and values")
    return found


def _content(request: HttpRequest) -> bytes:
    try:
        content: bytes = request.body
    except RequestDataTooBig:
        raise BodyTooLarge from None
    return content


def only(asked: QueryDict, known: frozenset[str]) -> None:
    """Unknown or repeated parameters are refused, not passed over (ASVS 15.3.7)."""
    for name in asked:
        if name not in known:
            raise refuse(name, "unknown_parameter", f"{name} is no parameter here")
        if len(asked.getlist(name)) > 1:
            raise refuse(name, "repeated", f"{name} is given twice")


def columns_of(asked: QueryDict) -> tuple[str, ...] | None:
    """The columns that are asked for; None: all."""
    given = asked.get("columns")
    return None if given is None else tuple(c for c in given.split(",") if c)


def sort_of(asked: QueryDict) -> tuple[records.Sort, ...]:
    """The order, by comma."""
    return tuple(records.Sort.parse(s) for s in asked.get("sort", "").split(",") if s)


def filter_of(asked: QueryDict) -> records.Filter | None:
    """The filter, as JSON in a parameter."""
    given = asked.get("filter")
    if not given:
        return None
    if len(given) > MAX_FILTER:
        raise refuse("filter", "too_long", f"A filter has at most {MAX_FILTER} characters")
    try:
        data: Mapping[str, Any] = orjson.loads(given)
    except orjson.JSONDecodeError:
        raise refuse("filter", "malformed", "filter is JSON") from None
    return records.parse_filter(data)


def number_of(asked: QueryDict, name: str, default: int) -> int:
    """A whole number of at most 9 digits."""
    given = asked.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise refuse(name, "malformed", f"{name} is a whole number")
    return int(given)


def instant_of(given: object, name: str) -> datetime | None:
    """An instant with its offset; nothing is none. Raises Invalid."""
    if given in (None, ""):
        return None
    try:
        found = datetime.fromisoformat(given) if isinstance(given, str) else None
        if found is not None and found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise refuse(name, "malformed", f"{name} is an instant such as 2026-12-14T09:30:00+01:00")


def id_of(given: object, name: str) -> UUID:
    """An id. Raises Invalid."""
    try:
        return UUID(given if isinstance(given, str) else None)
    except (ValueError, TypeError):
        raise refuse(name, "malformed", f"{name} is an id") from None


def mode_of(given: str, name: str) -> records.CountMode:
    """How exactly is counted."""
    try:
        return records.CountMode(given)
    except ValueError:
        raise refuse(name, "malformed", f"{name} is exact or capped") from None


def not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    """405, saying what the address takes."""
    response = problem(request, 405, "method_not_allowed", f"This address takes {allowed}")
    response.headers["Allow"] = allowed
    return response


def context(request: HttpRequest) -> Context:
    """Who asks, in the transaction of the request."""
    ctx: Context = request.ctx  # set by the outermost middleware
    return ctx


def answer(body: bytes, status: int = 200) -> HttpResponse:
    """JSON."""
    return HttpResponse(body, status=status, content_type=JSON)


def refuse(field: str, code: str, message: str) -> Invalid:
    """The refusal of one field."""
    return Invalid([FieldError(field, code, message)])


def one_record(record: records.Record, status: int = 200) -> HttpResponse:
    """A record with its ETag, or only that it was written."""
    if record.visible:
        response = answer(record.json, status)
    else:
        # done, and by it the caller lost sight of the record: say so rather than show nothing
        body = {"id": record.id, "version": record.version, "visible": False}
        response = answer(orjson.dumps(body), status)
    response.headers["ETag"] = f'"{record.version}"'
    return response
