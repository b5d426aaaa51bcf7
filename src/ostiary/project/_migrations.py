"""Django's migrations, run in one tenant's schema as the owner role.

Django borrows a connection that is ours, so that its migrations stand in one transaction with what comes
before and after them (`_upgrade`). Its registry of connections is one for each thread, so tenants may be
migrated beside each other.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import Cursor, DatabaseWrapper
from django.db.backends.postgresql.psycopg_any import register_tzloader
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from psycopg.types.string import TextLoader

from ostiary.audit import public as audit
from ostiary.crypto import public as crypto
from ostiary.objects import public as objects
from ostiary.tenancy import public as tenancy

# What the tenant's role may do with the fixed tables; all verbs on those that are not listed.
READ_ONLY_TABLES = objects.READ_ONLY_TABLES
INSERT_ONLY_TABLES = (
    *crypto.INSERT_ONLY_TABLES,
    *audit.INSERT_ONLY_TABLES,
    *objects.INSERT_ONLY_TABLES,
)

LOCK_TIMEOUT, STATEMENT_TIMEOUT = "4s", "5s"
ALONE_TIMEOUT = "60s"  # for locks that nobody queues behind, and for others' old snapshots
_SETTINGS: dict[str, Any] = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": "borrowed",
    "USER": "",
    "PASSWORD": "",
    "HOST": "",
    "PORT": "",
    "OPTIONS": {},
    "TEST": {},
    "TIME_ZONE": "UTC",
    "CONN_MAX_AGE": None,
    "CONN_HEALTH_CHECKS": False,
    "ATOMIC_REQUESTS": False,
    "DISABLE_SERVER_SIDE_CURSORS": True,
}


@dataclass(frozen=True, slots=True)
class Step:
    """Pending migrations that stand or fall together: atomic ones in a row, or a single one that is not."""

    names: tuple[tuple[str, str], ...]
    atomic: bool


class _Borrowed(DatabaseWrapper):
    """Django's side of a connection that belongs to somebody else: never opened, closed or committed here.

    transaction: one is open on it, which Django neither begins nor ends.
    """

    def __init__(self, lent: psycopg.Connection[Any], *, transaction: bool) -> None:
        super().__init__({**_SETTINGS, "AUTOCOMMIT": not transaction}, alias=DEFAULT_DB_ALIAS)
        self._lent = lent
        self._transaction = transaction

    def get_new_connection(self, conn_params: object) -> psycopg.Connection[Any]:
        return self._lent

    def create_cursor(self, name: str | None = None) -> Any:
        cursor = Cursor(self.connection)
        for kind in ("jsonb", "inet", "cidr"):  # the ORM decodes these itself
            cursor.adapters.register_loader(kind, TextLoader)
        register_tzloader(self.timezone, cursor)
        return cursor

    def _set_autocommit(self, autocommit: bool) -> None:  # noqa: FBT001  Django's own signature
        if not self._transaction:
            super()._set_autocommit(autocommit)

    def _close(self) -> None:
        pass


@contextmanager
def _lending(connection: psycopg.Connection[Any], *, transaction: bool) -> Iterator[_Borrowed]:
    """Make it this thread's default connection of Django; web processes have a dummy in its place."""
    wrapper = _Borrowed(connection, transaction=transaction)
    connections[DEFAULT_DB_ALIAS] = wrapper
    try:
        wrapper.ensure_connection()
        yield wrapper
    finally:
        del connections[DEFAULT_DB_ALIAS]


def migrate_schema(owner: str, schema: str, *, apps: Sequence[str] = ()) -> None:
    """Bring the fixed tables of a schema up to this release: all of them, or those of some contexts.

    Each migration commits by itself: for schemas that nobody uses yet. Args: owner: conninfo of the owner.
    """
    options = f"-c search_path={schema} -c timezone=UTC -c lock_timeout={LOCK_TIMEOUT}"
    with (
        psycopg.connect(owner, autocommit=True, options=options) as connection,
        _lending(connection, transaction=False) as wrapper,
    ):
        executor = MigrationExecutor(wrapper)
        leaves = executor.loader.graph.leaf_nodes()
        executor.migrate([node for node in leaves if not apps or node[0] in apps])


def pending_steps(db: tenancy.OwnerTransaction) -> list[Step]:
    """What is to be done in the schema of this transaction's tenant, in order."""
    with _in_schema(db) as executor:
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    steps: list[Step] = []
    for migration, _ in plan:
        key = ((migration.app_label, migration.name),)
        if steps and migration.atomic and steps[-1].atomic:
            steps[-1] = Step(steps[-1].names + key, atomic=True)
        else:
            steps.append(Step(key, migration.atomic))
    return steps


def run_step(db: tenancy.OwnerTransaction, step: Step) -> None:
    """Run an atomic step inside this transaction, and leave no constraint unchecked.

    Raises: the database's error, as Django wraps it.
    """
    db.ddl(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'; SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
    with _in_schema(db) as executor:
        # rows that wait for a check of their references would forbid the next ALTER TABLE
        executor.progress_callback = lambda action, *_: (
            executor.connection.check_constraints() if action == "apply_success" else None
        )
        executor.migrate(list(step.names))
    db.ddl("SET LOCAL statement_timeout = 0")


def run_alone(owner: str, schema: str, step: Step) -> None:
    """Run a step that is not atomic on a connection of its own, without a transaction around it.

    Its statements may take their time: an index built concurrently waits for every older transaction.
    """
    options = f"-c search_path={schema} -c timezone=UTC -c lock_timeout={ALONE_TIMEOUT}"
    with (
        psycopg.connect(owner, autocommit=True, options=options) as connection,
        _lending(connection, transaction=False) as wrapper,
    ):
        executor = MigrationExecutor(wrapper)
        for name in step.names:
            _drop_halves(wrapper, executor.loader.graph.nodes[name])
        executor.migrate(list(step.names))


def _drop_halves(wrapper: _Borrowed, migration: Migration) -> None:
    """Indexes of this migration that an attempt began to build and did not end; they are of no use."""
    for operation in migration.operations:
        index = getattr(operation, "index", None)
        if index is None:
            continue
        name = wrapper.ops.quote_name(index.name)
        with wrapper.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM pg_index WHERE NOT indisvalid AND indexrelid = to_regclass(%s)", [name]
            )
            if cursor.fetchone():
                cursor.execute(f"DROP INDEX CONCURRENTLY {name}", [])


@contextmanager
def _in_schema(db: tenancy.OwnerTransaction) -> Iterator[MigrationExecutor]:
    """Django's executor on this transaction, with the tenant's schema as path while the block lasts."""
    db.ddl(f"SET LOCAL search_path = {db.schema}; SET LOCAL timezone = 'UTC'")
    with _lending(db._connection, transaction=True) as wrapper:  # noqa: SLF001  lent to Django here alone
        yield MigrationExecutor(wrapper)
    db.ddl("SET LOCAL search_path = ''")
