"""Reading: lists, single records, counts. Each statement tests its epoch, and each leaves an event."""

from collections.abc import Mapping
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import RecordId
from ostiary.objects import public as objects
from ostiary.records._columns import Bound, record_json, selected_columns
from ostiary.records._filters import Filter
from ostiary.records._plans import (
    Compiled,
    check_window,
    count_statement,
    cursor_values,
    highest_class,
    make_cursor,
    page_statement,
)
from ostiary.records._query import CAP, Count, CountMode, Page, Record, RecordQuery
from ostiary.records._shape import choose_shape
from ostiary.records._statement import make_statement
from ostiary.records._view import Stale, View, decided, ensure_object, view_of


def readable_view(ctx: Context, code: str) -> View:
    """The view of an object readable at layer 2. Raises NotFound, AccessDenied."""
    view = view_of(ctx, code)
    ensure_object(view, access.Verb.READ)
    return view


def list_records(ctx: Context, query: RecordQuery) -> Page:
    """One page of what the principal may read.

    Raises: NotFound: no such object. AccessDenied: layer 2, or a column that is below read. Invalid.
    """
    check_window(query)
    page, data_class = decided(ctx, lambda: select_page(ctx, query))
    record_read(
        ctx,
        data_class,
        "records.record.listed",
        object_name(ctx, query.object),
        None,
        {"ids": [str(i) for i in page.ids], "count": len(page.ids)},
    )
    return page


def select_page(ctx: Context, query: RecordQuery) -> tuple[Page, objects.DataClass]:
    """A page and the most closed class it touches, unrecorded: the caller records what leaves."""
    view = readable_view(ctx, query.object)
    shape = query.plan or choose_shape(ctx, view, query)
    compiled = page_statement(ctx, view, query, shape)
    values = compiled.bound(query.filter)
    values["skip"] = query.offset
    values["last"] = query.offset + query.limit
    if query.after is not None:
        values.update(cursor_values(query.after, compiled.casts))
    epoch, text, ids, boundary, *may = compiled.statement.run(ctx, values)[0]
    if epoch != view.rights.epoch:
        raise Stale
    count = None if query.count is None else _count(ctx, view, query.filter, query.count)
    cursor = None if boundary is None else make_cursor(boundary)
    updatable = frozenset(may[0]) if may else frozenset()
    page = Page(text.encode(), tuple(ids), cursor, view.restricted, count, updatable)
    return page, compiled.data_class


def count_records(
    ctx: Context, object_code: str, node: Filter | None = None, mode: CountMode = CountMode.EXACT
) -> Count:
    """How many readable records match. Raises as `list_records`."""
    count, data_class = decided(ctx, lambda: _counted(ctx, object_code, node, mode))
    name = object_name(ctx, object_code)
    record_read(ctx, data_class, "records.record.counted", name, None, {"count": count.value})
    return count


def _counted(
    ctx: Context, object_code: str, node: Filter | None, mode: CountMode
) -> tuple[Count, objects.DataClass]:
    view = readable_view(ctx, object_code)
    return _count(ctx, view, node, mode), count_statement(ctx, view, node, mode).data_class


def _count(ctx: Context, view: View, node: Filter | None, mode: CountMode) -> Count:
    compiled = count_statement(ctx, view, node, mode)
    epoch, found = compiled.statement.run(ctx, compiled.bound(node))[0]
    if epoch != view.rights.epoch:
        raise Stale
    return Count(CAP, capped=True) if mode is CountMode.CAPPED and found > CAP else Count(found)


def get_record(
    ctx: Context,
    object_code: str,
    record_id: UUID,
    columns: tuple[str, ...] | None = None,
    *,
    verdicts: bool = False,
) -> Record:
    """One record. Raises NotFound: absent or hidden, in the same words.

    verdicts: also say whether the principal may update and delete it.
    """
    record, data_class = decided(
        ctx, lambda: select_record(ctx, object_code, record_id, columns, verdicts=verdicts)
    )
    if record is None:
        raise not_found(ctx, object_code, record_id)
    record_read(ctx, data_class, "records.record.viewed", object_name(ctx, object_code), record.id)
    return record


def not_found(ctx: Context, object_code: str, record_id: UUID) -> NotFound:
    """The refusal to show a record that is absent or hidden; recorded."""
    audit.append_buffered(
        ctx,
        "records.record.refused",
        outcome="denied",
        object_type=object_name(ctx, object_code),
        object_ref=record_id,
    )
    return NotFound()


def select_record(
    ctx: Context, code: str, record_id: UUID, columns: tuple[str, ...] | None, *, verdicts: bool
) -> tuple[Record | None, objects.DataClass]:
    """A record, None if absent or hidden, and the most closed class read; the caller records what leaves."""
    view = view_of(ctx, code)
    if not view.may(access.Verb.READ):
        # an id of an object closed to the principal is answered like any hidden record
        if access.current_rights(ctx) is not view.rights:
            raise Stale
        return None, objects.DataClass.INTERNAL
    key = ("get", columns, verdicts)
    compiled = view.statements.get(key)
    if not isinstance(compiled, Compiled):
        compiled = view.statements[key] = _compile_get(ctx, view, columns, verdicts=verdicts)
    row = compiled.statement.run(ctx, {**compiled.values, "id": record_id})[0]
    if row[0] != view.rights.epoch:
        raise Stale
    if row[1] is None:
        return None, compiled.data_class
    record = Record(RecordId(record_id), row[2], row[1].encode(), view.restricted, row[3], row[4])
    return record, compiled.data_class


def _compile_get(ctx: Context, view: View, columns: tuple[str, ...] | None, *, verdicts: bool) -> Compiled:
    bound = Bound(ctx, view)
    listed = selected_columns(bound, columns)
    may = ["null::boolean", "null::boolean"]
    if verdicts:
        may = [verdict(bound, view, verb) for verb in (access.Verb.UPDATE, access.Verb.DELETE)]
    text = (
        f"select e.epoch, q.* from (select {bound.epoch()} as epoch) e left join lateral ("
        f"select {record_json(bound, listed)}::text, r.version, {may[0]}, {may[1]}"
        f" from @.{view.object.table} r where r.id = {{id}} and {bound.row_test(view, 'r')}) q on true"
    )
    data_class = highest_class([*listed, *bound.touched])
    return Compiled(make_statement(ctx.db.schema, text), bound.values, (), (), data_class)


def object_name(ctx: Context, code: str) -> str:
    """The name that events have for an object, whatever it is called now; as the kept view knows it."""
    return view_of(ctx, code).object.name


def verdict(bound: Bound, view: View, verb: access.Verb) -> str:
    """SQL for "may the principal do this to row `r`, given that it may read it" (layers 2 and 3)."""
    return bound.row_test(view, "r", verb) if view.may(verb) else "false"


def record_read(
    ctx: Context,
    data_class: objects.DataClass,
    event: str,
    object_code: str | None,
    record_id: RecordId | None,
    data: Mapping[str, object] | None = None,
) -> None:
    """Record a read, as strictly as the class of what was read asks (architecture section 5)."""
    parts = [audit.Part("read", dict(data))] if data else []
    if data_class is objects.DataClass.RESTRICTED:
        append = audit.append_aside  # durable before the data leaves
    elif data_class is objects.DataClass.CONFIDENTIAL:
        # with the reading transaction, unless that may be rolled back although its answer shows what was read
        append = audit.append_aside if ctx.tentative else audit.append
    else:
        append = audit.append_buffered
    append(ctx, event, outcome="success", object_type=object_code, object_ref=record_id, parts=parts)
