"""How many records the lists of a record's page have, for this reader, in one statement."""

from dataclasses import dataclass
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.objects import public as objects
from ostiary.records._columns import Bound, stored
from ostiary.records._kept import kept
from ostiary.records._plans import Compiled, highest_class
from ostiary.records._query import CAP, Count
from ostiary.records._read import object_name, record_read
from ostiary.records._statement import make_statement
from ostiary.records._view import Stale, View, decided, view_of
from ostiary.records._visible import visible_parts


@dataclass(frozen=True, slots=True)
class Related:
    """One list of a record's page: records of `object` whose lookup `column` leads to the record."""

    caption: str
    object: str
    column: str
    count: Count


@dataclass(frozen=True, slots=True)
class _Lists:
    compiled: Compiled
    details: tuple[tuple[str, str, str], ...]


def related_counts(ctx: Context, object_code: str, record_id: UUID) -> tuple[Related, ...]:
    """Each list of the record's page that the reader may read, with its size up to 10,000.

    Raises: NotFound: no such object; the record is absent or hidden.
    """
    found, data_class = decided(ctx, lambda: _related(ctx, object_code, record_id))
    if found is None:
        name = object_name(ctx, object_code)
        audit.append_buffered(
            ctx, "records.record.refused", outcome="denied", object_type=name, object_ref=record_id
        )
        raise NotFound
    facts = {"lists": {f"{r.object}.{r.column}": r.count.value for r in found}}
    record_read(ctx, data_class, "records.record.counted", object_name(ctx, object_code), None, facts)
    return found


def _related(
    ctx: Context, code: str, record_id: UUID
) -> tuple[tuple[Related, ...] | None, objects.DataClass]:
    view = view_of(ctx, code)
    if not view.may(access.Verb.READ):
        if access.current_rights(ctx) is not view.rights:
            raise Stale
        return None, objects.DataClass.INTERNAL
    lists = kept(view, "related", _Lists, lambda: _compile(ctx, view))
    row = lists.compiled.statement.run(ctx, {**lists.compiled.values, "id": record_id})[0]
    if row[0] != view.rights.epoch:
        raise Stale
    if not row[1]:
        return None, objects.DataClass.INTERNAL
    found = tuple(
        Related(*detail, Count(min(number, CAP), capped=number > CAP))
        for detail, number in zip(lists.details, row[2:], strict=True)
    )
    return found, lists.compiled.data_class


def _compile(ctx: Context, view: View) -> _Lists:
    bound = Bound(ctx, view)
    seen = (
        f"exists (select 1 from @.{view.object.table} r where r.id = {{id}} and {bound.row_test(view, 'r')})"
    )
    details, counts = [], []
    for caption, code, column in view.object.layout.details:
        if code not in view.catalogue.objects:
            continue
        theirs = bound.object_view(code)
        if theirs.may(access.Verb.READ) and column in theirs.readable:
            details.append((caption, code, column))
            counts.append(_count(bound, theirs, bound.column(theirs, column, column)))
    # nothing is counted for a record that is not seen
    shown = ", ".join([bound.epoch(), seen, *counts])
    compiled = Compiled(
        make_statement(ctx.db.schema, f"select {shown}"),
        bound.values,
        (),
        data_class=highest_class(bound.touched),
    )
    return _Lists(compiled, tuple(details))


def _count(bound: Bound, theirs: View, column: objects.Column) -> str:
    parts = visible_parts(bound, theirs, "1", f"r.{stored(column)} = {{id}}")
    rows = " union all ".join(f"({part} limit {CAP + 1})" for part in parts)
    return f"(select count(*) from (select 1 from ({rows}) a limit {CAP + 1}) b)" if rows else "0::bigint"
