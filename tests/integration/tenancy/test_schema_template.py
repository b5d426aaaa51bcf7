"""A tenant made by replay is the tenant that the migrations make (ADR 0019)."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from ostiary.kernel import clock
from ostiary.project import _tenants
from ostiary.project._migrations import migrate_schema
from ostiary.project._schema_template import TEMPLATE, find_template
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation
from tools.schema_template import make_template

pytestmark = pytest.mark.database

# What there is in a schema, with `@.` for its name; order of columns, not their numbers.
CATALOGUE = {
    "tables": """
        select c.relname, c.relkind::text, c.relpersistence::text, c.reloptions::text, c.relacl::text,
               pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid), obj_description(c.oid)
        from pg_class c
        where c.relnamespace = %(home)s::regnamespace and c.relkind in ('r', 'p', 'S', 'v')""",
    "columns": """
        select c.relname, row_number() over (partition by c.oid order by a.attnum), a.attname,
               format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text, a.attgenerated::text,
               a.attstorage::text, a.attcollation::regcollation::text, pg_get_expr(d.adbin, d.adrelid)
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where c.relnamespace = %(home)s::regnamespace and c.relkind in ('r', 'p', 'v')""",
    "constraints": """
        select conrelid::regclass::text, conname, contype::text, pg_get_constraintdef(oid), condeferrable,
               condeferred, convalidated
        from pg_constraint where connamespace = %(home)s::regnamespace""",
    "indexes": "select indexname, indexdef from pg_indexes where schemaname = %(home)s",
    "index partitions": """
        select inhrelid::regclass::text, inhparent::regclass::text from pg_inherits
        join pg_class c on c.oid = inhrelid where c.relnamespace = %(home)s::regnamespace""",
    "sequences": """
        select sequencename, data_type::text, start_value, min_value, max_value, increment_by, cycle,
               cache_size, last_value
        from pg_sequences where schemaname = %(home)s""",
    "owned sequences": """
        select d.objid::regclass::text, d.refobjid::regclass::text, d.refobjsubid > 0, d.deptype::text
        from pg_depend d join pg_class c on c.oid = d.objid and c.relkind = 'S'
        where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
          and c.relnamespace = %(home)s::regnamespace""",
    "functions": """
        select proname, pg_get_functiondef(oid), proacl::text from pg_proc
        where pronamespace = %(home)s::regnamespace and prokind <> 'a'""",
    "triggers": """
        select t.tgrelid::regclass::text, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text
        from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where c.relnamespace = %(home)s::regnamespace and not tgisinternal""",
    "types": """
        select typname, typtype::text from pg_type
        where typnamespace = %(home)s::regnamespace and typtype not in ('c', 'b')""",
}


@contextmanager
def scratch_schema(owner: str, name: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"drop schema if exists {name} cascade; create schema {name}")
        try:
            yield connection
        finally:
            connection.execute(f"drop schema {name} cascade")


def catalogue(connection: psycopg.Connection, schema: str) -> dict[str, list[str]]:
    """Everything in the schema, in words that do not name it."""
    found = {
        what: sorted(repr(row).replace(schema, "@") for row in connection.execute(query, {"home": schema}))
        for what, query in CATALOGUE.items()
    }
    tables = [
        row[0]
        for row in connection.execute("select tablename from pg_tables where schemaname = %s", (schema,))
    ]
    found["rows"] = sorted(
        repr((name, connection.execute(f"select count(*) from {schema}.{name}").fetchone()))
        for name in tables
    )
    ran = connection.execute(f"select app, name from {schema}.django_migrations order by app, name")
    found["migrations"] = [repr(row) for row in ran]
    return found


def test_the_committed_script_makes_what_the_migrations_make(installation: Installation) -> None:
    owner = installation.placement.owner
    replayed, migrated = f"r{installation.worker}", f"m{installation.worker}"
    with scratch_schema(owner, replayed) as connection, scratch_schema(owner, migrated):
        connection.execute(TEMPLATE.read_text().replace("@.", f"{replayed}."))
        migrate_schema(owner, migrated)
        theirs, ours = catalogue(connection, migrated), catalogue(connection, replayed)
    for what, expected in theirs.items():
        assert ours[what] == expected, f"{what} differ: run `make schema`"
    assert len(ours["tables"]) > 20
    assert len(ours["constraints"]) > 20
    assert ours["functions"]


def test_the_committed_script_carries_the_fingerprint_of_these_migrations() -> None:
    assert find_template() is not None, "migrations changed: run `make schema`"


def test_the_tool_makes_the_same_script_again_and_leaves_nothing(installation: Installation) -> None:
    first = make_template(installation.credentials)
    assert make_template(installation.credentials) == first
    assert "ostiary_schema_template" not in first
    with psycopg.connect(installation.placement.owner) as connection:
        left = connection.execute(
            "select 1 from pg_namespace where nspname like 'ostiary_schema%%'"
        ).fetchone()
    assert left is None


def test_a_script_of_other_migrations_is_not_used(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    """The tenant is migrated then, and is the same tenant."""
    made: list[tenancy.Tenant] = []
    for letter, template in (("p", TEMPLATE.read_text), ("q", lambda: None)):
        monkeypatch.setattr(_tenants, "find_template", template)
        slug = f"{letter}{installation.worker}"
        made.append(
            _tenants.create_tenant(
                slug, "Same", [f"{slug}.test"], login="a", person="A", email="a@example.com", password=None
            ).tenant
        )
    with psycopg.connect(installation.placement.owner) as connection:
        one, other = (catalogue(connection, tenant.schema) for tenant in made)
    for what in ("columns", "constraints", "indexes", "functions", "rows", "migrations"):
        assert one[what] == other[what]
    assert one["tables"] == other["tables"]  # with what the tenant's role may do
    for tenant in made:
        tenancy.schedule_drop(tenant, clock.now())
        tenancy.drop_tenant(tenant)


def test_a_stale_or_missing_script_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("template")
    assert find_template(folder / "none.sql") is None
    stale = folder / "stale.sql"
    stale.write_text(TEMPLATE.read_text().replace("migrations: ", "migrations: 0", 1))
    assert find_template(stale) is None
