"""Connections and transactions. The only module that may send text without parameters to the driver.

A statement without parameters goes by the simple protocol, which allows several statements in one text, so a
bare `SET ROLE` smuggled into one would switch the tenant. Everything else is prepared, so the server takes it
as one statement, and its parameters are bound there.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID
from weakref import WeakSet

import psycopg
from psycopg import sql as _sql
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.types.numeric import Int8Dumper

from ostiary.kernel.errors import Misconfigured, NotFound, OutcomeUnknown
from ostiary.kernel.ids import TenantId
from ostiary.kernel.ports import Params, Row
from ostiary.tenancy._pool import Kept, Pool

Result = TypeVar("Result")
SCHEMA_MARK = "@."
PREPARED_MAX = 500  # of one connection: some 20 tenants at work with their statements; the least used go
_NO_PARAMS: Mapping[str, Any] = {}
_texts: dict[tuple[str, str], str] = {}


class TenantClosed(NotFound):
    """The tenant was suspended or dropped: as if its host were unknown."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant as the directory knows it. `schema` and `role` are validated identifiers.

    suspended: it is not served, because it was suspended or is to be dropped after `drop_after`.
    release: number of the fixed tables it has. placement: name of the database it lives in, "" for the
    installation's own. own_login: its role has a login of its own, which alone can take the role.
    """

    id: TenantId
    slug: str
    name: str
    schema: str
    role: str
    suspended: bool = False
    release: int = 0
    placement: str = ""
    own_login: bool = False
    drop_after: datetime | None = None

    @property
    def state(self) -> str:
        """active, suspended or dropping."""
        if self.drop_after is not None:
            return "dropping"
        return "suspended" if self.suspended else "active"

    @property
    def begin(self) -> bytes:
        """Start of a transaction as the tenant: two commands in one message."""
        return f"BEGIN; SET LOCAL ROLE {self.role}".encode()


def _text(schema: str, template: str) -> str:
    """The statement with the schema's name in place; kept, since templates are constants of the code."""
    key = (schema, template)
    text = _texts.get(key)
    if text is None:
        if len(_texts) > 20_000:  # generated templates could be many; start over rather than grow
            _texts.clear()
        text = _texts[key] = template.replace(SCHEMA_MARK, f"{schema}.")
    return text


Around = Callable[[str, Callable[[], Any]], Any]


class Transaction:
    """`kernel.ports.Db` over one connection. Made by `Database`, dead when its block ends."""

    __slots__ = ("_connection", "_database", "_raw", "_tenant", "schema")

    def __init__(self, database: "Database", tenant: Tenant, connection: psycopg.Connection[Row]) -> None:
        self._database = database
        self._tenant = tenant
        self._connection = connection
        self.schema = tenant.schema
        self._raw: psycopg.RawCursor[Row] | None = None

    def _execute(self, sql: str, params: Params | None) -> psycopg.Cursor[Row]:
        # an empty mapping still binds on the server only if psycopg sees it, so it is passed on as such
        try:
            return self._connection.execute(
                _text(self.schema, sql), _NO_PARAMS if params is None else params, prepare=True
            )
        except psycopg.errors.InsufficientPrivilege as error:
            self._ensure_open(error)
            raise

    def rows(self, sql: str, params: Params | None = None) -> list[Row]:
        return self._execute(sql, params).fetchall()

    def row(self, sql: str, params: Params | None = None) -> Row | None:
        return self._execute(sql, params).fetchone()

    def run(self, sql: str, params: Params | None = None) -> int:
        return self._execute(sql, params).rowcount

    def raw(self, sql: str, params: Sequence[Any], *, keep: bool = True) -> list[Row]:
        if self._raw is None:
            self._raw = psycopg.RawCursor(self._connection)
        # with parameters even a text that is not kept goes as one statement, bound on the server
        try:
            return self._raw.execute(sql, params, prepare=keep or not params).fetchall()
        except psycopg.errors.InsufficientPrivilege as error:
            self._ensure_open(error)
            raise

    def _ensure_open(self, error: psycopg.errors.InsufficientPrivilege) -> None:
        """Raises TenantClosed: the schema itself is refused. In each language the words name it."""
        if re.search(rf"\b{self.schema}\b", error.diag.message_primary or ""):
            raise TenantClosed from error

    @classmethod
    def trace(cls, around: Around) -> None:
        """From now on run every statement of every transaction as `around(text, run)`, which returns `run()`.

        text: the statement with `@.` for the schema and marks for its parameters, so without any value. For
        tracing, once at start-up; without it a statement costs nothing more.
        """
        execute, raw = cls._execute, cls.raw

        def traced_execute(self: Transaction, sql: str, params: Params | None) -> psycopg.Cursor[Row]:
            cursor: psycopg.Cursor[Row] = around(sql, lambda: execute(self, sql, params))
            return cursor

        def traced_raw(self: Transaction, sql: str, params: Sequence[Any], *, keep: bool = True) -> list[Row]:
            rows: list[Row] = around(sql, lambda: raw(self, sql, params, keep=keep))
            return rows

        setattr(cls, "_execute", traced_execute)  # noqa: B010  an assignment is no statement that mypy permits
        setattr(cls, "raw", traced_raw)  # noqa: B010  the same

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        with self._connection.transaction():
            yield

    @contextmanager
    def aside(self) -> Iterator["Transaction"]:
        with self._database.aside(self._tenant) as other:
            yield other


