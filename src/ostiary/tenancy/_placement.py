"""Where tenants live: the database's roles, the directory, and a tenant's schema and role."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg import conninfo as _conninfo

from ostiary.kernel.errors import FieldError, Invalid, Misconfigured, NotFound
from ostiary.kernel.ids import TenantId, new_id
from ostiary.tenancy._connection import (
    Database,
    OwnerTransaction,
    Tenant,
    as_uuid,
    owner_connection,
    owner_transaction_on,
    quote,
    quote_literal,
    run_script,
)

OWNER, APP = "ostiary_owner", "ostiary_app"
SLUG = re.compile(r"[a-z][a-z0-9]{0,30}")
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
OLDEST_SERVER = 150000
DIRECTORY_AGE = timedelta(seconds=5)  # how long a node may believe what it read of the directory


@dataclass(frozen=True, slots=True)
class Credentials:
    """Connection strings: `app` for requests, `owner` for metadata and migrations, `admin` to make roles.

    A web process holds `app` alone.
    """

    app: str
    owner: str | None = None
    admin: str | None = None


def prepare_database(
    admin: str, *, owner_password: str, app_password: str, name: str | None = None
) -> Credentials:
    """Make the database's roles and the tenant directory; safe to repeat.

    Args: admin: conninfo or URL of a role that may create roles (and revoke `set_config`, which needs a
    superuser). name: database to create; None uses the one that `admin` names.
    Raises: Misconfigured: server older than 15, or `set_config` stays open to PUBLIC.
    """
    with owner_connection(admin) as connection:
        if connection.info.server_version < OLDEST_SERVER:
            raise Misconfigured(
                f"PostgreSQL 15 or later is needed, this is {connection.info.server_version // 10000}"
            )
        for role, attributes in (
            (OWNER, f"LOGIN PASSWORD {quote_literal(owner_password)}"),
            (APP, f"LOGIN NOINHERIT PASSWORD {quote_literal(app_password)}"),
            ("ostiary_sequencer", "NOLOGIN"),
            ("ostiary_signer", "NOLOGIN"),
            ("ostiary_eraser", "NOLOGIN"),
        ):
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
            run_script(connection, f"{'ALTER' if known else 'CREATE'} ROLE {quote(role)} {attributes}")
        for setting, value in _SESSION.items():
            run_script(connection, f"ALTER ROLE {APP} SET {setting} = {value}")
        if name is not None:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if not known:
                run_script(connection, f"CREATE DATABASE {quote(name)} TEMPLATE template0")
            admin = _conninfo.make_conninfo(admin, dbname=name)
    with owner_connection(admin) as connection:
        database = quote(connection.info.dbname)
        run_script(connection, _DIRECTORY.format(database=database, owner=OWNER, app=APP))
        leaky = connection.execute(
            "SELECT has_function_privilege(%s, 'pg_catalog.set_config(text,text,boolean)', 'execute')", (APP,)
        ).fetchone()
        if leaky == (True,):
            raise Misconfigured(
                "set_config is open to PUBLIC: connect as a superuser once, or revoke it by hand"
            )
    return Credentials(
        app=_conninfo.make_conninfo(admin, user=APP, password=app_password),
        owner=_conninfo.make_conninfo(admin, user=OWNER, password=owner_password),
        admin=admin,
    )


# Settings of the app's sessions belong to its role, so that connections stay interchangeable behind a
# pooler. One plan for all parameters: the compiler chooses a plan's shape itself (architecture section 3),
# and planning would cost more than most statements here take.
_SESSION = {
    "plan_cache_mode": "force_generic_plan",
    "timezone": "'UTC'",
    "jit": "off",
    "search_path": "''",
    "lock_timeout": "'10s'",
    "statement_timeout": "'60s'",
    "idle_in_transaction_session_timeout": "'15min'",
}

_DIRECTORY = """
REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO {owner};
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO {app};
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {database} TO {owner};
GRANT USAGE, CREATE ON SCHEMA public TO {owner};
GRANT USAGE ON SCHEMA public TO {app};
CREATE TABLE IF NOT EXISTS public.tenant (
  id uuid PRIMARY KEY, slug text NOT NULL UNIQUE, name text NOT NULL,
  schema text NOT NULL UNIQUE, role text NOT NULL UNIQUE,
  suspended boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS public.tenant_host (
  host text PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES public.tenant ON DELETE CASCADE);
CREATE OR REPLACE VIEW public.tenant_directory AS
  SELECT t.id, t.slug, t.name, t.schema, t.role, t.suspended, h.host
  FROM public.tenant t LEFT JOIN public.tenant_host h ON h.tenant_id = t.id;
GRANT SELECT ON public.tenant_directory TO {app};
GRANT SELECT, INSERT, UPDATE, DELETE ON public.tenant, public.tenant_host TO {owner};
GRANT SELECT ON public.tenant_directory TO {owner};
"""


class Placement:
    """One installation's database: the directory of tenants and transactions for each."""

    def __init__(self, credentials: Credentials, *, max_size: int = 16) -> None:
        self._credentials = credentials
        self.database = Database(credentials.app, max_size=max_size)
        self._by_host: dict[str, tuple[datetime, Tenant | None]] = {}
        self._by_slug: dict[str, tuple[datetime, Tenant | None]] = {}

    @property
    def owner(self) -> str:
        """The owner's connection string. Raises Misconfigured in a process that must not have it."""
        if self._credentials.owner is None:
            raise Misconfigured(
                "this process has no owner credentials: metadata changes run by CLI and worker"
            )
        return self._credentials.owner

    @contextmanager
    def owner_transaction(self, tenant: Tenant) -> Iterator[OwnerTransaction]:
        """One transaction as the owner role."""
        with owner_transaction_on(self.owner, tenant, self.database) as transaction:
            yield transaction

    def find_by_host(self, host: str) -> Tenant | None:
        """The tenant that answers on `host` (no port, lower case), or None."""
        return self._find(self._by_host, "host", host)

    def find_by_slug(self, slug: str) -> Tenant | None:
        """The tenant called `slug`, or None."""
        return self._find(self._by_slug, "slug", slug)

    def get(self, slug: str) -> Tenant:
        """The tenant called `slug`. Raises NotFound."""
        tenant = self.find_by_slug(slug)
        if tenant is None:
            raise NotFound
        return tenant

    def _find(
        self, kept: dict[str, tuple[datetime, Tenant | None]], column: str, value: str
    ) -> Tenant | None:
        now = datetime.now(UTC)
        known = kept.get(value)
        if known is not None and now - known[0] < DIRECTORY_AGE:
            return known[1]
        found = self._read(f"WHERE {column} = %(value)s", {"value": value})
        tenant = found[0] if found else None
        if len(kept) > 10_000:  # forged hosts must not fill memory
            kept.clear()
        kept[value] = (now, tenant)
        return tenant

    def _read(self, where: str, params: dict[str, str]) -> list[Tenant]:
        rows = self.database.rows(
            "SELECT DISTINCT id, slug, name, schema, role, suspended"
            f" FROM public.tenant_directory {where} ORDER BY slug",
            params,
        )
        return [Tenant(TenantId(as_uuid(r[0])), *r[1:]) for r in rows]

    def list_tenants(self) -> list[Tenant]:
        """Every tenant, by slug."""
        return self._read("", {})

    def create_schema(self, slug: str, name: str, hosts: Sequence[str]) -> Tenant:
        """Make a tenant's role and empty schema; the caller migrates it, then calls `enter_directory`.

        Raises: Invalid: slug or host malformed or taken.
        """
        if not SLUG.fullmatch(slug):
            raise Invalid(
                [FieldError("slug", "malformed", "Use a lower-case letter, then letters and digits")]
            )
        for host in hosts:
            if not HOST.fullmatch(host):
                raise Invalid([FieldError("host", "malformed", f"{host!r} is not a host name")])
        if self.find_by_slug(slug) is not None:
            raise Invalid([FieldError("slug", "taken", f"There is a tenant {slug} already")])
        if self._credentials.admin is None:
            raise Misconfigured("making a tenant needs the administrative connection")
        tenant = Tenant(TenantId(new_id()), slug, name, schema=f"t_{slug}", role=f"t_{slug}")
        role = quote(tenant.role)
        with owner_connection(self._credentials.admin) as connection:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (tenant.role,)).fetchone()
            options = " WITH INHERIT FALSE, SET TRUE" if connection.info.server_version >= 160000 else ""
            run_script(
                connection,
                ("" if known else f"CREATE ROLE {role} NOLOGIN; ") + f"GRANT {role} TO {APP}{options}",
            )
        with owner_connection(self.owner) as connection:
            schema = quote(tenant.schema)
            run_script(
                connection,
                f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema};"
                f" GRANT USAGE ON SCHEMA {schema} TO {role}",
            )
        return tenant

    def grant_tables(self, tenant: Tenant, *, read_only: Sequence[str], insert_only: Sequence[str]) -> None:
        """Give the tenant's role its fixed tables: all verbs, but for those listed by name or `prefix_*`."""
        role, schema = quote(tenant.role), quote(tenant.schema)
        with owner_connection(self.owner) as connection:
            names = [
                r[0]
                for r in connection.execute(
                    "SELECT tablename FROM pg_tables WHERE schemaname = %s", (tenant.schema,)
                ).fetchall()
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
            run_script(connection, ";\n".join(script))

    def enter_directory(self, tenant: Tenant, hosts: Sequence[str]) -> None:
        """Make the tenant known, so that requests can find it. Raises Invalid: a host is taken."""
        with owner_connection(self.owner) as connection, connection.transaction():
            connection.execute(
                "INSERT INTO public.tenant (id, slug, name, schema, role) VALUES (%s, %s, %s, %s, %s)",
                (tenant.id, tenant.slug, tenant.name, tenant.schema, tenant.role),
            )
            for host in hosts:
                taken = connection.execute(
                    "SELECT 1 FROM public.tenant_host WHERE host = %s", (host,)
                ).fetchone()
                if taken:
                    raise Invalid([FieldError("host", "taken", f"{host} belongs to another tenant")])
                connection.execute(
                    "INSERT INTO public.tenant_host (host, tenant_id) VALUES (%s, %s)", (host, tenant.id)
                )
        self._by_host.clear()
        self._by_slug.clear()


def _listed(name: str, patterns: Sequence[str]) -> bool:
    return any(name == p or (p.endswith("*") and name.startswith(p[:-1])) for p in patterns)
