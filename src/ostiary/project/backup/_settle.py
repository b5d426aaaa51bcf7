"""What a restored schema needs before requests may find it, and the step that shows it."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import sql

from ostiary.audit import public as audit
from ostiary.jobs import public as jobs
from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import TenantId
from ostiary.project._migrations import INSERT_ONLY_TABLES, READ_ONLY_TABLES, migrate_schema
from ostiary.project._release import RELEASE
from ostiary.project.backup._content import Content
from ostiary.project.backup._errors import BackupRefused
from ostiary.project.backup._plan import Plan
from ostiary.project.backup._reseal import reseal
from ostiary.project.backup._save import Progress
from ostiary.tenancy import public as tenancy

ASIDE = "aside_"  # start of the name of a schema that was replaced
_STAMP = "%Y%m%d%H%M%S%f"  # to the microsecond, since a second may see two


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a new epoch begins: a code, and the file that the state comes from."""

    code: str
    file: Path


def settle(building: tenancy.Tenant, plan: Plan, content: Content, why: Reason, progress: Progress) -> None:
    """Bring a filled schema to where it may be served; it is still unknown.

    Raises: BackupRefused: values are encrypted in a place that a copy does not know.
    """
    if building.release < RELEASE:
        progress("bringing the fixed tables up to this release")
        migrate_schema(tenancy.owner_dsn(building), building.schema)
        tenancy.placement(building.placement).grant_tables(
            building, read_only=READ_ONLY_TABLES, insert_only=INSERT_ONLY_TABLES
        )
    with tenancy.owner_transaction(building) as db:
        jobs.admit(db, building)  # it may ask for work from its first request on, wherever it lives
        if plan.replaces is not None:
            _carry_keys_over(db, plan.replaces.schema)
        ctx = Context(building.id, db, None, Channel.CLI, purpose="restore")
        if plan.is_copy:
            progress("encrypting for the copy what was encrypted for the original")
            reseal(ctx, plan.came_from)
            db.run("delete from @.audit_outbox")  # the original delivers its own news
        facts = {
            "backup_sha256": file_digest(why.file),
            "backup_at": content.header.at,
            "backup_tenant": plan.came_from,
            "copy": plan.is_copy,
        }
        settle_in_place(ctx, db, why.code, facts, keep_api_keys=plan.keep_api_keys)


def settle_in_place(
    ctx: Context,
    db: tenancy.OwnerTransaction,
    reason: str,
    facts: Mapping[str, object],
    *,
    keep_api_keys: bool = False,
) -> None:
    """What every way back has in common: sessions end, numbers go on, an epoch begins."""
    _end_sessions(db, keep_api_keys=keep_api_keys)
    _raise_rights_epoch(db)
    _make_months(db)
    forget_erased(ctx)
    audit.open_epoch(ctx, db, reason, facts)


def forget_erased(ctx: Context) -> int:
    """Erase again who was erased after the backup was made; how many were.

    The tombstones of erasures (standards 5.5 b) are kept outside the database, in the anchor store; the
    context that erases people reads them here once it exists. Until then what a replaced schema knows is
    carried over: keys that were destroyed in it stay destroyed.
    """
    del ctx
    return 0