class OwnerTransaction(Transaction):
    """A transaction of the owner role: metadata plans and migrations, never in a web request."""

    __slots__ = ()

    def ddl(self, statement: str) -> None:
        """Run one DDL text; `@.` stands for the schema. Only for text built from validated identifiers."""
        self._connection.execute(_text(self.schema, statement).encode(), prepare=False)

    @contextmanager
    def aside(self) -> Iterator["Transaction"]:
        yield self


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """Connections in use and idle, requests that wait for one, and how many connections there may be."""

    in_use: int = 0
    idle: int = 0
    waiting: int = 0
    most: int = 0


_databases: "WeakSet[Database]" = WeakSet()


def pool_figures() -> PoolFigures:
    """Of all the pools of this process together."""
    each = [database.figures() for database in tuple(_databases)]
    return PoolFigures(
        sum(f.in_use for f in each),
        sum(f.idle for f in each),
        sum(f.waiting for f in each),
        sum(f.most for f in each),
    )


class Database:
    """One login on one PostgreSQL: pooled connections and tenant transactions on them."""

    def __init__(self, conninfo: str, *, max_size: int = 16) -> None:
        _databases.add(self)
        self._pool = Pool(lambda: _connect(conninfo), max_size=max_size)

    def close(self) -> None:
        """Close every pooled connection."""
        self._pool.close()

    def figures(self) -> PoolFigures:
        """How the pool is used at this moment."""
        size, idle = self._pool.size, self._pool.idle
        return PoolFigures(max(0, size - idle), idle, self._pool.waiting, self._pool.max_size)

    def transaction(self, tenant: Tenant) -> AbstractContextManager[Transaction]:
        """One transaction as the tenant's role: committed at the end, rolled back when the block raises.

        Raises: OutcomeUnknown: the connection was lost in the commit. TenantClosed: the tenant was suspended
        or dropped since the directory was read.
        """
        return self._transaction(tenant, aside=False)

    def aside(self, tenant: Tenant) -> AbstractContextManager[Transaction]:
        """The same for whoever has a transaction open already: it does not wait for others to end theirs."""
        return self._transaction(tenant, aside=True)

    @contextmanager
    def _transaction(self, tenant: Tenant, *, aside: bool) -> Iterator[Transaction]:
        try:
            kept, _ = self._begin(tenant.role, lambda fresh: _command(fresh, tenant.begin), aside=aside)
        except psycopg.errors.InvalidParameterValue:
            raise TenantClosed from None  # its role is gone
        connection = kept.connection
        try:
            try:
                yield Transaction(self, tenant, connection)
            except BaseException as error:
                _roll_back(connection)
                if isinstance(error, _GONE) and _is_gone(connection, tenant):
                    raise TenantClosed from error
                raise
            _commit(connection)
        finally:
            self._pool.give(kept)

    def _begin(
        self, user: str, first: Callable[[psycopg.Connection[Row]], Result], *, aside: bool = False
    ) -> tuple[Kept, Result]:
        """A pooled connection and the result of the first thing done on it.

        One that lost its server while it lay idle is replaced: a restart of the database is nobody's error.
        """
        for left in reversed(range(2 * self._pool.max_size + 1)):
            kept = self._pool.take(user, aside=aside)
            try:
                return kept, first(kept.connection)
            except BaseException as error:
                lost = isinstance(error, psycopg.Error) and kept.connection.closed
                self._pool.give(kept)
                if not lost or not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def rows(self, sql: str, params: Params) -> list[Row]:
        """Read what the app's login may read by itself: the directory of tenants, nothing else."""
        kept, found = self._begin("", lambda fresh: fresh.execute(sql, params).fetchall())
        self._pool.give(kept)
        return found


_TRIES_ON_ROLES = 20
_GONE = (
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.UndefinedTable,
)


