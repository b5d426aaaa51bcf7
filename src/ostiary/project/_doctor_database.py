"""Checks of the database server, its settings, roles and rights, and of its clock."""

from collections.abc import Iterator

from psycopg.conninfo import conninfo_to_dict

from ostiary.project._doctor import Finding, NotReachable, Probe, check, error, warning
from ostiary.project._installation import external_database

OWNER, APP, INSTALLATION = "ostiary_owner", "ostiary_app", "ostiary_installation"
OLDEST_SERVER = 15
SKEW_WARNING_S, SKEW_ERROR_S = 2.0, 60.0
FEWEST_CONNECTIONS = 50
_ATTRIBUTES = (
    "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication, rolinherit,"
    " rolcanlogin FROM pg_roles WHERE rolname = ANY(%s) ORDER BY rolname"
)
_TOO_MUCH = ("SUPERUSER", "CREATEROLE", "CREATEDB", "BYPASSRLS", "REPLICATION")


@check("database.reachable", "the database answers")
def reachable(probe: Probe) -> Iterator[Finding]:
    """A connection, and a server that is new enough."""
    if probe.admin is None:
        words = probe.refused.get("database", "the database does not answer")
        yield error("database.reachable", words, "start it, or put database_url right: `ostiary config show`")
        return
    version = probe.admin.info.server_version // 10_000
    if version < OLDEST_SERVER:
        yield error(
            "database.reachable",
            f"PostgreSQL {version} is too old",
            f"upgrade the server to {OLDEST_SERVER} or later",
        )


@check("database.durability", "what is committed survives a crash")
def durability(probe: Probe) -> Iterator[Finding]:
    """Settings without which a commit may be lost or a page torn."""
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if probe.value("SELECT current_setting(%s)", (name,)) == "off":
            yield error("database.durability", f"{name} is off", f"ALTER SYSTEM SET {name} = on; then reload")
    if probe.value("SELECT current_setting(%s)", ("data_checksums",)) == "off":
        yield warning(
            "database.durability",
            "pages carry no checksums",
            "pg_checksums --enable while the server is stopped",
        )
    if probe.value("SELECT current_setting(%s)", ("wal_level",)) == "minimal":
        yield warning(
            "database.durability",
            "wal_level is minimal: no base backups",
            "ALTER SYSTEM SET wal_level = replica",
        )


@check("database.settings", "the server's settings fit")
def settings(probe: Probe) -> Iterator[Finding]:
    """Connections, passwords, and logs that would hold personal data."""
    most = int(probe.value("SELECT current_setting(%s)", ("max_connections",)))
    if most < FEWEST_CONNECTIONS:
        yield warning(
            "database.settings",
            f"max_connections is {most}",
            f"raise it to {FEWEST_CONNECTIONS} at least, or put PgBouncer in front",
        )
    if probe.value("SELECT current_setting(%s)", ("password_encryption",)) != "scram-sha-256":
        yield error(
            "database.settings",
            "passwords are not kept as scram-sha-256",
            "set password_encryption and run `ostiary database prepare`",
        )
    if probe.value("SELECT current_setting(%s)", ("log_statement",)) in ("mod", "all"):
        yield warning(
            "database.settings",
            "the server logs statements, and with them personal data",
            "ALTER SYSTEM SET log_statement = none",
        )


@check("database.transport", "the connection to the database is encrypted, or does not leave this machine")
def transport(probe: Probe) -> Iterator[Finding]:
    """TLS with a verified certificate to every server that is not reached by a socket or loopback."""
    if probe.admin is None:
        raise NotReachable(probe.refused.get("database", ""))
    info = probe.admin.info
    if info.host.startswith("/") or info.hostaddr in ("127.0.0.1", "::1", ""):
        return
    if not probe.admin.pgconn.ssl_in_use:
        yield error(
            "database.transport", f"the connection to {info.host} is in the clear", "add sslmode=verify-full"
        )
        return
    url = external_database()
    if url and conninfo_to_dict(url).get("sslmode") != "verify-full":
        yield warning(
            "database.transport",
            f"the certificate of {info.host} is not verified",
            "add sslmode=verify-full and sslrootcert to database_url",
        )


@check("roles.attributes", "the database's roles may do no more than they need")
def attributes(probe: Probe) -> Iterator[Finding]:
    """The app's login does not inherit; nobody of ours is a superuser or the like."""
    tenants = [t.role for t in probe.tenants]
    found = {row[0]: row[1:] for row in probe.rows(_ATTRIBUTES, ([OWNER, APP, INSTALLATION, *tenants],))}
    for name in (OWNER, APP, INSTALLATION, *tenants):
        if name not in found:
            yield error("roles.attributes", f"there is no role {name}", "run `ostiary database prepare`")
            continue
        *powers, inherits, _login = found[name]
        for word, held in zip(_TOO_MUCH, powers, strict=True):
            if held:
                yield error("roles.attributes", f"{name} is {word}", f"ALTER ROLE {name} NO{word}")
        if name == APP and inherits:
            yield error(
                "roles.attributes",
                f"{APP} inherits the rights of every tenant's role",
                f"ALTER ROLE {APP} NOINHERIT",
            )


