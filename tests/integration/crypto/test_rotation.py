"""Replacing keys while the tenant works: every step, every kill, stale nodes and writers at the same time."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from ostiary.audit import public as audit
from ostiary.crypto import _encrypted
from ostiary.crypto import public as crypto
from ostiary.crypto._kek import ensure_kek
from ostiary.crypto._ring import KeyRing, ring
from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import TenantId, new_id
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation

pytestmark = pytest.mark.database

ROWS = 7  # of a window, so that a few dozen values make many chunks
LATER = timedelta(seconds=crypto.GRACE_S + 1)


@pytest.fixture
def house(installation: Installation) -> Iterator[tenancy.Tenant]:
    """A tenant of its own: a rotation cannot be rolled back with the test."""
    from ostiary.project._tenants import create_tenant

    slug = f"k{installation.worker}{new_id().hex[-8:]}"
    made = create_tenant(
        slug, "Keys", [], login="admin", person="Ada", email="ada@example.com", password=None
    )
    ring.forget()
    yield made.tenant
    ring.forget()


@contextmanager
def at_work(tenant: tenancy.Tenant) -> Iterator[Context]:
    with tenancy.transaction(tenant) as db:
        yield Context(tenant.id, db, None, Channel.JOB)


@contextmanager
def as_owner(tenant: tenancy.Tenant) -> Iterator[Context]:
    with tenancy.owner_transaction(tenant) as db:
        yield Context(tenant.id, db, None, Channel.JOB)


class Killed(Exception):
    """Ends a transaction as a kill does."""


@contextmanager
def killed(tenant: tenancy.Tenant) -> Iterator[Context]:
    """A process that dies before its commit."""
    with suppress(Killed), as_owner(tenant) as ctx:
        yield ctx
        raise Killed


def write(tenant: tenancy.Tenant, count: int) -> list[UUID]:
    with at_work(tenant) as ctx:
        return [
            audit.append(ctx, "crypto.key.created", parts=[audit.Part("note", {"n": n})])
            for n in range(count)
        ]


def states(tenant: tenancy.Tenant, kind: str, scope: str = "") -> list[tuple[int, str]]:
    with at_work(tenant) as ctx:
        return [
            (k.version, k.state) for k in crypto.list_keys(ctx) if k.kind == kind and k.scope in (scope, "")
        ]


def rotate(tenant: tenancy.Tenant, now: datetime | None = None, rows: int = ROWS) -> list[crypto.Step]:
    """Every chunk in a transaction of its own, with the clock moved on when it has to wait."""
    steps: list[crypto.Step] = []
    cursor = None
    now = now or clock.now()
    while not steps or steps[-1].cursor is not None:
        with as_owner(tenant) as ctx:
            steps.append(crypto.rotate_chunk(ctx, cursor, now=now, rows=rows))
        cursor = steps[-1].cursor
        now += timedelta(seconds=steps[-1].wait_s)
        assert len(steps) < 500
    return steps


def check(tenant: tenancy.Tenant) -> int:
    """Every event is as it was written, read by a node that knows nothing yet; how many there are."""
    ring.forget()
    with at_work(tenant) as ctx:
        ids = [row[0] for row in ctx.db.rows("select id from @.audit_event")]
        assert [problem for event_id in ids for problem in audit.verify_event(ctx, event_id)] == []
        assert crypto.verify_keys(ctx) == []
        return len(ids)


def used_keys(tenant: tenancy.Tenant) -> set[tuple[str, str]]:
    """(scope, state) of each key that encrypts anything."""
    with at_work(tenant) as ctx:
        return {(k.scope, k.state) for k in crypto.list_keys(ctx, count=True) if k.values}


def test_a_new_tenant_has_a_random_kek_and_opens(house: tenancy.Tenant) -> None:
    write(house, 2)
    with at_work(house) as ctx:
        crypto.put_secret(ctx, "a", "b")
    assert states(house, "kek") == [(2, "active")]
    assert check(house) > 2
    with at_work(house) as ctx:
        assert {k.kek_version for k in crypto.list_keys(ctx) if k.kind == "dek"} == {2}


def test_a_kek_is_replaced_by_wrapping_the_deks_anew(house: tenancy.Tenant) -> None:
    write(house, 3)
    with as_owner(house) as ctx:
        assert crypto.begin_kek_rotation(ctx) == [crypto.Act("created", "kek", "", 3)]
        assert crypto.begin_kek_rotation(ctx) == []  # one is pending
    assert states(house, "kek") == [(2, "active"), (3, "pending")]
    with as_owner(house) as ctx:  # nodes may not have it yet
        step = crypto.rotate_chunk(ctx)
        assert (step.acts, step.done) == ((), 0)
        assert 0 < step.wait_s <= crypto.GRACE_S
    steps = rotate(house)
    acts = [(act.verb, act.version) for step in steps for act in step.acts]
    assert acts == [("activated", 3), ("retired", 2)]
    assert states(house, "kek") == [(2, "retired"), (3, "active")]
    assert check(house) > 3
    with at_work(house) as ctx:
        assert {k.kek_version for k in crypto.list_keys(ctx) if k.kind == "dek"} == {3}


def test_a_dek_is_replaced_and_nothing_is_left_under_the_old_one(house: tenancy.Tenant) -> None:
    ids = write(house, 30)
    with at_work(house) as ctx:
        crypto.put_secret(ctx, "mail", "hunter2")
        before = ctx.db.rows("select leaf from @.audit_event where id = any(%(ids)s)", {"ids": ids})
    with as_owner(house) as ctx:
        for scope in ("audit", "secret"):
            assert crypto.begin_dek_rotation(ctx, scope) == [crypto.Act("created", "dek", scope, 2)]
        with pytest.raises(crypto.KeyGone):
            crypto.begin_dek_rotation(ctx, "nothing")
    steps = rotate(house)
    assert sum(step.done for step in steps) >= 31
    assert states(house, "dek", "audit") == [(1, "retired"), (2, "active")]
    assert used_keys(house) == {("audit", "active"), ("secret", "active")}
    assert check(house) >= 30
    with at_work(house) as ctx:
        assert crypto.get_secret(ctx, "mail") == "hunter2"
        after = ctx.db.rows("select leaf from @.audit_event where id = any(%(ids)s)", {"ids": ids})
        wrong = ctx.db.rows(
            "select count(*) from @.audit_payload where substring(blob from 3 for 16) <> uuid_send(dek_id)"
        )
    assert sorted(after) == sorted(before)
    assert wrong == [(0,)]


def test_tables_that_a_schema_lacks_are_passed_over(
    house: tenancy.Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenant of the release before has not all of them, the installation's own schema has few."""
    newest = crypto.Encrypted("newest_table", [("id", "uuid")], ["blob"], lambda *_: b"")
    monkeypatch.setattr(_encrypted, "_registry", {**_encrypted._registry, newest.table: newest})
    write(house, 5)
    with as_owner(house) as ctx:
        assert crypto.begin_dek_rotation(ctx, "audit")
    rotate(house)
    assert states(house, "dek", "audit") == [(1, "retired"), (2, "active")]
    assert used_keys(house) == {("audit", "active")}
    with as_owner(house) as ctx:
        (old,) = crypto.destroy_retired(ctx, kept_for=timedelta(0), now=clock.now() + LATER)
    assert (old.verb, old.version) == ("destroyed", 1)
    assert check(house) >= 5


