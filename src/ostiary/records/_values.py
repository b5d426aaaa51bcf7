"""Values on their way in: JSON to typed, checked against what the column declares."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from ostiary.kernel.errors import FieldError
from ostiary.kernel.messages import worded
from ostiary.objects.public import Column, ColumnType

MAX_INTEGER = 9_007_199_254_740_991  # exact in every JSON reader
MAX_DIGITS = 15
EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,189}\.[^@\s.,;<>\"]{2,}")
PHONE = re.compile(r"\+?[0-9 ()/.\-x*#]{2,50}")
MAX_YEAR, MIN_YEAR = 9999, 1

SQL_TYPE = {
    ColumnType.INTEGER: "bigint",
    ColumnType.DECIMAL: "numeric",
    ColumnType.MONEY: "numeric",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.INSTANT: "timestamptz",
    ColumnType.LOOKUP: "uuid",
    ColumnType.OWNER: "uuid",
}


class BadValue(Exception):
    """A value that the column does not take."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def clean(column: Column, value: object, errors: list[FieldError]) -> Any:
    """The typed value, None for blank. A refusal is added to `errors` and None returned."""
    try:
        return _CLEAN[column.type](column, value)
    except BadValue as problem:
        errors.append(
            FieldError(
                column.code,
                problem.code,
                worded("%(field)s: %(problem)s", field=column.caption, problem=problem.message),
            )
        )
        return None


def ensure_offered(column: Column, value: object, errors: list[FieldError]) -> None:
    """Refuse a choice that was retired: records that hold it keep it, no other gets it."""
    if any(choice.code == value and choice.retired for choice in column.choices):
        errors.append(
            FieldError(
                column.code,
                "retired",
                worded("%(field)s: %(value)s is no longer offered", field=column.caption, value=str(value)),
            )
        )


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise BadValue("not_text", "give a text")
    if "\x00" in value:
        raise BadValue("malformed", "a text holds no NUL character")
    return value


def _text(column: Column, value: object) -> str | None:
    if _blank(value):
        return None
    text = " ".join(_string(value).split())
    if len(text) > column.max_length:
        raise BadValue("too_long", worded("at most %(most)s characters", most=column.max_length))
    return text


def _long_text(column: Column, value: object) -> str | None:
    if _blank(value):
        return None
    text = _string(value).replace("\r\n", "\n").strip()
    if len(text) > column.max_length:
        raise BadValue("too_long", worded("at most %(most)s characters", most=column.max_length))
    return text


def _email(column: Column, value: object) -> str | None:
    text = _text(column, value)
    if text is not None and not EMAIL.fullmatch(text):
        raise BadValue("malformed", "this is no e-mail address")
    return text


def _phone(column: Column, value: object) -> str | None:
    text = _text(column, value)
    if text is not None and not PHONE.fullmatch(text):
        raise BadValue("malformed", "a phone number has digits, spaces and + ( ) / . -")
    return text


def _url(column: Column, value: object) -> str | None:
    text = _text(column, value)
    if text is None:
        return None
    if "://" not in text and re.fullmatch(r"[\w.-]+\.[a-z]{2,}(/\S*)?", text):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc or any(c.isspace() for c in text):
        raise BadValue("malformed", "give an address that begins with http:// or https://")
    return text


def _integer(column: Column, value: object) -> int | None:
    if _blank(value):
        return None
    number = _number(value)
    if number != number.to_integral_value():
        raise BadValue("not_whole", "give a whole number")
    if abs(number) > MAX_INTEGER:
        raise BadValue("out_of_range", "this number is too large")
    _bounds(column, number)
    return int(number)


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise BadValue("not_a_number", "give a number")
    try:
        number = Decimal(str(value).strip()) if len(str(value)) <= 40 else Decimal("nan")
    except InvalidOperation:
        raise BadValue("not_a_number", "give a number") from None
    if not number.is_finite():
        raise BadValue("not_a_number", "give a number")
    return number


def _decimal(column: Column, value: object) -> Decimal | None:
    if _blank(value):
        return None
    number = _number(value)
    if abs(number) >= Decimal(10) ** MAX_DIGITS:
        raise BadValue("out_of_range", "this number is too large")
    rounded = round(number, column.scale)
    if rounded != number:
        raise BadValue("too_precise", worded("at most %(most)s digits after the point", most=column.scale))
    _bounds(column, number)
    return rounded


def _bounds(column: Column, number: Decimal) -> None:
    if column.minimum is not None and number < column.minimum:
        raise BadValue("out_of_range", worded("at least %(least)s", least=column.minimum))
    if column.maximum is not None and number > column.maximum:
        raise BadValue("out_of_range", worded("at most %(most)s", most=column.maximum))


def _boolean(column: Column, value: object) -> bool:
    if value is None:
        return False
    if not isinstance(value, bool):
        raise BadValue("not_boolean", "give true or false")
    return value


def _date(column: Column, value: object) -> date | None:
    if _blank(value):
        return None
    try:
        return date.fromisoformat(_string(value).strip())
    except ValueError:
        raise BadValue("malformed", "give a date as 2026-12-31") from None


def _instant(column: Column, value: object) -> datetime | None:
    if _blank(value):
        return None
    try:
        found = datetime.fromisoformat(_string(value).strip())
        if found.tzinfo is None:
            raise ValueError
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadValue("malformed", "give a time with its zone, as 2026-12-31T09:00:00+01:00") from None


def _choice(column: Column, value: object) -> str | None:
    if _blank(value):
        return None
    text = _string(value)
    if all(text != choice.code for choice in column.choices):
        raise BadValue(
            "not_a_choice",
            worded("choose one of %(choices)s", choices=", ".join(c.code for c in column.choices)),
        )
    return text


def _identifier(column: Column, value: object) -> UUID | None:
    if _blank(value):
        return None
    if isinstance(value, UUID):
        return value
    try:
        return UUID(_string(value).strip())
    except ValueError:
        raise BadValue("malformed", "give the id of a record") from None


def _refused(column: Column, value: object) -> None:
    raise BadValue("not_writable", "this is numbered by the system")


_CLEAN: dict[ColumnType, Callable[[Column, object], Any]] = {
    ColumnType.TEXT: _text,
    ColumnType.LONG_TEXT: _long_text,
    ColumnType.INTEGER: _integer,
    ColumnType.DECIMAL: _decimal,
    ColumnType.MONEY: _decimal,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.DATE: _date,
    ColumnType.INSTANT: _instant,
    ColumnType.EMAIL: _email,
    ColumnType.PHONE: _phone,
    ColumnType.URL: _url,
    ColumnType.CHOICE: _choice,
    ColumnType.LOOKUP: _identifier,
    ColumnType.OWNER: _identifier,
    ColumnType.AUTO_NUMBER: _refused,
}


def plain(value: object) -> object:
    """A typed value as canonical data: no floats, no nulls; decimals, dates, instants and ids as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, (date, UUID)):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    return value
