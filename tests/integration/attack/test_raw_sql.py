"""What SQL that somebody managed to run could do: as the app's login, and as a tenant's role.

The last line behind the compiler: these statements are sent to the database as they are.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from psycopg import errors, sql

from ostiary.tenancy import public as tenancy
from tests._tenants import Installation
from tests.integration.attack._two_tenants import Side

pytestmark = pytest.mark.database

# {own}: the schema and role of the attacker's tenant; {other}: those of the other one
REFUSED_WITHOUT_ROLE = {
    "own tables": "select * from {own}.rec",
    "another's tables": "select * from {other}.rec",
    "the table behind the directory": "select * from public.tenant",
    "the hosts behind the directory": "select * from public.tenant_host",
    "a new tenant": "insert into public.tenant (id, slug, name, schema, role) select null, '', '', '', ''",
    "another host for oneself": "insert into public.tenant_host select '{other}.test', gen_random_uuid()",
    "a schema": "create schema mine",
    "a table in public": "create table public.mine (x int)",
    "a temporary table": "create temporary table mine (x int)",
    "the owner's role": "set role ostiary_owner",
    "the sequencer's role": "set role ostiary_sequencer",
    "the eraser's role": "set role ostiary_eraser",
    "a login of others": "set session authorization ostiary_owner",
}
REFUSED_AS_TENANT = {
    "another's rows": "select * from {other}.rec",
    "another's people": "select * from {other}.identity_unit",
    "another's sessions": "select * from {other}.identity_session",
    "another's keys": "select * from {other}.crypto_dek",
    "another's rows through a join": "select * from {own}.rec a join {other}.rec b using (id)",
    "another's rows through a union": "select name from {own}.rec union select name from {other}.rec",
    "writing to another": "insert into {other}.identity_unit select * from {own}.identity_unit",
    "deleting of another": "delete from {other}.rec",
    "emptying of another": "truncate {other}.rec",
    "a row lock of another": "select 1 from {other}.rec for update",
    "a sequence of another": "select nextval('{other}.identity_epoch_seq')",
    "a table name as a value": "select '{other}.rec'::regclass, count(*) from {other}.rec",
    "a change of role in an expression": "select set_config('role', '{other}', true)",
    "a change of role for the session": "select set_config('role', '{other}', false)",
    "the settings' view": "update pg_settings set setting = '{other}' where name = 'role'",
    "a query in a function of XML": "select query_to_xml('select * from {other}.rec', true, true, '')",
    "a table in a function of XML": "select table_to_xml('{other}.rec', true, true, '')",
    "a schema in a function of XML": "select schema_to_xml('{other}', true, true, '')",
    "a role in a function of XML": "select query_to_xml('set role {other}', true, true, '')",
    "a query in text statistics": "select * from ts_stat('select to_tsvector(name) from {other}.rec')",
    "a role in text statistics": "select * from ts_stat('set role {other}')",
    "a query in text rewriting": (
        "select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, ''b''::tsquery from {other}.rec')"
    ),
    "a second statement": "select 1; set role {other}",
    "a second statement in a comment's shadow": "select 1; /* */ set local role {other}; --",
    "a file of the server": "select pg_read_file('PG_VERSION')",
    "a folder of the server": "select * from pg_ls_dir('.')",
    "a file as a large object": "select lo_import('PG_VERSION')",
    "a program": "copy (select 1) to program 'true'",
    "a file by copying": "copy {own}.rec to '/tmp/x'",
    "roles' passwords": "select rolpassword from pg_authid",
    "statistics of another's values": "select stavalues1 from pg_statistic",
    "own audit events": "delete from {own}.audit_event",
    "own audit events' times": "update {own}.audit_event set occurred_at = now()",
    "own audit parts": "delete from {own}.audit_payload",
    "own metadata": "update {own}.objects_object set code = 'x'",
    "own table's shape": "alter table {own}.rec add column mine text",
    "own table's trigger": "alter table {own}.rec disable trigger all",
    "a table of one's own": "create table {own}.mine (x int)",
    "a function of one's own": "create function {own}.mine() returns int language sql as 'select 1'",
    "a temporary table": "create temporary table mine (x int)",
    "an anonymous block": "do $$ begin execute 'set role {other}'; perform 1 from {other}.rec; end $$",
    "a role": "create role mine",
    "the directory's table": "select * from public.tenant",
    "another's host": "update public.tenant_host set tenant_id = null",
}
# A NULL or nothing is no refusal, but no gain either: these run and must show nothing of others.
SHOWN_NOTHING = {
    "others' statements": (
        "select count(*) from pg_stat_activity"
        " where usename <> current_user and query not like '%insufficient privilege%' and query <> ''"
    ),
    "statistics by the view": "select count(*) from pg_stats where schemaname = '{other}'",
    "large objects of others": "select count(*) from pg_largeobject_metadata",
    "the connection strings of others": "select count(*) from pg_stat_activity where client_addr is not null",
}


def text(template: str, sides: tuple[Side, Side]) -> str:
    template = template.replace("}.rec", "}.rec_account")
    return template.replace("{own}", sides[0].tenant.schema).replace("{other}", sides[1].tenant.schema)


@contextmanager
def as_app(installation: Installation) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(installation.credentials.app, autocommit=True) as connection:
        yield connection


@contextmanager
def as_tenant(
    installation: Installation, tenant: tenancy.Tenant
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """As a request's transaction is: the role is set, and every statement is one prepared statement."""
    with as_app(installation) as connection:
        connection.execute(sql.SQL("begin; set local role {}").format(sql.Identifier(tenant.role)))
        yield connection
        connection.execute("rollback")


