"""The installation's own schema: what its operators do is recorded there, apart from every tenant.

It is no tenant of the directory: no host leads to it, and the role that requests connect with cannot take its
role. The owner takes it for a transaction, so that a record can be added and read, and never altered.
"""

from contextlib import suppress

import psycopg

from ostiary.kernel.ids import TenantId, new_id
from ostiary.tenancy._connection import (
    Database,
    Tenant,
    as_uuid,
    owner_connection,
    quote,
    run_script,
)
from ostiary.tenancy._placement import OWNER

SCHEMA, ROLE = "installation", "ostiary_installation"
_INHERIT_SINCE = 160000


def make_installation_schema(admin: str, owner: str) -> Tenant:
    """Make the schema and its role; safe to repeat. The fixed tables are made by whoever migrates it.

    Args: admin: conninfo of a role that may create roles, in the installation's database. owner: the owner's.
    """
    with owner_connection(admin) as connection:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone()
        if not known:
            with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):  # another start
                run_script(connection, f"CREATE ROLE {ROLE} NOLOGIN")
        options = " WITH INHERIT FALSE, SET TRUE" if connection.info.server_version >= _INHERIT_SINCE else ""
        run_script(connection, f"GRANT {ROLE} TO {OWNER}{options}")
    with owner_connection(owner) as connection:
        schema = quote(SCHEMA)
        run_script(
            connection,
            f"CREATE SCHEMA IF NOT EXISTS {schema}; GRANT USAGE ON SCHEMA {schema} TO {ROLE};"
            f" CREATE TABLE IF NOT EXISTS {schema}.identity (id uuid NOT NULL,"
            " one boolean PRIMARY KEY DEFAULT true CHECK (one))",
        )
        connection.execute(
            f"INSERT INTO {schema}.identity (id) VALUES (%s) ON CONFLICT DO NOTHING", (new_id(),)
        )
        return _read(connection)


def find_installation(owner: str) -> Tenant | None:
    """The installation as a tenant of its own, or None: its schema was never made."""
    with owner_connection(owner) as connection:
        there = connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.identity",)).fetchone()
        return _read(connection) if there and there[0] else None


def installation_is_current(owner: str, wanted: frozenset[tuple[str, str]]) -> bool:
    """Whether every wanted (app, migration) ran in the installation's schema and its role has the tables."""
    with owner_connection(owner) as connection:
        there = connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.django_migrations",)).fetchone()
        if not there or not there[0]:
            return False
        rows = connection.execute(f"SELECT app, name FROM {SCHEMA}.django_migrations WHERE %s", (True,))
        if not wanted <= {(row[0], row[1]) for row in rows.fetchall()}:
            return False
        closed = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = %s AND tablename <> 'django_migrations'"
            " AND NOT has_table_privilege(%s, format('%%I.%%I', schemaname, tablename), 'SELECT')",
            (SCHEMA, ROLE),
        ).fetchone()
        return closed == (0,)


def installation_database(owner: str) -> Database:
    """Transactions of the installation's own schema, by the owner's login."""
    return Database(owner, max_size=2)


def _read(connection: psycopg.Connection[tuple[object, ...]]) -> Tenant:
    row = connection.execute(f"SELECT id FROM {quote(SCHEMA)}.identity WHERE %s", (True,)).fetchone()
    if row is None:
        raise RuntimeError("the installation has no identity row")
    return Tenant(TenantId(as_uuid(row[0])), SCHEMA, "Installation", schema=SCHEMA, role=ROLE)
