"""Records as rows of a table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ostiary.objects.public import Column, Object
from ostiary.pages._cells import NO_TONES, Cell, make_cell
from ostiary.pages._fields import FieldAt
from ostiary.pages._reader import Reader
from ostiary.ui.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class RowView:
    """One record in the list. changeable: whether the reader may change it, where that was asked."""

    url: str
    name: Cell
    cells: tuple[Cell, ...]
    id: str = ""
    changeable: bool = False


def table_rows(
    reader: Reader,
    thing: Object,
    shown: Sequence[Column | FieldAt],
    found: list[dict[str, Any]],
    tones: Mapping[str, str] = NO_TONES,
    changeable: Collection[str] = (),
) -> tuple[RowView, ...]:
    """Records as rows: the naming cell links to the record, the others say their value.

    changeable: ids of those that the reader may change.
    """
    columns = [(f.path, f.column) if isinstance(f, FieldAt) else (f.code, f) for f in shown]
    named = is_named(thing, shown)
    rest = columns[1:] if named else columns
    return tuple(
        RowView(
            reader.urls.record(thing.code, record["id"]),
            Cell("text", name_of(record, thing) if named else _("Open")),
            tuple(make_cell(reader, column, record.get(path), tones) for path, column in rest),
            record["id"],
            record["id"] in changeable,
        )
        for record in found
    )


def is_named(thing: Object, shown: Sequence[Column | FieldAt]) -> bool:
    """Whether the first column is what records are called, and stands in the head of the row."""
    first = shown[0] if shown else None
    return first is not None and thing.display == (first.path if isinstance(first, FieldAt) else first.code)


def name_of(record: Mapping[str, Any], thing: Object) -> str:
    """What a record is called."""
    value = record.get(thing.display)
    if isinstance(value, dict):
        value = value.get("masked") or value.get("display")
    return str(value) if value not in (None, "") else _("no name")
