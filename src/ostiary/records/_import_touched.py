"""Which records an import made or changed, so that it can be undone, and which keys its file has."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.records._import_settle import Key
from ostiary.records._sealed import Place, register

_PLACE = Place(
    "records_import_record",
    "before",
    UUID("6f737469-6172-4a75-8043-000000000000"),
    UUID("6f737469-6172-4a75-8044-000000000000"),
    ("import_id", "record_id"),
)
register(_PLACE)

_PUT = """
insert into @.records_import_record (import_id, record_id, place, object, version, before)
select %(import)s, * from unnest(%(ids)s::uuid[], %(places)s::int[], %(objects)s::uuid[], %(versions)s::int[],
  %(befores)s::bytea[])
on conflict (import_id, record_id) do update set version = excluded.version, before = excluded.before"""
_KNOWN = """
select record_id, place, object, version, before from @.records_import_record
where import_id = %(import)s and record_id = any(%(ids)s::uuid[])"""
_NEXT = """
select record_id, place, object, version, before from @.records_import_record
where import_id = %(import)s and not stays order by place desc, record_id limit %(limit)s::int"""
_PUT_KEYS = """
insert into @.records_import_key (import_id, hash, line)
select %(import)s, * from unnest(%(hashes)s::bytea[], %(lines)s::int[]) on conflict do nothing"""
_KEYS = """
select hash, line from @.records_import_key
where import_id = %(import)s and hash = any(%(hashes)s::bytea[])"""


@dataclass(frozen=True, slots=True)
class Touched:
    """A record that an import touched. before: what its columns held; None: the import made it.

    place: line of the file; 0: a lookup value made on the way. version: after the last touch.
    """

    id: UUID
    place: int
    object_id: UUID
    version: int
    before: Mapping[str, Any] | None = None

    def again(self, later: "Touched") -> "Touched":
        """The same record, touched once more: what it held at first counts."""
        before = None if self.before is None else {**(later.before or {}), **self.before}
        return replace(self, version=later.version, before=before)


def put_touched(ctx: Context, import_id: UUID, touched: Iterable[Touched]) -> None:
    """Remember records of a chunk, some of which an earlier row may have touched."""
    merged: dict[UUID, Touched] = {}
    for each in touched:
        merged[each.id] = merged[each.id].again(each) if each.id in merged else each
    if not merged:
        return
    for known in _rows(ctx, import_id, _KNOWN, {"ids": list(merged)}):
        merged[known.id] = known.again(merged[known.id])
    found = list(merged.values())
    ctx.db.run(
        _PUT,
        {
            "import": import_id,
            "ids": [each.id for each in found],
            "places": [each.place for each in found],
            "objects": [each.object_id for each in found],
            "versions": [each.version for each in found],
            "befores": [_sealed(ctx, import_id, each) for each in found],
        },
    )


def _sealed(ctx: Context, import_id: UUID, each: Touched) -> bytes | None:
    return None if each.before is None else _PLACE.seal(ctx, [import_id, each.id], dict(each.before))


def next_touched(ctx: Context, import_id: UUID, limit: int) -> list[Touched]:
    """Records that can be undone next, the last ones first."""
    return _rows(ctx, import_id, _NEXT, {"limit": limit})


def _rows(ctx: Context, import_id: UUID, text: str, values: Mapping[str, object]) -> list[Touched]:
    found = []
    for id_, place, object_id, version, blob in ctx.db.rows(text, {"import": import_id, **values}):
        before = None if blob is None else _PLACE.open(ctx, [import_id, id_], blob)
        found.append(Touched(id_, place, object_id, version, before))
    return found


def count_touched(ctx: Context, import_id: UUID) -> int:
    """How many records wait to be undone."""
    row = ctx.db.row(
        "select count(*) from @.records_import_record where import_id = %(import)s and not stays",
        {"import": import_id},
    )
    return row[0] if row else 0


def forget_touched(ctx: Context, import_id: UUID, undone: Sequence[UUID], staying: Sequence[UUID]) -> None:
    """Some were undone, others cannot be."""
    values = {"import": import_id, "undone": list(undone), "staying": list(staying)}
    ctx.db.run(
        "delete from @.records_import_record where import_id = %(import)s"
        " and record_id = any(%(undone)s::uuid[])",
        values,
    )
    ctx.db.run(
        "update @.records_import_record set stays = true where import_id = %(import)s"
        " and record_id = any(%(staying)s::uuid[])",
        values,
    )


def hash_of(salt: str, key: Key) -> bytes:
    """A key so that equal ones meet, and no value can be read or guessed from it without the salt."""
    return hashlib.blake2b(repr(key).encode(), key=bytes.fromhex(salt), digest_size=16).digest()


def known_keys(ctx: Context, import_id: UUID, hashes: Sequence[bytes]) -> dict[bytes, int]:
    """Of these keys the line in which each stood first."""
    rows = ctx.db.rows(_KEYS, {"import": import_id, "hashes": list(hashes)})
    return {bytes(row[0]): row[1] for row in rows}


def put_keys(ctx: Context, import_id: UUID, keys: Sequence[tuple[bytes, int]]) -> None:
    """Remember keys with their lines; the first line of each counts."""
    hashes, lines = [key for key, _ in keys], [line for _, line in keys]
    ctx.db.run(_PUT_KEYS, {"import": import_id, "hashes": hashes, "lines": lines})


def forget_keys(ctx: Context, import_id: UUID) -> None:
    """The file was checked, or is checked anew."""
    ctx.db.run("delete from @.records_import_key where import_id = %(import)s", {"import": import_id})
