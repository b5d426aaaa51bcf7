"""A tenant is saved and comes back: equal by digest, beside its original or in its place."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import orjson
import psycopg
import pytest
from django.core.wsgi import get_wsgi_application

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.crm import public as crm
from ostiary.crypto import public as crypto
from ostiary.identity import public as identity
from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import Invalid, NotFound
from ostiary.kernel.ids import UnitId
from ostiary.project._tenants import create_tenant
from ostiary.project.backup._copy import connect, tally_of
from ostiary.project.backup._describe import Structure, describe
from ostiary.project.backup._errors import BackupRefused
from ostiary.project.backup._plan import Wish
from ostiary.project.backup._restore import restore_tenant
from ostiary.project.backup._save import Saved, back_up_tenant
from ostiary.project.backup._settle import asides, drop_aside
from ostiary.project.backup._verify import verify_tenant
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._ledger import read_ledger
from tests._site import Site
from tests._tenants import Installation

TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')
AWKWARD = "Halden \\ back\ttab\nline \\N Über 'quoted' \"twice\" %s @. \\."
EVENT_TABLES = {"audit_event", "audit_index", "audit_payload", "audit_queue", "audit_outbox", "audit_ref"}
SETTLED = EVENT_TABLES | {"identity_epoch", "identity_session", "identity_api_key"}
KEYS = {"crypto_dek", "crypto_kek", "crypto_secret"}
PASSWORD = "seven grey lanterns over the canal"


@dataclass(frozen=True, slots=True)
class House:
    """A tenant with something of everything, its backup, and what both held."""

    tenant: tenancy.Tenant
    ada: UnitId
    account: UUID
    session: str
    key: str
    file: Path
    saved: Saved
    digests: dict[str, str]


@contextmanager
def acting(tenant: tenancy.Tenant, principal: UnitId | None) -> Iterator[Context]:
    with tenancy.transaction(tenant) as db:
        yield Context(tenant.id, db, principal, Channel.CLI)


def structure_of(tenant: tenancy.Tenant) -> Structure:
    with connect(tenancy.owner_dsn(tenant), tenant.schema) as connection:
        return describe(connection, tenant.schema, tenant.role)


def digests(tenant: tenancy.Tenant) -> dict[str, str]:
    with connect(tenancy.owner_dsn(tenant), tenant.schema) as connection:
        made = describe(connection, tenant.schema, tenant.role)
        return {t.name: tally_of(connection, t.name, t.stored).digest for t in made.data_tables()}


def plain(name: str) -> str:
    """A table's name without the month of a partition."""
    return "audit_event" if name.startswith("audit_event") else name


