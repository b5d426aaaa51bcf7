"""Encrypted values under another tenant's keys: a copy of a tenant has an id and keys of its own (ADR 0026).

Leaves of events stay as they are, and so do the commitments in them: they commit to salt and content,
whichever key these lie under.
"""

from collections.abc import Mapping
from uuid import UUID

from psycopg import sql

from ostiary.crypto import public as crypto
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import TenantId
from ostiary.kernel.ports import Row
from ostiary.project.backup._errors import BackupRefused

_KEY_TABLES = ("crypto_dek", "crypto_kek")
_BLOBS = """
select c.relname, a.attname from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = %(schema)s and c.relkind = 'r' and a.atttypid = 'bytea'::regtype and not a.attisdropped"""


class _Keys:
    """The original's keys, and the copy's new one for each of them."""

    def __init__(self, ctx: Context, came_from: UUID) -> None:
        self.ctx = ctx
        self.came_from = came_from
        original = Context(TenantId(came_from), ctx.db, None, Channel.CLI, purpose="restore")
        rows = ctx.db.rows("select id, scope from @.crypto_dek where wrapped is not null")
        self._scopes: Mapping[UUID, str] = dict(rows)
        self.old = {row[0]: crypto.get_dek(original, row[0]) for row in rows}
        ctx.db.run("delete from @.crypto_dek")
        ctx.db.run("delete from @.crypto_kek")

    def new(self, old: UUID) -> crypto.Dek:
        """The key of the same scope. Made when it is first needed."""
        return crypto.ensure_dek(self.ctx, self._scopes[old])


def reseal(ctx: Context, came_from: UUID) -> int:
    """Encrypt for the tenant of `ctx` everything that was encrypted for the original; the old keys go.

    A value whose key is gone was erased and stays so. Returns: how many values.
    Raises: BackupRefused: values lie where no context declared any. Undecipherable: one was altered.
    """
    keys = _Keys(ctx, came_from)
    _refuse_unknown_places(ctx, list(keys.old))
    return sum(_reseal_table(keys, table) for table in crypto.encrypted_tables(ctx.db))


def _reseal_table(keys: _Keys, table: crypto.Encrypted) -> int:
    names = [name for name, _ in table.keys]
    select, update = _statements(table)
    at: Row | None = None
    done = 0
    while True:
        bound: dict[str, object] = {"page": table.page, "first": at is None}
        bound |= {f"k_{name}": None if at is None else at[i] for i, name in enumerate(names)}
        page = keys.ctx.db.rows(select, bound)
        if not page:
            return done
        at = page[-1]
        rows = [changed for row in page if (changed := _resealed(keys, table, row)) is not None]
        columns = [*names, *table.blobs, *([table.dek_column] if table.dek_column else [])]
        keys.ctx.db.run(update, {f"n_{c}": [row[i] for row in rows] for i, c in enumerate(columns)})
        done += len(rows)


def _resealed(keys: _Keys, table: crypto.Encrypted, row: Row) -> list[object] | None:
    """Key, blobs and the key's id as they will be; None: nothing of the row can be opened any more."""
    key = row[: len(table.keys)]
    blobs: list[object] = []
    fresh: crypto.Dek | None = None
    for name, blob in zip(table.blobs, row[len(key) :], strict=True):
        old = None if blob is None else keys.old.get(crypto.key_of(bytes(blob)))
        if old is None:
            blobs.append(blob)
            continue
        fresh = keys.new(old.id)
        plain = old.decrypt(bytes(blob), table.place(keys.came_from, key, name))
        blobs.append(fresh.encrypt(plain, table.place(keys.ctx.tenant_id, key, name)))
    if fresh is None:
        return None
    return [*key, *blobs, *([fresh.id] if table.dek_column else [])]


def _statements(table: crypto.Encrypted) -> tuple[str, str]:
    """A page after a key, and the update of a page."""
    names = ", ".join(_quote(name) for name, _ in table.keys)
    after = ", ".join(f"%(k_{name})s::{type_}" for name, type_ in table.keys)
    blobs = ", ".join(map(_quote, table.blobs))
    select = (
        f"select {names}, {blobs} from @.{_quote(table.table)}"
        f" where %(first)s::boolean or ({names}) > ({after}) order by {names} limit %(page)s::int"
    )
    changed = [(name, "bytea") for name in table.blobs]
    changed += [(table.dek_column, "uuid")] if table.dek_column else []
    arrays = ", ".join(f"%(n_{name})s::{type_}[]" for name, type_ in [*table.keys, *changed])
    listed = ", ".join(_quote(name) for name, _ in [*table.keys, *changed])
    update = (
        f"update @.{_quote(table.table)} t"
        f" set {', '.join(f'{_quote(n)} = n.{_quote(n)}' for n, _ in changed)}"
        f" from unnest({arrays}) as n({listed})"
        f" where {' and '.join(f't.{_quote(n)} = n.{_quote(n)}' for n, _ in table.keys)}"
    )
    return select, update


def _refuse_unknown_places(ctx: Context, keys: list[UUID]) -> None:
    """Every other column of bytes is looked through for the ids of keys, which stand at a fixed place."""
    declared = {(table.table, blob) for table in crypto.encrypted_tables(ctx.db) for blob in table.blobs}
    for table, column in ctx.db.rows(_BLOBS, {"schema": ctx.db.schema}):
        if (table, column) in declared or table in _KEY_TABLES:
            continue
        found = ctx.db.row(
            f"select 1 from @.{_quote(table)} where substring({_quote(column)} from 3 for 16) = any(%(keys)s)"
            " limit 1",
            {"keys": [key.bytes for key in keys]},
        )
        if found is not None:
            raise BackupRefused(
                f"{table}.{column} holds values that are encrypted for the original: a copy cannot carry them"
            )


def _quote(name: str) -> str:
    return sql.Identifier(name).as_string()
