"""REST of records: list, get, create, update, delete, count."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse, QueryDict

from ostiary.api._errors import problem
from ostiary.kernel.context import Context
from ostiary.kernel.entries import RECORDS, Entry, View, declare
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.records import public as records

JSON = "application/json"
LIST_PARAMETERS = frozenset({"filter", "sort", "limit", "offset", "after", "count", "columns"})
MAX_FILTER = 20_000


def answers(events: Mapping[str, str]) -> Callable[[View], View]:
    """Declares a view of records: the door guards it, and each method leaves its event."""
    return lambda view: declare(view, Entry(RECORDS, events))


def _context(request: HttpRequest) -> Context:
    ctx: Context = request.ctx  # set by the outermost middleware
    return ctx


def _answer(body: bytes, status: int = 200) -> HttpResponse:
    return HttpResponse(body, status=status, content_type=JSON)


def _refuse(field: str, code: str, message: str) -> Invalid:
    return Invalid([FieldError(field, code, message)])


@answers({"GET": "records.record.listed", "POST": "records.record.created"})
def collection(request: HttpRequest, code: str) -> HttpResponse:
    """GET lists, POST creates."""
    if request.method == "GET":
        return _list(request, code)
    if request.method == "POST":
        return _create(request, code)
    return _not_allowed(request, "GET, POST")


@answers(
    {
        "GET": "records.record.viewed",
        "PATCH": "records.record.updated",
        "DELETE": "records.record.deleted",
    }
)
def member(request: HttpRequest, code: str, record_id: UUID) -> HttpResponse:
    """GET reads, PATCH changes, DELETE deletes one record."""
    ctx = _context(request)
    match request.method:
        case "GET":
            _only(request.GET, frozenset({"columns"}))
            return _one(records.get_record(ctx, code, record_id, _columns(request.GET)))
        case "PATCH":
            return _update(request, code, record_id)
        case "DELETE":
            return _delete(request, code, record_id)
        case _:
            return _not_allowed(request, "GET, PATCH, DELETE")


@answers({"GET": "records.record.counted"})
def count(request: HttpRequest, code: str) -> HttpResponse:
    """GET counts readable records."""
    if request.method != "GET":
        return _not_allowed(request, "GET")
    _only(request.GET, frozenset({"filter", "mode"}))
    mode = _mode(request.GET.get("mode", "exact"), "mode")
    found = records.count_records(_context(request), code, _filter(request.GET), mode)
    return _answer(orjson.dumps({"count": found.value, "capped": found.capped}))


def _list(request: HttpRequest, code: str) -> HttpResponse:
    asked = request.GET
    _only(asked, LIST_PARAMETERS)
    wanted = asked.get("count")
    query = records.RecordQuery(
        code,
        columns=_columns(asked),
        filter=_filter(asked),
        sort=tuple(records.Sort.parse(s) for s in asked.get("sort", "").split(",") if s),
        limit=_number(asked, "limit", 50),
        offset=_number(asked, "offset", 0),
        after=asked.get("after"),
        count=None if wanted is None else _mode(wanted, "count"),
    )
    page = records.list_records(_context(request), query)
    end: dict[str, Any] = {"next": page.next, "restricted": page.restricted}
    if page.count is not None:
        end["count"] = page.count.value
        end["capped"] = page.count.capped
    # the records are passed on as PostgreSQL built them
    return _answer(b'{"records":' + page.json + b"," + orjson.dumps(end)[1:])


def _one(record: records.Record, status: int = 200) -> HttpResponse:
    if record.visible:
        response = _answer(record.json, status)
    else:
        # done, and by it the caller lost sight of the record: say so rather than show nothing
        body = {"id": record.id, "version": record.version, "visible": False}
        response = _answer(orjson.dumps(body), status)
    response.headers["ETag"] = f'"{record.version}"'
    return response


def _create(request: HttpRequest, code: str) -> HttpResponse:
    ctx, values = _context(request), _body(request)
    record = _once(request, code, lambda: records.create_record(ctx, code, values))
    if record is None:
        raise RuntimeError("a creation that left no record")
    response = _one(record, 201)
    response.headers["Location"] = f"/api/v1/records/{code}/{record.id}"
    return response


def _update(request: HttpRequest, code: str, record_id: UUID) -> HttpResponse:
    values = _body(request)
    stated = values.pop("version", None)
    version = _version(request)
    if version is None:
        if not isinstance(stated, int) or isinstance(stated, bool):
            return problem(
                request,
                428,
                "version_required",
                "Say which version you change: If-Match, or version in the body",
            )
        version = stated
    ctx, seen, base = _context(request), version, _base(values)
    record = _once(
        request, code, lambda: records.update_record(ctx, code, record_id, values, seen, base=base)
    )
    if record is None:
        raise RuntimeError("a change that left no record")
    return _one(record)


def _delete(request: HttpRequest, code: str, record_id: UUID) -> HttpResponse:
    ctx, version = _context(request), _version(request)

    def delete() -> None:
        records.delete_record(ctx, code, record_id, version)

    _once(request, code, delete)
    return HttpResponse(status=204)


def _once(
    request: HttpRequest, code: str, call: Callable[[], records.Record | None]
) -> records.Record | None:
    """The effect of a request, once for each idempotency key that comes with it; without a key, each time."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return call()
    asked = [request.method or "", request.path, request.headers.get("If-Match", "")]
    digest = hashlib.sha256(orjson.dumps(asked) + request.body).digest()
    return records.idempotent(_context(request), key, records.Request(code, digest), call)[0]