def _is_gone(connection: psycopg.Connection[Row], tenant: Tenant) -> bool:
    """Whether the tenant's schema was dropped."""
    return (
        connection.execute(
            "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", (tenant.schema,)
        ).fetchone()
        is None
    )


_COMMIT = b"COMMIT"


def _command(connection: psycopg.Connection[Row], text: bytes) -> None:
    """A command without parameters or rows, past the cursor: it is on the way of every request.

    Raises: psycopg.Error; also when the server answered COMMIT by rolling back, since then nothing was kept.
    """
    result = connection.pgconn.exec_(text)
    if result.status != ExecStatus.COMMAND_OK:
        raise psycopg.errors.error_from_result(result)
    if text is _COMMIT and result.command_status != _COMMIT:
        raise psycopg.errors.InFailedSqlTransaction("the transaction had failed and was rolled back")


def _commit(connection: psycopg.Connection[Row]) -> None:
    """Raises OutcomeUnknown: the server was asked to commit and went away without an answer."""
    try:
        _command(connection, _COMMIT)
    except psycopg.Error as error:
        if connection.closed:
            raise OutcomeUnknown from error
        raise


def _roll_back(connection: psycopg.Connection[Row]) -> None:
    """End a transaction without keeping anything. The driver's own way forgets prepared statements too."""
    if connection.pgconn.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
        _command(connection, b"ROLLBACK")
    elif connection.pgconn.transaction_status != TransactionStatus.IDLE:
        connection.close()  # in the middle of a command: the pool makes another one


def _connect(conninfo: str) -> psycopg.Connection[Row]:
    connection = psycopg.connect(conninfo, autocommit=True, prepare_threshold=0)
    connection.prepared_max = PREPARED_MAX
    # one type for every integer: by default its size chooses, and each choice is a statement of its own
    connection.adapters.register_dumper(int, Int8Dumper)
    return connection


@contextmanager
def owner_connection(conninfo: str) -> Iterator[psycopg.Connection[Row]]:
    """A connection for administrative text, in autocommit."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection


@contextmanager
def owner_transaction_on(conninfo: str, tenant: Tenant, database: Database) -> Iterator[OwnerTransaction]:
    """One transaction as the owner, lock timeout 4 s: a metadata change never queues behind a reader."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("BEGIN; SET LOCAL lock_timeout = '4s'")
        try:
            yield OwnerTransaction(database, tenant, connection)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


class OwnerStatements:
    """Single statements of the owner outside any transaction, for what cannot run in one."""

    __slots__ = ("_connection", "schema")

    def __init__(self, connection: psycopg.Connection[Row], schema: str) -> None:
        self._connection = connection
        self.schema = schema

    def rows(self, sql: str, params: Params) -> list[Row]:
        """All rows of one bound statement; `@.` stands for the schema."""
        return self._connection.execute(_text(self.schema, sql), params).fetchall()

    def ddl(self, statement: str) -> None:
        """Run one DDL text, committed by itself; only for text built from validated identifiers."""
        self._connection.execute(_text(self.schema, statement).encode(), prepare=False)


@contextmanager
def owner_statements_on(conninfo: str, tenant: Tenant) -> Iterator[OwnerStatements]:
    """Statements of the owner that each commit by themselves: indexes built beside writers."""
    with owner_connection(conninfo) as connection:
        yield OwnerStatements(connection, tenant.schema)


def run_script(connection: psycopg.Connection[Row], script: str) -> None:
    """Several statements of administrative text, built from constants and quoted identifiers."""
    connection.execute(script.encode())


def run_on_roles(connection: psycopg.Connection[Row], script: Callable[[], str]) -> None:
    """The same for roles. They belong to the server: who administers another of its databases may be at them.

    script: is asked again for each try, since the role may be there by then.
    """
    for left in reversed(range(_TRIES_ON_ROLES)):
        try:
            return run_script(connection, script())
        except (
            psycopg.errors.InternalError_,
            psycopg.errors.UniqueViolation,
            psycopg.errors.DuplicateObject,
        ):
            if not left:  # "tuple concurrently updated" has no code of its own
                raise
    raise AssertionError("the last try returns or raises")


def quote(name: str) -> str:
    """A quoted identifier."""
    return _sql.Identifier(name).as_string()


def quote_literal(value: str) -> str:
    """A quoted literal, for statements that take no parameters (CREATE ROLE)."""
    if "\x00" in value:
        raise Misconfigured("a NUL byte in a literal")
    return _sql.Literal(value).as_string()


def as_uuid(value: object) -> UUID:
    """A driver value as UUID."""
    return value if isinstance(value, UUID) else UUID(str(value))
