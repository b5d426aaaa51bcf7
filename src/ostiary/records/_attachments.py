"""Files under records. The record of a file is like any other; its bytes go and come in parts.

The checksum stands for the bytes: whoever may not read it gets none, whoever may not write it sends none.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.crypto import public as crypto
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import RecordId, new_id
from ostiary.kernel.messages import worded
from ostiary.objects import public as objects
from ostiary.records._content import ensure_stored, ensure_whole, parts_of, read_part, write_parts
from ostiary.records._create import store_new
from ostiary.records._errors import AttachmentRefused, ColumnNotEditable, ColumnRestricted
from ostiary.records._file_type import HEAD, clean_name, shown_name, type_of
from ostiary.records._plans import highest_class
from ostiary.records._query import Record
from ostiary.records._read import not_found, object_name, record_read, select_record
from ostiary.records._references import ensure_references
from ostiary.records._scanners import scanned
from ostiary.records._settings import ATTACHMENT_MOST
from ostiary.records._view import View, decided, ensure_object, view_of
from ostiary.records._write import typed_values

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that may be read. checksum: SHA-256, in hexadecimal digits."""

    id: RecordId
    name: str
    size: int
    content_type: str
    checksum: str


def attach(
    ctx: Context,
    object_code: str,
    record_id: UUID,
    name: str,
    chunks: Iterable[bytes],
    content_type: str | None = None,
) -> Record:
    """Store a file under a record and return the file's own record.

    Rights are asked for before the first byte is taken, and again when the record is made. Nothing stays of a
    file that was refused. object_code: of the record, or of its files. content_type: as the client says it.
    Raises: NotFound: such records have no files. AccessDenied: layer 2, a column, the record's own layer 3.
    Invalid: the record is absent or hidden. AttachmentRefused: too large, no name, or a scanner said no.
    """
    view = decided(ctx, lambda: _files_of(ctx, object_code))
    code, file_id = view.object.code, RecordId(new_id())
    given = _given(view, clean_name(name), record_id)
    decided(ctx, lambda: _ensure_may_attach(ctx, code, given))
    seen = _Seen(attachment_limit(ctx))
    try:
        with ctx.db.savepoint():
            parts = scanned(ctx, str(given[_column(view, "name")]), seen.count(parts_of(chunks)))
            write_parts(ctx, view.object.id, file_id, parts)
            typed = {_column(view, stored): value for stored, value in seen.facts(content_type).items()}
            return decided(ctx, lambda: store_new(ctx, code, file_id, given, typed))
    except AttachmentRefused as refusal:
        _record_refusal(ctx, view, refusal, seen.size)
        raise


def _record_refusal(ctx: Context, view: View, refusal: AttachmentRefused, size: int) -> None:
    audit.append_aside(
        ctx,
        "records.attachment.refused",
        outcome="denied",
        object_type=view.object.name,
        parts=[audit.Part("decision", {"code": refusal.errors[0].code, "size": size})],
    )


def open_attachment(ctx: Context, object_code: str, file_id: UUID) -> tuple[Attachment, Iterator[bytes]]:
    """A file and its bytes, which have to be taken while the transaction is open.

    That it was opened is recorded before, as strictly as the class of its columns asks. object_code: of the
    record that it belongs to, or of the files.
    Raises: NotFound: absent or hidden. ColumnRestricted. crypto.Undecipherable: what is stored was altered;
    while the bytes are taken, too: what came before that is only a part.
    """
    meta = decided(ctx, lambda: _readable_file(ctx, object_code, RecordId(file_id)))
    return meta, _content(ctx, meta, ensure_whole(ctx, meta.id, meta.size))


def _files_of(ctx: Context, code: str) -> View:
    """The files of an object. Raises NotFound: there is no such object, or it has none. Unavailable."""
    ensure_stored(ctx)
    view = view_of(ctx, code)
    if view.object.content:
        return view
    for made in view.catalogue.objects.values():
        master = made.master_column
        if made.content and master is not None and master.target == view.object.code:
            return view_of(ctx, made.code)
    raise NotFound


def _column(view: View, stored: str) -> str:
    """The code of now of a column of files."""
    return next(c.code for c in view.object.columns.values() if c.name == stored)


def _given(view: View, name: str, record_id: UUID) -> dict[str, object]:
    master = view.object.master_column
    if master is None:
        raise NotFound
    return {_column(view, "name"): name, master.code: str(record_id)}


def _ensure_may_attach(ctx: Context, code: str, given: Mapping[str, object]) -> None:
    view = view_of(ctx, code)
    ensure_object(view, access.Verb.CREATE)
    typed = typed_values(ctx, view, given, access.Verb.CREATE)
    checksum = view.object.columns[_column(view, "checksum")]
    if not view.rights.may_write(view.object.id, checksum.id, access.Verb.CREATE, sealed=checksum.sealed):
        raise ColumnNotEditable(checksum.code)
    ensure_references(ctx, view, typed)


def attachment_limit(ctx: Context) -> int:
    """How many bytes a file may have in this tenant."""
    found = access.get_setting(ctx, ATTACHMENT_MOST.code)
    return int(str(found)) * MEGABYTE


@dataclass(slots=True)
class _Seen:
    """What is learned of a file while its parts pass. most: bytes that it may have."""

    most: int
    size: int = 0
    head: bytes = b""
    digest: Any = field(default_factory=hashlib.sha256)

    def count(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        for part in parts:
            self.size += len(part)
            if self.size > self.most:
                words = worded("A file has at most %(most)s MB", most=self.most // MEGABYTE)
                raise AttachmentRefused("size", "too_large", words)
            self.head = self.head or part[:HEAD]
            self.digest.update(part)
            yield part

    def facts(self, claimed: str | None) -> dict[str, object]:
        """The computed columns, by stored name."""
        kind = type_of(self.head, claimed)
        return {"size": self.size, "content_type": kind, "checksum": self.digest.hexdigest()}


def _readable_file(ctx: Context, code: str, file_id: RecordId) -> Attachment:
    view = _files_of(ctx, code)
    codes = {stored: _column(view, stored) for stored in objects.FILE_COLUMNS}
    record, _ = select_record(ctx, view.object.code, file_id, None, verdicts=False)
    if record is None:
        raise not_found(ctx, view.object.code, file_id)
    for asked in codes.values():
        if asked not in view.readable:
            raise ColumnRestricted(asked)
    columns = [view.object.columns[asked] for asked in codes.values()]
    name = object_name(ctx, view.object.code)
    record_read(ctx, highest_class(columns), "records.attachment.opened", name, file_id)
    data = record.data
    known = {stored: data[asked] for stored, asked in codes.items()}
    return Attachment(file_id, **{**known, "name": shown_name(known["name"])})


def _content(ctx: Context, meta: Attachment, parts: int) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for number in range(parts):
        part = read_part(ctx, meta.id, number)
        digest.update(part)
        yield part
    if digest.hexdigest() != meta.checksum:
        raise crypto.Undecipherable("A file is not what was stored")
