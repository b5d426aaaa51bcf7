"""A search for duplicates among all records of an object: a job in the name and by the rights of who asked.

What was found is theirs alone, and is looked at again by the rights of the moment in which it is shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.jobs import public as jobs
from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, Unavailable
from ostiary.kernel.ids import new_id
from ostiary.kernel.messages import worded
from ostiary.kernel.tables import has_table
from ostiary.records._bulk_ask import is_discarded
from ostiary.records._bulk_job import STOPPING
from ostiary.records._bulk_walk import code_of_now
from ostiary.records._duplicate_groups import (
    MOST_TOGETHER,
    Alike,
    find_groups,
    pairs_apart,
    without_apart,
)
from ostiary.records._filters import Compare, Op
from ostiary.records._query import RecordQuery
from ostiary.records._read import get_record, list_records, readable_view
from ostiary.records._view import View, decided, ensure_object

TABLE = "records_duplicate_search"
TASK = "records.duplicates.search"
PAGE = 20  # groups
_COLUMNS = "id, object, job, state, reason, more, asked_at, ended_at"
_INSERT = """
insert into @.records_duplicate_search (id, requested_by, object, job, state, asked_at)
values (%(id)s, %(by)s, %(object)s, %(job)s, 'waiting', %(at)s)"""
_FORGET = """
delete from @.records_duplicate_group where search_id in (select id from @.records_duplicate_search
  where (requested_by = %(by)s and object = %(object)s) or asked_at < now() - interval '30 days')"""
_FORGET_SEARCH = """
delete from @.records_duplicate_search where (requested_by = %(by)s and object = %(object)s)
  or asked_at < now() - interval '30 days'"""
_KEEP = """
insert into @.records_duplicate_group (search_id, number, records, columns)
select %(id)s, g.number, g.records, g.columns
from jsonb_to_recordset(%(groups)s::jsonb) g(number int, records jsonb, columns jsonb)"""
_APART = """
insert into @.records_not_duplicate (low, high, object, said_by, said_at)
select low, high, %(object)s, %(by)s, now() from unnest(%(low)s::uuid[], %(high)s::uuid[]) p(low, high)
on conflict do nothing"""


class SearchState(StrEnum):
    """Where a search stands. `stopped`: the person may no longer do it; `failed`: its job was given up."""

    WAITING = "waiting"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DuplicateSearch:
    """A search of one person. more: there are more groups than are kept."""

    id: UUID
    object_id: UUID
    job: UUID | None
    state: SearchState
    reason: str
    more: bool
    asked_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Records that may be the same, as far as they can be read now. by: captions of columns that agree."""

    number: int
    records: tuple[dict[str, Any], ...]
    by: tuple[str, ...]


def ensure_seeks(ctx: Context, object_code: str) -> View:
    """The object, if the principal may change its records. Raises: NotFound, AccessDenied: layer 2."""

    def view() -> View:
        found = readable_view(ctx, object_code)
        ensure_object(found, access.Verb.UPDATE)
        return found

    if not has_table(ctx.db, TABLE):
        raise Unavailable("This is being updated; try again in a few minutes", retry_after_s=60)
    access.current_rights(ctx)
    return decided(ctx, view)


def find_search(ctx: Context, object_code: str) -> DuplicateSearch | None:
    """The last search of the principal. Raises: as `ensure_seeks`."""
    made = ensure_seeks(ctx, object_code).object
    row = ctx.db.row(
        f"select {_COLUMNS} from @.records_duplicate_search where requested_by = %(by)s and object = %(o)s",
        {"by": ctx.actor, "o": made.id},
    )
    if row is None:
        return None
    found = DuplicateSearch(row[0], row[1], row[2], SearchState(row[3]), *row[4:])
    if found.state is SearchState.WAITING and found.job is not None and is_discarded(ctx, found.job):
        return DuplicateSearch(row[0], row[1], row[2], SearchState.FAILED, *row[4:])
    return found


def search_duplicates(ctx: Context, object_code: str) -> DuplicateSearch:
    """Ask for a search in place of the last one, unless that still waits. Raises: as `ensure_seeks`."""
    known = find_search(ctx, object_code)
    if known is not None and known.state is SearchState.WAITING:
        return known
    made = ensure_seeks(ctx, object_code).object
    of = {"by": ctx.actor, "object": made.id}
    ctx.db.run(_FORGET, of)
    ctx.db.run(_FORGET_SEARCH, of)
    id_, at = new_id(), now()
    job = jobs.defer(ctx, TASK, {"search": id_})
    ctx.db.run(_INSERT, {"id": id_, **of, "job": job, "at": at})
    _record(ctx, "records.duplicates.requested", made.id, id_, {})
    return DuplicateSearch(id_, made.id, job, SearchState.WAITING, "", False, at, None)


def _record(ctx: Context, event: str, object_id: UUID, search: UUID | None, facts: dict[str, Any]) -> None:
    what = {"object": object_id, **facts}
    audit.append(
        ctx, event, object_type="duplicates", object_ref=search, parts=[audit.Part("duplicates", what)]
    )


