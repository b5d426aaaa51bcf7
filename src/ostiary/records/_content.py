"""The bytes of files: encrypted parts of one size, each bound to its file and its number.

A part that was altered, or stands at another place, does not decrypt; parts that are missing show before the
first byte leaves. Each names its key, so that a rotation finds it (standards 5.2).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.crypto import public as crypto
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Unavailable
from ostiary.kernel.ids import RecordId
from ostiary.kernel.tables import has_table
from ostiary.records._view import View

SCOPE = "content"
_TABLE = "records_blob"
PART = 256 * 1024  # bytes of each part but the last
_TYPE = UUID("6f737469-6172-4a75-8020-000000000000")
_FIELD = UUID("6f737469-6172-4a75-8021-000000000000")

_PUT = """
insert into @.records_blob (file_id, part, object_id, data)
values (%(file)s, %(part)s, %(object)s, %(data)s)"""
_GET = "select data from @.records_blob where file_id = %(file)s and part = %(part)s"
_COUNT = "select count(*), coalesce(max(part), -1) from @.records_blob where file_id = %(file)s"
_BATCH = 200  # parts that are removed in one transaction
_PAGE = 32  # parts that are held at once when a copy gets keys of its own


def bind_part(tenant_id: UUID, file_id: UUID, part: int) -> bytes:
    """The place of a part, authenticated with it; all of fixed length."""
    return crypto.bind_column(tenant_id, _TYPE, _FIELD) + file_id.bytes + part.to_bytes(4)


def _place(tenant_id: UUID, key: Sequence[Any], _: str) -> bytes:
    return bind_part(tenant_id, key[0], key[1])


crypto.register_encrypted(
    crypto.Encrypted(
        table=_TABLE,
        keys=[("file_id", "uuid"), ("part", "integer")],
        blobs=["data"],
        place=_place,
        page=_PAGE,
    )
)


def parts_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of one size; no more than one part and one chunk is held."""
    held = bytearray()
    for chunk in chunks:
        for at in range(0, len(chunk), PART):
            held += chunk[at : at + PART]
            if len(held) >= PART:
                yield bytes(held[:PART])
                del held[:PART]
    if held:
        yield bytes(held)


def ensure_stored(ctx: Context) -> None:
    """Raises Unavailable: the tenant has the tables of the release before, which kept no bytes."""
    if not has_table(ctx.db, _TABLE):
        raise Unavailable("This is being updated; try again in a few minutes", retry_after_s=60)


def write_parts(ctx: Context, object_id: UUID, file_id: UUID, parts: Iterable[bytes]) -> None:
    """Store the bytes of a file; the caller's transaction or savepoint lets all go together."""
    sealer = crypto.ensure_dek(ctx, SCOPE).sealer()
    for number, part in enumerate(parts):
        data = sealer.seal(part, bind_part(ctx.tenant_id, file_id, number))
        ctx.db.run(_PUT, {"file": file_id, "part": number, "object": object_id, "data": data})


def put_part(ctx: Context, object_id: UUID, file_id: UUID, number: int, data: bytes) -> None:
    """Store one part, of any length, of a file whose parts come one by one."""
    sealed = crypto.ensure_dek(ctx, SCOPE).encrypt(data, bind_part(ctx.tenant_id, file_id, number))
    ctx.db.run(_PUT, {"file": file_id, "part": number, "object": object_id, "data": sealed})


def remove_files(ctx: Context, files: Sequence[UUID]) -> None:
    """Remove the parts of files that belong to no record."""
    ctx.db.run("delete from @.records_blob where file_id = any(%(ids)s::uuid[])", {"ids": list(files)})


def ensure_whole(ctx: Context, file_id: RecordId, size: int) -> int:
    """How many parts a file of this size has. Raises Undecipherable: they are not what is stored."""
    wanted = -(-size // PART)
    if ctx.db.row(_COUNT, {"file": file_id}) != (wanted, wanted - 1):
        raise crypto.Undecipherable("Parts of a file are missing, or there are too many")
    return wanted


def read_part(ctx: Context, file_id: UUID, number: int) -> bytes:
    """One part. Raises Undecipherable: altered, moved or gone."""
    row = ctx.db.row(_GET, {"file": file_id, "part": number})
    if row is None:
        raise crypto.Undecipherable("A part of a file is missing")
    return crypto.decrypt(ctx, bytes(row[0]), bind_part(ctx.tenant_id, file_id, number))


def remove_content(ctx: Context, view: View, ids: Sequence[RecordId]) -> None:
    """Remove the bytes of files whose records were deleted."""
    if view.object.content and ids and has_table(ctx.db, _TABLE):
        ctx.db.run("delete from @.records_blob where file_id = any(%(ids)s)", {"ids": list(ids)})


def remove_batch(ctx: Context, object_id: UUID) -> int:
    """Remove some of the content of an object that is gone for good, and say how many parts."""
    if not has_table(ctx.db, _TABLE):
        return 0
    return ctx.db.run(
        "delete from @.records_blob where (file_id, part) in"
        " (select file_id, part from @.records_blob where object_id = %(o)s"
        " and not exists (select 1 from @.objects_object o where o.id = %(o)s) limit %(n)s::int)",
        {"o": object_id, "n": _BATCH},
    )


def _purge(run: jobs.Run) -> None:
    done, more = int(run.cursor.get("done", 0)), True
    while more:
        with run.open() as ctx:
            removed = remove_batch(ctx, run.arguments["object"])
            done, more = done + removed, removed == _BATCH
            run.note(ctx, done=done, cursor={"done": done})


jobs.register(
    jobs.Task(
        "records.content.purge",
        _purge,
        {"object": jobs.Kind.ID},
        lane=jobs.Lane.BULK,
        retry=jobs.Retry(attempts=8, first_s=10.0, factor=3.0, most_s=3600.0),
        event="records.content.purged",
        operation=access.Operation.PURGE_DROPPED.value,
        service=access.HOUSEKEEPING.login,
        purpose="metadata",
    )
)
