"""Where tenants live: a database with its roles, and the schemas and roles of the tenants in it."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Protocol

import psycopg
from psycopg import conninfo as _conninfo

from ostiary.kernel.errors import Misconfigured
from ostiary.kernel.ports import Row
from ostiary.tenancy._connection import (
    Database,
    OwnerTransaction,
    Tenant,
    Transaction,
    owner_connection,
    owner_transaction_on,
    quote,
    quote_literal,
    run_on_roles,
    run_script,
)

OWNER, APP = "ostiary_owner", "ostiary_app"
OLDEST_SERVER = 150000
OWN_POOL_SIZE = 4  # connections of one tenant's own login in one process
_PREPARING = 0x6F737469617279  # two commands at once would alter the same roles
MAX_OWN_POOLS = 64  # in one process; the one that was idle for longest gives way


class Kind(StrEnum):
    """A further database: of many tenants, of one, or a Citus cluster with a shard for each schema."""

    SHARED = "shared"
    DATABASE = "database"
    CITUS = "citus"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Connection strings: `app` for requests, `owner` for metadata and migrations, `admin` to make roles.

    A web process holds `app` alone.
    """

    app: str
    owner: str | None = None
    admin: str | None = None


class Vault(Protocol):
    """Where connection strings of further databases and of tenants' own logins are kept."""

    def credentials(self, placement: str) -> Credentials | None:
        """Those of a further database that this process may have, or None."""

    def login(self, tenant: Tenant) -> str | None:
        """The connection string of the tenant's own login, or None."""

    def keep_login(self, tenant: Tenant, dsn: str) -> None:
        """Keep it. Raises Misconfigured: this process may not."""

    def forget_login(self, tenant: Tenant) -> None:
        """Remove it; harmless when there is none. Raises Misconfigured: this process may not."""


class EmptyVault:
    """For an installation with one database, without logins of tenants."""

    def credentials(self, placement: str) -> Credentials | None:
        return None

    def login(self, tenant: Tenant) -> str | None:
        return None

    def keep_login(self, tenant: Tenant, dsn: str) -> None:
        raise Misconfigured("there is no place where a tenant's own login could be kept")

    def forget_login(self, tenant: Tenant) -> None:
        pass


def prepare_database(
    admin: str,
    *,
    owner_password: str,
    app_password: str,
    name: str | None = None,
    directory: bool = True,
    extras: Sequence[str] = (),
) -> Credentials:
    """Make the database's roles and the tenant directory; safe to repeat.

    Args: admin: conninfo or URL of a role that may create roles (and revoke `set_config`, which needs a
    superuser). name: database to create; None uses the one that `admin` names. directory: whether the
    directory of tenants is here; a further database has none. extras: repeatable scripts of other contexts,
    run by `admin` when the roles are there, each as one transaction.
    Raises: Misconfigured: server older than 15, or `set_config` stays open to PUBLIC.
    """
    with owner_connection(admin) as connection:
        if connection.info.server_version < OLDEST_SERVER:
            raise Misconfigured(
                f"PostgreSQL 15 or later is needed, this is {connection.info.server_version // 10000}"
            )
        connection.execute("SELECT pg_advisory_lock(%s)", (_PREPARING,))  # until the connection ends
        for role, attributes in (
            (OWNER, f"LOGIN PASSWORD {quote_literal(owner_password)}"),
            (APP, f"LOGIN NOINHERIT PASSWORD {quote_literal(app_password)}"),
            ("ostiary_sequencer", "NOLOGIN"),
            ("ostiary_signer", "NOLOGIN"),
            ("ostiary_eraser", "NOLOGIN"),
        ):
            run_on_roles(connection, partial(define_role, connection, role, attributes))
        settings = [f"ALTER ROLE {APP} SET {setting} = {value}" for setting, value in SESSION.items()]
        run_on_roles(connection, lambda: ";\n".join(settings))
        if name is not None:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if not known:
                run_script(connection, f"CREATE DATABASE {quote(name)} TEMPLATE template0")
            admin = _conninfo.make_conninfo(admin, dbname=name)
    with owner_connection(admin) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_PREPARING,))
        database = quote(connection.info.dbname)
        run_script(connection, _CLOSED.format(database=database, owner=OWNER, app=APP))
        if directory:
            run_script(connection, _DIRECTORY.format(owner=OWNER, app=APP))
        leaky = connection.execute(
            "SELECT has_function_privilege(%s, 'pg_catalog.set_config(text,text,boolean)', 'execute')", (APP,)
        ).fetchone()
        if leaky == (True,):
            raise Misconfigured(
                "set_config is open to PUBLIC: connect as a superuser once, or revoke it by hand"
            )
        for script in extras:
            run_script(connection, script)
    return Credentials(
        app=_conninfo.make_conninfo(admin, user=APP, password=app_password),
        owner=_conninfo.make_conninfo(admin, user=OWNER, password=owner_password),
        admin=admin,
    )


