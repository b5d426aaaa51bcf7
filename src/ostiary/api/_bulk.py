"""REST of changing many records: at once up to a bound, as a job beyond it; and merging.

A row is answered by itself and never stops the others, unless all or nothing is asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse

from ostiary.access import public as access
from ostiary.api._asked import (
    answer,
    answers,
    body_of,
    context,
    digest_of,
    not_allowed,
    number_of,
    once,
    one_record,
    only,
    refuse,
    version_of,
)
from ostiary.api._bulk_asked import (
    Selection,
    flag_of,
    ids_of,
    known,
    rows_of,
    selection_of,
    values_of,
    version_in,
)
from ostiary.api._errors import problem
from ostiary.kernel.entries import Silent
from ostiary.records import public as records

AT_ONCE = 1_000
_OWN = Silent("how far what the caller asked for has come; each of its rows has its event")
Made = records.BulkResult | records.Bulk
_VERBS = {"update": access.Verb.UPDATE, "delete": access.Verb.DELETE}


@answers({"POST": "records.record.created"})
def create(request: HttpRequest, code: str) -> HttpResponse:
    """POST makes many records."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    ctx, body = context(request), body_of(request)
    known(body, "rows", "atomic")
    rows, atomic = rows_of(body, AT_ONCE), flag_of(body, "atomic")
    records.ensure_bulk(ctx, code, access.Verb.CREATE)
    return _answered(
        request, code, access.Verb.CREATE, lambda: records.create_records(ctx, code, rows, atomic=atomic)
    )


@answers({"POST": "records.record.updated"})
def update(request: HttpRequest, code: str) -> HttpResponse:
    """POST gives many records the same values, or each its own."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    ctx, body = context(request), body_of(request)
    if "rows" in body:
        return _update_each(request, code, body)
    known(body, "ids", "filter", "values", "atomic")
    values, selection = values_of(body), selection_of(body)
    records.ensure_bulk(ctx, code, access.Verb.UPDATE, values)

    def at_once() -> records.BulkResult:
        return records.update_records(ctx, code, selection.which, values, atomic=selection.atomic)

    return _answered(
        request,
        code,
        access.Verb.UPDATE,
        lambda: _at_once_or_later(request, code, selection, at_once, access.Verb.UPDATE, values),
    )


def _update_each(request: HttpRequest, code: str, body: Mapping[str, Any]) -> HttpResponse:
    ctx = context(request)
    known(body, "rows", "atomic")
    rows, atomic = (
        [_row_update(n, row) for n, row in enumerate(rows_of(body, AT_ONCE))],
        flag_of(body, "atomic"),
    )
    records.ensure_bulk(ctx, code, access.Verb.UPDATE)
    return _answered(
        request, code, access.Verb.UPDATE, lambda: records.update_each(ctx, code, rows, atomic=atomic)
    )


def _row_update(number: int, row: Mapping[str, Any]) -> records.RowUpdate:
    place = f"rows.{number}"
    known(row, "id", "version", "values", place=place)
    id_ = ids_of([row.get("id")], f"{place}.id")[0]
    return records.RowUpdate(id_, values_of(row, place), version_in(row, place))


@answers({"POST": "records.record.deleted"})
def delete(request: HttpRequest, code: str) -> HttpResponse:
    """POST deletes many records."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    ctx, body = context(request), body_of(request)
    known(body, "ids", "filter", "atomic")
    selection = selection_of(body)
    records.ensure_bulk(ctx, code, access.Verb.DELETE)

    def at_once() -> records.BulkResult:
        return records.delete_records(ctx, code, selection.which, atomic=selection.atomic)

    return _answered(
        request,
        code,
        access.Verb.DELETE,
        lambda: _at_once_or_later(request, code, selection, at_once, access.Verb.DELETE, None),
    )


