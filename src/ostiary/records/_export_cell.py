"""A value of a record as a cell of a spreadsheet."""

from typing import Any

from ostiary.records._import_result import escape_formula


def cell(value: Any) -> str:
    """A value as a spreadsheet cell; what would run as a formula gets an apostrophe (ASVS 1.2.10)."""
    value = plain_value(value)
    if isinstance(value, (bool, int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return escape_formula(value)


def plain_value(value: Any) -> bool | float | str:
    """What a cell shows of a value: of a lookup its name, of a masked value the mask."""
    if value is None:
        return ""
    if isinstance(value, dict):
        value = "(restricted)" if value.get("restricted") else _first(value, "masked", "display", "id")
    return value if isinstance(value, (bool, int, float)) else str(value)


def _first(value: dict[str, Any], *keys: str) -> object:
    """The first of the keys that says something."""
    return next((value[key] for key in keys if value.get(key)), "")