def list_groups(ctx: Context, object_code: str, after: int = -1) -> tuple[list[DuplicateGroup], int | None]:
    """A page of what the last search found, as far as it can be read now; where the next page begins.

    Left out are groups by columns that may not be read, of which less than two records are left, and those
    that were said to be no duplicates. Raises: as `ensure_seeks`.
    """
    search = find_search(ctx, object_code)
    view = ensure_seeks(ctx, object_code)
    rows = ctx.db.rows(
        "select number, records, columns from @.records_duplicate_group"
        " where search_id = %(id)s and number > %(after)s order by number limit %(limit)s",
        {"id": search.id if search else None, "after": after, "limit": PAGE + 1},
    )
    known = {column.name: column.caption for column in view.readable.values()}
    shown = [(n, [UUID(id_) for id_ in ids], names) for n, ids, names in rows[:PAGE]]
    shown = [each for each in shown if all(name in known for name in each[2])]
    records = _readable(ctx, view, {id_ for _, ids, _ in shown for id_ in ids})
    apart = pairs_apart(ctx, view.object)
    groups = []
    for number, ids, names in shown:
        left = without_apart([id_ for id_ in ids if id_ in records], apart)
        if len(left) > 1:
            by = tuple(dict.fromkeys(known[name] for name in names))
            groups.append(DuplicateGroup(number, tuple(records[id_] for id_ in left), by))
    return groups, rows[PAGE - 1][0] if len(rows) > PAGE else None


def _readable(ctx: Context, view: View, ids: set[UUID]) -> dict[UUID, dict[str, Any]]:
    """Records by id with the columns of their list, of those that may be read."""
    if not ids:
        return {}
    made = view.object
    wanted = tuple(
        code for code in dict.fromkeys((made.display, *made.layout.list_columns)) if code in view.readable
    )
    found: dict[UUID, dict[str, Any]] = {}
    for some in _some(sorted(ids)):
        query = RecordQuery(
            made.code, wanted, Compare("id", Op.IN, [str(id_) for id_ in some]), limit=len(some)
        )
        found |= {UUID(row["id"]): row for row in list_records(ctx, query).records()}
    return found


def _some(ids: Sequence[UUID], most: int = 200) -> Iterator[Sequence[UUID]]:
    for at in range(0, len(ids), most):
        yield ids[at : at + most]


def say_not_duplicates(ctx: Context, object_code: str, ids: Sequence[UUID]) -> None:
    """Remember for everybody that some records are not the same.

    Raises: as `ensure_seeks`; NotFound; Invalid: fewer than two, too many, or one may not be changed.
    """
    view = ensure_seeks(ctx, object_code)
    known = sorted(set(ids))
    if not 1 < len(known) <= MOST_TOGETHER:
        words = worded("Choose 2 to %(most)s records", most=MOST_TOGETHER)
        raise Invalid([FieldError("id", "malformed", words)])
    for id_ in known:
        if not get_record(ctx, object_code, id_, (), verdicts=True).may_update:
            raise Invalid([FieldError("id", "not_editable", "You may not change each of these records")])
    pairs = [(a, b) for a in known for b in known if a < b]
    low, high = (list(side) for side in zip(*pairs, strict=True))
    ctx.db.run(_APART, {"object": view.object.id, "by": ctx.actor, "low": low, "high": high})
    _record(ctx, "records.duplicates.dismissed", view.object.id, None, {"ids": [str(id_) for id_ in known]})


def _run(run: jobs.Run) -> None:
    try:
        with run.open(finish=True) as ctx:
            _search(ctx, run.arguments["search"])
    except STOPPING as refusal:
        with run.open(finish=True) as ctx:
            _end(ctx, run.arguments["search"], SearchState.STOPPED, refusal.code)


def _search(ctx: Context, search_id: UUID) -> None:
    row = ctx.db.row(
        "select object from @.records_duplicate_search where id = %(id)s and state <> 'done' for update",
        {"id": search_id},
    )
    if row is None:
        return  # another one took its place
    code = code_of_now(ctx, row[0])
    ensure_seeks(ctx, code)
    groups, more = find_groups(ctx, code)
    _keep(ctx, search_id, groups)
    _end(ctx, search_id, SearchState.DONE, more=more)
    _record(ctx, "records.duplicates.searched", row[0], search_id, {"groups": len(groups)})


def _keep(ctx: Context, search_id: UUID, groups: Sequence[Alike]) -> None:
    data = [
        {"number": number, "records": [str(id_) for id_ in group.records], "columns": list(group.columns)}
        for number, group in enumerate(groups)
    ]
    ctx.db.run(_KEEP, {"id": search_id, "groups": orjson.dumps(data).decode()})


def _end(ctx: Context, search_id: UUID, state: SearchState, reason: str = "", *, more: bool = False) -> None:
    ctx.db.run(
        "update @.records_duplicate_search set state = %(state)s, reason = %(reason)s, more = %(more)s,"
        " ended_at = now() where id = %(id)s",
        {"id": search_id, "state": state.value, "reason": reason, "more": more},
    )


def _failed(ctx: Context, arguments: Mapping[str, Any], code: str) -> None:
    search_id = arguments["search"]
    if isinstance(search_id, UUID) and has_table(ctx.db, TABLE):
        _end(ctx, search_id, SearchState.FAILED, code)


jobs.register(
    jobs.Task(
        TASK,
        _run,
        {"search": jobs.Kind.ID},
        lane=jobs.Lane.BULK,
        retry=jobs.Retry(attempts=3, first_s=10.0, factor=3.0, most_s=600.0),
        failed=_failed,
    )
)