def file_digest(path: Path) -> str:
    """SHA-256 of a whole file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def enter(tenant: tenancy.Tenant, plan: Plan) -> str | None:
    """Show the restored tenant, in one step; the name under which a replaced schema is kept, or None."""
    if plan.replaces is None:
        tenancy.directory().enter(tenant, plan.hosts)
        return None
    there = plan.replaces
    aside = aside_name(there.slug)
    with tenancy.owner_transaction(tenant) as db:
        for schema in (there.schema, tenant.schema):  # the new one until the operator resumes the tenant
            if _exists(db, schema):
                db.ddl(f"REVOKE ALL ON SCHEMA {_quote(schema)} FROM {_quote(there.role)}")
        had = take_place(db, tenant.schema, there.schema, aside)
    tenancy.set_release(there, plan.tenant.release)
    return aside if had else None


def aside_name(what: str) -> str:
    """The name of a schema that is replaced now."""
    return f"{ASIDE}{what}_{clock.now().strftime(_STAMP)}"


def take_place(db: tenancy.OwnerTransaction, schema: str, place: str, aside: str) -> bool:
    """Let `schema` be called `place`, and what was called so `aside`; whether there was anything."""
    had = _exists(db, place)
    if had:
        db.ddl(f"ALTER SCHEMA {_quote(place)} RENAME TO {_quote(aside)}")
    db.ddl(f"ALTER SCHEMA {_quote(schema)} RENAME TO {_quote(place)}")
    return had


def _exists(db: tenancy.OwnerTransaction, schema: str) -> bool:
    query = "select 1 from pg_catalog.pg_namespace where nspname = %(name)s"
    return db.row(query, {"name": schema}) is not None


def asides(placement: str = "") -> dict[str, datetime]:
    """Schemas that were replaced, and when."""
    found = {}
    with anywhere(placement) as db:
        rows = db.rows(
            "select nspname from pg_catalog.pg_namespace where starts_with(nspname, %(start)s)",
            {"start": ASIDE},
        )
    for (name,) in rows:
        stamp = name.rpartition("_")[2]
        found[name] = datetime.strptime(f"{stamp}+0000", f"{_STAMP}%z")
    return found


def drop_aside(name: str, placement: str = "") -> None:
    """Drop a schema that was replaced. Raises BackupRefused: it is none."""
    if name not in asides(placement):
        raise BackupRefused(f"{name} is no schema that was replaced")
    with anywhere(placement) as db:
        db.ddl(f"DROP SCHEMA {_quote(name)} CASCADE")


@contextmanager
def anywhere(placement: str) -> Iterator[tenancy.OwnerTransaction]:
    """A transaction of the owner that concerns no tenant."""
    nobody = tenancy.Tenant(TenantId(UUID(int=0)), "", "", schema="public", role="", placement=placement)
    with tenancy.owner_transaction(nobody) as db:
        yield db


def _quote(name: str) -> str:
    return sql.Identifier(name).as_string()


def _end_sessions(db: tenancy.OwnerTransaction, *, keep_api_keys: bool) -> None:
    """What was revoked after the backup must not open anything again."""
    db.run("delete from @.identity_session")
    if not keep_api_keys:
        db.run("update @.identity_api_key set revoked_at = now() where revoked_at is null")


def _make_months(db: tenancy.OwnerTransaction) -> None:
    """Partitions for events from now on: the backup may be older than the months that were made then."""
    with suppress(psycopg.errors.CheckViolation), db.savepoint():  # events of that month lie in the default
        db.rows("select @.audit_extend_partitions(%(home)s, 6)", {"home": db.schema})


def _raise_rights_epoch(db: tenancy.OwnerTransaction) -> None:
    """Nodes keep what they worked out by tenant and epoch: no number may come again with other content.

    Milliseconds since 1970 are above every number ever given out, since each took a change of rights.
    """
    floor = int(clock.now().timestamp() * 1000)
    db.rows(
        "select setval('@.identity_epoch_seq', greatest(last_value, %(floor)s::bigint))"
        " from @.identity_epoch_seq",
        {"floor": floor},
    )
    db.run("update @.identity_epoch set epoch = nextval('@.identity_epoch_seq')")


def _carry_keys_over(db: tenancy.OwnerTransaction, old: str) -> None:
    """Keys go on from where they are now: new ones may be in use already, destroyed ones stay destroyed."""
    there = db.row("select to_regclass(%(name)s)", {"name": f"{_quote(old)}.crypto_dek"})
    if there is None or there[0] is None:
        return
    for table, key in (("crypto_kek", "version"), ("crypto_dek", "id")):
        source = f"{_quote(old)}.{table}"
        db.run(f"delete from @.{table} n using {source} o where o.{key} = n.{key}")
        db.run(f"update @.{table} set state = 'decrypt_only' where state in ('active', 'pending')")
        db.run(f"insert into @.{table} select * from {source}")