@pytest.mark.parametrize("what", REFUSED_WITHOUT_ROLE)
def test_without_a_role_nothing_but_the_directory(
    what: str, installation: Installation, sides: tuple[Side, Side]
) -> None:
    with as_app(installation) as connection:
        for view in ("tenant_directory", "tenant_entry"):
            assert connection.execute(f"select slug from public.{view}", prepare=True).fetchone()
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(text(REFUSED_WITHOUT_ROLE[what], sides), prepare=True)


@pytest.mark.parametrize("what", REFUSED_AS_TENANT)
def test_a_tenant_reaches_its_own_rows_and_nothing_else(
    what: str, installation: Installation, sides: tuple[Side, Side]
) -> None:
    own, other = sides
    before = other.digest()
    with as_tenant(installation, own.tenant) as connection:
        names = connection.execute(text("select name from {own}.rec", sides), prepare=True).fetchall()
        assert {str(name[0]).rsplit(" ", 1)[0] for name in names if "mark-of" in str(name[0])} == {own.mark}
        with pytest.raises(psycopg.Error) as refused, connection.transaction():
            connection.execute(text(REFUSED_AS_TENANT[what], sides), prepare=True)
    # denied, no such function in this build, or more than one statement: never a success, never a crash
    assert isinstance(
        refused.value,
        errors.InsufficientPrivilege
        | errors.SyntaxError
        | errors.FeatureNotSupported
        | errors.InvalidCursorDefinition
        | errors.UndefinedFunction,
    ), refused.value
    assert other.digest() == before


@pytest.mark.parametrize("what", SHOWN_NOTHING)
def test_what_everybody_may_ask_shows_nothing_of_others(
    what: str, installation: Installation, sides: tuple[Side, Side]
) -> None:
    with as_tenant(installation, sides[0].tenant) as connection:
        assert connection.execute(text(SHOWN_NOTHING[what], sides), prepare=True).fetchone() == (0,)


def test_nobody_ends_a_connection_of_others(installation: Installation, sides: tuple[Side, Side]) -> None:
    with as_app(installation) as neighbour, as_tenant(installation, sides[0].tenant) as connection:
        assert installation.credentials.owner is not None
        with psycopg.connect(installation.credentials.owner) as owner:
            for victim in (owner, neighbour):
                for function in ("pg_terminate_backend", "pg_cancel_backend"):
                    statement = sql.SQL("select {}(%s)").format(sql.Identifier(function))
                    with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                        connection.execute(statement, (victim.info.backend_pid,))


def test_a_grant_by_who_does_not_own_gives_nothing(
    installation: Installation, sides: tuple[Side, Side]
) -> None:
    with as_tenant(installation, sides[0].tenant) as connection:
        for table in ("{own}.rec", "{other}.rec"):
            with suppress(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(text(f"grant select on {table} to public", sides), prepare=True)
        connection.execute("commit")
    assert installation.credentials.owner is not None
    with psycopg.connect(installation.credentials.owner) as owner:
        for side in sides:
            given = owner.execute(
                "select has_table_privilege('ostiary_app', %s, 'select')",
                (f"{side.tenant.schema}.rec_account",),
            ).fetchone()
            assert given == (False,)


def test_the_role_is_gone_with_its_transaction(installation: Installation, sides: tuple[Side, Side]) -> None:
    with as_app(installation) as connection:
        for end in ("commit", "rollback"):
            role = sql.Identifier(sides[0].tenant.role)
            connection.execute(sql.SQL("begin; set local role {}").format(role))
            assert connection.execute("select current_user").fetchone() == (sides[0].tenant.role,)
            connection.execute(end)
            assert connection.execute("select current_user").fetchone() == ("ostiary_app",)
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(text("select 1 from {own}.rec", sides), prepare=True)


def test_the_owner_login_is_no_superuser_and_the_app_inherits_nothing(installation: Installation) -> None:
    with as_app(installation) as connection:
        rows = connection.execute(
            "select rolname, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication, rolinherit"
            " from pg_roles where rolname in ('ostiary_owner', 'ostiary_app') order by 1"
        ).fetchall()
    assert [row[:6] for row in rows] == [
        ("ostiary_app", False, False, False, False, False),
        ("ostiary_owner", False, False, False, False, False),
    ]
    assert rows[0][6] is False
