"""A tenant in which each leg of layer 3 leads somebody to a known share of the records.

`entry`: a viewer by a scope rule (1 zone of 20), one by a delegation (the head of 1 unit of 20), one by 50
shares. `guarded`: 1 % is denied to everybody; a head of 1 unit of 20, a viewer of all by a default rule.
`line`: 10 records for each `account` as master; a viewer to whom 50 accounts are shared.
"""

from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.invented import draw, make_words, numbered, record_id, record_id_sql
from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import ObjectId, UnitId
from ostiary.objects import public as objects
from ostiary.tenancy import public as tenancy

PACKAGE = Path(__file__).parent / "legs_package"
UNITS = ZONES = 20
SHARED = 50
DENIED_EVERY, CHILDREN = 100, 10
ACCOUNT, ENTRY, GUARDED, LINE, ZONE = range(1, 6)
TABLES = {"account": ACCOUNT, "entry": ENTRY, "guarded": GUARDED, "line": LINE}
SCOPED_ZONE, DELEGATED_UNIT, GUARDED_UNIT = 7, 5, 3


@dataclass(frozen=True, slots=True)
class World:
    """viewers: principals by what leads them. persons: authors, those of a unit one after another."""

    tenant: tenancy.Tenant
    administrator: UnitId
    viewers: dict[str, UnitId]
    persons: tuple[UnitId, ...]
    size: int

    def per_unit(self) -> int:
        return len(self.persons) // UNITS


def build(tenant: tenancy.Tenant, administrator: UnitId, size: int, per_unit: int = 10) -> World:
    """Fill an empty tenant: `size` entries, guarded entries and lines, a tenth as many accounts."""
    with tenancy.transaction(tenant) as db:
        ctx = Context(tenant.id, db, administrator, Channel.CLI)
    objects.install_package(tenant, ctx, objects.read_package(PACKAGE))
    with tenancy.transaction(tenant) as db:
        ctx = ctx.within(db)
        heads, persons = _units(ctx, per_unit)
        viewers = _viewers(ctx, heads)
        _rights(ctx, viewers)
        labels: dict[UnitId, int] = dict(
            db.rows("select id, current_label_id from @.identity_unit where kind = 'person'")
        )
        catalogue = objects.get_catalogue(ctx)
    ids = {code: catalogue.objects[code].id for code in TABLES}
    world = World(tenant, administrator, viewers, tuple(persons), size)
    with psycopg.connect(tenancy.owner_dsn(tenant), autocommit=True) as connection:
        _fill(connection, world, [labels[person] for person in persons])
        _mark(connection, world, ids)
    return world


def _units(ctx: Context, per_unit: int) -> tuple[list[UnitId], list[UnitId]]:
    """Heads and persons of the units."""
    heads, persons, pairs = [], [], []
    for number in range(UNITS):
        unit = access.create_role(ctx, identity.UnitKind.ORG, f"Unit {number}")
        lead = access.create_role(ctx, identity.UnitKind.MANAGER, f"Lead of unit {number}", manages=unit)
        head = _person(ctx, f"head{number}")
        members = [_person(ctx, f"user{number}.{n}") for n in range(per_unit)]
        pairs += [(head, lead), *((member, unit) for member in members)]
        heads.append(head)
        persons += members
    access.add_members(ctx, pairs)
    return heads, persons


def _person(ctx: Context, login: str) -> UnitId:
    return access.create_person(ctx, login=login, name=login, email="")


def _viewers(ctx: Context, heads: list[UnitId]) -> dict[str, UnitId]:
    made = {
        name: _person(ctx, name) for name in ("scoped", "under_master", "deputy", "auditor", "shared", "any")
    }
    for name, kind in (("auditor", "Auditors"), ("any", "Viewers of everything")):
        role = access.create_role(ctx, identity.UnitKind.FUNC, kind, code=name)
        access.add_member(ctx, made[name], role)
    any_ = identity.find_unit(ctx, "any")
    if any_ is None:
        raise RuntimeError("no role of the viewers of everything")
    access.set_operation_rows(ctx, access.Operation.VIEW_ANY_DATA, [(any_, True)])
    access.delegate(ctx, heads[DELEGATED_UNIT], made["deputy"], identity.Period())
    access.set_attribute(ctx, made["scoped"], "zones", [record_id(ZONE, SCOPED_ZONE)])
    return {**made, "head": heads[DELEGATED_UNIT], "guarded_head": heads[GUARDED_UNIT]}


