"""How long a server of ours may take to come up: as long as it says that it works at it, within reason."""

import sys
import time

RECOVERY_TIMEOUT_S = 600.0  # after an unclean stop: files are synced and the log is replayed
TELL_S = 10.0
_AT_WORK = {"starting": "is coming up", "stopping": "is writing what it holds before it ends"}  # by pid file


class Patience:
    """The time limit of one start. timeout_s: of a server that says nothing, being stuck for instance."""

    def __init__(self, timeout_s: float, log: str) -> None:
        self._begun = time.monotonic()
        self._deadline = self._begun + timeout_s
        self._told = self._begun
        self._log = log

    def is_over(self) -> bool:
        """Whether it has taken too long."""
        return time.monotonic() > self._deadline

    @property
    def spent_s(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self._begun

    def hear(self, status: str) -> None:
        """Take in what the server's pid file says: while it works, wait longer and tell whoever looks on."""
        if status not in _AT_WORK:
            return
        self._deadline = max(self._deadline, self._begun + RECOVERY_TIMEOUT_S)
        if time.monotonic() - self._told >= TELL_S:
            self._told = time.monotonic()
            tell(f"PostgreSQL {_AT_WORK[status]}, for {self.spent_s:.0f} s so far; its log: {self._log}")


def tell(words: str) -> None:
    """A line for whoever started us and waits."""
    print(words, file=sys.stderr, flush=True)  # noqa: T201 for operators
