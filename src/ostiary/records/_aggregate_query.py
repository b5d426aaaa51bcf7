"""What is asked of totals and what is answered, as values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ostiary.kernel.errors import FieldError, Invalid
from ostiary.records._filters import Filter
from ostiary.records._query import MAX_LIMIT, Sort
from ostiary.records._spans import time_zones

MAX_GROUPS = 3
MAX_MEASURES = 10


class Function(StrEnum):
    """What is made of the values of a column; count is of records and takes none."""

    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    COUNT_DISTINCT = "count_distinct"


class Period(StrEnum):
    """What dates and times are gathered by. A week begins on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of each cell. column: a column or a path through lookups; "" for count."""

    function: Function
    column: str = ""

    @property
    def name(self) -> str:
        """How an order names it: `count`, `sum(amount)`."""
        return f"{self.function}({self.column})" if self.column else self.function.value


@dataclass(frozen=True, slots=True)
class Group:
    """One key of the cells. period: for dates and times, and needed there."""

    column: str
    period: Period | None = None

    @property
    def name(self) -> str:
        """How an order names it: `stage`, `closed_on:month`."""
        return f"{self.column}:{self.period}" if self.period else self.column


@dataclass(frozen=True, slots=True)
class AggregateQuery:
    """Totals of the readable records of one object.

    sort: names of measures and groups; none: the groups in turn. time_zone: in which times have their dates.
    """

    object: str
    measures: tuple[Measure, ...] = (Measure(Function.COUNT),)
    groups: tuple[Group, ...] = ()
    filter: Filter | None = None
    sort: tuple[Sort, ...] = ()
    limit: int = 100
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a cell as the reader is shown it.

    value: a text, choice code, boolean, id, or the first day of a period; None: blank. display: what a
    record or person is called. restricted: the records are grouped whose value the reader may not see.
    """

    value: Any
    display: str | None = None
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One group of records. suppressed: by measure; too few values to be told, or needed to keep that."""

    keys: tuple[Key, ...]
    values: tuple[Any, ...]
    suppressed: tuple[bool, ...]
    records: int


@dataclass(frozen=True, slots=True)
class Others:
    """What lies beyond the limit."""

    cells: int = 0
    records: int = 0


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The cells in order. records: how many readable records all cells have, those beyond the limit too."""

    cells: tuple[Cell, ...]
    others: Others
    records: int


def check_aggregate(query: AggregateQuery) -> None:
    """Raises Invalid: a bound is exceeded or a name unknown. Columns are checked with the rights."""
    problem = _problem(query)
    if problem is not None:
        raise Invalid([problem])


def _problem(query: AggregateQuery) -> FieldError | None:
    if not 1 <= len(query.measures) <= MAX_MEASURES:
        return FieldError("measures", "out_of_range", f"1 to {MAX_MEASURES} measures")
    if len(query.groups) > MAX_GROUPS:
        return FieldError("groups", "too_many", f"At most {MAX_GROUPS} columns to group by")
    if not 1 <= query.limit <= MAX_LIMIT:
        return FieldError("limit", "out_of_range", f"limit is 1 to {MAX_LIMIT}")
    if query.time_zone not in time_zones():
        return FieldError("time_zone", "unknown", f"{query.time_zone!r:.60} is no time zone")
    names = [*(g.name for g in query.groups), *(m.name for m in query.measures)]
    if len(set(names)) < len(names):
        return FieldError("measures", "repeated", "Each measure and each group is asked for once")
    for sort in query.sort:
        if sort.column not in names:
            return FieldError("sort", "unknown", f"{sort.column!r:.60} is neither measure nor group")
    return None