def define_role(connection: psycopg.Connection[Row], role: str, attributes: str) -> str:
    """The statement that makes the role, or alters the one that is there."""
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    return f"{'ALTER' if known else 'CREATE'} ROLE {quote(role)} {attributes}"


# Settings of the app's sessions belong to its role, so that connections stay interchangeable behind a
# pooler. One plan for all parameters: the compiler chooses a plan's shape itself (architecture section 3),
# and planning would cost more than most statements here take.
SESSION = {
    "plan_cache_mode": "force_generic_plan",
    "timezone": "'UTC'",
    "jit": "off",
    "search_path": "''",
    "lock_timeout": "'10s'",
    "statement_timeout": "'60s'",
    "idle_in_transaction_session_timeout": "'15min'",
    "idle_session_timeout": "'30min'",  # a process that fell silent gives its connections back
}

_CLOSED = """
REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO {owner};
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
GRANT USAGE ON LANGUAGE plpgsql TO {owner};
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO {app};
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {database} TO {owner};
GRANT USAGE, CREATE ON SCHEMA public TO {owner};
GRANT USAGE ON SCHEMA public TO {app};
"""

# Columns that came later are added, so that preparing brings an older installation up to date. The first
# view stays as it was: a machine of the release before prepares it again when it starts.
_DIRECTORY = """
CREATE TABLE IF NOT EXISTS public.tenant (
  id uuid PRIMARY KEY, slug text NOT NULL UNIQUE, name text NOT NULL,
  schema text NOT NULL UNIQUE, role text NOT NULL UNIQUE,
  suspended boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS public.tenant_host (
  host text PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES public.tenant ON DELETE CASCADE);
ALTER TABLE public.tenant
  ADD COLUMN IF NOT EXISTS release integer NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS placement text NOT NULL DEFAULT '',
  ADD COLUMN IF NOT EXISTS own_login boolean NOT NULL DEFAULT false,
  ADD COLUMN IF NOT EXISTS drop_after timestamptz,
  ADD COLUMN IF NOT EXISTS drop_begun boolean NOT NULL DEFAULT false,
  ADD COLUMN IF NOT EXISTS suspended_for text;
CREATE INDEX IF NOT EXISTS tenant_host_tenant ON public.tenant_host (tenant_id);
CREATE TABLE IF NOT EXISTS public.placement (
  name text PRIMARY KEY, kind text NOT NULL, server text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now());
CREATE OR REPLACE VIEW public.tenant_directory AS
  SELECT t.id, t.slug, t.name, t.schema, t.role, t.suspended, h.host
  FROM public.tenant t LEFT JOIN public.tenant_host h ON h.tenant_id = t.id;
CREATE OR REPLACE VIEW public.tenant_entry AS
  SELECT d.*, t.release, t.placement, t.own_login, t.drop_after
  FROM public.tenant_directory d JOIN public.tenant t ON t.id = d.id;
GRANT SELECT ON public.tenant_directory, public.tenant_entry TO {app};
GRANT SELECT, INSERT, UPDATE, DELETE ON public.tenant, public.tenant_host, public.placement TO {owner};
GRANT SELECT ON public.tenant_directory, public.tenant_entry TO {owner};
"""


