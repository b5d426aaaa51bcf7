"""Columns in SQL: selected as JSON, ordered, reached through lookups, always under the reader's rights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.messages import worded
from ostiary.objects import public as objects
from ostiary.records._errors import ColumnRestricted
from ostiary.records._filters import Compare
from ostiary.records._view import Stale, View, view_of

HIDDEN = """'{"restricted": true}'::json"""
MAX_HOPS = 4
MAX_PATHS = 20  # columns through lookups in one list: each is a subselect for each row
# What is shown of a masked value; a short one is not given away by what would be left of it.
MASKS = {
    objects.Mask.ALL: "'•••'",
    objects.Mask.LAST_4: "'•••' || case when length({value}) > 8 then right({value}, 4) else '' end",
    objects.Mask.FIRST: "left({value}, 1) || '•••'",
    objects.Mask.DOMAIN: "'•••@' || split_part({value}, '@', 2)",
    objects.Mask.YEAR: "left({value}, 4) || '-••-••'",
}


@dataclass(slots=True)
class Bound:
    """A statement in the making for one principal: views of the objects it touches, values of its slots.

    converters: how the value of each comparison, in order, becomes that of slot `f<n>`.
    """

    ctx: Context
    view: View
    values: dict[str, Any] = field(default_factory=dict)
    converters: list[Callable[[Any], object]] = field(default_factory=list)
    touched: list[objects.Column] = field(default_factory=list)
    _filters: dict[tuple[str, access.Verb], access.RecordFilter] = field(default_factory=dict)

    def epoch(self) -> str:
        """SQL for the tenant's epoch; null outside the dates on which the rights rest."""
        span = self.view.rights.span
        if not span.bounded:
            return "(select epoch from @.identity_epoch)"
        self.values |= {"rights_since": span.since, "rights_until": span.until}
        return (
            "(select epoch from @.identity_epoch"
            " where now() >= coalesce({rights_since}::timestamptz, '-infinity')"
            " and now() < coalesce({rights_until}::timestamptz, 'infinity'))"
        )

    def object_view(self, code: str) -> View:
        """The view of another object, at the same epoch. Raises Stale: another one is kept by now."""
        view = view_of(self.ctx, code)
        if view.rights is not self.view.rights:
            raise Stale  # read anew between two looks: the rights of one statement must be one
        return view

    def column(self, view: View, code: str, place: str) -> objects.Column:
        """A readable column that the statement looks at, shown or not: its class counts for the event."""
        found = readable_column(view, code, place)
        self.touched.append(found)
        return found

    def bind(self, node: Compare, convert: Callable[[Any], object]) -> str:
        """A slot for the value of a comparison."""
        slot = f"f{len(self.converters)}"
        self.values[slot] = convert(node.value)
        self.converters.append(convert)
        return f"{{{slot}}}"

    def row_test(self, view: View, alias: str, verb: access.Verb = access.Verb.READ) -> str:
        """SQL for "the principal reaches this row at layer 3"; its values are bound."""
        return self.filter(view, verb).row_test(alias, prefix(view))

    def filter(self, view: View, verb: access.Verb = access.Verb.READ) -> access.RecordFilter:
        """The record filter of a view, with its values bound."""
        found = self._filters.get((view.object.code, verb))
        if found is None:
            found = self._filters[view.object.code, verb] = view.filter(self.ctx, verb)
            self.values.update(found.values(prefix(view)))
        return found


def prefix(view: View) -> str:
    """Prefix of a view's slots."""
    return f"{view.object.code}_"


def stored(column: objects.Column) -> str:
    """The quoted database column."""
    return '"owner_id"' if column.type is objects.ColumnType.OWNER else f'"{column.name}"'


def sort_column(column: objects.Column) -> str:
    """The quoted database column to order and compare text by."""
    return f'"{column.sort_column}"'


def record_json(bound: Bound, columns: list[objects.Column], alias: str = "r") -> str:
    """A scalar subselect that gives one record as JSON text."""
    parts = [
        f"{alias}.id",
        f"{alias}.version",
        f"{alias}.created_at",
        f"{alias}.modified_at",
        f"{_unit(f'{alias}.author_id')} as author",
    ]
    parts += [f'{_reached(bound, bound.view, c.code.split("."), alias, 0)} as "{c.code}"' for c in columns]
    if bound.view.restricted:
        listed = ", ".join(f"'{code}'" for code in bound.view.restricted)
        parts.append(f"json_build_array({listed}) as restricted")
    return f"(select row_to_json(x) from (select {', '.join(parts)}) x)"


def _unit(value: str) -> str:
    shown = "json_build_object('id', u.id, 'display', u.name)"
    return f"(select {shown} from @.identity_unit u where u.id = {value})"


