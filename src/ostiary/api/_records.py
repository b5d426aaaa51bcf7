"""REST of records: list, get, create, update, delete, count."""

from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse

from ostiary.api._asked import (
    answer,
    answers,
    body_of,
    columns_of,
    context,
    filter_of,
    mode_of,
    not_allowed,
    number_of,
    once,
    one_record,
    only,
    refuse,
    sort_of,
    version_of,
)
from ostiary.api._errors import problem
from ostiary.records import public as records

LIST_PARAMETERS = frozenset({"filter", "sort", "limit", "offset", "after", "count", "columns"})


@answers({"GET": "records.record.listed", "POST": "records.record.created"})
def collection(request: HttpRequest, code: str) -> HttpResponse:
    """GET lists, POST creates."""
    if request.method == "GET":
        return _list(request, code)
    if request.method == "POST":
        return _create(request, code)
    return not_allowed(request, "GET, POST")


@answers(
    {
        "GET": "records.record.viewed",
        "PATCH": "records.record.updated",
        "DELETE": "records.record.deleted",
    }
)
def member(request: HttpRequest, code: str, record_id: UUID) -> HttpResponse:
    """GET reads, PATCH changes, DELETE deletes one record."""
    ctx = context(request)
    match request.method:
        case "GET":
            only(request.GET, frozenset({"columns"}))
            return one_record(records.get_record(ctx, code, record_id, columns_of(request.GET)))
        case "PATCH":
            return _update(request, code, record_id)
        case "DELETE":
            return _delete(request, code, record_id)
        case _:
            return not_allowed(request, "GET, PATCH, DELETE")


@answers({"GET": "records.record.counted"})
def count(request: HttpRequest, code: str) -> HttpResponse:
    """GET counts readable records."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    only(request.GET, frozenset({"filter", "mode"}))
    mode = mode_of(request.GET.get("mode", "exact"), "mode")
    found = records.count_records(context(request), code, filter_of(request.GET), mode)
    return answer(orjson.dumps({"count": found.value, "capped": found.capped}))


def _list(request: HttpRequest, code: str) -> HttpResponse:
    asked = request.GET
    only(asked, LIST_PARAMETERS)
    wanted = asked.get("count")
    query = records.RecordQuery(
        code,
        columns=columns_of(asked),
        filter=filter_of(asked),
        sort=sort_of(asked),
        limit=number_of(asked, "limit", 50),
        offset=number_of(asked, "offset", 0),
        after=asked.get("after"),
        count=None if wanted is None else mode_of(wanted, "count"),
    )
    page = records.list_records(context(request), query)
    end: dict[str, Any] = {"next": page.next, "restricted": page.restricted}
    if page.count is not None:
        end["count"] = page.count.value
        end["capped"] = page.count.capped
    # the records are passed on as PostgreSQL built them
    return answer(b'{"records":' + page.json + b"," + orjson.dumps(end)[1:])


def _create(request: HttpRequest, code: str) -> HttpResponse:
    only(request.GET, frozenset({"duplicates"}))
    insists = _insists(request)
    ctx, values = context(request), body_of(request)

    def create() -> records.Record:
        if not insists:
            records.ensure_new(ctx, code, values)
        return records.create_record(ctx, code, values)

    record = once(request, code, create)
    if record is None:
        raise RuntimeError("a creation that left no record")
    response = one_record(record, 201)
    response.headers["Location"] = f"/api/v1/records/{code}/{record.id}"
    return response


def _insists(request: HttpRequest) -> bool:
    """Whether a record is to be made even if it looks like one that exists."""
    given = request.GET.get("duplicates", "refuse")
    if given not in ("refuse", "allow"):
        raise refuse("duplicates", "malformed", "duplicates is refuse or allow")
    return bool(given == "allow")


def _update(request: HttpRequest, code: str, record_id: UUID) -> HttpResponse:
    values = body_of(request)
    stated = values.pop("version", None)
    version = version_of(request)
    if version is None:
        if not isinstance(stated, int) or isinstance(stated, bool):
            return problem(
                request,
                428,
                "version_required",
                "Say which version you change: If-Match, or version in the body",
            )
        version = stated
    ctx, seen, base = context(request), version, _base(values)
    record = once(request, code, lambda: records.update_record(ctx, code, record_id, values, seen, base=base))
    if record is None:
        raise RuntimeError("a change that left no record")
    return one_record(record)


def _delete(request: HttpRequest, code: str, record_id: UUID) -> HttpResponse:
    ctx, version = context(request), version_of(request)

    def delete() -> None:
        records.delete_record(ctx, code, record_id, version)

    once(request, code, delete)
    return HttpResponse(status=204)


def _base(values: dict[str, Any]) -> dict[str, Any] | None:
    """The values that the caller saw, taken out of the body; no column has an object for its value."""
    base = values.get("base")
    if not isinstance(base, dict):
        return None
    del values["base"]
    return base
