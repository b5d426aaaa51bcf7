"""A bounded memory of what can be read again: what was not asked for the longest goes first."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

# Metadata, policies and role graphs of so many tenants stay in a process. With the CRM package they are some
# 400 KB a tenant and take 30 ms to read, so this is 400 MB at most; a tenant beyond it is read again.
TENANTS_AT_HAND = 1_000


class Recent(Generic[Key, Value]):
    """At most `most` values. Threads may share it."""

    def __init__(self, most: int) -> None:
        if most < 1:
            raise ValueError("a memory needs room for one value")
        self._most = most
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """The value, or None; it counts as asked for."""
        with self._lock:  # comparing keys may let another thread in, and an OrderedDict does not stand that
            value = self._kept.get(key)
            if value is not None:
                self._kept.move_to_end(key)
            return value

    def put(self, key: Key, value: Value) -> None:
        """Keep a value, and make room for it."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Drop a value, if it is there."""
        with self._lock:
            self._kept.pop(key, None)

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)
