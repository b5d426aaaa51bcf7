"""The fields of records that become one: what each holds, and what of it may be chosen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ostiary.objects.public import Column, ColumnType
from ostiary.pages._cells import Cell, make_cell, mark_of
from ostiary.pages._posted import Posted, last
from ostiary.pages._reader import Json, Reader, is_shown, readable
from ostiary.records.public import ObjectView, Record
from ostiary.ui.i18n import gettext as _

CHOICE = "take."  # before a column's code: the id of the record whose value stays
_OWN = frozenset({ColumnType.AUTO_NUMBER, ColumnType.OWNER})  # stay with the record


@dataclass(frozen=True, slots=True)
class MergeValue:
    """What one record holds in a field. record: its id."""

    record: str
    cell: Cell
    chosen: bool
    offered: bool


@dataclass(frozen=True, slots=True)
class MergeField:
    """One field in which the records differ. note: why there is nothing to choose."""

    name: str
    label: str
    mark: str
    values: tuple[MergeValue, ...]
    note: str
    error: str


def merge_fields(
    reader: Reader, view: ObjectView, found: Sequence[Record], posted: Posted, errors: Mapping[str, str]
) -> tuple[MergeField, ...]:
    """The fields in which the records differ. found: the record that stays, then the others."""
    return tuple(
        _field(reader, view, column, found, posted, errors.get(column.code, ""))
        for column in _differing(view, found)
    )


def agreed(view: ObjectView, found: Sequence[Record]) -> list[str]:
    """Captions of the fields that hold the same value in all of them, blanks left out."""
    differ = {column.code for column in _differing(view, found)}
    return [
        column.caption
        for column in _shown(view)
        if column.code not in differ and found[0].data.get(column.code) not in (None, "")
    ]


def chosen_values(view: ObjectView, found: Sequence[Record], posted: Posted) -> dict[str, Any]:
    """What the record that stays takes over from the others, as it is given to `records`."""
    keep = found[0]
    values = {}
    for column in _differing(view, found):
        record = _choice(view, column, found, posted)
        if record is not keep and _may_choose(view, column):
            values[column.code] = _plain(record.data.get(column.code))
    return values


def _shown(view: ObjectView) -> Iterator[Column]:
    for code, column in view.object.columns.items():
        if is_shown(view, code) and column.type not in _OWN and not column.computed:
            yield column


def _differing(view: ObjectView, found: Sequence[Record]) -> list[Column]:
    return [
        column
        for column in _shown(view)
        if any(record.data.get(column.code) != found[0].data.get(column.code) for record in found)
    ]


def _field(
    reader: Reader, view: ObjectView, column: Column, found: Sequence[Record], posted: Posted, error: str
) -> MergeField:
    chosen = _choice(view, column, found, posted)
    may = _may_choose(view, column)
    values = tuple(
        MergeValue(
            str(record.id),
            make_cell(reader, column, record.data.get(column.code)),
            record is chosen,
            may and _offered(column, record, found),
        )
        for record in found
    )
    note = "" if may else _("You may not change this field, so the value of the oldest stays.")
    return MergeField(column.code, column.caption, mark_of(column), values, note, error)


def _may_choose(view: ObjectView, column: Column) -> bool:
    return column.code in view.editable and readable(view, column.code)


def _offered(column: Column, record: Record, found: Sequence[Record]) -> bool:
    """Whether a value may be taken over: no record that is hidden, and none of those that go."""
    value = record.data.get(column.code)
    if record is found[0] or not isinstance(value, dict):
        return True
    return bool(value.get("id")) and value["id"] not in {str(each.id) for each in found}


def _choice(view: ObjectView, column: Column, found: Sequence[Record], posted: Posted) -> Record:
    """The record whose value stays: the one that was chosen, else the oldest that holds one."""
    if not _may_choose(view, column):
        return found[0]
    offered = [record for record in found if _offered(column, record, found)]
    wanted = last(posted, CHOICE + column.code)
    filled = (record for record in offered if record.data.get(column.code) not in (None, ""))
    return next((r for r in offered if str(r.id) == wanted), None) or next(filled, found[0])


def _plain(value: Json) -> Json:
    return value.get("id") if isinstance(value, dict) else value