def _reached(bound: Bound, view: View, path: list[str], alias: str, depth: int) -> str:
    """The value at the end of a path; restricted where a record on the way is hidden from the reader."""
    code, *rest = path
    if not rest:
        return _selected(bound, view, shown_column(view, code, "columns"), alias)
    column, target = next_hop(bound, view, code, "columns", depth)
    value, inner = f"{alias}.{stored(column)}", f"h{depth}"
    # in an array, so that a blank at the end of the way is told from a record that is hidden
    found = (
        f"select json_build_array({_reached(bound, target, rest, inner, depth + 1)})"
        f" from @.{target.object.table} {inner}"
        f" where {inner}.id = {value} and {bound.row_test(target, inner)}"
    )
    return f"case when {value} is not null then coalesce(({found}), json_build_array({HIDDEN})) -> 0 end"


def _selected(bound: Bound, view: View, column: objects.Column, alias: str) -> str:
    if column.type is objects.ColumnType.OWNER:
        return _unit(f"{alias}.owner_id")
    value = f"{alias}.{stored(column)}"
    if column.code not in view.readable:
        masked = MASKS[column.mask].format(value=f"{value}::text")
        return f"case when {value} is not null then json_build_object('masked', {masked}) end"
    if column.type is not objects.ColumnType.LOOKUP:
        return value
    target = bound.object_view(column.target or "")
    if not target.may(access.Verb.READ):
        return f"case when {value} is not null then {HIDDEN} end"
    display = target.object.columns[target.object.display]
    shown = f"t.{stored(display)}" if display.code in target.readable else "null"
    return (
        f"case when {value} is not null then"
        f" coalesce((select json_build_object('id', t.id, 'display', {shown}) from @.{target.object.table} t"
        f" where t.id = {value} and {bound.row_test(target, 't')}), {HIDDEN}) end"
    )


def next_hop(bound: Bound, view: View, code: str, path: str, depth: int) -> tuple[objects.Column, View]:
    """One step of a path: a readable lookup and the object that it leads to.

    Raises: ColumnRestricted: the column or the object is closed. Invalid: no lookup, too many of them.
    """
    column = bound.column(view, code, path)
    if column.type is not objects.ColumnType.LOOKUP:
        raise Invalid([FieldError(path, "not_a_lookup", f"{code} is no lookup, a path ends there")])
    if depth >= MAX_HOPS:
        raise Invalid(
            [FieldError(path, "too_deep", worded("A path passes at most %(most)s lookups", most=MAX_HOPS))]
        )
    target = bound.object_view(column.target or "")
    if not target.may(access.Verb.READ):
        raise ColumnRestricted(path)
    return column, target


def selected_columns(bound: Bound, asked: tuple[str, ...] | None) -> list[objects.Column]:
    """The columns to answer with; of a path its last one, called by the path and with the way as caption.

    Raises: ColumnRestricted: one asked for by name is below read. Invalid: no such column, too many paths.
    """
    if asked is None:
        return list(bound.view.shown.values())
    once = dict.fromkeys(asked)
    if sum("." in path for path in once) > MAX_PATHS:
        raise Invalid(
            [
                FieldError(
                    "columns", "too_many", worded("At most %(most)s columns through lookups", most=MAX_PATHS)
                )
            ]
        )
    return [_column_at(bound, path) for path in once]


def _column_at(bound: Bound, path: str) -> objects.Column:
    *hops, last = path.split(".")
    view, captions = bound.view, list[str]()
    for depth, code in enumerate(hops):
        column, view = next_hop(bound, view, code, "columns", depth)
        captions.append(column.caption)
    found = shown_column(view, last, "columns")
    if not hops:
        return found
    return replace(found, code=path, born_as=found.name, caption=": ".join([*captions, found.caption]))


def readable_column(view: View, code: str, place: str) -> objects.Column:
    """A column by code. Raises ColumnRestricted: below read. Invalid: no such column."""
    return _among(view.readable, view, code, place)


def shown_column(view: View, code: str, place: str) -> objects.Column:
    """A column to be shown, perhaps masked. Raises ColumnRestricted, Invalid: as `readable_column`."""
    return _among(view.shown, view, code, place)


def _among(columns: Mapping[str, objects.Column], view: View, code: str, place: str) -> objects.Column:
    found = columns.get(code)
    if found is None:
        if code in view.object.columns:
            raise ColumnRestricted(code)
        raise Invalid([FieldError(place, "unknown_column", f"{view.object.caption} has no column {code!r}")])
    # who asks by a former code gets the answer under it
    return found if found.code == code else replace(found, code=code, born_as=found.name)
