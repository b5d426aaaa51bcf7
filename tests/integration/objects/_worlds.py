"""Tenants with a small object of their own, and changes of metadata in words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import new_id
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant, create_tenant
from ostiary.tenancy import public as tenancy

BOAT = """
change: create_object
object: boat
caption: Boat
plural: Boats
icon: sailboat
display: name
policy: {class: internal, personal_data: none, retention: {months: 0, after: created, then: keep}}
columns:
  - {column: name, type: text, required: true}
  - {column: length_m, type: decimal}
layout: {list: [name, length_m], sort: [name], groups: [{caption: Boat, columns: [name, length_m]}]}
"""
POLICY = "class: internal, personal_data: none, retention: {months: 0, after: created, then: keep}"


def make_home(slug: str, hosts: Sequence[str] = ()) -> NewTenant:
    """A tenant whose name begins with `slug`: a module's tests may be run in two parts."""
    return create_tenant(
        f"{slug}{new_id().hex[-8:]}",
        "Harbour",
        list(hosts),
        login="admin",
        person="Ada Admin",
        email="admin@example.com",
        password=None,
    )


@contextmanager
def inside(home: NewTenant) -> Iterator[Context]:
    with tenancy.transaction(home.tenant) as db:
        yield Context(home.tenant.id, db, home.administrator, Channel.CLI)


def apply(home: NewTenant, text: str, *, revision: int | None = None) -> objects.ChangePlan:
    """Apply changes given as YAML, in the administrator's name."""
    with inside(home) as ctx:
        return objects.apply_changes(home.tenant, ctx, objects.read_changes(text), expected_revision=revision)


def column(code: str, kind: str = "text", more: str = "", of: str = "boat") -> str:
    return f"{{change: add_column, object: {of}, column: {{column: {code}, type: {kind}, {POLICY}{more}}}}}"


def open_to_all(ctx: Context, code: str) -> None:
    """Let all employees do everything with an object, every column included."""
    everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    assert everyone is not None
    made = objects.find_object(ctx, code)
    access.set_object_rows(ctx, made.id, [(everyone, set(access.Verb))])
    rows = [(everyone, access.ColumnLevel.EDIT)]
    access.set_columns_rows(ctx, made.id, {c.id: rows for c in made.columns.values() if c.takes_rows})


def stored(ctx: Context, table: str) -> set[str]:
    """Columns that a table really has."""
    rows = ctx.db.rows(
        "select attname from pg_attribute where attrelid = to_regclass(%(t)s) and attnum > 0"
        " and not attisdropped",
        {"t": f"{ctx.db.schema}.{table}"},
    )
    return {name for (name,) in rows}


def as_if_years_had_passed(home: NewTenant) -> None:
    """What was dropped or renamed is due to go."""
    with tenancy.owner_transaction(home.tenant) as db:
        for table in ("object", "column"):
            db.run(f"update @.objects_{table} set purge_after = '2020-01-01' where dropped_at is not null")
        db.run(
            "update @.objects_column set settings = jsonb_set(settings, '{former,0,until}', '\"2020-01-01\"')"
            " where settings ? 'former'"
        )
        db.run("update @.objects_revision set revision = revision + 1")
        db.run("update @.identity_epoch set epoch = epoch + 1")