def _base(values: dict[str, Any]) -> dict[str, Any] | None:
    """The values that the caller saw, taken out of the body; no column has an object for its value."""
    base = values.get("base")
    if not isinstance(base, dict):
        return None
    del values["base"]
    return base


def _version(request: HttpRequest) -> int | None:
    given = request.headers.get("If-Match")
    if given is None:
        return None
    digits = given.removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise _refuse("If-Match", "malformed", "If-Match is the ETag of the record")
    return int(digits)


def _body(request: HttpRequest) -> dict[str, Any]:
    # a browser cannot send this type across origins without asking first (ASVS 3.5.2)
    if request.content_type != JSON:
        raise _refuse("Content-Type", "unsupported", f"Send {JSON}")
    try:
        found = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise _refuse("", "malformed", "The body is no JSON") from None
    if not isinstance(found, dict):
        raise _refuse("", "malformed", "The body is an object of column codes and values")
    return found


def _only(asked: QueryDict, known: frozenset[str]) -> None:
    """Unknown or repeated parameters are refused, not passed over (ASVS 15.3.7)."""
    for name in asked:
        if name not in known:
            raise _refuse(name, "unknown_parameter", f"{name} is no parameter here")
        if len(asked.getlist(name)) > 1:
            raise _refuse(name, "repeated", f"{name} is given twice")


def _columns(asked: QueryDict) -> tuple[str, ...] | None:
    given = asked.get("columns")
    return None if given is None else tuple(c for c in given.split(",") if c)


def _filter(asked: QueryDict) -> records.Filter | None:
    given = asked.get("filter")
    if not given:
        return None
    if len(given) > MAX_FILTER:
        raise _refuse("filter", "too_long", f"A filter has at most {MAX_FILTER} characters")
    try:
        data: Mapping[str, Any] = orjson.loads(given)
    except orjson.JSONDecodeError:
        raise _refuse("filter", "malformed", "filter is JSON") from None
    return records.parse_filter(data)


def _number(asked: QueryDict, name: str, default: int) -> int:
    given = asked.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise _refuse(name, "malformed", f"{name} is a whole number")
    return int(given)


def _mode(given: str, name: str) -> records.CountMode:
    try:
        return records.CountMode(given)
    except ValueError:
        raise _refuse(name, "malformed", f"{name} is exact or capped") from None


def _not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    response = problem(request, 405, "method_not_allowed", f"This address takes {allowed}")
    response.headers["Allow"] = allowed
    return response
