"""Which connection a tenant gets, and when one is given up."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg_pool import PoolClosed, PoolTimeout

from ostiary.tenancy import _pool
from ostiary.tenancy._pool import Kept, Pool


@dataclass
class Server:
    transaction_status: TransactionStatus = TransactionStatus.IDLE


@dataclass
class Line:
    """A connection, as far as the pool looks at it."""

    closed: bool = False
    pgconn: Server = field(default_factory=Server)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(lambda: cast("Any", Line()), max_size=3)
    yield made
    made.close()


def served(pool: Pool, *tenants: str) -> Kept:
    """One connection, after a transaction of each tenant."""
    for tenant in tenants[:-1]:
        pool.give(pool.take(tenant))
    kept = pool.take(tenants[-1])
    pool.give(kept)
    return kept


def apart(pool: Pool, *tenants: str) -> list[Kept]:
    """A connection for each tenant, all idle now."""
    taken = [pool.take(tenant) for tenant in tenants]
    for kept in taken:
        pool.give(kept)
    return taken


def test_a_tenant_gets_the_connection_that_knows_it(pool: Pool) -> None:
    a, b, c = apart(pool, "a", "b", "c")
    for tenant, known in (("b", b), ("a", a), ("c", c), ("a", a)):
        kept = pool.take(tenant)
        assert kept is known
        pool.give(kept)
    assert (pool.size, pool.idle) == (3, 3)


def test_an_unknown_tenant_gets_the_one_that_served_most(pool: Pool) -> None:
    a, b = apart(pool, "a", "b")
    busy = pool.take("b")
    assert busy is b
    pool.give(pool.take("x"))
    pool.give(busy)
    assert served(pool, "y") is a
    assert list(a.tenants) == ["a", "x", "y"]
    assert list(b.tenants) == ["b"]


def test_a_connection_that_served_too_many_is_closed(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pool, "MAX_TENANTS", 3)
    kept = served(pool, "a", "b", "c")
    assert not kept.connection.closed
    assert served(pool, "b") is kept  # one it knows makes it no fuller
    served(pool, "d")
    assert kept.connection.closed
    assert (pool.size, pool.idle) == (0, 0)
    assert served(pool, "a") is not kept


@pytest.mark.parametrize("wrong", ["closed", "open transaction", "too old"])
def test_what_is_no_longer_good_is_not_kept(wrong: str, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = pool.take("a")
    line = cast("Line", kept.connection)
    if wrong == "closed":
        line.close()
    elif wrong == "open transaction":
        line.pgconn.transaction_status = TransactionStatus.INTRANS
    else:
        monkeypatch.setattr(_pool, "MAX_LIFETIME_S", -1.0)
    pool.give(kept)
    assert (line.closed, pool.size) == (True, 0)


def test_one_that_lay_idle_too_long_goes_with_the_next_that_comes_back(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = apart(pool, "a", "b")
    a.used_at -= _pool.MAX_IDLE_S + 1
    pool.give(pool.take("b"))
    assert (a.connection.closed, b.connection.closed, pool.size) == (True, False, 1)


def test_whoever_waits_gets_what_comes_back_and_not_forever(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = [pool.take(tenant) for tenant in "abc"]
    got: list[Kept] = []
    waiter = threading.Thread(target=lambda: got.append(pool.take("d")))
    waiter.start()
    deadline = time.monotonic() + 10
    while not pool.waiting and time.monotonic() < deadline:
        waiter.join(0.001)
    pool.give(taken[1])
    waiter.join(10)
    assert got == [taken[1]]
    monkeypatch.setattr(_pool, "TIMEOUT_S", 0.0)
    with pytest.raises(PoolTimeout):
        pool.take("e")
    assert (pool.size, pool.waiting) == (3, 0)


def test_who_holds_one_gets_a_second_when_all_hold_one(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    firsts = [pool.take(tenant) for tenant in "abc"]
    seconds = [pool.take(tenant, aside=True) for tenant in "abc"]
    assert (len({id(kept) for kept in firsts + seconds}), pool.size) == (6, 6)
    monkeypatch.setattr(_pool, "TIMEOUT_S", 0.0)
    pool.give(seconds[0])
    with pytest.raises(PoolTimeout):
        pool.take("d")  # there is an idle one, but three transactions are open already
    pool.give(firsts[0])
    again = pool.take("d")
    for kept in (*firsts[1:], *seconds[1:], again):
        pool.give(kept)
    assert (pool.waiting, pool._asides) == (0, 0)


def test_who_came_first_is_served_first(pool: Pool) -> None:
    taken = [pool.take(tenant) for tenant in "abc"]
    served: list[str] = []

    def wait(name: str) -> None:
        kept = pool.take(name)
        served.append(name)
        pool.give(kept)

    waiters = []
    deadline = time.monotonic() + 10
    for number, name in enumerate("xyz"):
        waiters.append(threading.Thread(target=wait, args=(name,)))
        waiters[-1].start()
        while pool.waiting <= number and time.monotonic() < deadline:
            waiters[-1].join(0.001)
    pool.give(taken[0])
    for waiter in waiters:
        waiter.join(10)
    assert served == ["x", "y", "z"]


def test_a_refused_login_fails_at_once_and_an_absent_server_after_the_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = iter(['FATAL:  password authentication failed for user "x"', "connection refused"])

    def connect() -> Any:
        raise psycopg.OperationalError(next(words))

    pool = Pool(connect, max_size=1)
    with pytest.raises(psycopg.OperationalError, match="authentication"):
        pool.take("a")
    monkeypatch.setattr(_pool, "TIMEOUT_S", 0.0)
    with pytest.raises(PoolTimeout, match="did not answer"):
        pool.take("a")
    assert pool.size == 0  # and the next one may try again


def test_a_closed_pool_gives_nothing_and_takes_back_what_was_out(pool: Pool) -> None:
    out = pool.take("a")
    idle = pool.take("b")
    pool.give(idle)
    pool.close()
    assert (idle.connection.closed, out.connection.closed) == (True, False)
    pool.give(out)
    assert (out.connection.closed, pool.size) == (True, 0)
    with pytest.raises(PoolClosed):
        pool.take("a")
