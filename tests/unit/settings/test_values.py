"""Declarations and values of settings, without a database."""

from datetime import timedelta
from decimal import Decimal

import pytest

from ostiary.kernel.errors import Invalid
from ostiary.settings import _declare, _values
from ostiary.settings.public import Kind, Setting, Value, declare, parse, shown


def make_setting(kind: Kind, default: Value, **more: object) -> Setting:
    return Setting("Sample", kind, default, "Sample", "What it is for.", "Samples", **more)  # type: ignore[arg-type]  # bounds of every kind


SAMPLES: list[tuple[Setting, str, Value, str, str]] = [
    (make_setting(Kind.BOOLEAN, default=False), "yes", True, "perhaps", "wrong_type"),
    (make_setting(Kind.INTEGER, 5, minimum=1, maximum=10), "10", 10, "11", "too_large"),
    (make_setting(Kind.INTEGER, 5, minimum=1, maximum=10), " 1 ", 1, "0", "too_small"),
    (make_setting(Kind.INTEGER, 5), "-7", -7, "7.5", "wrong_type"),
    (make_setting(Kind.INTEGER, 5), "7", 7, "\u0667", "wrong_type"),
    (
        make_setting(Kind.DECIMAL, Decimal("1.5"), maximum=Decimal(2)),
        "1.50",
        Decimal("1.50"),
        "2.01",
        "too_large",
    ),
    (make_setting(Kind.DECIMAL, Decimal("1.5")), "0.1", Decimal("0.1"), "NaN", "wrong_type"),
    (make_setting(Kind.TEXT, "", maximum=3), "abc", "abc", "abcd", "too_large"),
    (make_setting(Kind.TEXT, "a", pattern="[a-z]+"), "b", "b", "B", "malformed"),
    (make_setting(Kind.TEXT, ""), "one line", "one line", "two\nlines", "malformed"),
    (make_setting(Kind.CHOICE, "a", choices=("a", "b")), "b", "b", "c", "unknown_choice"),
    (make_setting(Kind.CHOICES, ("a",), choices=("a", "b")), "b, a", ("b", "a"), "a,c", "unknown_choice"),
    (make_setting(Kind.CHOICES, ("a",), choices=("a", "b")), "a", ("a",), "a,a", "unknown_choice"),
    (
        make_setting(Kind.DURATION, timedelta(hours=1), maximum=timedelta(hours=2)),
        "90 min",
        timedelta(minutes=90),
        "3 h",
        "too_large",
    ),
    (make_setting(Kind.DURATION, timedelta(hours=1)), "15min", timedelta(minutes=15), "soon", "wrong_type"),
]


@pytest.mark.parametrize(("setting", "good", "value", "bad", "code"), SAMPLES)
def test_text_becomes_a_value_or_is_refused_by_name(
    setting: Setting, good: str, value: Value, bad: str, code: str
) -> None:
    assert parse(setting, good) == value
    assert parse(setting, shown(setting, value)) == value  # what is shown can be typed again
    with pytest.raises(Invalid) as refused:
        parse(setting, bad)
    assert [(e.field, e.code) for e in refused.value.errors] == [("Sample", code)]


@pytest.mark.parametrize(("setting", "good", "value", "bad", "code"), SAMPLES)
def test_a_stored_value_comes_back(setting: Setting, good: str, value: Value, bad: str, code: str) -> None:
    assert _values.loaded(setting, _values.stored(value)) == value
    assert _values.loaded(setting, {"something": "else"}) == setting.default


def test_true_is_no_number() -> None:
    with pytest.raises(Invalid):
        _values.ensure_acceptable(make_setting(Kind.INTEGER, 5), value=True)


def test_a_stored_value_beyond_a_bound_that_became_narrower_is_the_default() -> None:
    assert _values.loaded(make_setting(Kind.INTEGER, 5, maximum=10), 10) == 10
    assert _values.loaded(make_setting(Kind.INTEGER, 5, maximum=9), 10) == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "lower"},
        {"code": "Has Space"},
        {"default": 11},
        {"default": "5"},
        {"description": ""},
        {"code": "NEW"},
        {"kind": Kind.CHOICE, "default": "a", "maximum": None},
        {"kind": Kind.SECRET, "default": "a", "maximum": None},
    ],
)
def test_a_declaration_without_sense_is_refused(
    wrong: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_declare, "_declared", {})
    good: dict[str, object] = {
        "code": "New",
        "kind": Kind.INTEGER,
        "default": 5,
        "caption": "New",
        "description": "What it is for.",
        "group": "Samples",
        "maximum": 10,
    }
    declare(Setting(**good))  # type: ignore[arg-type]  # as a table
    declare(Setting(**good))  # type: ignore[arg-type]  # the same again is the same
    with pytest.raises((ValueError, Invalid)):
        declare(Setting(**(good | wrong)))  # type: ignore[arg-type]  # as a table
