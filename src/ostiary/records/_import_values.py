"""From the text of a cell to the JSON value of a column, and whether a stored value equals it already."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from ostiary.kernel.errors import FieldError
from ostiary.objects.public import Column, ColumnType
from ostiary.records._import_mapping import TEMPLATE_PART, ColumnSource
from ostiary.records._values import clean, plain

YES = frozenset({"yes", "true", "1", "+", "y"})
NO = frozenset({"no", "false", "0", "-", "n"})
_PLAIN = re.compile(r"[+-]?\d+(\.\d*)?|[+-]?\.\d+", re.ASCII)
_SPECIMEN = re.compile(r"1(?P<group>[^\d])?234((?P<point>[^\d])56)?", re.ASCII)


class BadValue(ValueError):
    """A cell that its column cannot hold; the message is for the result file."""


def parse_cell(column: Column, text: str, spec: ColumnSource) -> object:
    """The JSON value of a filled cell as it will be stored; lookups and owners are resolved elsewhere.

    Raises: BadValue.
    """
    return settle_value(column, _PARSERS[column.type](column, text, spec))


def settle_value(column: Column, value: object) -> object:
    """A JSON value in the form in which it will be stored, so that keys meet. Raises BadValue."""
    errors: list[FieldError] = []
    typed = clean(column, value, errors)
    if errors:
        raise BadValue(plain_words(column, errors[0].message))
    return plain(typed)


def plain_words(column: Column, message: str) -> str:
    """A message without the caption in front: the result names the column by its code."""
    return message.removeprefix(f"{column.caption}: ")


def fill_template(spec: ColumnSource, cells: Mapping[str, str]) -> str:
    """The first template whose parts are all filled, or an empty text."""
    for template in spec.templates:
        if all(cells[part] for part in TEMPLATE_PART.findall(template)):
            return TEMPLATE_PART.sub(lambda match: cells[match[1]], template)
    return ""


def check_format(column: Column, spec: ColumnSource) -> str | None:
    """Why the mapping's format or factor does not suit the column, or None."""
    numeric = column.type in _NUMERIC
    if spec.factor is not None and not numeric:
        return f"factor suits numbers, not {column.type}"
    if spec.format is None:
        return None
    if numeric:
        return None if _separators(spec.format) else f"format {spec.format!r} is no specimen like 1,234.56"
    if column.type not in (ColumnType.DATE, ColumnType.INSTANT):
        return f"format suits dates and numbers, not {column.type}"
    if not any(year in spec.format for year in ("%Y", "%y", "%x", "%c")):
        return f"format {spec.format!r} names no year"  # Python 3.13 warns of parsing a date without one
    sample = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    try:
        back = _by_pattern(sample.strftime(spec.format), spec.format)
    except ValueError:
        return f"format {spec.format!r} is not understood"
    return None if back.date() == sample.date() else f"format {spec.format!r} does not give a whole date"


def same_value(column: Column, stored: object, wanted: object) -> bool:
    """Whether a record's JSON value says the same as the value to be written."""
    if isinstance(stored, dict):
        stored = stored.get("id")
    errors: list[FieldError] = []
    same = clean(column, stored, errors) == clean(column, wanted, errors)
    return same and not errors


def _text(_column: Column, text: str, _spec: ColumnSource) -> str:
    return text


def _number(text: str, spec: ColumnSource) -> Decimal:
    plain = text
    separators = _separators(spec.format) if spec.format else None
    if separators:
        group, point = separators
        whole, _, digits = text.partition(point) if point else (text, "", "")
        if group and not re.fullmatch(rf"[+-]?\d{{1,3}}({re.escape(group)}?\d{{3}})*", whole):
            raise BadValue(f"{_quoted(text)} is no number like {spec.format}")
        plain = (whole.replace(group, "") if group else whole) + (f".{digits}" if digits else "")
    if len(plain) > 60 or not _PLAIN.fullmatch(plain):
        raise BadValue(f"{_quoted(text)} is no number" + (f" like {spec.format}" if spec.format else ""))
    return Decimal(plain) * (spec.factor or 1)


def _separators(specimen: str) -> tuple[str, str] | None:
    """(thousands separator or "", decimal separator or "") of a specimen like `1,234.56`."""
    match = _SPECIMEN.fullmatch(specimen)
    if match is None or match["group"] == match["point"]:
        return None
    return match["group"] or "", match["point"] or ""


def _decimal(_column: Column, text: str, spec: ColumnSource) -> str:
    return f"{_number(text, spec):f}"


def _boolean(_column: Column, text: str, _spec: ColumnSource) -> bool:
    folded = text.casefold()
    if folded not in YES | NO:
        raise BadValue(f"{_quoted(text)} is neither yes nor no")
    return folded in YES


def _by_pattern(text: str, pattern: str) -> datetime:
    return datetime.strptime(text, pattern)  # noqa: DTZ007  a civil date has no zone, an instant gets one after


def _date(_column: Column, text: str, spec: ColumnSource) -> str:
    try:
        found = _by_pattern(text, spec.format).date() if spec.format else date.fromisoformat(text)
    except ValueError:
        raise BadValue(f"{_quoted(text)} is no date of the form {spec.format or 'YYYY-MM-DD'}") from None
    return found.isoformat()


def _instant(_column: Column, text: str, spec: ColumnSource) -> str:
    try:
        found = _by_pattern(text, spec.format) if spec.format else datetime.fromisoformat(text)
    except ValueError:
        raise BadValue(f"{_quoted(text)} is no instant of the form {spec.format or 'ISO 8601'}") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


def _choice(column: Column, text: str, _spec: ColumnSource) -> str:
    folded = text.casefold()
    for choice in column.choices:
        if folded in (choice.code.casefold(), choice.caption.casefold()):
            return choice.code
    raise BadValue(f"{_quoted(text)} is none of {', '.join(choice.caption for choice in column.choices)}")


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


def _unparsed(column: Column, _text: str, _spec: ColumnSource) -> object:
    raise BadValue(f"a column of type {column.type} cannot be imported")


_NUMERIC = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY})
_PARSERS: Mapping[ColumnType, Callable[[Column, str, ColumnSource], object]] = {
    ColumnType.TEXT: _text,
    ColumnType.LONG_TEXT: _text,
    ColumnType.INTEGER: _decimal,
    ColumnType.DECIMAL: _decimal,
    ColumnType.MONEY: _decimal,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.DATE: _date,
    ColumnType.INSTANT: _instant,
    ColumnType.EMAIL: _text,
    ColumnType.PHONE: _text,
    ColumnType.URL: _text,
    ColumnType.CHOICE: _choice,
    ColumnType.LOOKUP: _unparsed,
    ColumnType.OWNER: _unparsed,
    ColumnType.AUTO_NUMBER: _unparsed,
}
