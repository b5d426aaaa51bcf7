"""Two transactions on connections of their own: the second is let in while the first is not over."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import psycopg

from ostiary.kernel.context import Channel, Context
from ostiary.project._tenants import NewTenant
from ostiary.tenancy import public as tenancy

Result = TypeVar("Result")


class GaveUp(Exception):
    """The first transaction of a race is to be rolled back."""


def race(
    home: NewTenant,
    admin_dsn: str,
    first: Callable[[Context], object],
    second: Callable[[Context], Result],
    *,
    commit: bool = True,
) -> Result:
    """Run `first`, let `second` wait for what it holds, end `first`, and return what `second` came to."""
    pids: Future[int] = Future()

    def run() -> Result:
        with tenancy.transaction(home.tenant) as db:
            row = db.row("select pg_backend_pid()")
            pids.set_result(row[0] if row else 0)
            return second(Context(home.tenant.id, db, home.administrator, Channel.CLI))

    with ThreadPoolExecutor(1) as pool, suppress(GaveUp), tenancy.transaction(home.tenant) as db:
        first(Context(home.tenant.id, db, home.administrator, Channel.CLI))
        late = pool.submit(run)
        _until_it_waits(admin_dsn, pids.result(), late)
        if not commit:
            raise GaveUp
    return late.result()


def _until_it_waits(admin_dsn: str, pid: int, late: Future[Result]) -> None:
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        while not late.done():
            row = connection.execute("select cardinality(pg_blocking_pids(%s)) > 0", (pid,)).fetchone()
            if row == (True,):
                return
    raise AssertionError("the second did not wait")
