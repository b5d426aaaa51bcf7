"""Connections of one login, kept between transactions; a tenant gets one that has served it before.

PostgreSQL keeps plans and what it knows of tables for each connection, and forgets the latter never. A
connection that serves tenants in turn plans everything anew and grows with each. So whoever asks names the
tenant, and a connection that served too many is closed (docs/explanation/tenancy.md has the measurements).
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
from psycopg.pq import TransactionStatus
from psycopg_pool import PoolClosed, PoolTimeout

from ostiary.kernel.ports import Row

Connection = psycopg.Connection[Row]

TIMEOUT_S = 10.0  # that a request waits for a connection
RECONNECT_S = 0.5  # between two tries to connect while the database does not answer
MAX_LIFETIME_S = 3600.0  # so that connections move on when servers behind one address change
MAX_IDLE_S = 600.0
# A backend keeps about 1.4 MB for each tenant with the tables of the CRM package that it has served; so it
# stays below some 150 MB. Replacing it costs the tenants that come back to it one planning each.
MAX_TENANTS = 100
# At connecting the library tells the server's words and no code. In another language one waits TIMEOUT_S.
_REFUSED = ("authentication failed", "is not permitted to log in", "does not exist", "permission denied")


@dataclass(slots=True, eq=False)
class Kept:
    """One connection. tenants: those that it served, the latest last."""

    connection: Connection
    opened_at: float
    used_at: float
    tenants: OrderedDict[str, None] = field(default_factory=OrderedDict)
    aside: bool = False

    def is_spent(self, now: float) -> bool:
        """Whether it should be closed rather than used again."""
        return (
            self.connection.closed
            or self.connection.pgconn.transaction_status != TransactionStatus.IDLE
            or len(self.tenants) > MAX_TENANTS
            or now - self.opened_at > MAX_LIFETIME_S
        )


class Pool:
    """At most `max_size` connections; none is opened before it is needed. Who waits is served in turn.

    connect: makes a connection, in the thread that needs it.
    Second connections of those who hold one already (`aside`) are counted apart, as many again: otherwise all
    could hold one and wait for another.
    """

    def __init__(self, connect: Callable[[], Connection], *, max_size: int) -> None:
        self.max_size = max_size
        self._connect = connect
        self._idle: list[Kept] = []  # the one used last is last
        self._size = 0  # open ones, and those being opened
        self._asides = 0  # of these in use beside another one
        self._turns: deque[object] = deque()  # of those who wait
        self._closed = False
        self._changed = threading.Condition()

    @property
    def size(self) -> int:
        """Connections, in use or idle."""
        return self._size

    @property
    def idle(self) -> int:
        """Connections that nobody uses."""
        return len(self._idle)

    @property
    def waiting(self) -> int:
        """How many wait for a connection."""
        return len(self._turns)

    def take(self, tenant: str, *, aside: bool = False) -> Kept:
        """A connection for a transaction of `tenant`, the name of its role; give it back with `give`.

        aside: the caller holds one already and would not give it back before.

        Raises: PoolTimeout: all were in use, or the server did not answer. psycopg.OperationalError: it
        refused this login.
        """
        deadline = time.monotonic() + TIMEOUT_S
        with self._changed:
            found = self._wait_for_one(tenant, deadline, aside=aside)
            self._asides += aside
        if found is None:
            found = self._open(deadline, aside=aside)
        found.aside = aside
        found.tenants[tenant] = None
        found.tenants.move_to_end(tenant)
        return found

    def give(self, kept: Kept) -> None:
        """Take a connection back: for others, or to its end."""
        now = time.monotonic()
        with self._changed:
            kept.used_at = now
            self._asides -= kept.aside
            kept.aside = False
            spare = self._closed or len(self._idle) >= self.max_size
            done = [kept] if spare or kept.is_spent(now) else []
            if not done:
                self._idle.append(kept)
            done += self._expired(now)
            self._size -= len(done)
            self._changed.notify_all()
        for each in done:
            each.connection.close()

    def close(self) -> None:
        """Close idle connections now, and those in use when they come back."""
        with self._changed:
            self._closed = True
            done, self._idle = self._idle, []
            self._size -= len(done)
            self._changed.notify_all()
        for each in done:
            each.connection.close()

    def _wait_for_one(self, tenant: str, deadline: float, *, aside: bool) -> Kept | None:
        """An idle connection, or None: the caller may open one."""
        turn = object()
        if not aside:
            self._turns.append(turn)
        try:
            while True:
                if self._closed:
                    raise PoolClosed("the pool is closed")
                if aside or (
                    self._turns[0] is turn and self._size - self._asides - self.idle < self.max_size
                ):
                    found = self._choose(tenant)
                    if found is None:
                        self._size += 1
                    return found
                if not self._changed.wait(deadline - time.monotonic()):
                    raise PoolTimeout(f"no connection was free within {TIMEOUT_S:.0f} s")
        finally:
            if not aside:
                self._turns.remove(turn)
                self._changed.notify_all()

    def _choose(self, tenant: str) -> Kept | None:
        """One that served the tenant; else the one that served most: the others keep what they know."""
        best = None
        for kept in reversed(self._idle):
            if tenant in kept.tenants:
                best = kept
                break
            if best is None or len(kept.tenants) > len(best.tenants):
                best = kept
        if best is not None:
            self._idle.remove(best)
        return best

    def _expired(self, now: float) -> list[Kept]:
        expired = [kept for kept in self._idle if now - kept.used_at > MAX_IDLE_S or kept.is_spent(now)]
        for kept in expired:
            self._idle.remove(kept)
        return expired

    def _open(self, deadline: float, *, aside: bool) -> Kept:
        """Connect; while the server does not answer, again and again until the deadline."""
        try:
            while True:
                try:
                    connection = self._connect()
                except psycopg.OperationalError as error:
                    if not _is_unreachable(error):
                        raise
                    if time.monotonic() + RECONNECT_S > deadline:
                        raise PoolTimeout(f"the database did not answer within {TIMEOUT_S:.0f} s") from error
                    time.sleep(RECONNECT_S)
                else:
                    now = time.monotonic()
                    return Kept(connection, opened_at=now, used_at=now)
        except BaseException:
            with self._changed:
                self._size -= 1
                self._asides -= aside
                self._changed.notify_all()
            raise


def _is_unreachable(error: psycopg.OperationalError) -> bool:
    """Whether trying again may help: nobody answered, or the server starts or stops."""
    words = str(error)
    return not any(refusal in words for refusal in _REFUSED)
