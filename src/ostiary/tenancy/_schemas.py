"""A tenant's role and schema in its database: made, closed, opened, dropped."""

import secrets

from psycopg import conninfo as _conninfo

from ostiary.kernel.errors import Misconfigured
from ostiary.tenancy._connection import (
    OwnerTransaction,
    Tenant,
    owner_connection,
    quote,
    quote_literal,
    run_on_roles,
)
from ostiary.tenancy._placement import APP, SESSION, Kind, Placement, define_role

_OPTIONS_SINCE = 160000  # GRANT role ... WITH INHERIT, SET
_TABLES_AT_ONCE = 20  # each takes locks for itself, its indexes and its TOAST table until the commit


def make_role(placement: Placement, tenant: Tenant, kind: Kind = Kind.SHARED) -> None:
    """Make the tenant's role; safe to repeat. The connection string of its own login goes into the vault.

    With a login of its own the app's login cannot take the role: only who holds that connection string can.
    On Citus, nodes connect to each other as the current role, so it needs LOGIN; it has no password there,
    and the cluster's pg_hba.conf admits it between nodes only (ADR 0018).
    """
    role = quote(tenant.role)
    with owner_connection(placement.admin) as connection:
        options = " WITH INHERIT FALSE, SET TRUE" if connection.info.server_version >= _OPTIONS_SINCE else ""
        script = []
        if tenant.own_login:
            password = secrets.token_urlsafe(32)
            login = _conninfo.make_conninfo(placement.app, user=tenant.role, password=password)
            placement.vault.keep_login(tenant, login)
            attributes = f"LOGIN NOINHERIT PASSWORD {quote_literal(password)}"
            script += [f"REVOKE {role} FROM {APP}", f"GRANT CONNECT ON DATABASE {{database}} TO {role}"]
            script += [f"ALTER ROLE {role} SET {name} = {value}" for name, value in SESSION.items()]
        else:
            attributes = f"{'LOGIN' if kind is Kind.CITUS else 'NOLOGIN'} PASSWORD NULL"
            script.append(f"GRANT {role} TO {APP}{options}")
        rest = ";\n".join(script).replace("{database}", quote(connection.info.dbname))
        run_on_roles(connection, lambda: f"{define_role(connection, tenant.role, attributes)};\n{rest}")


def make_schema(db: OwnerTransaction, tenant: Tenant, kind: Kind = Kind.SHARED) -> None:
    """Make the tenant's empty schema; what an interrupted attempt left is removed."""
    schema = quote(tenant.schema)
    db.ddl(
        f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema};"
        f" GRANT USAGE ON SCHEMA {schema} TO {quote(tenant.role)}"
    )
    if kind is Kind.CITUS:
        function = find_distribution(db)
        if function is None:
            raise Misconfigured("the extension citus is missing in this database")
        # while it is empty: its tables are then made as single shards on one node
        db.rows(f"SELECT {function}(%(schema)s::regnamespace)", {"schema": tenant.schema})


def find_distribution(db: OwnerTransaction) -> str | None:
    """The qualified name of Citus's `citus_schema_distribute`, or None."""
    row = db.row(
        "SELECT quote_ident(n.nspname) || '.' || p.proname FROM pg_catalog.pg_proc p"
        " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.proname = %(name)s",
        {"name": "citus_schema_distribute"},
    )
    return None if row is None else str(row[0])


def close_schema(placement: Placement, tenant: Tenant) -> None:
    """Refuse the tenant's role its schema: the next transaction fails on every node, whatever it knows."""
    with placement.owner_transaction(tenant) as db:
        db.ddl(f"REVOKE USAGE ON SCHEMA {quote(tenant.schema)} FROM {quote(tenant.role)}")


def open_schema(placement: Placement, tenant: Tenant) -> None:
    """Let the tenant's role into its schema again."""
    with placement.owner_transaction(tenant) as db:
        db.ddl(f"GRANT USAGE ON SCHEMA {quote(tenant.schema)} TO {quote(tenant.role)}")


def drop_schema(placement: Placement, tenant: Tenant) -> None:
    """Drop the schema with everything in it; can be repeated after an interruption at any point.

    A few tables at a time: a transaction that drops hundreds would need more locks than a server keeps.
    """
    while True:
        with placement.owner_transaction(tenant) as db:
            names = db.rows(
                "SELECT c.relname FROM pg_catalog.pg_class c"
                " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = %(schema)s AND c.relkind IN ('r', 'p') ORDER BY c.relname LIMIT %(most)s",
                {"schema": tenant.schema, "most": _TABLES_AT_ONCE},
            )
            if not names:
                db.ddl(f"DROP SCHEMA IF EXISTS {quote(tenant.schema)} CASCADE")
                return
            tables = ", ".join(f"{quote(tenant.schema)}.{quote(row[0])}" for row in names)
            db.ddl(f"DROP TABLE {tables} CASCADE")


def drop_role(placement: Placement, tenant: Tenant) -> None:
    """End the role's sessions and drop it; harmless when it is gone.

    Raises: Misconfigured: it owns something, or has rights in another database; nothing of that is touched.
    """
    role = quote(tenant.role)
    with owner_connection(placement.admin) as connection:
        found = connection.execute("SELECT oid FROM pg_roles WHERE rolname = %s", (tenant.role,)).fetchone()
        if found is None:
            return
        owned = connection.execute(
            "SELECT count(*) FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = %s"
            " AND (deptype = 'o' OR dbid NOT IN (0,"
            " (SELECT oid FROM pg_database WHERE datname = current_database())))",
            found,
        ).fetchone()
        if owned is not None and owned[0]:
            raise Misconfigured(f"the role {tenant.role} owns something else: it stays until that is gone")
        run_on_roles(connection, lambda: f"ALTER ROLE {role} NOLOGIN; GRANT {role} TO CURRENT_USER")
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s", (tenant.role,)
        ).fetchall()
        run_on_roles(connection, lambda: f"DROP OWNED BY {role}; DROP ROLE {role}")
