"""Canonical JSON as far as we use it (RFC 8785), and the hash of a record's state."""

import hashlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from ostiary.audit import public as audit


def test_members_are_in_the_order_of_utf_16() -> None:
    # RFC 8785 3.2.3: U+1F600 is two code units that begin below U+FF21 (its own example is not in NFC)
    keys = ["\u20ac", "\r", "\uff21", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = list(json.loads(audit.canonical(dict.fromkeys(keys, 1))))
    assert ordered == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\uff21"]
    assert audit.canonical({"b": 1, "a": {"d": [], "c": True}}) == b'{"a":{"c":true,"d":[]},"b":1}'


def test_only_what_must_be_escaped_is() -> None:
    text = "".join(map(chr, range(0x80))) + "\u2028\u20ac\U0001f600"
    expected = json.dumps({"t": text}, ensure_ascii=False, separators=(",", ":")).encode()
    assert audit.canonical({"t": text}) == expected
    assert b"\\b\\t\\n\\u000b\\f\\r" in expected
    assert b"\\u001f" in expected


def test_values_of_our_own_have_one_form() -> None:
    instant = datetime(2026, 11, 23, 8, 30, 0, 123456, tzinfo=UTC)
    values = {
        "a": Decimal("1.50"),
        "b": UUID(int=7),
        "c": date(2026, 11, 23),
        "d": instant,
        "e": 2**53,
        "f": 2**53 - 1,
        "g": ("x", 1),
        "h": None,
        "i": Decimal("1E+3"),
        "j": audit.Outcome.DENIED,
    }
    assert json.loads(audit.canonical(values)) == {
        "a": "1.50",
        "b": "00000000-0000-0000-0000-000000000007",
        "c": "2026-11-23",
        "d": 1795422600123456,
        "e": "9007199254740992",
        "f": 9007199254740991,
        "g": ["x", 1],
        "i": "1000",
        "j": "denied",
    }


def test_text_is_normalised() -> None:
    assert audit.canonical({"e\u0301": "e\u0301"}) == audit.canonical({"\u00e9": "\u00e9"})
    with pytest.raises(ValueError, match="same text"):
        audit.canonical({"e\u0301": 1, "\u00e9": 2})


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        [None],
        b"x",
        {1: "x"},
        {"a": {1, 2}},
        Decimal("NaN"),
        datetime(2026, 1, 1),  # noqa: DTZ001  naive on purpose
        "\ud800",
    ],
)
def test_what_has_no_one_form_is_refused(value: object) -> None:
    assert audit.canonical({"a": 1})
    with pytest.raises((TypeError, ValueError)):
        audit.canonical({"a": value})


def test_the_hash_of_a_state() -> None:
    salt = bytes(range(32))
    state = {"name": "Ada", "amount": Decimal("10.00"), "phone": None}
    expected = hashlib.sha256(b"app.state.v1\x00" + salt + b'{"amount":"10.00","name":"Ada"}').digest()
    assert audit.state_hash(salt, state) == expected
    assert audit.state_hash(salt, {"name": "Ada", "amount": Decimal("10.00")}) == expected
    assert audit.state_hash(bytes(32), state) != expected
    assert audit.state_hash(salt, {**state, "name": "Eda"}) != expected
