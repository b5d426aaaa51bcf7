"""Canonical JSON (RFC 8785) for the values that we hash, so that the same value has the same bytes for ever.

Restricted to what every language reads alike: no floats, no nulls, strings in NFC, whole numbers that a
double holds exactly. Decimals and larger numbers become strings, instants whole microseconds of UTC.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

Json = str | int | bool | list[Any] | dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST = 2**53 - 1  # I-JSON (RFC 7493 2.2)
_STATE = b"app.state.v1\x00"


def canonical(value: object) -> bytes:
    """The canonical bytes of a value; members that are None are left out, as absent and empty mean the same.

    Raises: ValueError, TypeError: a float, a None in a list, bytes, a naive instant, or a key given twice.
    """
    # the members are in order already: orjson would sort by UTF-8, where RFC 8785 wants UTF-16
    return orjson.dumps(restricted(value))


def restricted(value: object) -> Json:
    """The value in the types that canonical JSON has, members in the order of their keys."""
    if isinstance(value, str):
        text = str.__str__(value)
        return text if text.isascii() else unicodedata.normalize("NFC", text)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_LARGEST <= value <= _LARGEST else str(value)
    if isinstance(value, Mapping):
        return _members(value)
    if isinstance(value, list | tuple):
        return [restricted(item) for item in value]
    return _scalar(value)


def _members(value: Mapping[Any, object]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise TypeError(f"a key must be text, not {type(key).__name__}")
        name = key if key.isascii() else unicodedata.normalize("NFC", key)
        if name in members:
            raise ValueError("two keys are the same text in NFC")
        if item is not None:
            members[name] = restricted(item)
    plain = all(map(str.isascii, members))
    return dict(sorted(members.items(), key=_plain if plain else _utf16)) if len(members) > 1 else members


def _plain(member: tuple[str, object]) -> str:
    return member[0]


def _utf16(member: tuple[str, object]) -> bytes:
    return member[0].encode("utf-16-be")


def _scalar(value: object) -> Json:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a decimal must be a number")
        return format(value, "f")
    if isinstance(value, datetime):
        return microseconds(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no canonical form")


def microseconds(instant: datetime) -> int:
    """Whole microseconds since 1970, UTC. Raises TypeError: a naive instant."""
    return (instant - _EPOCH) // _MICROSECOND


def state_hash(salt: bytes, state: Mapping[str, object]) -> bytes:
    """What a record's version and its event both carry, so that a change without an event is found (4.6).

    salt: 32 random bytes of that version, without which short states could be guessed from the hash.
    """
    return hashlib.sha256(_STATE + salt + canonical(state)).digest()
