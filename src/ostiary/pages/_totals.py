"""The sums of a list's money columns, over what the reader may read."""

from dataclasses import dataclass

from ostiary.objects.public import ColumnType
from ostiary.pages._cells import Cell
from ostiary.pages._fields import FieldAt
from ostiary.pages._groups import figure, sum_measures
from ostiary.pages._reader import Reader
from ostiary.records import public as records
from ostiary.records.public import Filter

_MOST = 4


@dataclass(frozen=True, slots=True)
class Total:
    """One sum with the name of its column."""

    label: str
    cell: Cell


def summed(shown: list[FieldAt]) -> list[FieldAt]:
    """The columns that have a sum: the first ones of money that may be read as they are."""
    return [f for f in shown if f.column.type is ColumnType.MONEY and f.readable][:_MOST]


def totals(reader: Reader, code: str, node: Filter | None, shown: list[FieldAt]) -> tuple[Total, ...]:
    """The sums; nothing is asked where no column has one."""
    sums = summed(shown)
    if not sums:
        return ()
    asked = records.AggregateQuery(code, sum_measures(sums), filter=node)
    found = records.aggregate_records(reader.ctx, asked)
    if not found.cells:
        return ()
    cell = found.cells[0]
    return tuple(
        Total(field.caption, figure(field, value, suppressed=gone))
        for field, value, gone in zip(sums, cell.values, cell.suppressed, strict=True)
    )
