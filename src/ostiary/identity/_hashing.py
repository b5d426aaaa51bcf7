"""argon2id, and the gate that keeps hashing from taking the machine."""

import base64
import os
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from ostiary.kernel.errors import TooManyRequests

LONGEST = 128  # code points; nothing longer was ever set, so nothing longer is hashed
RETRY_AFTER_S = 2

# One lane, so that a hash takes one core and no more. 64 MiB and two passes take about 120 ms on the
# two-core machine that the figures in docs/reference/sign-in.md come from; OWASP asks for 19 MiB and two.
_hasher = PasswordHasher(
    time_cost=2, memory_cost=64 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)


class Gate:
    """At most `slots` at work and `waiting` before the door; whoever comes then is refused at once.

    A waiting request holds a thread and a connection, so the queue is short: what the gate can hold at most
    is what a flood of sign-ins can take away from readers.
    """

    def __init__(self, *, slots: int, waiting: int) -> None:
        if slots < 1 or waiting < 0:
            raise ValueError("a gate needs a slot, and a queue of zero or more")
        self.capacity = slots + waiting
        self._work = threading.Semaphore(slots)
        self._lock = threading.Lock()
        self._inside = 0

    @property
    def inside(self) -> int:
        """How many are at work or waiting."""
        return self._inside

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Raises TooManyRequests at once when the queue is full."""
        with self._lock:
            if self._inside >= self.capacity:
                raise TooManyRequests(
                    "Too many people are signing in; try again", retry_after_s=RETRY_AFTER_S
                )
            self._inside += 1
        try:
            with self._work:
                yield
        finally:
            with self._lock:
                self._inside -= 1


# Half the cores may hash, two at most. Four places are half the threads of a web process, so that whatever
# comes to sign in, the other half goes on reading; they hold 128 MiB at most.
gate = Gate(slots=max(1, min(2, (os.cpu_count() or 2) // 2)), waiting=2)


def normalise(password: str) -> str:
    """NFC and nothing else: no trimming, no case folding, no cutting."""
    return unicodedata.normalize("NFC", password)


def hash_password(password: str) -> str:
    """The encoded hash of a normalised password. Call it inside the gate."""
    return _hasher.hash(password)


def _unmatchable() -> str:
    """An encoded hash with today's parameters that no password has: 256 random bits instead of a digest."""
    salt, digest = (base64.b64encode(os.urandom(n)).rstrip(b"=").decode() for n in (16, 32))
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


NOBODY = _unmatchable()


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password has this hash; None costs the same and is never true. Call it inside the gate."""
    usable = len(password) <= LONGEST and "\x00" not in password and _encodes(password)
    try:
        _hasher.verify(stored if stored and usable else NOBODY, password if usable else "")
    except (VerificationError, InvalidHashError):
        return False
    return usable and stored is not None


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
