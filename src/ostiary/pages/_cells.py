"""One value of a record in words: what kind of mark it is, its text, where it leads."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ostiary.objects.public import Column, ColumnType, DataClass
from ostiary.pages._reader import Json, Reader
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _

NUMERIC = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY})
TABULAR = NUMERIC | {ColumnType.DATE, ColumnType.INSTANT, ColumnType.AUTO_NUMBER}
_LINKED = {ColumnType.EMAIL: "mailto:", ColumnType.PHONE: "tel:"}
# Public and Internal are the ordinary case and carry no mark (design.md 6)
_MARKED = {DataClass.CONFIDENTIAL: "confidential", DataClass.RESTRICTED: "restricted"}


@dataclass(frozen=True, slots=True)
class Cell:
    """kind: text, empty, restricted, masked, pill, person, record, long. `url` makes it a link."""

    kind: str
    text: str = ""
    url: str = ""
    tone: str = ""
    title: str = ""
    external: bool = False

    @property
    def plain(self) -> bool:
        """Whether the text is all there is to show."""
        return self.kind == "text" and not self.url and not self.title


EMPTY = Cell("empty")
RESTRICTED = Cell("restricted")
NO_TONES: Mapping[str, str] = {}


def mark_of(column: Column) -> str:
    """The class mark shown beside a column's name and value; "" for the ordinary classes."""
    return _MARKED.get(column.data_class, "")


def make_cell(  # noqa: C901  one case for each type
    reader: Reader, column: Column, value: Json, tones: Mapping[str, str] = NO_TONES
) -> Cell:
    """The cell of a value as `records` gives it (JSON types; lookups as id and display).

    tones: by id, for values of a small list that are shown as a pill.
    """
    if value is None or value == "":
        return EMPTY
    if isinstance(value, Mapping) and "masked" in value:
        return Cell("masked", str(value["masked"]), title=_("Masked: you may not read the whole value"))
    match column.type:
        case ColumnType.LOOKUP:
            return _lookup(reader, column, value, tones)
        case ColumnType.OWNER:
            return Cell("person", value["display"])
        case ColumnType.CHOICE:
            choice = next((c for c in column.choices if c.code == value), None)
            return Cell("pill", choice.caption, tone=choice.tone) if choice else Cell("text", str(value))
        case ColumnType.BOOLEAN:
            return Cell("text", _("Yes") if value else _("No"))
        case ColumnType.EMAIL | ColumnType.PHONE:
            return Cell("text", value, url=_LINKED[column.type] + value.replace(" ", ""))
        case ColumnType.URL:
            # only what a browser opens as a page may become a link: no script and no file address
            safe = value.lower().startswith(("https://", "http://"))
            return Cell("text", value, url=value if safe else "", external=safe)
        case ColumnType.LONG_TEXT:
            return Cell("long", value)
        case ColumnType.INSTANT:
            at = dt.datetime.fromisoformat(value)
            return Cell("text", words.instant(at, reader.zone), title=at.isoformat(timespec="seconds"))
    return Cell("text", plain_words(column, value))


def plain_words(column: Column, value: Json) -> str:
    """The value as plain text, for numbers, dates and whatever is text already."""
    if value is None or value == "":
        return ""
    match column.type:
        case ColumnType.INTEGER:
            return words.number(value)
        case ColumnType.DECIMAL | ColumnType.MONEY:
            return words.number(Decimal(str(value)), column.scale)
        case ColumnType.DATE:
            return words.day(dt.date.fromisoformat(value))
    return str(value)


def _lookup(reader: Reader, column: Column, value: Mapping[str, Any], tones: Mapping[str, str]) -> Cell:
    if value.get("restricted"):
        return RESTRICTED
    if column.target is None:
        raise ValueError(f"lookup column {column.code!r} names no object")
    if value["id"] in tones:
        return Cell("pill", value["display"], tone=tones[value["id"]])
    if reader.is_small(column):
        return Cell("text", value["display"])
    return Cell(
        "record", value["display"] or _("no name"), url=reader.urls.record(column.target, value["id"])
    )