def test_a_table_with_nothing_under_an_old_key_takes_no_chunk(house: tenancy.Tenant) -> None:
    """So a rotation that is killed again and again gets as far, however many tables there are."""
    write(house, 5)
    with as_owner(house) as ctx:
        assert crypto.begin_dek_rotation(ctx, "audit")
    looked = [step for step in rotate(house, rows=1000) if not step.acts and not step.wait_s]
    assert len(looked) == 3  # what was found, the pass that found no more, and the end


def test_a_rotation_killed_after_every_chunk_goes_on(house: tenancy.Tenant) -> None:
    write(house, 20)
    with as_owner(house) as ctx:
        crypto.begin_kek_rotation(ctx)
        crypto.begin_dek_rotation(ctx, "audit")
    now, chunks = clock.now(), 0
    while True:
        ring.forget()  # another process, with no cursor
        with killed(house) as ctx:  # before its commit
            crypto.rotate_chunk(ctx, None, now=now, rows=ROWS)
        cursor = None
        for _ in range(chunks % 3 + 1):  # and after one to three commits
            with as_owner(house) as ctx:
                step = crypto.rotate_chunk(ctx, cursor, now=now, rows=1000)
            cursor = step.cursor
            now += timedelta(seconds=step.wait_s)
        chunks += 1
        assert chunks < 100
        if cursor is None:
            break
    assert states(house, "kek") == [(2, "retired"), (3, "active")]
    assert states(house, "dek", "audit") == [(1, "retired"), (2, "active")]
    assert used_keys(house) == {("audit", "active")}
    assert check(house) >= 20


