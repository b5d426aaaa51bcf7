"""Typed values from what people type: filters and forms read text in the same way."""

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from uuid import UUID

from ostiary.objects.public import Column, ColumnType
from ostiary.pages._reader import Json, Reader
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import language, separators

_BLANKS = re.compile("[\\s\u2019']")
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*", re.ASCII)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)  # "1.200": which mark it is, the language decides
_LOCAL_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
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
            return f"{Decimal(str(value)):.{column.scale}f}".replace(".", separators()[1])
    return str(value)


_MOST_DIGITS = 30  # written out, a number grows with its exponent


def _plain(text: str) -> str:
    """A number as it is typed, with a point before its decimals and nothing between its thousands.

    "1,200.50" and "1.200,50" can mean one thing only, so both are read in every language, as are "12.5" and
    "12,5". What is grouped wrongly stays as it is, and so is refused.
    """
    text = _BLANKS.sub("", text)
    sign, digits = (text[:1], text[1:]) if text[:1] in ("+", "-") else ("", text)
    group, point = _marks(digits)
    whole, mark, rest = digits.partition(point) if point else (digits, "", "")
    if group in whole and not _GROUPED.fullmatch(whole):
        return text
    return sign + whole.replace(group, "") + ("." if mark else "") + rest


def _marks(digits: str) -> tuple[str, str]:
    """(between thousands, before decimals) as this number uses them; "" for none before decimals."""
    used = sorted({",", "."} & set(digits), key=digits.rindex)
    if len(used) == 2:
        return used[0], used[1]
    if used and digits.count(used[0]) > 1:
        return used[0], ""
    group, point = separators()
    if not used or _THOUSANDS.fullmatch(digits):
        return group, point
    return ("." if used[0] == "," else ","), used[0]


def _integer(text: str) -> int:
    plain = _plain(text)
    if not re.fullmatch(r"[+-]?\d{1,18}", plain, re.ASCII):
        raise NotUnderstood(_("Write a whole number, like 1,200."))
    return int(plain)


def _decimal(text: str) -> str:
    try:
        value = Decimal(_plain(text))
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
    local = _LOCAL_DATE.fullmatch(text) if language() == "de" else None
    try:
        return dt.date(*map(int, reversed(local.groups()))) if local else dt.date.fromisoformat(text)
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