def _rights(ctx: Context, viewers: dict[str, UnitId]) -> None:
    everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    auditors = identity.find_unit(ctx, "auditor")
    if everyone is None or auditors is None:
        raise RuntimeError("no root role")
    catalogue = objects.get_catalogue(ctx)
    for found in catalogue.objects.values():
        access.set_object_rows(ctx, found.id, [(everyone, frozenset(access.Verb))])
        columns = {c.id: [(everyone, access.ColumnLevel.EDIT)] for c in found.columns.values()}
        access.set_columns_rows(ctx, found.id, columns)
    entry, guarded = catalogue.objects["entry"], catalogue.objects["guarded"]
    access.set_switches(ctx, catalogue.objects["zone"].id, records=False)
    access.set_switches(ctx, guarded.id, records=True, denies=True)
    read = access.Grant.GRANTED
    access.add_default_rule(ctx, guarded.id, everyone, auditors, read=read, update=read)
    scope = access.Scope((str(entry.columns["zone"].id),), "zones")
    access.add_scope_rule(ctx, catalogue.grounds, entry.id, everyone, scope, access.Grants(read, read))


def _fill(connection: psycopg.Connection, world: World, labels: list[int]) -> None:
    """Rows without indexes first; what the owner refers to is known to be there."""
    make_words(connection)
    schema = world.tenant.schema
    connection.execute("create temporary table person (number int primary key, id uuid, label int)")
    connection.execute(
        "insert into person select n - 1, p, l"
        " from unnest(%(p)s::uuid[], %(l)s::int[]) with ordinality as t(p, l, n)",
        {"p": list(world.persons), "l": labels},
    )
    connection.execute("analyze person")
    connection.execute(
        f"insert into {schema}.rec_zone (id, author_id, label_id, modified_by, name, name__sort, position)"
        f" select {record_id_sql(ZONE, 'n')}, p.id, p.label, p.id, 'Zone ' || n, 'zone ' || n, n"
        " from generate_series(0, %(last)s::int) n join person p on p.number = 0",
        {"last": ZONES - 1},
    )
    for code, table in TABLES.items():
        _insert(connection, world, code, table)


# what rows have beside what all have: (column, SQL from row number `n`)
OWN = {
    "entry": ("zone", record_id_sql(ZONE, draw(3, ZONES))),
    "line": ("account", record_id_sql(ACCOUNT, f"((n - 1) / {CHILDREN})")),
}


def _insert(connection: psycopg.Connection, world: World, code: str, table: int) -> None:
    column, value = OWN.get(code, ("", ""))
    also, given = (f', "{column}"', f", {value}") if column else ("", "")
    drawn = draw(4, len(world.persons))
    connection.execute(
        f"insert into {world.tenant.schema}.rec_{code}"
        f" (id, author_id, owner_id, label_id, modified_by, name, name__sort, city, city__sort{also})"
        f" select {record_id_sql(table, 'n')}, p.id, p.id, p.label, p.id, name, lower(name),"
        f" 'City ' || mod(n, 300), 'city ' || mod(n, 300){given}"
        f" from {numbered()} join person p on p.number = {drawn}",
        {
            "first": 0 if code == "account" else 1,
            "last": world.size // CHILDREN - 1 if code == "account" else world.size,
        },
    )


def _mark(connection: psycopg.Connection, world: World, ids: dict[str, ObjectId]) -> None:
    """Shares and denies."""
    schema = world.tenant.schema
    for viewer, code in (("under_master", "account"), ("shared", "entry")):
        record = record_id_sql(TABLES[code], shared("n", "%(rows)s::int"))
        connection.execute(
            f"insert into {schema}.access_share (id, object_id, record_id, unit_id, verb)"
            f" select gen_random_uuid(), %(o)s, {record}, %(u)s, v"
            " from generate_series(1, %(many)s::int) n, (values ('r'), ('u')) as verbs(v)",
            {
                "o": ids[code],
                "u": world.viewers[viewer],
                "many": SHARED,
                "rows": world.size // CHILDREN,
            },
        )
    connection.execute(
        f"insert into {schema}.access_deny (id, object_id, record_id, unit_id, verb)"
        f" select gen_random_uuid(), %(o)s, {record_id_sql(GUARDED, 'n')}, u.id, 'r'"
        f" from generate_series(%(every)s::int, %(last)s::int, %(every)s::int) n"
        f" join {schema}.identity_unit u on u.code = %(code)s",
        {
            "o": ids["guarded"],
            "last": world.size,
            "every": DENIED_EVERY,
            "code": identity.ALL_EMPLOYEES,
        },
    )
    for table in ("access_share", "access_deny", "identity_unit", "identity_label_unit", "rec_zone"):
        connection.execute(f"vacuum analyze {schema}.{table}")
    for code in TABLES:
        connection.execute(f"vacuum analyze {schema}.rec_{code}")


def shared(number: str, rows: str) -> str:
    """SQL for the row that is the `number`-th of those shared."""
    return f"({number} * (({rows} - 1) / {SHARED}))"
