"""Records as cards: what each is called, a few of its columns, and where it may be moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ostiary.objects.public import SYSTEM_COLUMNS, ColumnType
from ostiary.pages._asked import Asked
from ostiary.pages._captions import column_of
from ostiary.pages._cells import RESTRICTED, TABULAR, Cell, make_cell
from ostiary.pages._fields import FieldAt, find_field
from ostiary.pages._reader import Reader, is_shown
from ostiary.pages._rows import name_of
from ostiary.records.public import ObjectView

MOST_FACTS = 4
_TOLD = TABULAR | {ColumnType.BOOLEAN}  # a number or a date alone could be any


@dataclass(frozen=True, slots=True)
class CardField:
    """A column that cards show. field: None where the reader may not read it."""

    label: str
    field: FieldAt | None


@dataclass(frozen=True, slots=True)
class CardFact:
    """One value on a card. bare: it says by itself what it is, as a name does."""

    label: str
    cell: Cell
    numeric: bool
    bare: bool


@dataclass(frozen=True, slots=True)
class Card:
    """One record. move_url: takes the state of the list; "" where the reader may not move it."""

    id: str
    url: str
    title: str
    facts: tuple[CardFact, ...]
    version: int
    move_url: str


def card_fields(reader: Reader, view: ObjectView, asked: Sequence[str], without: str) -> list[CardField]:
    """The first few columns of those asked for, else of the layout; the naming one and the lane stand apart.

    A column that the reader may not read is there, and says so; one beyond a closed lookup is not.
    """
    found: dict[str, CardField] = {}
    for path in asked or view.object.layout.list_columns:
        field = find_field(reader, view, path)
        if field is not None and field.path not in (view.object.display, without):
            found.setdefault(field.path, CardField(field.caption, field))
        elif field is None and (path in view.object.columns or path in SYSTEM_COLUMNS):
            found.setdefault(path, CardField(column_of(view.object, path).caption, None))
    return list(found.values())[:MOST_FACTS]


def card_paths(view: ObjectView, fields: Sequence[CardField], *more: str) -> tuple[str, ...]:
    """The paths to ask for: those of cards, what records are called, and more of the object's own."""
    own = (path for path in (view.object.display, *more) if is_shown(view, path))
    wanted = dict.fromkeys([*own, *(each.field.path for each in fields if each.field)])
    return tuple(path for path in wanted if path not in SYSTEM_COLUMNS)


def make_card(
    reader: Reader, asked: Asked, fields: Sequence[CardField], record: dict[str, Any], *, movable: bool
) -> Card:
    """The card of one record of a list."""
    code, key = asked.code, str(record["id"])
    return Card(
        key,
        reader.urls.record(code, key),
        name_of(record, asked.view.object),
        tuple(_fact(reader, each, record) for each in fields),
        int(record["version"]),
        reader.urls.record(code, key, "move") if movable else "",
    )


def _fact(reader: Reader, each: CardField, record: dict[str, Any]) -> CardFact:
    if each.field is None:
        return CardFact(each.label, RESTRICTED, numeric=False, bare=False)
    column = each.field.column
    cell = make_cell(reader, column, record.get(each.field.path))
    money = column.type is ColumnType.MONEY
    return CardFact(each.label, cell, numeric=money, bare=money or column.type not in _TOLD)
