"""REST of questions about many records: totals, search, options of a lookup, lists of a record, export."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse

from ostiary.access import public as access
from ostiary.api._asked import (
    answer,
    answers,
    columns_of,
    context,
    filter_of,
    not_allowed,
    number_of,
    only,
    refuse,
    sort_of,
)
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotSignedIn
from ostiary.records import public as records

LINES = "application/x-ndjson"
_MEASURE = re.compile(r"([a-z_]+)(?:\(([^()]+)\))?")
_AGGREGATE = frozenset({"measures", "groups", "filter", "sort", "limit", "time_zone"})
_SEARCH = frozenset({"text", "objects", "limit"})
_OPTIONS = frozenset({"search", "filter", "limit"})
_EXPORT = frozenset({"columns", "filter", "sort", "after"})


@answers({"GET": "records.record.aggregated"})
def aggregate(request: HttpRequest, code: str) -> HttpResponse:
    """GET makes totals by groups."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    asked = request.GET
    only(asked, _AGGREGATE)
    query = records.AggregateQuery(
        code,
        measures=_measures(asked.get("measures", "count")),
        groups=tuple(_group(text) for text in asked.get("groups", "").split(",") if text),
        filter=filter_of(asked),
        sort=sort_of(asked),
        limit=number_of(asked, "limit", 100),
        time_zone=asked.get("time_zone", "UTC"),
    )
    found = records.aggregate_records(context(request), query)
    body = {
        "cells": [_cell(cell) for cell in found.cells],
        "others": {"cells": found.others.cells, "records": found.others.records},
        "records": found.records,
    }
    return answer(orjson.dumps(body, default=_number))


def _measures(given: str) -> tuple[records.Measure, ...]:
    return tuple(_measure(text) for text in given.split(",") if text)


def _measure(text: str) -> records.Measure:
    found = _MEASURE.fullmatch(text)
    function = found[1] if found else ""
    if found is None or function not in set(records.Function):
        words = f"{text!r:.60} is no measure: count, sum(column), avg, min, max or count_distinct"
        raise refuse("measures", "malformed", words)
    if (function == records.Function.COUNT) is not (found[2] is None):
        raise refuse("measures", "malformed", f"{text!r:.60}: count has no column, all others have one")
    return records.Measure(records.Function(function), found[2] or "")


def _group(text: str) -> records.Group:
    column, _, period = text.partition(":")
    if not period:
        return records.Group(column)
    if period not in set(records.Period):
        raise refuse("groups", "malformed", f"{period!r:.60} is no day, week, month, quarter or year")
    return records.Group(column, records.Period(period))


def _cell(cell: records.Cell) -> dict[str, Any]:
    return {
        "keys": [_key(key) for key in cell.keys],
        "values": list(cell.values),
        "suppressed": list(cell.suppressed),
        "records": cell.records,
    }


def _key(key: records.Key) -> dict[str, Any]:
    if key.restricted:
        return {"restricted": True}
    return {"value": key.value} | ({} if key.display is None else {"display": key.display})


def _number(value: object) -> object:
    """Decimals as they are, since a float would change them."""
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError


@answers({"GET": "records.record.searched"})
def search(request: HttpRequest) -> HttpResponse:
    """GET looks for words in objects."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    asked = request.GET
    only(asked, _SEARCH)
    codes = tuple(c for c in asked.get("objects", "").split(",") if c) or None
    found = records.search_records(
        context(request), asked.get("text", ""), codes, number_of(asked, "limit", 5)
    )
    body = [
        {
            "object": hits.object,
            "hits": [{"id": hit.id, "display": hit.display} for hit in hits.hits],
            "more": hits.more,
        }
        for hits in found
    ]
    return answer(orjson.dumps({"found": body}))


@answers({"GET": "records.record.listed"})
def options(request: HttpRequest, code: str, column: str) -> HttpResponse:
    """GET says what a lookup, an owner or a choice may be."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    asked = request.GET
    only(asked, _OPTIONS)
    text = _short(asked, "search")
    found = records.lookup_options(
        context(request), code, column, text, filter_of(asked), number_of(asked, "limit", 20)
    )
    return answer(orjson.dumps({"options": [{"value": o.value, "display": o.display} for o in found]}))


def _short(asked: QueryDict, name: str) -> str:
    given: str = asked.get(name, "")
    if len(given) > 200 or "\x00" in given:
        raise refuse(name, "malformed", f"{name} has at most 200 characters")
    return given


@answers({"GET": "records.record.counted"})
def related(request: HttpRequest, code: str, record_id: UUID) -> HttpResponse:
    """GET counts the records of each list on a record's page."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    only(request.GET, frozenset())
    found = records.related_counts(context(request), code, record_id)
    lists = [
        {
            "caption": one.caption,
            "object": one.object,
            "column": one.column,
            "count": one.count.value,
            "capped": one.count.capped,
        }
        for one in found
    ]
    return answer(orjson.dumps({"lists": lists}))


@answers({"GET": "records.record.exported"}, access.Operation.EXPORT_LIST)
def export(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET streams a list without end, a record in each line."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    asked = request.GET
    only(asked, _EXPORT)
    query = records.RecordQuery(
        code,
        columns=columns_of(asked),
        filter=filter_of(asked),
        sort=sort_of(asked),
        after=asked.get("after"),
    )
    lines = records.export_lines(context(request), query, _verifying(request))
    return StreamingHttpResponse(lines, content_type=LINES)


def _verifying(request: HttpRequest) -> Callable[[Context], Context]:
    """Looks at the key again for each chunk: it may be revoked by now, or what vouched for it has passed."""
    given: str = request.headers.get("Authorization", "")

    def renew(ctx: Context) -> Context:
        key = identity.find_api_key(ctx, given.partition(" ")[2].strip())
        if key is None or key.principal != ctx.principal:
            raise NotSignedIn
        return ctx.acting_as(key.principal)

    return renew
