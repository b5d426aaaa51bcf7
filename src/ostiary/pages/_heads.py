"""Heads of a list: what each column is called, how a click or a shift-click sorts, its place on phones."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from ostiary.objects.public import Column, ColumnType
from ostiary.pages._cells import NUMERIC, TABULAR, mark_of
from ostiary.pages._fields import FieldAt
from ostiary.pages._reader import Reader
from ostiary.pages._state import MOST_SORTS, ListState
from ostiary.records import public as records
from ostiary.records.public import ObjectView


@dataclass(frozen=True, slots=True)
class HeadCell:
    """One column head. card: the place of the column in the two-line card on phones.

    also_url: where the column is sorted by after those that are. order: which key of several it is, from 1.
    edit: code of the column, where its cells can be changed in the list.
    """

    label: str
    url: str
    sorted: str
    numeric: bool
    tabular: bool
    card: str
    mark: str
    also_url: str = ""
    order: int = 0
    edit: str = ""


def list_heads(
    reader: Reader,
    view: ObjectView,
    shown: Sequence[FieldAt],
    sort: tuple[records.Sort, ...],
    state: ListState,
) -> tuple[HeadCell, ...]:
    """The heads of a list that is sorted by clicking; without the naming column it says what a row is."""
    places = cards([f.column for f in shown], view.object.layout.stage, [f.path for f in shown])
    here = reader.urls.records(view.object.code, state.other(sort="").query())
    here += "&" if "?" in here else "?"
    heads = [_head(view, here, field, sort, places.get(field.path, "sub")) for field in shown]
    if not shown or shown[0].path != view.object.display:
        heads.insert(0, HeadCell(view.object.caption, "", "", False, False, "stick", ""))
    return tuple(heads)


def _head(view: ObjectView, here: str, field: FieldAt, sort: tuple[records.Sort, ...], card: str) -> HeadCell:
    """One head. here: the list's address without an order, made once for all heads."""
    at = next((n for n, each in enumerate(sort) if each.column == field.path), None)
    current = None if at is None else sort[at]
    wanted = field.path if current is None or current.descending else f"-{field.path}"
    keys = [key_of(each) for each in sort]
    also = [*keys, wanted][:MOST_SORTS] if at is None else [*keys[:at], wanted, *keys[at + 1 :]]
    column = field.column
    return HeadCell(
        field.caption,
        here + urlencode({"sort": wanted}) if field.sortable else "",
        "" if current is None else ("descending" if current.descending else "ascending"),
        column.type in NUMERIC,
        column.type in TABULAR,
        card,
        mark_of(column),
        here + urlencode({"sort": ",".join(also)}) if field.sortable and sort else "",
        0 if at is None or len(sort) < 2 else at + 1,
        _edited(view, field),
    )


def _edited(view: ObjectView, field: FieldAt) -> str:
    """The code of a column of the object's own that the reader may change and sees whole."""
    return field.path if field.path in view.editable and field.readable and not field.reached else ""


def key_of(sort: records.Sort) -> str:
    """As a list state has it."""
    return f"-{sort.column}" if sort.descending else sort.column


def plain_heads(shown: list[Column], stage: str | None) -> tuple[HeadCell, ...]:
    """Heads of a table that is not sorted by clicking."""
    places = cards(shown, stage, [c.code for c in shown])
    return tuple(
        HeadCell(
            c.caption, "", "", c.type in NUMERIC, c.type in TABULAR, places.get(c.code, "sub"), mark_of(c)
        )
        for c in shown
    )


def cards(shown: Sequence[Column], stage: str | None, paths: Sequence[str]) -> dict[str, str]:
    """Where each column goes in the card on phones: name and one figure on top, two more below."""
    columns = dict(zip(paths, shown, strict=True))
    places = {paths[0]: "stick"} if paths else {}
    if stage and stage not in places and stage in columns:
        places[stage] = "card-third"
    wanted = (
        ("card-end", NUMERIC),
        ("card-second", {ColumnType.DATE, ColumnType.LOOKUP, ColumnType.EMAIL, ColumnType.INSTANT}),
        ("card-third", {ColumnType.CHOICE, ColumnType.PHONE, ColumnType.OWNER}),
    )
    for place, kinds in wanted:
        found = next((path for path, c in columns.items() if c.type in kinds and path not in places), None)
        if found and place not in places.values():
            places[found] = place
    return places
