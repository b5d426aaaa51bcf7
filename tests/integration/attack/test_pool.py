"""Connections that come back to the pool after an accident of any kind serve the next tenant alone."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import psycopg
import pytest
from psycopg import errors

from ostiary.kernel.errors import OutcomeUnknown
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation
from tests.integration.attack._two_tenants import Side

pytestmark = pytest.mark.database


class Accident(Exception):
    """Something of ours fails in the middle."""


def refuse_a_row(db: tenancy.Transaction, other: Side) -> None:
    db.rows(f"select * from {other.tenant.schema}.rec_account")


def break_the_syntax(db: tenancy.Transaction, _: Side) -> None:
    db.rows("selekt 1")


def break_a_rule(db: tenancy.Transaction, _: Side) -> None:
    db.run("insert into @.identity_membership (principal_id, role_id) values (gen_random_uuid(), null)")


def divide(db: tenancy.Transaction, _: Side) -> None:
    db.rows("select 1 / %(n)s", {"n": 0})


def take_too_long(db: tenancy.Transaction, _: Side) -> None:
    db._connection.execute("set local statement_timeout = '20ms'")  # test code: the product cannot
    db.rows("select pg_sleep(5)")


def fail_in_a_savepoint(db: tenancy.Transaction, _: Side) -> None:
    with db.savepoint():
        db.rows("selekt 1")


def fail_after_a_refused_statement_was_caught(db: tenancy.Transaction, _: Side) -> None:
    with suppress(psycopg.Error):
        db.rows("selekt 1")


def fail_ourselves(_: tenancy.Transaction, __: Side) -> None:
    raise Accident


def interrupt(_: tenancy.Transaction, __: Side) -> None:
    raise KeyboardInterrupt


def lose_the_connection(db: tenancy.Transaction, _: Side) -> None:
    db._connection.close()


def leave_rows_unread(db: tenancy.Transaction, _: Side) -> None:
    for _row in db._connection.cursor().stream("select generate_series(1, 100000)"):
        raise Accident


ACCIDENTS: tuple[Callable[[tenancy.Transaction, Side], None], ...] = (
    refuse_a_row,
    break_the_syntax,
    break_a_rule,
    divide,
    take_too_long,
    fail_in_a_savepoint,
    fail_after_a_refused_statement_was_caught,
    fail_ourselves,
    interrupt,
    lose_the_connection,
    leave_rows_unread,
)


@contextmanager
def small_pool(installation: Installation) -> Iterator[tenancy.Placement]:
    """Two connections only, so that what comes next surely gets the one that had the accident."""
    placement = tenancy.Placement(installation.credentials, max_size=2)
    yield placement
    placement.close()


def ensure_clean(placement: tenancy.Placement, sides: tuple[Side, Side]) -> None:
    """Every connection of the pool: no role of its own, and as each tenant only that tenant's rows."""
    with ExitStack() as stack:
        held = [stack.enter_context(placement.database.transaction(sides[n].tenant)) for n in (0, 1)]
        for side, db in zip(sides, held, strict=True):
            assert db.row("select current_user") == (side.tenant.role,)
            names = db.rows("select name from @.rec_account")
            assert {name.rsplit(" ", 1)[0] for (name,) in names if "mark-of" in name} == {side.mark}
            assert db.row("select current_setting('statement_timeout')") == ("1min",)
            assert db.row("select pg_current_xact_id_if_assigned() is null") == (True,)
    for _ in range(2):
        with pytest.raises(errors.InsufficientPrivilege):
            placement.database.rows(f"select %(x)s from {sides[0].tenant.schema}.rec_account", {"x": 1})
        assert placement.database.rows("select current_user where %(x)s", {"x": True}) == [("ostiary_app",)]


def change_and(
    accident: Callable[[tenancy.Transaction, Side], None], db: tenancy.Transaction, other: Side
) -> None:
    db.run("update @.identity_unit set name = name || 'x'")
    accident(db, other)


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda a: a.__name__)
def test_after_an_accident_the_connection_is_as_new(
    accident: Callable[[tenancy.Transaction, Side], None],
    installation: Installation,
    sides: tuple[Side, Side],
) -> None:
    before = [side.digest() for side in sides]
    with small_pool(installation) as placement:
        for side, other in (sides, sides[::-1]):
            # one that only caught the refusal learns at the commit that nothing is kept
            with (
                pytest.raises((psycopg.Error, OutcomeUnknown, Accident, KeyboardInterrupt)),
                placement.database.transaction(side.tenant) as db,
            ):
                change_and(accident, db, other)
            ensure_clean(placement, sides)
    assert [side.digest() for side in sides] == before


def test_a_deadlock_leaves_both_connections_as_new(
    installation: Installation, sides: tuple[Side, Side]
) -> None:
    people = sides[0].administrator, sides[0].agent
    before = sides[0].digest()
    lock = "update @.identity_unit set name = name where id = %(id)s"
    ended: list[type[BaseException] | None] = []
    both = threading.Barrier(2)

    def cross(placement: tenancy.Placement, first: int) -> None:
        try:
            with placement.database.transaction(sides[0].tenant) as db:
                db.run(lock, {"id": people[first]})
                both.wait(30)
                db.run(lock, {"id": people[1 - first]})
        except psycopg.Error as error:
            ended.append(type(error))
        else:
            ended.append(None)

    with small_pool(installation) as placement:
        threads = [threading.Thread(target=cross, args=(placement, n)) for n in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert set(ended) == {None, errors.DeadlockDetected}
        ensure_clean(placement, sides)
    assert sides[0].digest() == before