@answers({"POST": "records.bulk.previewed"})
def preview(request: HttpRequest, code: str) -> HttpResponse:
    """POST says what a change would do, and changes nothing."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    ctx, body = context(request), body_of(request)
    known(body, "verb", "ids", "filter", "columns")
    verb, columns = _VERBS.get(str(body.get("verb"))), body.get("columns", [])
    if verb is None:
        raise refuse("verb", "malformed", "verb is update or delete")
    if not isinstance(columns, list) or not all(isinstance(c, str) for c in columns):
        raise refuse("columns", "malformed", "columns is a list of codes")
    which = selection_of(body).which
    records.ensure_bulk(ctx, code, verb)
    if verb is access.Verb.UPDATE:
        found = records.preview_update(ctx, code, which, columns)
    else:
        found = records.preview_delete(ctx, code, which)
    reasons = [{"message": words, "count": count} for words, count in found.reasons()]
    told = {"selected": found.selected, "allowed": len(found.allowed), "reasons": reasons}
    return answer(orjson.dumps(told))


def _at_once_or_later(
    request: HttpRequest,
    code: str,
    selection: Selection,
    at_once: Callable[[], records.BulkResult],
    verb: access.Verb,
    values: Mapping[str, Any] | None,
) -> Made:
    ctx, which = context(request), selection.which
    if isinstance(which, Sequence):
        many = len(which) > AT_ONCE
    else:
        many = records.count_records(ctx, code, which, records.CountMode.CAPPED).value > AT_ONCE
    if not many and not _prefers_later(request):
        return at_once()
    if selection.atomic:
        raise refuse("atomic", "too_many", f"All or nothing takes {AT_ONCE:,} rows at most, and no job")
    return records.request_bulk(ctx, code, verb, which, values)


def _prefers_later(request: HttpRequest) -> bool:
    """RFC 7240: `respond-async`."""
    preferences = request.headers.get("Prefer", "").split(",")
    return any(p.partition(";")[0].strip().lower() == "respond-async" for p in preferences)


def _answered(request: HttpRequest, code: str, verb: access.Verb, call: Callable[[], Made]) -> HttpResponse:
    """The rows, or where the job is seen; the same again under the same idempotency key."""
    key = request.headers.get("Idempotency-Key")
    made: Made | tuple[records.RowNote, ...]
    try:
        if key is None:
            made = call()
        else:
            asked = records.Request(code, digest_of(request, "Prefer"))
            made = records.bulk_once(context(request), key, asked, verb, call)
    except records.BulkRefused as refused:
        rows = [_row(note) for note in records.notes_of(refused.result)]
        return problem(request, 422, refused.code, refused.message, rows=rows)
    if isinstance(made, records.Bulk):
        return _accepted(request, made)
    return _told(records.notes_of(made) if isinstance(made, records.BulkResult) else made)


def _told(notes: Sequence[records.RowNote]) -> HttpResponse:
    refused = sum(note.outcome is not records.Outcome.OK for note in notes)
    body = {"done": len(notes) - refused, "refused": refused, "rows": [_row(note) for note in notes]}
    return answer(orjson.dumps(body))


def _row(note: records.RowNote) -> dict[str, Any]:
    told: dict[str, Any] = {"row": note.number, "id": note.id, "outcome": note.outcome.value}
    if note.version is not None:
        told |= {"version": note.version, "visible": note.visible}
    return told | ({"problem": dict(note.detail)} if note.detail else {})


def _accepted(request: HttpRequest, bulk: records.Bulk) -> HttpResponse:
    response = answer(orjson.dumps(_status(bulk)), 202)
    response.headers["Location"] = f"/api/v1/bulk/{bulk.id}"
    if _prefers_later(request):
        response.headers["Preference-Applied"] = "respond-async"
    return response


def _status(bulk: records.Bulk) -> dict[str, Any]:
    return {
        "id": bulk.id,
        "object": bulk.object,
        "verb": bulk.verb.value,
        "state": bulk.state.value,
        "reason": bulk.reason or None,
        "total": bulk.total,
        "done": bulk.done,
        "refused": bulk.refused,
        "asked_at": bulk.asked_at,
        "begun_at": bulk.begun_at,
        "ended_at": bulk.ended_at,
    }


@answers({"GET": _OWN})
def status(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """GET says how far a change has come."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    only(request.GET, frozenset())
    return answer(orjson.dumps(_status(records.get_bulk(context(request), bulk_id))))


@answers({"GET": _OWN})
def refused_rows(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """GET lists the rows of a change that were refused."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    asked = request.GET
    only(asked, frozenset({"after", "limit"}))
    after, limit = number_of(asked, "after", -1), number_of(asked, "limit", 100)
    notes = records.refused_rows(context(request), bulk_id, after, limit)
    more = notes[-1].number if len(notes) == limit else None
    return answer(orjson.dumps({"rows": [_row(note) for note in notes], "next": more}))


@answers({"POST": "records.bulk.cancelled"})
def cancel(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """POST lets a change end before its next chunk."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    return answer(orjson.dumps(_status(records.cancel_bulk(context(request), bulk_id))))


@answers({"POST": "records.bulk.requested"})
def undo(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """POST gives back what the records held before a change."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    bulk = records.undo_bulk(context(request), bulk_id)
    return answer(orjson.dumps(_status(bulk))) if bulk.job is None else _accepted(request, bulk)


@answers({"POST": "records.record.merged"})
def merge(request: HttpRequest, code: str, record_id: UUID) -> HttpResponse:
    """POST lets a record take the place of others."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    ctx, body = context(request), body_of(request)
    known(body, "others", "values", "version")
    stated, version = version_in(body, ""), version_of(request)
    version = stated if version is None else version
    if version is None:
        words = "Say which version is kept: If-Match, or version in the body"
        return problem(request, 428, "version_required", words)
    others = body.get("others")
    if not isinstance(others, list) or not all(isinstance(other, dict) for other in others):
        raise refuse("others", "malformed", "others is a list of objects with id and version")
    seen = [_other(number, other) for number, other in enumerate(others)]
    versions = {record_id: version} | {id_: known_as for id_, known_as in seen if known_as is not None}
    values = values_of(body) if "values" in body else {}
    ids = [id_ for id_, _ in seen]
    made = once(
        request,
        code,
        lambda: records.merge_records(ctx, code, record_id, ids, values, versions=versions),
    )
    if made is None:
        raise RuntimeError("a merge that left no record")
    return one_record(made)


def _other(number: int, other: Mapping[str, Any]) -> tuple[UUID, int | None]:
    place = f"others.{number}"
    known(other, "id", "version", place=place)
    return ids_of([other.get("id")], f"{place}.id")[0], version_in(other, place)