def test_two_nodes_with_stale_rings_read_each_other_and_leave_nothing_behind(house: tenancy.Tenant) -> None:
    time_at = [0.0]
    stale = KeyRing(lambda: time_at[0])
    stale.configure(ring.store())
    place = crypto.bind(house.id, house.id, house.id, house.id)
    with at_work(house) as ctx:
        old = stale.ensure_dek(ctx, "audit")
    with as_owner(house) as ctx:
        crypto.begin_dek_rotation(ctx, "audit")
    with at_work(house) as ctx:
        assert stale.ensure_dek(ctx, "audit").id == old.id
        time_at[0] = 59.0
        assert stale.ensure_dek(ctx, "audit").id == old.id
    with as_owner(house) as ctx:
        assert crypto.rotate_chunk(ctx, now=clock.now() + LATER).acts[0].verb == "activated"
    ring.forget()
    with at_work(house) as ctx:
        new = crypto.ensure_dek(ctx, "audit")
        assert new.id != old.id
        assert stale.ensure_dek(ctx, "audit").id == old.id  # not 60 s yet: it still writes with the old one
        assert crypto.decrypt(ctx, old.encrypt(b"x", place), place) == b"x"
        assert stale.decrypt(ctx, new.encrypt(b"y", place), place) == b"y"
    with as_owner(house) as ctx:  # everything moved, yet a stale node may write: no retirement
        steps = [crypto.rotate_chunk(ctx)]
        while not steps[-1].wait_s:
            steps.append(crypto.rotate_chunk(ctx, steps[-1].cursor))
        assert [act for step in steps for act in step.acts] == []
    with at_work(house) as ctx:
        _overwrite_one_part(ctx, stale.ensure_dek(ctx, "audit"))
    time_at[0] = 61.0
    with at_work(house) as ctx:
        assert stale.ensure_dek(ctx, "audit").id == new.id
    rotate(house, clock.now() + LATER)
    assert states(house, "dek", "audit") == [(1, "retired"), (2, "active")]
    assert used_keys(house) == {("audit", "active")}


def _overwrite_one_part(ctx: Context, dek: crypto.Dek) -> None:
    """An event as a stale node writes it."""
    event_id = new_id()
    from ostiary.audit._event import bind_part

    content, salt = bind_part(ctx.tenant_id, event_id, 0)
    ctx.db.run(
        "insert into @.audit_payload (event_id, part_no, kind, dek_id, blob, salt_blob)"
        " values (%(e)s, 0, 'technical', %(d)s, %(b)s, %(s)s)",
        {"e": event_id, "d": dek.id, "b": dek.encrypt(b"{}", content), "s": dek.encrypt(bytes(32), salt)},
    )


