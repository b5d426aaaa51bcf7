"""Saving schemas: one transaction that reads everything as it was at one instant."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from ostiary.kernel import clock
from ostiary.project._release import RELEASE
from ostiary.project.backup._copy import Tally, connect, rows_out
from ostiary.project.backup._describe import Row, Structure, Table, describe
from ostiary.project.backup._frames import Kind, compressed, frame, note
from ostiary.project.backup._sealed import write_sealed
from ostiary.tenancy import public as tenancy

Progress = Callable[[str], None]


def silent(_: str) -> None:
    """Progress that nobody wants to see."""


@dataclass(slots=True)
class Saved:
    """A backup that was written. `tables`: rows and digest of each; `size` in bytes of the file."""

    path: Path
    size: int = 0
    at: datetime | None = None
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)


def back_up_tenant(
    tenant: tenancy.Tenant, target: Path, *, snapshot: str | None = None, progress: Progress = silent
) -> Saved:
    """Write one tenant, as it is at one instant, into the new file `target`, encrypted; requests go on.

    snapshot: one exported by another transaction of the same database, to see exactly what that sees.
    Raises: BackupRefused: the file exists, or the schema holds what a backup cannot carry.
    """
    saved = Saved(target)
    with snapshot_of(tenancy.owner_dsn(tenant), tenant.schema, snapshot) as connection:
        pieces = _tenant_frames(connection, tenant, saved, progress)
        saved.size = write_sealed(target, "tenant", compressed(pieces))
    return saved


@contextmanager
def snapshot_of(dsn: str, schema: str, snapshot: str | None = None) -> Iterator[psycopg.Connection[Row]]:
    """A transaction that reads one state and writes nothing."""
    with connect(dsn, schema) as connection:
        connection.autocommit = False
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        if snapshot is not None:
            connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)), ())
        yield connection


def _tenant_frames(
    connection: psycopg.Connection[Row], tenant: tenancy.Tenant, saved: Saved, progress: Progress
) -> Iterator[bytes]:
    saved.at = clock.now()
    header = {
        "product": RELEASE,
        "at": saved.at.isoformat(),
        "server": connection.info.server_version,
        "tenant": {
            "id": str(tenant.id),
            "slug": tenant.slug,
            "name": tenant.name,
            "schema": tenant.schema,
            "placement": tenant.placement,
            "release": tenant.release,
            "own_login": tenant.own_login,
            "hosts": list(tenancy.tenant_hosts().get(tenant.id, ())),
        },
    }
    yield note(Kind.HEADER, header)
    hold_tables(connection, tenant.schema)
    structure = describe(connection, tenant.schema, tenant.role)
    yield note(Kind.STRUCTURE, structure.as_json())
    yield from save_rows(connection, structure.data_tables(), saved, progress)
    yield note(Kind.SEQUENCES, sequence_values(connection, structure))
    yield note(Kind.MANIFEST, {"tables": saved.tables})
    yield frame(Kind.END, b"")


def hold_tables(connection: psycopg.Connection[Row], schema: str) -> None:
    """Let nobody change the form of a table until all are read; changes of metadata wait, or are refused."""
    rows = connection.execute(
        "select relname from pg_class where relnamespace = %s::regnamespace and relkind in ('r', 'p')",
        (sql.Identifier(schema).as_string(),),
    ).fetchall()
    if rows:
        names = sql.SQL(", ").join(sql.Identifier(schema, row[0]) for row in rows)
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(names), ())


def save_rows(
    connection: psycopg.Connection[Row], tables: Sequence[Table], saved: Saved, progress: Progress
) -> Iterator[bytes]:
    """Frames of every table's rows, each table followed by its digest."""
    for number, table in enumerate(tables, 1):
        tally = Tally()
        yield note(Kind.TABLE, {"name": table.name, "columns": table.stored})
        for lines in rows_out(connection, table.name, table.stored):
            tally.add(lines)
            yield frame(Kind.ROWS, lines)
        saved.tables[table.name] = tally.as_json()
        yield note(Kind.TABLE_END, {"name": table.name, **saved.tables[table.name]})
        progress(f"saved {table.name}: {tally.rows} rows ({number} of {len(tables)} tables)")


def sequence_values(connection: psycopg.Connection[Row], structure: Structure) -> dict[str, list[Any]]:
    """Last value of each sequence and whether it was given out.

    Sequences stand outside of snapshots: read after the rows, they are never behind them.
    """
    found = {}
    for sequence in structure.sequences:
        query = sql.SQL("SELECT last_value, is_called FROM {} WHERE %s").format(sql.Identifier(sequence.name))
        row = connection.execute(query, (True,)).fetchone()
        found[sequence.name] = list(row or (sequence.start, False))
    return found


def expected_size(tenant: tenancy.Tenant) -> int:
    """Bytes that a backup will hardly exceed: what the tenant's tables take without their indexes."""
    with tenancy.owner_transaction(tenant) as db:
        row = db.row(
            "select coalesce(sum(pg_table_size(c.oid)), 0)::bigint from pg_catalog.pg_class c"
            " join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = %(schema)s and c.relkind = 'r'",
            {"schema": tenant.schema},
        )
    return int(row[0]) if row else 0