class Placement:
    """One database: transactions of the tenants in it, and its owner's and administrator's logins."""

    def __init__(
        self, credentials: Credentials, *, name: str = "", max_size: int = 16, vault: Vault | None = None
    ) -> None:
        self.name = name
        self.database = Database(credentials.app, max_size=max_size)
        self._credentials = credentials
        self.vault = vault or EmptyVault()
        self._own: dict[str, Database] = {}  # by the tenant's role, the one idle for longest first
        self._lock = threading.Lock()

    @property
    def app(self) -> str:
        """The app's connection string."""
        return self._credentials.app

    @property
    def owner(self) -> str:
        """The owner's connection string. Raises Misconfigured in a process that must not have it."""
        if self._credentials.owner is None:
            raise Misconfigured(
                "this process has no owner credentials: metadata changes run by CLI and worker"
            )
        return self._credentials.owner

    @property
    def admin(self) -> str:
        """The administrator's connection string. Raises Misconfigured in a process that must not have it."""
        if self._credentials.admin is None:
            raise Misconfigured("making and dropping roles needs the administrative connection")
        return self._credentials.admin

    def transaction(self, tenant: Tenant) -> AbstractContextManager[Transaction]:
        """One transaction as the tenant's role. Raises Misconfigured: its own login is not known here."""
        return (self._own_database(tenant) if tenant.own_login else self.database).transaction(tenant)

    @contextmanager
    def owner_transaction(self, tenant: Tenant) -> Iterator[OwnerTransaction]:
        """One transaction as the owner role."""
        with owner_transaction_on(self.owner, tenant, self.database) as transaction:
            yield transaction

    def close(self) -> None:
        """Close every pooled connection."""
        self.database.close()
        self.close_own_logins()

    def close_own_logins(self) -> None:
        """Close the connections of tenants' own logins; the next one reads its connection string again."""
        with self._lock:
            own, self._own = self._own, {}
        for database in own.values():
            database.close()

    def close_own_login(self, tenant: Tenant) -> None:
        """Close the connections of the tenant's own login, if there are any."""
        with self._lock:
            own = self._own.pop(tenant.role, None)
        if own is not None:
            own.close()

    def _own_database(self, tenant: Tenant) -> Database:
        """The small pool of the tenant's own login. There is no way back to the app's login: it may not."""
        with self._lock:
            found = self._own.pop(tenant.role, None)
            if found is None:
                conninfo = self.vault.login(tenant)
                if conninfo is None:
                    raise Misconfigured(f"the login of the tenant {tenant.slug} is not known on this node")
                found = Database(conninfo, max_size=OWN_POOL_SIZE)
            self._own[tenant.role] = found
            spare = self._own.pop(next(iter(self._own))) if len(self._own) > MAX_OWN_POOLS else None
        if spare is not None:
            spare.close()
        return found

    def grant_tables(self, tenant: Tenant, *, read_only: Sequence[str], insert_only: Sequence[str]) -> None:
        """Give the tenant's role its fixed tables: all verbs, but for those listed by name or `prefix_*`."""
        with self.owner_transaction(tenant) as db:
            grant_tables(db, tenant, read_only=read_only, insert_only=insert_only)


def grant_tables(
    db: OwnerTransaction, tenant: Tenant, *, read_only: Sequence[str], insert_only: Sequence[str]
) -> None:
    """The same within a transaction of the owner."""
    role, schema = quote(tenant.role), quote(tenant.schema)
    names = [
        row[0]
        for row in db.rows(
            "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = %(schema)s",
            {"schema": tenant.schema},
        )
    ]
    script = [f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"]
    for name in names:
        if name == "django_migrations":
            continue
        verbs = "SELECT, INSERT, UPDATE, DELETE"
        if _listed(name, read_only):
            verbs = "SELECT"
        elif _listed(name, insert_only):
            verbs = "SELECT, INSERT"
        script.append(f"REVOKE ALL ON {schema}.{quote(name)} FROM {role}")
        script.append(f"GRANT {verbs} ON {schema}.{quote(name)} TO {role}")
    db.ddl(";\n".join(script))


def _listed(name: str, patterns: Sequence[str]) -> bool:
    return any(name == p or (p.endswith("*") and name.startswith(p[:-1])) for p in patterns)
