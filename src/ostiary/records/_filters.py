"""The typed filter tree, and its reading from JSON.

JSON form: `{"field": "account.industry", "op": "eq", "value": "..."}`, `{"and": [...]}`, `{"or": [...]}`,
`{"not": {...}}`; a list means `and`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ostiary.kernel.errors import FieldError, Invalid

MAX_NODES = 100  # query cost limit (ASVS 4.3.1)
MAX_PATHS = 10  # comparisons through lookups: each is a subselect for each row
MAX_VALUES = 500
MAX_TEXT = 1_000


class Op(StrEnum):
    """Comparisons. Text compares without regard to case and accents; blank counts as greatest.

    within: a span of days that moves with the calendar. my_team: a person is of the principal's team.
    """

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    IN = "in"
    IS_NULL = "is_null"
    NOT_NULL = "not_null"
    WITHIN = "within"
    MY_TEAM = "my_team"


VALUELESS = frozenset({Op.IS_NULL, Op.NOT_NULL, Op.MY_TEAM})


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison. path: a column code, or columns through lookups joined by dots."""

    path: str
    op: Op
    value: object = None


@dataclass(frozen=True, slots=True)
class And:
    children: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    children: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    child: "Filter"


Filter = Compare | And | Or | Not


def _refuse(message: str, field: str = "filter") -> Invalid:
    return Invalid([FieldError(field, "malformed", message)])


def parse_filter(data: object) -> Filter | None:
    """The filter that JSON data describes; None for nothing. Raises Invalid, naming the place."""
    if data is None or data in ({}, []):
        return None
    left = [MAX_NODES, MAX_PATHS]
    return _parse(data, left)


def _parse(data: object, left: list[int]) -> Filter:
    left[0] -= 1
    if left[0] < 0:
        raise _refuse(f"A filter has at most {MAX_NODES} parts")
    if isinstance(data, list):
        if not data:
            raise _refuse("A list of conditions is not empty")
        return And(tuple(_parse(part, left) for part in data))
    if not isinstance(data, Mapping):
        raise _refuse("A filter is an object with field, op and value, or with and, or, not")
    if len(data) == 1 and (key := next(iter(data))) in ("and", "or", "not"):
        return _join(str(key), data[key], left)
    compare = _compare(data)
    left[1] -= "." in compare.path
    if left[1] < 0:
        raise _refuse(f"A filter passes lookups at most {MAX_PATHS} times", compare.path)
    return compare


def _join(key: str, value: object, left: list[int]) -> Filter:
    if key == "not":
        return Not(_parse(value, left))
    if not isinstance(value, list) or not value:
        raise _refuse(f"{key} takes a list of at least one part")
    children = tuple(_parse(part, left) for part in value)
    return And(children) if key == "and" else Or(children)


def _compare(data: Mapping[str, object]) -> Compare:
    unknown = set(data) - {"field", "op", "value"}
    field = data.get("field")
    if unknown or not isinstance(field, str) or len(field) > 200:
        raise _refuse("A comparison has field, op and value")
    try:
        op = Op(str(data.get("op", "eq")))
    except ValueError:
        raise _refuse(f"{data.get('op')!r} is no comparison", field) from None
    value = data.get("value")
    if op in VALUELESS:
        return Compare(field, op)
    if value is None:
        raise _refuse(f"{op.value} needs a value", field)
    if op is Op.IN:
        if not isinstance(value, Sequence) or isinstance(value, str) or not 0 < len(value) <= MAX_VALUES:
            raise _refuse(f"in takes a list of 1 to {MAX_VALUES} values", field)
    elif isinstance(value, (list, dict)):
        raise _refuse(f"{op.value} takes one value", field)
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise _refuse(f"A value has at most {MAX_TEXT} characters", field)
    return Compare(field, op, value)
