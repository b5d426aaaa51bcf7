"""Restoring one tenant: into a schema that no request can find, checked there, and known at the very end.

Killed at any point, nothing of it was visible; the next attempt removes what is left and begins again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from ostiary.project._release import RELEASE
from ostiary.project._upgrade import Order, Outcome, upgrade_tenant
from ostiary.project.backup import _settle
from ostiary.project.backup._content import Content, TenantHeader
from ostiary.project.backup._copy import connect, rows_in, tally_of
from ostiary.project.backup._describe import Row, Structure
from ostiary.project.backup._errors import BackupDamaged, BackupRefused
from ostiary.project.backup._plan import Plan, Wish, make_plan
from ostiary.project.backup._rebuild import after_rows, before_rows, permissions, role_names, run
from ostiary.project.backup._save import Progress, silent
from ostiary.project.backup._sealed import open_sealed
from ostiary.tenancy import public as tenancy

UNFINISHED = "a restore that has not ended"  # comment of the schema meanwhile
BUILDING = "building_"  # start of the name of a schema that takes the place of another one


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it. `aside`: the schema that was replaced, kept until it is dropped."""

    tenant: tenancy.Tenant
    header: TenantHeader
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    aside: str | None = None


def restore_tenant(file: Path, wish: Wish, *, progress: Progress = silent) -> Restored:
    """Restore a tenant from `file`, under its own name or another.

    Raises: Invalid: slug, host or placement refused. BackupRefused, BackupDamaged: nothing became visible.
    """
    with _in_words(), open_sealed(file) as (head, source):
        if head.kind != "tenant":
            raise BackupRefused(f"{file.name} holds {head.kind}, not a tenant")
        content = Content(source)
        with tenancy.directory().reserved(wish.slug or content.header.slug):
            plan, aside = _build(file, content, wish, progress)
    tenant = _upgraded(tenancy.get_tenant_by_id(plan.tenant.id))
    progress(f"tenant {tenant.slug} is restored")
    return Restored(tenant, content.header, content.tables, aside)


def _build(file: Path, content: Content, wish: Wish, progress: Progress) -> tuple[Plan, str | None]:
    """Fill a schema that nobody finds, enter it, and tell where what it replaced was put."""
    plan = make_plan(content, wish)
    progress(f"restoring {content.header.slug} of {content.header.at} as {plan.tenant.slug}")
    with _own_login(plan, content, progress):
        building = _prepare(plan)
        with connect(tenancy.owner_dsn(building), building.schema) as connection:
            fill(connection, building, content, progress)
        _settle.settle(building, plan, content, _settle.Reason(wish.reason, file), progress)
        aside = _settle.enter(building, plan)
    with tenancy.owner_transaction(plan.tenant) as db:
        db.ddl(f"COMMENT ON SCHEMA {plan.tenant.schema} IS NULL")
    return plan, aside


@contextmanager
def _own_login(plan: Plan, content: Content, progress: Progress) -> Iterator[None]:
    """Say what becomes of a login of the tenant's own; when the restore fails, forget one that it made."""
    tenant, said = plan.tenant, content.header.own_login
    if said is None and not tenant.own_login:
        progress("the backup does not say whether the tenant had a login of its own: it has none now")
    elif said is not None and said != tenant.own_login:
        progress(
            f"{tenant.slug} keeps its {'own login' if tenant.own_login else 'ordinary role'}, unlike then"
        )
    elif tenant.own_login and plan.replaces is None:
        progress("a new login of its own is made: copy secrets/tenants to the other nodes")
    try:
        yield
    except BaseException:
        if tenant.own_login and plan.replaces is None:
            tenancy.placement(tenant.placement).vault.forget_login(tenant)
        raise


@contextmanager
def _in_words() -> Iterator[None]:
    """What the database refuses, without the values that its own words may hold."""
    try:
        yield
    except psycopg.Error as error:
        raise BackupRefused(
            f"the database refused it ({error.sqlstate or type(error).__name__},"
            f" {error.diag.table_name or error.diag.constraint_name or 'no table named'}):"
            " nothing became visible"
        ) from None


def fill(
    connection: psycopg.Connection[Row], tenant: tenancy.Tenant, content: Content, progress: Progress
) -> None:
    """Everything of the backup into the tenant's empty schema, and read again: its digests are the file's."""
    structure = content.structure
    for statement in before_rows(structure):
        run(connection, statement)
    for table, lines in content.walk():
        with connection.transaction():
            rows_in(connection, table.name, table.stored, lines)
        progress(f"restored {table.name}: {content.tables[table.name]['rows']} rows")
    for statement in after_rows(structure):
        run(connection, statement)
    _set_sequences(connection, content)
    roles = [r[0] for r in connection.execute("SELECT rolname FROM pg_roles WHERE %s", (True,)).fetchall()]
    for statement in permissions(structure, role_names(tenant.role, roles)):
        run(connection, statement)
    progress("comparing what is in the database with the backup")
    compare(connection, structure, content.tables)
    for table in structure.data_tables():
        run(connection, sql.SQL("ANALYZE {}").format(sql.Identifier(table.name)))


def compare(
    connection: psycopg.Connection[Row], structure: Structure, expected: dict[str, dict[str, Any]]
) -> None:
    """Raises BackupDamaged: a table of the schema does not hold what the backup says."""
    for table in structure.data_tables():
        if tally_of(connection, table.name, table.stored).as_json() != expected[table.name]:
            raise BackupDamaged(f"{table.name} holds other rows than the backup: nothing was made visible")


def _set_sequences(connection: psycopg.Connection[Row], content: Content) -> None:
    for sequence in content.structure.sequences:
        last, called = content.sequences[sequence.name]
        name = sql.Literal(sql.Identifier(sequence.name).as_string())
        statement = sql.SQL("SELECT setval({}::regclass, %s, %s)").format(name)
        connection.execute(statement, (int(last), bool(called))).fetchone()


def _prepare(plan: Plan) -> tenancy.Tenant:
    """The tenant with the empty schema that is filled now; what an interrupted attempt left is removed."""
    building = plan.tenant
    kind = tenancy.placement_kind(building)
    if plan.replaces is not None:
        building = replace(building, schema=f"{BUILDING}{building.slug}")
    else:
        tenancy.make_role(tenancy.placement(building.placement), building, kind)
    with tenancy.owner_transaction(building) as db:
        _refuse_strangers(db)
        tenancy.make_schema(db, building, kind)
        db.ddl(f"COMMENT ON SCHEMA {building.schema} IS '{UNFINISHED}'")
    return building


def _refuse_strangers(db: tenancy.OwnerTransaction) -> None:
    """A schema of that name that no restore began may be the last copy of somebody's data."""
    found = db.row(
        "select obj_description(oid, 'pg_namespace') from pg_catalog.pg_namespace where nspname = %(name)s",
        {"name": db.schema},
    )
    if found is not None and found[0] != UNFINISHED:
        raise BackupRefused(
            f"the schema {db.schema} is there and the directory does not know it: look what it holds,"
            " then drop or rename it by hand"
        )


def _upgraded(tenant: tenancy.Tenant) -> tenancy.Tenant:
    """The tenant at this release. Until then the nodes decide whether they serve it."""
    if tenant.release == RELEASE:
        return tenant
    report = upgrade_tenant(tenant, Order())
    if report.outcome in (Outcome.FAILED, Outcome.BUSY):
        raise BackupRefused(
            f"{tenant.slug} is restored at release {tenant.release} and could not be brought to {RELEASE}:"
            f" {report.reason or report.outcome}. Run `ostiary migrate`"
        )
    return tenancy.get_tenant_by_id(tenant.id)
