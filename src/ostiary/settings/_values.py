"""Values of settings: checked, read from text, stored as JSON, shown."""

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.messages import worded
from ostiary.settings._declare import Bound, Kind, Setting, Value

SECRET_SHOWN = "(set)"  # noqa: S105  what stands in place of one
LONGEST_TEXT = 2_000
_UNITS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,9}) ?(s|min|h|d)")
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})
_TYPES: dict[Kind, type | tuple[type, ...]] = {
    Kind.BOOLEAN: bool,
    Kind.INTEGER: int,
    Kind.DECIMAL: Decimal,
    Kind.TEXT: str,
    Kind.CHOICE: str,
    Kind.CHOICES: tuple,
    Kind.DURATION: timedelta,
    Kind.SECRET: str,
}


def _refuse(setting: Setting, code: str, message: str) -> Invalid:
    return Invalid(
        [FieldError(setting.code, code, message)], worded("%(code)s was not accepted", code=setting.code)
    )


def ensure_acceptable(setting: Setting, value: Value) -> None:
    """Raises Invalid, naming the setting: wrong type, out of bounds, not among the choices."""
    wanted = _TYPES[setting.kind]
    if not isinstance(value, wanted) or (setting.kind is Kind.INTEGER and isinstance(value, bool)):
        raise _refuse(
            setting,
            "wrong_type",
            worded("%(code)s is of type %(kind)s", code=setting.code, kind=setting.kind.value),
        )
    _ensure_chosen(setting, value)
    if setting.kind is Kind.DURATION and isinstance(value, timedelta) and value.microseconds:
        raise _refuse(setting, "wrong_type", worded("%(code)s is in whole seconds", code=setting.code))
    if isinstance(value, Decimal) and not value.is_finite():
        raise _refuse(setting, "wrong_type", worded("%(code)s is a number", code=setting.code))
    _ensure_within(setting, value)
    if isinstance(value, str):
        _ensure_text(setting, value)


def _ensure_chosen(setting: Setting, value: Value) -> None:
    if setting.kind not in (Kind.CHOICE, Kind.CHOICES):
        return
    chosen = value if isinstance(value, tuple) else (value,)
    unknown = [c for c in chosen if c not in setting.choices]
    if unknown or len(set(chosen)) != len(chosen):
        words = ", ".join(setting.choices)
        raise _refuse(
            setting,
            "unknown_choice",
            worded("%(code)s is chosen from: %(choices)s", code=setting.code, choices=words),
        )


def _ensure_within(setting: Setting, value: Value) -> None:
    if isinstance(value, bool):
        return
    measured: Any = len(value) if isinstance(value, str | tuple) else value
    if setting.minimum is not None and measured < setting.minimum:
        raise _refuse(
            setting,
            "too_small",
            worded("%(code)s is at least %(least)s", code=setting.code, least=bound_text(setting.minimum)),
        )
    if setting.maximum is not None and measured > setting.maximum:
        raise _refuse(
            setting,
            "too_large",
            worded("%(code)s is at most %(most)s", code=setting.code, most=bound_text(setting.maximum)),
        )


def _ensure_text(setting: Setting, value: str) -> None:
    if len(value) > LONGEST_TEXT or any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise _refuse(
            setting,
            "malformed",
            worded(
                "%(code)s is one line of at most %(most)s characters", code=setting.code, most=LONGEST_TEXT
            ),
        )
    if setting.pattern is not None and not re.fullmatch(setting.pattern, value):
        raise _refuse(
            setting,
            "malformed",
            worded("%(code)s has the form %(form)s", code=setting.code, form=setting.pattern),
        )


def bound_text(bound: Bound) -> str:
    """A bound as it is typed; empty where there is none."""
    if bound is None:
        return ""
    return _duration_text(bound) if isinstance(bound, timedelta) else str(bound)


def parse(setting: Setting, text: str) -> Value:
    """A value from what somebody typed, checked. Choices are separated by commas. Raises Invalid."""
    text = text if setting.kind in (Kind.TEXT, Kind.SECRET) else text.strip()
    value: Value
    match setting.kind:
        case Kind.BOOLEAN:
            value = _boolean(setting, text)
        case Kind.INTEGER:
            value = int(text) if _INTEGER.fullmatch(text) else None
        case Kind.DECIMAL:
            value = _decimal(text)
        case Kind.DURATION:
            value = _duration(text)
        case Kind.CHOICES:
            value = tuple(c.strip() for c in text.split(",") if c.strip())
        case _:
            value = text
    if value is None:
        raise _refuse(
            setting,
            "wrong_type",
            worded("%(code)s is of type %(kind)s", code=setting.code, kind=setting.kind.value),
        )
    ensure_acceptable(setting, value)
    return value


def _boolean(setting: Setting, text: str) -> bool | None:
    folded = text.lower()
    return True if folded in _YES else False if folded in _NO else None


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text) if len(text) <= 40 else None
    except InvalidOperation:
        return None


def _duration(text: str) -> timedelta | None:
    match = _DURATION.fullmatch(text)
    return None if match is None else timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _duration_text(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit in ("d", "h", "min"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]} {unit}"
    return f"{seconds} s"


def shown(setting: Setting, value: Value) -> str:
    """The value as text that `parse` reads again; of a secret only that it is there."""
    if setting.kind is Kind.SECRET:
        return "" if value is None else SECRET_SHOWN
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        return _duration_text(value)
    if isinstance(value, tuple):
        return ", ".join(value)
    return "" if value is None else str(value)


def stored(value: Value) -> object:
    """The value as JSON: decimals as text, durations as seconds."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    return list(value) if isinstance(value, tuple) else value


def loaded(setting: Setting, kept: object) -> Value:
    """A stored value. What this release would refuse counts as the default: a bound may be narrower now."""
    value: Any = tuple(kept) if isinstance(kept, list) else kept
    try:
        if setting.kind is Kind.DECIMAL:
            value = Decimal(str(value))
        elif setting.kind is Kind.DURATION:
            value = timedelta(seconds=int(value))
        ensure_acceptable(setting, value)
    except (Invalid, ValueError, TypeError, InvalidOperation):
        return setting.default
    found: Value = value
    return found
