"""What a bulk change did, chunk by chunk: what became of each row, and what its columns held before.

A chunk lies encrypted in one value. Once its rows were undone, only what became of them stays.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.kernel.errors import Unavailable
from ostiary.kernel.ids import new_id
from ostiary.kernel.ports import Row
from ostiary.kernel.tables import has_table
from ostiary.records._bulk import Outcome
from ostiary.records._bulk_notes import RowNote
from ostiary.records._sealed import Place, register

TABLE = "records_bulk_chunk"
_PLACE = Place(
    TABLE,
    "rows",
    UUID("6f737469-6172-4a75-8033-000000000000"),
    UUID("6f737469-6172-4a75-8034-000000000000"),
)
register(_PLACE)

Held = dict[UUID, Mapping[str, Any]]  # by record, what its changed columns held, by the ids of these

_INSERT = """
insert into @.records_bulk_chunk (id, bulk_id, number, undoable, lost, rows)
values (%(id)s, %(bulk)s, %(number)s, %(undoable)s, %(lost)s, %(rows)s)"""
_NEXT = """
select id, rows from @.records_bulk_chunk where bulk_id = %(bulk)s and undoable > 0
order by number desc limit 1 for update"""
_ALL = "select id, rows from @.records_bulk_chunk where bulk_id = %(bulk)s order by number"
_STANDING = """
select (select coalesce(sum(undoable), 0)::int from @.records_bulk_chunk where bulk_id = %(id)s),
  (select coalesce(sum(lost), 0)::int from @.records_bulk_chunk where bulk_id = %(id)s),
  (select undoes from @.records_bulk_undo where id = %(id)s),
  (select u.id from @.records_bulk_undo u where u.undoes = %(id)s order by u.id desc limit 1),
  exists (select from @.records_bulk_undo u join @.records_bulk b on b.id = u.id
    where u.undoes = %(id)s and b.state in ('waiting', 'running', 'cancelling'))"""
_PURGE = (
    "delete from @.records_bulk_chunk where bulk_id not in (select id from @.records_bulk)",
    "delete from @.records_bulk_undo where id not in (select id from @.records_bulk)",
)


@dataclass(frozen=True, slots=True)
class KeptRow:
    """What became of one row. before: see `Held`; empty: there is nothing to undo."""

    number: int
    id: UUID
    outcome: Outcome
    version: int | None
    reason: str
    before: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chunk:
    """The rows of one chunk, in order."""

    id: UUID
    rows: tuple[KeptRow, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a change stands to undoing. left: rows whose values can be given back. undoes: what it takes back.

    lost: records that whoever changed them may no longer see. undone_by: the last change that took it back.
    busy: one of these is not over.
    """

    left: int
    lost: int
    undoes: UUID | None
    undone_by: UUID | None
    busy: bool


NEVER = Standing(0, 0, None, None, busy=False)


def is_kept(ctx: Context) -> bool:
    """Whether this tenant's tables are there yet."""
    return has_table(ctx.db, TABLE)


def ensure_kept(ctx: Context) -> None:
    """Raises Unavailable: tables of the release before."""
    if not is_kept(ctx):
        raise Unavailable("This is being updated; try again in a few minutes", retry_after_s=60)


def keep_chunk(ctx: Context, bulk: UUID, notes: Sequence[RowNote], held: Held) -> None:
    """Keep what became of some rows; nothing in a tenant of the release before."""
    rows = [_row(note, held) for note in notes if note.id is not None]
    if rows and is_kept(ctx):
        # what was deleted has no version, and nobody misses it
        lost = sum(note.version is not None and not note.visible for note in notes)
        _put(ctx, bulk, rows, lost)


def _row(note: RowNote, held: Held) -> KeptRow:
    done = note.outcome is Outcome.OK and note.id is not None
    before = held.get(note.id, {}) if done and note.id is not None else {}
    reason = str(note.detail.get("message", ""))
    told = "; ".join(str(error["message"]) for error in note.detail.get("errors", ()))
    return KeptRow(note.number, note.id or new_id(), note.outcome, note.version, told or reason, before)


def _put(ctx: Context, bulk: UUID, rows: Sequence[KeptRow], lost: int) -> None:
    chunk = new_id()
    ctx.db.run(
        _INSERT,
        {
            "id": chunk,
            "bulk": bulk,
            "number": rows[0].number,
            "undoable": sum(bool(row.before) for row in rows),
            "lost": lost,
            "rows": _sealed(ctx, chunk, rows),
        },
    )


def _sealed(ctx: Context, chunk: UUID, rows: Sequence[KeptRow]) -> bytes:
    data = [[r.number, r.id, r.outcome.value, r.version, r.reason, r.before] for r in rows]
    return _PLACE.seal(ctx, [chunk], data)


def next_undoable(ctx: Context, bulk: UUID) -> Chunk | None:
    """The last chunk of which something can be undone, locked; None: there is none."""
    row = ctx.db.row(_NEXT, {"bulk": bulk})
    return None if row is None else _chunk(ctx, row)


def list_chunks(ctx: Context, bulk: UUID) -> Iterator[Chunk]:
    """All of them in order."""
    for row in ctx.db.rows(_ALL, {"bulk": bulk}):
        yield _chunk(ctx, row)


def _chunk(ctx: Context, row: Row) -> Chunk:
    found = _PLACE.open(ctx, [row[0]], row[1])
    rows = (KeptRow(n, UUID(id_), Outcome(o), v, reason, before) for n, id_, o, v, reason, before in found)
    return Chunk(row[0], tuple(rows))


def spend(ctx: Context, chunk: Chunk) -> None:
    """Forget what the columns held: it was undone, or cannot be."""
    rows = [replace(row, before={}) for row in chunk.rows]
    ctx.db.run(
        "update @.records_bulk_chunk set undoable = 0, rows = %(rows)s where id = %(id)s",
        {"id": chunk.id, "rows": _sealed(ctx, chunk.id, rows)},
    )


def link(ctx: Context, bulk: UUID, undoes: UUID) -> None:
    """Say that a change takes another one back."""
    ctx.db.run(
        "insert into @.records_bulk_undo (id, undoes) values (%(id)s, %(undoes)s)",
        {"id": bulk, "undoes": undoes},
    )


def get_standing(ctx: Context, bulk: UUID) -> Standing:
    """How a change stands to undoing."""
    row = ctx.db.row(_STANDING, {"id": bulk}) if is_kept(ctx) else None
    return NEVER if row is None else Standing(*row)


def purge(ctx: Context) -> None:
    """Forget what is of changes that are gone."""
    if is_kept(ctx):
        for text in _PURGE:
            ctx.db.run(text, {})