@check("roles.members", "no role is a member of one that it should not be")
def members(probe: Probe) -> Iterator[Finding]:
    """Tenants' roles belong to nothing; the app's login may take tenants' roles, and those alone."""
    tenants = {t.role for t in probe.tenants}
    for member, role in probe.rows(
        "SELECT m.rolname, r.rolname FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member"
        " JOIN pg_roles r ON r.oid = a.roleid WHERE m.rolname = ANY(%s) OR m.rolname = %s",
        ([*tenants], APP),
    ):
        if member == APP and (role in tenants or (role.startswith("t_") and role != OWNER)):
            continue
        yield error("roles.members", f"{member} is a member of {role}", f"REVOKE {role} FROM {member}")


@check("roles.rights", "the app's login reaches nothing by itself")
def rights(probe: Probe) -> Iterator[Finding]:
    """No table of a tenant, no schema to make things in, no way round SET LOCAL ROLE."""
    if probe.value(
        "SELECT has_function_privilege(%s, 'pg_catalog.set_config(text,text,boolean)', 'execute')", (APP,)
    ):
        yield error(
            "roles.rights",
            "set_config is open: a parameter could choose the role",
            "REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC",
        )
    for schema in probe.rows(
        "SELECT nspname FROM pg_namespace"
        " WHERE nspname !~ '^pg_' AND has_schema_privilege(%s, oid, 'CREATE')",
        (APP,),
    ):
        yield error(
            "roles.rights",
            f"{APP} may create in schema {schema[0]}",
            f"REVOKE CREATE ON SCHEMA {schema[0]} FROM PUBLIC",
        )
    schemas = [t.schema for t in probe.tenants] + ["installation"]
    for schema, table in probe.rows(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,"
        " aclexplode(c.relacl) a WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p', 'v', 'S')"
        " AND a.grantee IN (0, (SELECT oid FROM pg_roles WHERE rolname = %s)) LIMIT 5",
        (schemas, APP),
    ):
        yield error(
            "roles.rights",
            f"{APP} or everybody has rights on {schema}.{table}",
            f"REVOKE ALL ON {schema}.{table} FROM {APP}, PUBLIC",
        )
    for name, schema in probe.rows(
        "SELECT r.rolname, coalesce(n.nspname, 'every schema') FROM pg_default_acl d"
        " LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a"
        " LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE a.grantee = 0 OR r.rolname = %s LIMIT 5",
        (APP,),
    ):
        yield error(
            "roles.rights",
            f"what is made in {schema} is open to {name or 'everybody'} by default",
            "ALTER DEFAULT PRIVILEGES ... REVOKE ALL",
        )


@check("roles.isolation", "no tenant's role reaches another tenant")
def isolation(probe: Probe) -> Iterator[Finding]:
    """Every tenant's role against the schemas of all others, and what is open to everybody."""
    roles, schemas = [t.role for t in probe.tenants], [t.schema for t in probe.tenants]
    for role, schema in probe.rows(
        "SELECT r.role, s.schema FROM unnest(%s::text[], %s::text[]) AS r(role, own)"
        " CROSS JOIN unnest(%s::text[]) AS s(schema) WHERE r.own <> s.schema"
        " AND to_regrole(r.role) IS NOT NULL AND to_regnamespace(s.schema) IS NOT NULL"
        " AND has_schema_privilege(r.role, s.schema, 'USAGE') LIMIT 5",
        (roles, schemas, [*schemas, "installation"]),
    ):
        yield error(
            "roles.isolation",
            f"{role} may use the schema {schema}",
            f"REVOKE ALL ON SCHEMA {schema} FROM {role}, PUBLIC",
        )


@check("time.clock", "this machine and the database agree about the time")
def clock(probe: Probe) -> Iterator[Finding]:
    """The database's clock against ours; a third of the round trip is not to be held against it."""
    before = probe.now()
    theirs = probe.value("SELECT clock_timestamp()")
    skew = max(0.0, abs((theirs - before).total_seconds()) - max(0.0, (probe.now() - before).total_seconds()))
    if skew > SKEW_WARNING_S:
        kind = error if skew > SKEW_ERROR_S else warning
        yield kind("time.clock", f"the clocks are {skew:.1f} s apart", "let both machines keep time by NTP")
