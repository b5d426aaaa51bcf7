"""Typed identifiers: UUIDv7, made in the application because PostgreSQL 15 has no such function."""

import os
import threading
import time
from typing import NewType
from uuid import UUID

TenantId = NewType("TenantId", UUID)
UnitId = NewType("UnitId", UUID)  # a person, service account or role of any kind
PrincipalId = UnitId  # a unit that can act: person or service account
ObjectId = NewType("ObjectId", UUID)
ColumnId = NewType("ColumnId", UUID)
RecordId = NewType("RecordId", UUID)
EventId = NewType("EventId", UUID)

_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """A UUIDv7 that is greater than every one made before it in this process.

    The 12 bits after the time are a fraction of the millisecond, as RFC 9562 section 6.2 method 3
    allows; when the clock stands still or goes back, they count on.
    """
    global _last  # noqa: PLW0603  the one clock of this process, changed under its lock
    ns = time.time_ns()
    with _lock:
        stamp = (ns // 1_000_000 << 12) | (ns % 1_000_000 * 4096 // 1_000_000)
        if stamp <= _last:
            stamp = _last + 1
        _last = stamp
    value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64
    return UUID(int=value | 0b10 << 62 | int.from_bytes(os.urandom(8)) >> 2)
