"""The filter tree as SQL. Every hop of a path asks the rights on the record it passes through."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.kernel import clock
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.objects import public as objects
from ostiary.records._columns import Bound, next_hop, sort_column, stored
from ostiary.records._errors import ColumnRestricted
from ostiary.records._filters import VALUELESS, And, Compare, Filter, Not, Op, Or
from ostiary.records._spans import days_of, instants_of
from ostiary.records._view import View

ME = "me"
MAX_INTEGER = 2**63 - 1
MAX_EXPONENT = 60
_ORDER = {Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}
_TYPES = {
    objects.ColumnType.INTEGER: "bigint",
    objects.ColumnType.DECIMAL: "numeric",
    objects.ColumnType.MONEY: "numeric",
    objects.ColumnType.BOOLEAN: "boolean",
    objects.ColumnType.DATE: "date",
    objects.ColumnType.INSTANT: "timestamptz",
    objects.ColumnType.LOOKUP: "uuid",
    objects.ColumnType.OWNER: "uuid",
}
_EQUAL_ONLY = frozenset({objects.ColumnType.LOOKUP, objects.ColumnType.OWNER, objects.ColumnType.BOOLEAN})


def condition(bound: Bound, node: Filter | None) -> str:
    """SQL for a filter on rows `r`; may be null where a value is blank, which counts as not matching."""
    if node is None:
        return "true"
    match node:
        case And(children):
            return f"({' and '.join(condition(bound, c) for c in children)})"
        case Or(children):
            return f"({' or '.join(condition(bound, c) for c in children)})"
        case Not(child):
            return f"(not coalesce({condition(bound, child)}, false))"
        case Compare():
            return _path(bound, bound.view, node, node.path.split("."), "r", 0)


def _path(bound: Bound, view: View, node: Compare, path: list[str], alias: str, depth: int) -> str:
    code = path[0]
    if len(path) == 1:
        return _compare(bound, view, node, code, alias)
    column, target = next_hop(bound, view, code, node.path, depth)
    inner = f"h{depth}"
    return (
        f"exists (select 1 from @.{target.object.table} {inner} where {inner}.id = {alias}.{stored(column)}"
        f" and {_path(bound, target, node, path[1:], inner, depth + 1)} and {bound.row_test(target, inner)})"
    )


def _compare(bound: Bound, view: View, node: Compare, code: str, alias: str) -> str:
    if code == "id":
        return _plain(bound, node, f"{alias}.id", objects.ColumnType.LOOKUP, "uuid")
    if code == "author":
        return _plain(bound, node, f"{alias}.author_id", objects.ColumnType.OWNER, "uuid")
    if code in ("created_at", "modified_at"):
        return _plain(bound, node, f"{alias}.{code}", objects.ColumnType.INSTANT, "timestamptz")
    column = bound.column(view, code, node.path)
    value = f"{alias}.{stored(column)}"
    if node.op is Op.IS_NULL:
        return f"{value} is null"
    if node.op is Op.NOT_NULL:
        return f"{value} is not null"
    if column.type in objects.TEXT_SORTED:
        return _text(bound, node, f"{alias}.{sort_column(column)}")
    if column.type is objects.ColumnType.LONG_TEXT:
        return _long_text(bound, node, value)
    test = _plain(bound, node, value, column.type, _TYPES.get(column.type, "text"))
    if column.type is objects.ColumnType.LOOKUP:
        test = _through(bound, node, column, value, test)
    return test


def _through(bound: Bound, node: Compare, column: objects.Column, value: str, test: str) -> str:
    """Comparing a lookup with an id must not tell of a record that the reader is shown as restricted."""
    target = bound.object_view(column.target or "")
    if not target.may(access.Verb.READ):
        raise ColumnRestricted(node.path)
    if bound.filter(target).everyone:
        return test
    visible = bound.row_test(target, "t")
    seen = f"exists (select 1 from @.{target.object.table} t where t.id = {value} and {visible})"
    return f"({test} and {seen})" if node.op in (Op.EQ, Op.IN) else f"({test} or not {seen})"


def _plain(bound: Bound, node: Compare, value: str, kind: objects.ColumnType, sql_type: str) -> str:
    op, field = node.op, node.path
    if op is Op.IS_NULL:
        return f"{value} is null"
    if op is Op.NOT_NULL:
        return f"{value} is not null"
    if op is Op.MY_TEAM and kind is objects.ColumnType.OWNER:
        return _team(bound, value)
    if op is Op.WITHIN:
        return _within(bound, node, value, kind)
    if op is Op.IN:
        slot = bound.bind(node, lambda given: [_value(bound, kind, v, field) for v in given if v is not None])
        return f"{value} = any({slot}::{sql_type}[])"
    given = bound.bind(node, lambda v: _value(bound, kind, v, field))
    if op is Op.EQ:
        return f"{value} = {given}::{sql_type}"
    if op is Op.NE:
        return f"{value} is distinct from {given}::{sql_type}"
    if op in _ORDER and kind not in _EQUAL_ONLY:
        return f"{value} {_ORDER[op]} {given}::{sql_type}"
    raise Invalid([FieldError(field, "wrong_comparison", f"{op.value} does not fit {field}")])


def _team(bound: Bound, value: str) -> str:
    """The principal, or somebody who reports now to one of the units that make its team."""
    bound.values |= {"me": bound.ctx.actor, "team": sorted(access.team_of(bound.view.rights))}
    return (
        f"({value} = {{me}}::uuid or {value} in (select u.id from @.identity_unit u"
        " join @.identity_label_unit l on l.label_id = u.current_label_id and l.kind = 'r'"
        " where l.unit_id = any({team}::uuid[])))"
    )


def _within(bound: Bound, node: Compare, value: str, kind: objects.ColumnType) -> str:
    """Between two days that are reckoned anew at each call, so that the text does not grow old."""
    if kind not in _SPANS:
        raise Invalid([FieldError(node.path, "wrong_comparison", f"within does not fit {node.path}")])
    slot = f"({bound.bind(node, lambda v: _span(kind, v, node.path))}::{_TYPES[kind]}[])"
    return f"({value} >= {slot}[1] and {value} < {slot}[2])"


_SPANS: Mapping[objects.ColumnType, Callable[[str, datetime], tuple[object, object]]] = {
    objects.ColumnType.DATE: days_of,
    objects.ColumnType.INSTANT: instants_of,
}


def _span(kind: objects.ColumnType, value: object, field: str) -> list[object]:
    try:
        return list(_SPANS[kind](_words(value, field), clock.now()))
    except (ValueError, OverflowError):
        raise Invalid([FieldError(field, "malformed", f"{value!r:.60} is no span of days")]) from None


def like_pattern(text: str) -> str:
    """Folded text with the signs that LIKE understands made plain."""
    return _escaped(objects.sort_key(text))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _text(bound: Bound, node: Compare, key: str) -> str:
    op, field = node.op, node.path
    if op is Op.IN:
        slot = bound.bind(node, lambda given: [objects.sort_key(_words(v, field)) for v in given])
        return f"{key} = any({slot}::text[])"
    if op is Op.CONTAINS:
        return f"{key} like {bound.bind(node, lambda v: f'%{like_pattern(_words(v, field))}%')}"
    if op is Op.STARTS_WITH:
        # a range and no pattern: a plan that is kept for all values finds a range in the sort index
        start = bound.bind(node, lambda v: objects.sort_key(_words(v, field)))
        return f"({key} >= {start} and {key} < {start} || chr(1114111))"
    given = bound.bind(node, lambda v: objects.sort_key(_words(v, field)))
    if op is Op.EQ:
        return f"{key} = {given}"
    if op is Op.NE:
        return f"{key} <> {given}"
    if op in _ORDER:
        return f"{key} {_ORDER[op]} {given}"
    raise Invalid([FieldError(field, "wrong_comparison", f"{op.value} does not fit {field}")])


def _long_text(bound: Bound, node: Compare, value: str) -> str:
    if node.op is not Op.CONTAINS:
        raise Invalid(
            [FieldError(node.path, "wrong_comparison", f"{node.op.value} does not fit {node.path}")]
        )
    field = node.path
    return f"{value} ilike {bound.bind(node, lambda v: f'%{_escaped(_words(v, field))}%')}"


def _words(value: object, field: str) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise Invalid([FieldError(field, "not_text", f"{field} compares with text")])
    return value


def _value(bound: Bound, kind: objects.ColumnType, value: object, field: str) -> object:
    """A JSON value as the driver takes it. Raises Invalid."""
    if value == ME and kind is objects.ColumnType.OWNER:
        return bound.ctx.actor
    try:
        return _VALUES[kind](value) if kind in _VALUES else _words(value, field)
    except (ValueError, TypeError, AttributeError, InvalidOperation):
        raise Invalid([FieldError(field, "malformed", f"{value!r:.60} does not fit {field}")]) from None


def _integer(value: Any) -> int:
    if isinstance(value, bool) or abs(number := Decimal(str(value))) > MAX_INTEGER or number % 1:
        raise ValueError
    return int(number)


def _decimal(value: object) -> Decimal:
    number = Decimal(str(value))
    if isinstance(value, bool) or not number.is_finite() or abs(number.adjusted()) > MAX_EXPONENT:
        raise ValueError
    return number


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _instant(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError
    return found


# how a value of each type is read from JSON; types that are not here compare as text
_VALUES: Mapping[objects.ColumnType, Callable[[Any], object]] = {
    objects.ColumnType.INTEGER: _integer,
    objects.ColumnType.DECIMAL: _decimal,
    objects.ColumnType.MONEY: _decimal,
    objects.ColumnType.BOOLEAN: _boolean,
    objects.ColumnType.DATE: date.fromisoformat,
    objects.ColumnType.INSTANT: _instant,
    objects.ColumnType.LOOKUP: UUID,
    objects.ColumnType.OWNER: UUID,
}


def structure(node: Filter | None) -> object:
    """All of a filter but its values, so that filters of equal structure have equal text."""
    match node:
        case None:
            return None
        case Compare(path, op, _):
            return (path, op)
        case Not(child):
            return ("not", structure(child))
        case And(children):
            return ("and", *map(structure, children))
        case Or(children):
            return ("or", *map(structure, children))


def valued(node: Filter | None) -> list[Compare]:
    """The comparisons that bind a value, in the order in which `condition` binds them."""
    match node:
        case None:
            return []
        case Compare(_, op, _):
            return [] if op in VALUELESS else [node]
        case Not(child):
            return valued(child)
        case And(children) | Or(children):
            return [compare for child in children for compare in valued(child)]