@pytest.fixture(scope="module")
def house(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> House:
    slug = f"bk{installation.worker}"
    new = create_tenant(
        slug, "House", [f"{slug}.test"], login="ada", person="Ada", email="", password=PASSWORD
    )
    with acting(new.tenant, new.administrator) as ctx:
        crm.install(new.tenant, ctx)
    with acting(new.tenant, new.administrator) as ctx:
        made = records.create_record(ctx, "account", {"name": "Halden", "notes": AWKWARD})
        records.update_record(ctx, "account", made.id, {"city": "Halle"}, made.version)
        records.create_record(ctx, "contact", {"name": "Ñuñez", "email": "n@example.com"})
        crypto.put_secret(ctx, "mail.password", "hunter2")
        session = identity.open_session(ctx, new.administrator)
        key = access.create_api_key(ctx, new.administrator, "script")
    file = tmp_path_factory.mktemp("backup") / "house.ostiary"
    before = digests(new.tenant)
    saved = back_up_tenant(new.tenant, file)
    return House(new.tenant, new.administrator, made.id, session, key, file, saved, before)


def test_the_backup_says_what_the_tenant_held_and_no_plain_word_of_it(house: House) -> None:
    assert {name: said["sha256"] for name, said in house.saved.tables.items()} == house.digests
    content = house.file.read_bytes()
    assert house.file.stat().st_mode & 0o777 == 0o600
    assert all(word not in content for word in (b"Halden", b"House", b"hunter2", house.tenant.id.bytes))
    verified = verify_tenant(house.file, deep=True)
    assert verified.tables == house.saved.tables
    assert not [name for name in schemas() if name.startswith("proving_")]
    with pytest.raises(BackupRefused, match="there already"):
        back_up_tenant(house.tenant, house.file)
    assert house.file.read_bytes() == content


@pytest.mark.database
def test_a_copy_has_the_same_records_and_other_keys(house: House) -> None:
    slug = f"{house.tenant.slug}copy"
    copy = restore_tenant(house.file, Wish(slug, [f"{slug}.test"])).tenant
    after = digests(copy)
    assert {plain(n) for n in house.digests if house.digests[n] != after.get(n)} <= SETTLED | KEYS
    assert set(after) == set(house.digests)
    assert shape(structure_of(copy)) == shape(structure_of(house.tenant))
    assert copy.id != house.tenant.id
    with acting(copy, house.ada) as ctx, acting(house.tenant, house.ada) as original:
        assert problems(ctx) == []  # every event and its parts, under the copy's own keys
        assert crypto.get_secret(ctx, "mail.password") == "hunter2"
        assert orjson.loads(records.get_record(ctx, "account", house.account).json)["notes"] == AWKWARD
        assert dek_ids(ctx).isdisjoint(dek_ids(original))
        crossed = Context(copy.id, original.db, house.ada, Channel.CLI)
        with pytest.raises((crypto.Undecipherable, crypto.KeyGone)):
            crypto.get_secret(crossed, "mail.password")
        records.create_record(ctx, "account", {"name": "Only in the copy"})
        assert count(original, "rec_account") == 1


def test_sessions_and_keys_of_the_original_do_not_open_the_copy(house: House) -> None:
    slug = f"{house.tenant.slug}keys"
    with pytest.raises(Invalid) as refused:
        restore_tenant(house.file, Wish(slug))
    assert [error.field for error in refused.value.errors] == ["host"]
    copy = restore_tenant(house.file, Wish(slug, [f"{slug}.test"], keep_api_keys=True)).tenant
    with acting(house.tenant, None) as ctx:
        assert identity.find_session(ctx, house.session) is not None
        assert identity.find_api_key(ctx, house.key) is not None
    with acting(copy, None) as ctx:
        assert identity.find_session(ctx, house.session) is None
        assert identity.find_api_key(ctx, house.key) is None


def test_people_sign_in_at_the_copy_and_read_through_the_door(house: House) -> None:
    slug = f"{house.tenant.slug}door"
    copy = restore_tenant(house.file, Wish(slug, [f"{slug}.test"])).tenant
    browser = Site(get_wsgi_application(), f"{slug}.test")
    token = TOKEN.search(browser.get("/sign-in").body)
    assert token is not None
    form = b"csrfmiddlewaretoken=" + token[1] + f"&login=ada&password={quote(PASSWORD)}".encode()
    assert browser.post("/sign-in", form, HTTP_ORIGIN=f"http://{slug}.test").status == 302
    assert b"Halden" in browser.get("/o/account/").body
    with acting(copy, house.ada) as ctx:
        fresh = access.create_api_key(ctx, house.ada, "fresh")
    address = f"/api/v1/records/account/{house.account}"
    program = Site(get_wsgi_application(), f"{slug}.test")
    answers = [program.get(address, HTTP_AUTHORIZATION=f"Bearer {key}") for key in (fresh, house.key)]
    assert [answer.status for answer in answers] == [200, 401]
    assert b"Halden" in answers[0].body
    original = Site(get_wsgi_application(), f"{house.tenant.slug}.test")
    answers = [original.get(address, HTTP_AUTHORIZATION=f"Bearer {key}") for key in (house.key, fresh)]
    assert [answer.status for answer in answers] == [200, 401]


@pytest.mark.database
def test_a_dropped_tenant_comes_back_as_itself(house: House) -> None:
    slug = f"{house.tenant.slug}gone"
    victim = restore_tenant(house.file, Wish(slug, [f"{slug}.test"])).tenant
    file = house.file.with_name("gone.ostiary")
    back_up_tenant(victim, file)
    before = digests(victim)
    drop(victim)
    assert slug not in {t.slug for t in tenancy.list_tenants()}
    back = restore_tenant(file, Wish()).tenant
    assert (back.id, back.slug, tenancy.tenant_hosts()[back.id]) == (victim.id, slug, [f"{slug}.test"])
    after = digests(back)
    assert {plain(n) for n in before if before[n] != after[n]} <= SETTLED
    with acting(back, house.ada) as ctx:
        assert problems(ctx) == []


def test_a_tenant_in_use_is_not_replaced_and_a_suspended_one_is(house: House) -> None:
    slug = f"{house.tenant.slug}old"
    there = restore_tenant(house.file, Wish(slug, [f"{slug}.test"])).tenant
    file = house.file.with_name("old.ostiary")
    back_up_tenant(there, file)
    with acting(there, house.ada) as ctx:
        records.create_record(ctx, "account", {"name": "Too late"})
    wish = Wish(slug, replace_existing=True)
    with pytest.raises(BackupRefused, match="suspend it first"):
        restore_tenant(file, wish)
    tenancy.suspend(there)
    with pytest.raises(BackupRefused, match="another tenant"):
        restore_tenant(house.file, wish)
    done = restore_tenant(file, wish)
    assert done.aside is not None
    assert tenancy.get_tenant_by_id(there.id).suspended
    with pytest.raises(NotFound), acting(there, house.ada) as ctx:
        count(ctx, "rec_account")
    tenancy.resume(there)
    with acting(there, house.ada) as ctx:
        assert count(ctx, "rec_account") == 1
        assert problems(ctx) == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege), ctx.db.savepoint():
            ctx.db.rows(f"select 1 from {done.aside}.rec_account")
    drop_aside(done.aside)
    assert done.aside not in asides()


