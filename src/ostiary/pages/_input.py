"""Typed values from what people type: filters and forms read text in the same way."""

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from uuid import UUID

from ostiary.objects.public import Column, ColumnType
from ostiary.pages._reader import Json, Reader
from ostiary.ui.i18n import gettext as _

_GROUPING = re.compile("[\\s,\u2019']")
_CLOCK = "%Y-%m-%dT%H:%M"


class NotUnderstood(ValueError):
    """The text is no value of this column's type; the message is for the person who typed it."""


def read_value(reader: Reader, column: Column, text: str) -> Json:
    """`text` as the JSON value that `records` takes; None when nothing was typed. Raises NotUnderstood."""
    text = text.strip()
    if not text:
        return None
    match column.type:
        case ColumnType.INTEGER:
            return _integer(text)
        case ColumnType.DECIMAL | ColumnType.MONEY:
            return _decimal(text)
        case ColumnType.BOOLEAN:
            return _boolean(text)
        case ColumnType.DATE:
            return _date(text).isoformat()
        case ColumnType.INSTANT:
            return _instant(reader, text)
        case ColumnType.CHOICE:
            if text not in {choice.code for choice in column.choices}:
                raise NotUnderstood(_("Choose one of the values offered."))
        case ColumnType.LOOKUP | ColumnType.OWNER:
            return _id(text)
    return text.replace("\r\n", "\n")


def show_value(reader: Reader, column: Column, value: Json) -> str:
    """The text of a stored value in its input; the way back of `read_value`."""
    if value is None:
        return ""
    match column.type:
        case ColumnType.BOOLEAN:
            return "yes" if value else ""
        case ColumnType.INSTANT:
            return dt.datetime.fromisoformat(value).astimezone(reader.zone).strftime(_CLOCK)
        case ColumnType.LOOKUP | ColumnType.OWNER:
            return str(value.get("id", ""))
        case ColumnType.DECIMAL | ColumnType.MONEY:
            return f"{Decimal(str(value)):.{column.scale}f}"
    return str(value)


_MOST_DIGITS = 30  # written out, a number grows with its exponent


def _integer(text: str) -> int:
    plain = _GROUPING.sub("", text)
    if not re.fullmatch(r"[+-]?\d{1,18}", plain, re.ASCII):
        raise NotUnderstood(_("Write a whole number, like 1,200."))
    return int(plain)


def _decimal(text: str) -> str:
    try:
        value = Decimal(_GROUPING.sub("", text))
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or abs(value.adjusted()) > _MOST_DIGITS:
        raise NotUnderstood(_("Write a number, like 1,200.50."))
    return f"{value:f}"


def _boolean(text: str) -> bool:
    if text not in ("yes", "no"):
        raise NotUnderstood(_("Choose yes or no."))
    return text == "yes"


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise NotUnderstood(_("Write a date as year-month-day, like 2026-12-14.")) from None


def _instant(reader: Reader, text: str) -> str:
    try:
        local = dt.datetime.fromisoformat(text)
    except ValueError:
        raise NotUnderstood(_("Write a date and time, like 2026-12-14 09:30.")) from None
    aware = local if local.tzinfo else local.replace(tzinfo=reader.zone)
    return aware.astimezone(dt.UTC).isoformat()


def _id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise NotUnderstood(_("Choose one of the records offered.")) from None
