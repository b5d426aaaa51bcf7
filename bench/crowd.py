"""A tenant with as many roles and users as wanted, made by a few statements, as a migration would.

Its records: one in twenty is of somebody in the unit of `head`, the others of anybody.
"""

import time
from dataclasses import dataclass

import psycopg

from bench.invented import draw, make_words, numbered, record_id, record_id_sql
from bench.legs_world import ENTRY, PACKAGE, SHARED
from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects
from ostiary.project._tenants import create_tenant
from ostiary.tenancy import public as tenancy

ROLE, USER = 100, 101  # tables of made ids
HEADED_SHARE = 20
VIEWERS = ("manager", "head", "shared")


@dataclass(frozen=True, slots=True)
class Crowd:
    """viewers: `manager` of everybody, `head` of one unit, `shared`: 50 shares in a role of its own."""

    tenant: tenancy.Tenant
    administrator: UnitId
    viewers: dict[str, UnitId]
    roles: int
    users: int
    rows: int

    def transaction_context(self, db: tenancy.Transaction) -> Context:
        return Context(self.tenant.id, db, self.administrator, Channel.CLI)

    def role(self, number: int) -> UnitId:
        return UnitId(record_id(ROLE, number))

    def user(self, number: int) -> UnitId:
        return UnitId(record_id(USER, number))


def make(slug: str, roles: int, users: int, rows: int) -> Crowd:
    """A tenant. Users are spread over the roles in turn; labels are those that the product gives."""
    new = create_tenant(
        slug, slug, [f"{slug}.localhost"], login="admin", person="Admin", email="", password=None
    )
    with tenancy.transaction(new.tenant) as db:
        ctx = Context(new.tenant.id, db, new.administrator, Channel.CLI)
    objects.install_package(new.tenant, ctx, objects.read_package(PACKAGE))
    crowd = Crowd(new.tenant, new.administrator, {}, roles, users, rows)
    with psycopg.connect(tenancy.owner_dsn(new.tenant), autocommit=True) as connection:
        _people(connection, crowd)
        with tenancy.transaction(new.tenant) as db:
            started = time.monotonic()
            given = identity.refresh_labels(crowd.transaction_context(db))
            print(f"{slug}: {given} people got a label in {time.monotonic() - started:.1f} s", flush=True)
        _analyze(connection, crowd, "identity_unit", "identity_membership", "identity_label_unit")
        with tenancy.transaction(new.tenant) as db:
            crowd.viewers.update(_viewers(crowd.transaction_context(db), crowd))
        _rows(connection, crowd)
        _analyze(connection, crowd, "rec_entry", "access_share")
    return crowd


def _people(connection: psycopg.Connection, crowd: Crowd) -> None:
    """Organisational roles in a tree of ten children each, and their members."""
    schema, values = crowd.tenant.schema, {"roles": crowd.roles, "users": crowd.users}
    root = f"(select id from {schema}.identity_unit where code = '{identity.ALL_EMPLOYEES}')"
    above = f"case when n <= 10 then {root} else {record_id_sql(ROLE, '(n - 1) / 10')} end"
    role, user = record_id_sql(ROLE, "n"), record_id_sql(USER, "n")
    direct = record_id_sql(ROLE, "1 + mod(n - 1, %(roles)s::int)")
    for table, row, numbers in (
        ("identity_unit (id, kind, name, parent_id)", f"{role}, 'org', 'Role ' || n, {above}", "roles"),
        ("identity_unit (id, kind, name)", f"{user}, 'person', 'User ' || n", "users"),
        (
            "identity_person (unit_id, login, email)",
            f"{user}, 'user' || n, 'user' || n || '@a.test'",
            "users",
        ),
        ("identity_membership (principal_id, role_id)", f"{user}, {direct}", "users"),
    ):
        connection.execute(
            f"insert into {schema}.{table} select {row} from generate_series(1, %({numbers})s::int) n", values
        )


def _viewers(ctx: Context, crowd: Crowd) -> dict[str, UnitId]:
    """By the product's own commands; every employee may read and change entries."""
    everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    if everyone is None:
        raise RuntimeError("no root role")
    made = {name: access.create_person(ctx, login=name, name=name, email="") for name in VIEWERS}
    last = crowd.role(crowd.roles)
    for name, unit in (("manager", everyone), ("head", last)):
        lead = access.create_role(ctx, identity.UnitKind.MANAGER, f"Lead {name}", manages=unit)
        access.add_member(ctx, made[name], lead)
    leaf = access.create_role(ctx, identity.UnitKind.ORG, "Leaf", parent=crowd.role(1))
    access.add_member(ctx, made["shared"], leaf)
    for found in objects.get_catalogue(ctx).objects.values():
        access.set_object_rows(ctx, found.id, [(everyone, frozenset(access.Verb))])
        columns = {c.id: [(everyone, access.ColumnLevel.EDIT)] for c in found.columns.values()}
        access.set_columns_rows(ctx, found.id, columns)
    return made


def _rows(connection: psycopg.Connection, crowd: Crowd) -> None:
    make_words(connection)
    schema = crowd.tenant.schema
    headed = f"(%(roles)s::int * (1 + mod(n / {HEADED_SHARE}, %(users)s::int / %(roles)s::int)))"
    author = f"case when mod(n, {HEADED_SHARE}) = 0 then {headed} else 1 + {draw(4, crowd.users)} end"
    values = {"first": 1, "last": crowd.rows, "users": crowd.users, "roles": crowd.roles}
    connection.execute(
        f"insert into {schema}.rec_entry"
        " (id, author_id, owner_id, label_id, modified_by, name, name__sort)"
        f" select {record_id_sql(ENTRY, 'n')}, u.id, u.id, u.current_label_id, u.id, x.name, lower(x.name)"
        f" from {numbered()} join {schema}.identity_unit u on u.id = {record_id_sql(USER, author)}",
        values,
    )
    shared = record_id_sql(ENTRY, f"n * (%(rows)s::int / {SHARED})")
    connection.execute(
        f"insert into {schema}.access_share (id, object_id, record_id, unit_id, verb)"
        f" select gen_random_uuid(), o.id, {shared}, %(u)s, 'r'"
        f" from generate_series(1, {SHARED}) n join {schema}.objects_object o on o.code = 'entry'",
        {"rows": crowd.rows, "u": crowd.viewers["shared"]},
    )


def _analyze(connection: psycopg.Connection, crowd: Crowd, *tables: str) -> None:
    for table in tables:
        connection.execute(f"vacuum analyze {crowd.tenant.schema}.{table}")


def expected(dsn: str, crowd: Crowd, viewer: str) -> tuple[list[str], int, list[str]]:
    """Names of page 1, the count, and ids of some records seen, from the tables by plain SQL."""
    schema = crowd.tenant.schema
    test = {
        "manager": "true",
        "head": f"r.author_id in (select m.principal_id from {schema}.identity_membership m"
        " where m.role_id = %(unit)s)",
        "shared": f"r.id in (select s.record_id from {schema}.access_share s where s.unit_id = %(me)s)",
    }[viewer]
    values = {"unit": crowd.role(crowd.roles), "me": crowd.viewers[viewer]}
    with psycopg.connect(dsn, autocommit=True) as connection:
        rows = connection.execute(
            f"select r.name, r.id from {schema}.rec_entry r where {test}"
            " order by r.name__sort, r.id limit 200",
            values,
        ).fetchall()
        count = connection.execute(
            f"select count(*) from {schema}.rec_entry r where {test}", values
        ).fetchone()
    return [r[0] for r in rows[:50]], int(count[0]) if count else 0, [str(r[1]) for r in rows]