def test_rotation_while_others_write(house: tenancy.Tenant) -> None:
    """Under load: two writers append while the keys are replaced and the job is killed again and again."""
    written: list[UUID] = []
    stop = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not stop.is_set():
                written.extend(write(house, 3))
        except BaseException as error:
            failures.append(error)
            raise

    writers = [threading.Thread(target=work) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        with as_owner(house) as ctx:
            crypto.begin_kek_rotation(ctx)
            crypto.begin_dek_rotation(ctx, "audit")
        now, cursor = clock.now() + LATER, None
        for number in range(24):
            if number % 5 == 3:  # killed: its transaction is gone, and so is its cursor
                with killed(house) as ctx:
                    crypto.rotate_chunk(ctx, cursor, now=now, rows=ROWS)
                cursor = None
                continue
            with as_owner(house) as ctx:
                step = crypto.rotate_chunk(ctx, cursor, now=now, rows=200)
            cursor = step.cursor
            if any(act.verb == "activated" for act in step.acts):
                ring.forget()
            assert not failures
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert failures == []
    rotate(house, clock.now() + 2 * LATER, rows=2000)
    assert used_keys(house) == {("audit", "active")}
    assert check(house) >= len(written) > 0
    assert states(house, "kek") == [(2, "retired"), (3, "active")]


def test_two_processes_do_not_rotate_at_once(house: tenancy.Tenant) -> None:
    with as_owner(house) as ctx:
        crypto.begin_kek_rotation(ctx)
        crypto.rotate_chunk(ctx)
        with as_owner(house) as other:
            step = crypto.rotate_chunk(other, {"mine": 1}, now=clock.now() + LATER)
            assert (step.cursor, step.wait_s, step.acts) == ({"mine": 1}, 1.0, ())
    with as_owner(house) as other:
        assert crypto.rotate_chunk(other, now=clock.now() + LATER).acts


def test_a_leaked_key_is_replaced_without_waiting(house: tenancy.Tenant) -> None:
    write(house, 3)
    with as_owner(house) as ctx:
        acts = crypto.begin_kek_rotation(ctx, compromised=True)
        acts += crypto.begin_dek_rotation(ctx, "audit", compromised=True)
    assert [act.verb for act in acts] == ["created", "activated"] * 2
    assert states(house, "kek") == [(2, "compromised"), (3, "active")]
    assert states(house, "dek", "audit") == [(1, "compromised"), (2, "active")]
    assert check(house) > 3
    rotate(house)
    assert states(house, "dek", "audit") == [(1, "retired"), (2, "active")]
    assert used_keys(house) == {("audit", "active")}


def test_an_altered_value_keeps_its_key_and_is_reported(house: tenancy.Tenant) -> None:
    ids = write(house, 10)
    with as_owner(house) as ctx:
        ctx.db.run(
            "update @.audit_payload set blob = overlay(blob placing '\\x00' from 60)"
            " where event_id = %(id)s and part_no = 1",
            {"id": ids[4]},
        )
        crypto.begin_dek_rotation(ctx, "audit")
    steps = rotate(house)
    assert steps[-1].damaged == 1
    assert states(house, "dek", "audit") == [(1, "decrypt_only"), (2, "active")]
    with at_work(house) as ctx:
        problems = {i: audit.verify_event(ctx, i) for i in ids}
    assert [i for i, found in problems.items() if found] == [ids[4]]
    assert problems[ids[4]] == ("part 1 was altered",)


def test_retired_keys_are_destroyed_after_their_time_and_only_when_unused(house: tenancy.Tenant) -> None:
    write(house, 2)
    with at_work(house) as ctx:
        old = crypto.ensure_dek(ctx, "audit")
    with as_owner(house) as ctx:
        crypto.begin_kek_rotation(ctx)
        crypto.begin_dek_rotation(ctx, "audit")
    rotate(house)
    keep = timedelta(days=90)
    with at_work(house) as ctx:
        _overwrite_one_part(ctx, old)  # an event that had waited on a node
    with as_owner(house) as ctx:
        assert crypto.destroy_retired(ctx, kept_for=keep, now=clock.now() + timedelta(days=89)) == []
        acts = crypto.destroy_retired(ctx, kept_for=keep, now=clock.now() + timedelta(days=91))
    assert acts == [crypto.Act("destroyed", "kek", "", 2)]
    assert states(house, "dek", "audit") == [(1, "decrypt_only"), (2, "active")]
    rotate(house)
    with as_owner(house) as ctx:
        acts = list(crypto.destroy_retired(ctx, kept_for=keep, now=clock.now() + timedelta(days=91)))
    assert acts == [crypto.Act("destroyed", "dek", "audit", 1)]
    ring.forget()
    with at_work(house) as ctx, pytest.raises(crypto.KeyGone):
        crypto.get_dek(ctx, old.id)
    with at_work(house) as ctx:
        assert crypto.get_dek(ctx, crypto.ensure_dek(ctx, "audit").id).id != old.id


def test_without_its_keys_a_tenant_is_unreadable(house: tenancy.Tenant) -> None:
    write(house, 1)
    with at_work(house) as ctx:
        crypto.put_secret(ctx, "mail", "hunter2")
        blob = bytes(ctx.db.rows("select blob from @.crypto_secret")[0][0])
        wrapped = ctx.db.rows("select id, wrapped from @.crypto_dek where scope = 'secret'")
    with as_owner(house) as ctx:
        assert crypto.destroy_all_keys(ctx) == 3
        ctx.db.run(
            "update @.crypto_dek set wrapped = %(w)s, state = 'active' where id = %(id)s",
            {"id": wrapped[0][0], "w": wrapped[0][1]},
        )  # as if someone had kept it
    ring.forget()
    with at_work(house) as ctx:
        assert bytes(ctx.db.rows("select blob from @.crypto_secret")[0][0]) == blob
        with pytest.raises(crypto.KeyGone):
            crypto.get_secret(ctx, "mail")
        with pytest.raises(crypto.KeyGone):
            crypto.ensure_dek(ctx, "audit")


def make_earlier(tenant: tenancy.Tenant) -> None:
    """The keys as an earlier release left them: wrapped by a KEK derived from the root, and no row for it."""
    from ostiary.crypto._kek import Kek
    from ostiary.crypto._wrapping import bind_wrapping, derived_kek_info

    derived = Kek(1, ring.store().derive(derived_kek_info(tenant.id, 1)))
    with as_owner(tenant) as ctx:
        kek = ensure_kek(ctx.db, ring.store(), tenant.id)
        for dek_id, scope, wrapped, version in ctx.db.rows(
            "select id, scope, wrapped, kek_version from @.crypto_dek"
        ):
            key = kek.unwrap(wrapped, bind_wrapping(tenant.id, scope, dek_id, version))
            ctx.db.run(
                "update @.crypto_dek set wrapped = %(w)s, kek_version = 1 where id = %(id)s",
                {"w": derived.wrap(key, bind_wrapping(tenant.id, scope, dek_id, 1)), "id": dek_id},
            )
        ctx.db.run("delete from @.crypto_kek")
    ring.forget()


def test_a_tenant_of_an_earlier_release_stays_readable_by_it_until_its_kek_is_replaced(
    house: tenancy.Tenant,
) -> None:
    write(house, 5)
    make_earlier(house)
    assert check(house) >= 5
    with at_work(house) as ctx:
        crypto.put_secret(ctx, "mail", "hunter2")  # a key made by this release: the earlier one opens it too
        assert {k.kek_version for k in crypto.list_keys(ctx)} == {1}
        assert ctx.db.rows("select * from @.crypto_kek") == []
    with as_owner(house) as ctx:
        crypto.begin_dek_rotation(ctx, "audit")
    rotate(house)
    with at_work(house) as ctx:
        assert {k.kek_version for k in crypto.list_keys(ctx)} == {1}
    with as_owner(house) as ctx:
        crypto.begin_kek_rotation(ctx)
    rotate(house)
    assert states(house, "kek") == [(1, "retired"), (2, "active")]
    assert check(house) >= 5
    with at_work(house) as ctx:
        assert crypto.get_secret(ctx, "mail") == "hunter2"


@pytest.mark.parametrize("earlier", [False, True])
def test_a_new_root_wraps_every_kek_and_the_old_one_is_not_needed(
    house: tenancy.Tenant, *, earlier: bool
) -> None:
    write(house, 3)
    if earlier:
        make_earlier(house)
    before = ring.store()
    assert isinstance(before, crypto.Roots)
    new = crypto.Root(os.urandom(32))
    try:
        crypto.configure(crypto.Roots(before.current, next=new))
        assert check(house) > 3
        with killed(house) as ctx:
            assert crypto.rewrap_under_root(ctx) == (0 if earlier else 1)
        with as_owner(house) as ctx:
            crypto.rewrap_under_root(ctx)
            assert crypto.rewrap_under_root(ctx) == 0
        crypto.configure(crypto.Roots(new))
        assert check(house) > 3
        crypto.configure(before)
        with at_work(house) as ctx, pytest.raises(crypto.RootMissing):
            crypto.ensure_dek(ctx, "audit")
    finally:
        crypto.configure(before)


def test_a_key_of_another_tenant_does_not_open(house: tenancy.Tenant) -> None:
    with at_work(house) as ctx:
        dek = crypto.ensure_dek(ctx, "audit")
        ring.forget()
        other = Context(TenantId(new_id()), ctx.db, None, Channel.JOB)
        with pytest.raises(crypto.Undecipherable):
            crypto.get_dek(other, dek.id)
        assert crypto.get_dek(ctx, dek.id).id == dek.id


def test_a_tenant_that_is_not_migrated_yet_is_read_and_written(house: tenancy.Tenant) -> None:
    write(house, 1)
    make_earlier(house)
    with as_owner(house) as ctx:
        ctx.db.run("alter table @.crypto_kek rename to crypto_kek_later")
    ring.forget()
    try:
        assert len(write(house, 1)) == 1
        with at_work(house) as ctx:
            blob = crypto.ensure_dek(ctx, "fresh").encrypt(b"x", b"place")
            ring.forget()
            assert crypto.decrypt(ctx, blob, b"place") == b"x"
    finally:
        with as_owner(house) as ctx:
            ctx.db.run("alter table @.crypto_kek_later rename to crypto_kek")
    assert check(house) > 1
