"""The tenant's keys in the database."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from ostiary.crypto import public as crypto
from ostiary.crypto._ring import ring
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import Misconfigured
from ostiary.kernel.ids import TenantId, new_id
from ostiary.kernel.ports import KeyStore
from ostiary.tenancy import public as tenancy
from tests._tenants import RolledBack, TestTenant

PLACE = crypto.bind(new_id(), new_id(), new_id(), new_id())


class Undone(Exception):
    """Leaves a transaction without committing."""


def forget() -> None:
    """What a new process knows."""
    ring.forget()


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    """Keys of rolled back transactions are not there for the next test."""
    forget()
    yield
    forget()


def test_a_scope_has_one_key_that_another_process_reads(ctx: Context) -> None:
    dek = crypto.ensure_dek(ctx, "notes")
    blob = dek.encrypt(b"secret", PLACE)
    assert crypto.ensure_dek(ctx, "notes") is dek
    assert crypto.ensure_dek(ctx, "files").id != dek.id
    forget()
    assert crypto.ensure_dek(ctx, "notes").id == dek.id
    forget()
    assert crypto.decrypt(ctx, blob, PLACE) == b"secret"


def test_first_users_of_a_scope_at_the_same_time_get_the_same_key(tenant: TestTenant) -> None:
    scope = f"scope{new_id().hex}"
    ready = threading.Barrier(4)
    ids = set()

    def use() -> None:
        with tenancy.transaction(tenant.tenant) as db:
            ctx = Context(tenant.tenant.id, db, None, Channel.JOB)
            ready.wait(30)
            ids.add(crypto.ensure_dek(ctx, scope).id)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 1
    with tenancy.transaction(tenant.tenant) as db:
        assert db.rows("select id from @.crypto_dek where scope = %(s)s", {"s": scope}) == [(ids.pop(),)]


def test_a_key_outlives_the_rollback_of_its_first_user(tenant: TestTenant) -> None:
    scope = f"scope{new_id().hex}"
    with suppress(Undone), tenancy.transaction(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, None, Channel.JOB)
        blob = crypto.ensure_dek(ctx, scope).encrypt(b"secret", PLACE)
        raise Undone
    forget()
    with tenancy.transaction(tenant.tenant) as db:
        assert crypto.decrypt(Context(tenant.tenant.id, db, None, Channel.JOB), blob, PLACE) == b"secret"


def test_a_destroyed_key_erases_what_it_encrypted(tenant: TestTenant) -> None:
    scope = f"scope{new_id().hex}"
    with tenancy.transaction(tenant.tenant) as db:
        ctx = Context(tenant.tenant.id, db, None, Channel.JOB)
        blob = crypto.ensure_dek(ctx, scope).encrypt(b"secret", PLACE)
        assert crypto.decrypt(ctx, blob, PLACE) == b"secret"
    with tenancy.owner_transaction(tenant.tenant) as owner:
        owner.run(
            "update @.crypto_dek set state = 'destroyed', wrapped = null where scope = %(s)s", {"s": scope}
        )
    forget()
    with tenancy.transaction(tenant.tenant) as db, pytest.raises(crypto.KeyGone):
        crypto.decrypt(Context(tenant.tenant.id, db, None, Channel.JOB), blob, PLACE)


def test_a_wrapped_key_serves_its_own_tenant_and_scope_only(tenant: TestTenant, db: RolledBack) -> None:
    ctx = Context(tenant.tenant.id, db, None, Channel.JOB)
    dek = crypto.ensure_dek(ctx, "notes")
    forget()
    assert crypto.get_dek(ctx, dek.id).id == dek.id
    forget()
    other = Context(TenantId(new_id()), db, None, Channel.JOB)
    with pytest.raises(crypto.Undecipherable):
        crypto.get_dek(other, dek.id)


def test_the_tenants_role_adds_keys_and_changes_none(tenant: TestTenant) -> None:
    for statement in ("delete from @.crypto_dek", "update @.crypto_dek set state = 'retired'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), tenancy.transaction(tenant.tenant) as db:
            db.run(statement)


def test_without_a_provider_nothing_is_encrypted(ctx: Context, tmp_path: Path) -> None:
    configured = ring.store()
    try:
        ring._store = ring._open = None
        forget()
        with pytest.raises(Misconfigured, match="key provider"):
            crypto.ensure_dek(ctx, "notes")
    finally:
        crypto.configure(configured)
    crypto.ensure_dek(ctx, "notes")


def test_a_root_that_is_opened_when_needed_is_opened_once(ctx: Context) -> None:
    configured = ring.store()
    opened = []

    def unlock() -> KeyStore:
        opened.append(1)
        return configured

    try:
        crypto.configure(unlock)
        assert opened == []
        crypto.ensure_dek(ctx, "notes")
        crypto.installation_key("backup")
        assert opened == [1]
    finally:
        crypto.configure(configured)
