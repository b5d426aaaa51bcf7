"""Moving values from old keys to the present ones, a window of rows at a time, while others write.

A row is changed only if it still is what was read (`where blob = old`): a lost race is skipped and found
again by the next pass. A pass that finds nothing is the proof that nothing is left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ostiary.crypto._blob import key_of
from ostiary.crypto._encrypted import Encrypted
from ostiary.crypto._errors import Undecipherable
from ostiary.crypto._ring import KeyRing
from ostiary.kernel.context import Context

WINDOW_ROWS = 2000
WINDOW_BYTES = 16 * 2**20  # of blobs held in memory at once


@dataclass(frozen=True, slots=True)
class Window:
    """What was done. after: key of the last row looked at, as JSON values; None: the table's end.

    found: rows under old keys. damaged: those of them that do not open and were left as they are.
    """

    after: list[Any] | None
    found: int
    changed: int
    damaged: int


def reencrypt_window(
    ctx: Context,
    ring: KeyRing,
    encrypted: Encrypted,
    successors: Mapping[UUID, UUID],
    after: Sequence[Any] | None,
    *,
    rows: int = WINDOW_ROWS,
) -> Window:
    """Look at the next rows by key and re-encrypt those under a key of `successors` with the one it leads to.

    ctx.db: the owner's transaction, since some tables are insert-only for the tenant.
    """
    looked = ctx.db.rows(_look(encrypted, first=after is None), _bounds(encrypted, after, rows, successors))
    last = list(looked[-1][: len(encrypted.keys)]) if len(looked) == rows else None
    held = 0
    chosen: list[list[Any]] = []
    for row in looked:
        if row[-2]:
            held += row[-1]
            if chosen and held > WINDOW_BYTES:
                last = chosen[-1]
                break
            chosen.append(list(row[: len(encrypted.keys)]))
    changed, damaged = _change(ctx, ring, encrypted, successors, chosen) if chosen else (0, 0)
    return Window(None if last is None else [_plain(v) for v in last], len(chosen), changed, damaged)


def count_by_key(ctx: Context, encrypted: Encrypted) -> dict[UUID, int]:
    """How many values of the table each key encrypts. Reads the whole table."""
    counts: dict[UUID, int] = {}
    for blob in encrypted.blobs:
        statement = (
            f"select substring({blob} from 3 for 16), count(*) from @.{encrypted.table}"
            f" where {blob} is not null group by 1"
        )
        for key, count in ctx.db.rows(statement):
            if len(key) == 16:
                counts[UUID(bytes=bytes(key))] = counts.get(UUID(bytes=bytes(key)), 0) + count
    return counts


def _look(encrypted: Encrypted, *, first: bool) -> str:
    """Key, whether an old key is used, and size, of the next rows. A header is read without its value."""
    keys = ", ".join(name for name, _ in encrypted.keys)
    bound = ", ".join(f"%(k{i})s::{type_}" for i, (_, type_) in enumerate(encrypted.keys))
    old = " or ".join(f"substring({b} from 3 for 16) = any(%(old)s)" for b in encrypted.blobs)
    size = " + ".join(f"coalesce(octet_length({b}), 0)" for b in encrypted.blobs)
    where = "" if first else f"where ({keys}) > ({bound})"
    return (
        f"select {keys}, coalesce({old}, false), {size} from @.{encrypted.table} {where}"
        f" order by {keys} limit %(rows)s::int"
    )


def _bounds(
    encrypted: Encrypted, after: Sequence[Any] | None, rows: int, successors: Mapping[UUID, UUID]
) -> dict[str, Any]:
    bounds: dict[str, Any] = {"rows": rows, "old": [dek_id.bytes for dek_id in successors]}
    if after is not None:
        bounds |= {f"k{i}": value for i, value in enumerate(after)}
    return bounds


def _change(
    ctx: Context,
    ring: KeyRing,
    encrypted: Encrypted,
    successors: Mapping[UUID, UUID],
    chosen: Sequence[Sequence[Any]],
) -> tuple[int, int]:
    width = len(encrypted.keys)
    wanted = {f"k{i}": [row[i] for row in chosen] for i in range(width)}
    new_rows, damaged = [], 0
    for row in ctx.db.rows(_fetch(encrypted), wanted):
        key, blobs = row[:width], [None if b is None else bytes(b) for b in row[width:]]
        try:
            new_rows.append(
                (
                    key,
                    blobs,
                    [_renew(ctx, ring, encrypted, successors, key, i, b) for i, b in enumerate(blobs)],
                )
            )
        except Undecipherable:
            damaged += 1
    if not new_rows:
        return 0, damaged
    values: dict[str, Any] = {f"k{i}": [key[i] for key, _, _ in new_rows] for i in range(width)}
    for i in range(len(encrypted.blobs)):
        values[f"old{i}"] = [old[i] for _, old, _ in new_rows]
        values[f"new{i}"] = [new[i] for _, _, new in new_rows]
    values["dek"] = [next(key_of(blob) for blob in new if blob is not None) for _, _, new in new_rows]
    return ctx.db.run(_update(encrypted), values), damaged


def _renew(
    ctx: Context,
    ring: KeyRing,
    encrypted: Encrypted,
    successors: Mapping[UUID, UUID],
    key: Sequence[Any],
    number: int,
    blob: bytes | None,
) -> bytes | None:
    if blob is None or (successor := successors.get(key_of(blob))) is None:
        return blob
    place = encrypted.place(ctx.tenant_id, key, encrypted.blobs[number])
    return ring.get_dek(ctx, successor).encrypt(ring.decrypt(ctx, blob, place), place)


def _keys_table(encrypted: Encrypted, *more: str) -> str:
    arrays = [f"%(k{i})s::{type_}[]" for i, (_, type_) in enumerate(encrypted.keys)]
    names = [f"k{i}" for i in range(len(encrypted.keys))]
    for name in more:
        arrays.append(f"%({name})s::{'uuid' if name == 'dek' else 'bytea'}[]")
        names.append(name)
    return f"unnest({', '.join(arrays)}) as chosen({', '.join(names)})"


def _matches(encrypted: Encrypted) -> str:
    return " and ".join(f"t.{name} = chosen.k{i}" for i, (name, _) in enumerate(encrypted.keys))


def _fetch(encrypted: Encrypted) -> str:
    columns = ", ".join(f"t.{name}" for name in [*(name for name, _ in encrypted.keys), *encrypted.blobs])
    return (
        f"select {columns} from {_keys_table(encrypted)} join @.{encrypted.table} t on {_matches(encrypted)}"
    )


def _update(encrypted: Encrypted) -> str:
    count = range(len(encrypted.blobs))
    source = _keys_table(encrypted, "dek", *(f"old{i}" for i in count), *(f"new{i}" for i in count))
    setting = ", ".join(f"{blob} = chosen.new{i}" for i, blob in enumerate(encrypted.blobs))
    if encrypted.dek_column:
        setting += f", {encrypted.dek_column} = chosen.dek"
    same = " and ".join(
        f"t.{blob} is not distinct from chosen.old{i}" for i, blob in enumerate(encrypted.blobs)
    )
    return f"update @.{encrypted.table} t set {setting} from {source} where {_matches(encrypted)} and {same}"


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
