"""The order of a list in SQL: by columns and by what lookups lead to, always under the reader's rights."""

from dataclasses import dataclass

from ostiary.access import public as access
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.objects import public as objects
from ostiary.records._columns import Bound, next_hop, sort_column, stored
from ostiary.records._errors import ColumnRestricted
from ostiary.records._view import View


@dataclass(frozen=True, slots=True)
class SortTerm:
    """One term of an order: SQL expression, direction, whether it may be null, its type to read it back."""

    expression: str
    descending: bool
    nullable: bool
    cast: str


_CASTS = {
    objects.ColumnType.INTEGER: "bigint",
    objects.ColumnType.DECIMAL: "numeric",
    objects.ColumnType.MONEY: "numeric",
    objects.ColumnType.BOOLEAN: "boolean",
    objects.ColumnType.DATE: "date",
    objects.ColumnType.INSTANT: "timestamptz",
}


def sort_term(bound: Bound, path: str, *, descending: bool) -> SortTerm:
    """How to order by a column, or by one through lookups. Raises ColumnRestricted, Invalid."""
    return _term(bound, bound.view, path.split("."), "r", descending=descending)


def _term(
    bound: Bound, view: View, path: list[str], alias: str, *, descending: bool, depth: int = 0
) -> SortTerm:
    code, *rest = path
    if not rest:
        return _own_term(bound, view, code, alias, descending=descending)
    column, target = next_hop(bound, view, code, "sort", depth)
    inner = f"h{depth}"
    term = _term(bound, target, rest, inner, descending=descending, depth=depth + 1)
    reached = (
        f"(select {term.expression} from @.{target.object.table} {inner}"
        f" where {inner}.id = {alias}.{stored(column)} and {bound.row_test(target, inner)})"
    )
    return SortTerm(reached, descending, nullable=True, cast=term.cast)


def _own_term(bound: Bound, view: View, code: str, alias: str, *, descending: bool) -> SortTerm:
    if code in ("created_at", "modified_at"):
        return SortTerm(f"{alias}.{code}", descending, nullable=False, cast="timestamptz")
    if code == "author":
        return _by_name(f"{alias}.author_id", descending=descending)
    column = bound.column(view, code, "sort")
    if column.type is objects.ColumnType.LONG_TEXT:
        raise Invalid([FieldError("sort", "not_sortable", f"Lists cannot be sorted by {code}")])
    if column.type is objects.ColumnType.OWNER:
        return _by_name(f"{alias}.owner_id", descending=descending)
    if column.type is objects.ColumnType.LOOKUP:
        return _lookup_sort(bound, column, alias, descending=descending)
    nullable = column.type not in objects.TEXT_SORTED
    return SortTerm(f"{alias}.{sort_column(column)}", descending, nullable, _CASTS.get(column.type, "text"))


def _by_name(value: str, *, descending: bool) -> SortTerm:
    named = f"(select u.name from @.identity_unit u where u.id = {value})"
    return SortTerm(named, descending, nullable=True, cast="text")


def _lookup_sort(bound: Bound, column: objects.Column, alias: str, *, descending: bool) -> SortTerm:
    """A lookup is ordered by what the reader is shown; hidden ones stand with the blanks."""
    target = bound.object_view(column.target or "")
    display = target.object.columns[target.object.display]
    if not target.may(access.Verb.READ) or display.code not in target.readable:
        raise ColumnRestricted(f"{column.code}.{display.code}")
    return SortTerm(
        f"(select t.{sort_column(display)} from @.{target.object.table} t"
        f" where t.id = {alias}.{stored(column)} and {bound.row_test(target, 't')})",
        descending,
        nullable=True,
        cast=_CASTS.get(display.type, "text"),
    )