def test_every_restore_opens_an_epoch_that_says_what_it_follows(house: House) -> None:
    slug = f"{house.tenant.slug}epoch"
    first = restore_tenant(house.file, Wish(slug, [f"{slug}.test"], reason="drill")).tenant
    with acting(house.tenant, house.ada) as ctx:
        assert audit.current_epoch(ctx.db) == 1
    with acting(first, house.ada) as ctx:
        records.create_record(ctx, "account", {"name": "After"})
        rows = ctx.db.rows("select log_id, type, id from @.audit_event order by id")
        assert [r[1] for r in rows if r[0] == 2] == ["audit.epoch.opened", "records.record.created"]
        opened = next(view for view in audit.list_latest(ctx) if view.type == "audit.epoch.opened")
        said = opened.parts[0]
        assert (said["epoch"], said["reason"], said["copy"]) == (2, "drill", True)
        assert said["events_before"] == sum(r[0] == 1 for r in rows)
        assert said["last_event_before"] == str(max(r[2] for r in rows if r[0] == 1))
        assert [audit.verify_event(ctx, r[2]) for r in rows if audit.verify_event(ctx, r[2])] == []
        queued = ctx.db.rows("select distinct log_id from @.audit_queue order by log_id")
        assert queued == [(1,), (2,)]


def test_what_was_kept_by_the_number_of_an_epoch_is_not_believed_again(house: House) -> None:
    with acting(house.tenant, house.ada) as ctx:
        before = ctx.db.rows("select epoch from @.identity_epoch")[0]
    slug = f"{house.tenant.slug}num"
    numbers: list[tuple[int]] = []
    for _ in range(2):
        copy = restore_tenant(house.file, Wish(slug, [f"{slug}.test"])).tenant
        with acting(copy, house.ada) as ctx:
            numbers += ctx.db.rows("select epoch from @.identity_epoch")
        drop(copy)
    assert before < numbers[0] < numbers[1]


def test_a_key_destroyed_since_the_backup_stays_destroyed(house: House) -> None:
    slug = f"{house.tenant.slug}shred"
    there = restore_tenant(house.file, Wish(slug, [f"{slug}.test"])).tenant
    file = house.file.with_name("shred.ostiary")
    back_up_tenant(there, file)
    with tenancy.owner_transaction(there) as db:
        db.run("update @.crypto_dek set state = 'destroyed', wrapped = null where scope = 'secret'")
    tenancy.suspend(there)
    restore_tenant(file, Wish(slug, replace_existing=True))
    tenancy.resume(there)
    with tenancy.transaction(there) as db:
        rows = db.rows("select scope, state from @.crypto_dek order by scope")
        assert ("secret", "destroyed") in rows
        assert ("audit", "active") in rows


def test_a_host_that_is_taken_is_refused_before_anything_is_made(house: House) -> None:
    slug = f"{house.tenant.slug}host"
    with pytest.raises(Invalid) as refused:
        restore_tenant(house.file, Wish(slug, [f"{house.tenant.slug}.test"]))
    assert [error.field for error in refused.value.errors] == ["host"]
    assert f"t_{slug}" not in schemas()
    with pytest.raises(NotFound):
        tenancy.get_tenant(slug)


def test_a_schema_that_nobody_knows_is_not_dropped(house: House) -> None:
    slug = f"{house.tenant.slug}lost"
    with psycopg.connect(tenancy.placement().owner) as connection:
        connection.execute(f"create schema t_{slug} create table kept (n int)")
    wish = Wish(slug, [f"{slug}.test"])
    with pytest.raises(BackupRefused, match="directory does not know it"):
        restore_tenant(house.file, wish)
    with psycopg.connect(tenancy.placement().owner) as connection:
        connection.execute(f"select n from t_{slug}.kept")
        connection.execute(f"drop schema t_{slug} cascade")
    restore_tenant(house.file, wish)


def shape(made: Structure) -> Structure:
    """Without what restoring changes on purpose: the epoch that new events belong to."""
    tables = [
        replace(t, columns=[replace(c, default=None) if c.name == "log_id" else c for c in t.columns])
        for t in made.tables
    ]
    return replace(made, tables=tables)


def problems(ctx: Context) -> list[str]:
    """What does not fit together, but for news: the original of a copy delivers them."""
    return [words for words in read_ledger(ctx).half if not words.endswith(": no news")]


def drop(tenant: tenancy.Tenant) -> None:
    tenancy.schedule_drop(tenant, clock.now())
    tenancy.drop_tenant(tenancy.get_tenant_by_id(tenant.id))


def dek_ids(ctx: Context) -> set[UUID]:
    return {row[0] for row in ctx.db.rows("select id from @.crypto_dek")}


def count(ctx: Context, table: str) -> int:
    row = ctx.db.row(f"select count(*) from @.{table}")
    assert row is not None
    return int(row[0])


def schemas() -> set[str]:
    with psycopg.connect(tenancy.placement().owner) as connection:
        return {r[0] for r in connection.execute("select nspname from pg_namespace").fetchall()}
