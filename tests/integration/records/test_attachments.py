"""Files and notes lie under a record: whoever reads or changes it reads or changes them, and nobody else."""

import hashlib
import tracemalloc
from collections.abc import Iterator
from uuid import UUID

import pytest

from ostiary.access import public as access
from ostiary.crypto import public as crypto
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound, OstiaryError
from ostiary.objects import public as objects
from ostiary.pages._refusals import why_not_created
from ostiary.records import _scanners
from ostiary.records import public as records
from tests.integration.records._people import events, person

pytestmark = pytest.mark.database

PART = 256 * 1024
PDF = b"%PDF-1.7 the offer"
LONG = bytes(range(256)) * 2048  # two parts


@pytest.fixture
def deal(admin: Context) -> tuple[Context, UUID]:
    """A deal of somebody in sales: finance may change it by rule, no colleague in sales sees it."""
    author = person(admin, "author", "sales")
    return author, records.create_record(author, "opportunity", {"name": "Pilot"}).id


def attach(ctx: Context, record: UUID, content: bytes = PDF, name: str = "offer.pdf") -> UUID:
    return records.attach(ctx, "opportunity", record, name, [content]).id


def content_of(ctx: Context, file: UUID, code: str = "opportunity") -> bytes:
    return b"".join(records.open_attachment(ctx, code, file)[1])


def blobs(ctx: Context) -> int:
    row = ctx.db.row("select count(*) from @.records_blob")
    assert row is not None
    return int(row[0])


def refusal(ctx: Context, file: UUID) -> OstiaryError:
    with pytest.raises(OstiaryError) as refused:
        content_of(ctx, file)
    return refused.value


def test_whoever_reads_the_record_reads_its_files_and_a_stranger_finds_none(
    admin: Context, deal: tuple[Context, UUID]
) -> None:
    author, record = deal
    file = attach(author, record)
    clerk, colleague, outsider = (
        person(admin, login, *roles)
        for login, *roles in (("clerk", "finance"), ("colleague", "sales"), ("outsider",))
    )
    meta, chunks = records.open_attachment(clerk, "opportunity", file)
    assert (meta.name, meta.size, meta.content_type) == ("offer.pdf", len(PDF), "application/pdf")
    assert meta.checksum == hashlib.sha256(PDF).hexdigest()
    assert b"".join(chunks) == PDF
    assert content_of(clerk, file, "opportunity_file") == PDF
    for stranger in (colleague, outsider):
        hidden, absent = refusal(stranger, file), refusal(stranger, UUID(int=7))
        assert type(hidden) is type(absent) is NotFound
        assert hidden.message == absent.message
        assert not [id_ for id_ in _listed(stranger) if id_ == file]
    assert [
        r["name"] for r in records.list_records(clerk, records.RecordQuery("opportunity_file")).records()
    ] == ["offer.pdf"]


def _listed(ctx: Context) -> tuple[UUID, ...]:
    try:
        return records.list_records(ctx, records.RecordQuery("opportunity_file")).ids
    except AccessDenied:
        return ()


def test_a_file_is_put_under_a_record_by_whoever_may_change_it(admin: Context) -> None:
    author, reader, marketing = (
        person(admin, login, role)
        for login, role in (("owner", "sales"), ("reader", "sales"), ("promoter", "marketing"))
    )
    record = records.create_record(author, "account", {"name": "Tindalvale"}).id
    clerk = person(admin, "clerk", "finance")  # may change accounts of others by rule
    made = records.attach(clerk, "account", record, "terms.pdf", [PDF])
    assert content_of(reader, made.id, "account") == PDF
    for mere_reader in (reader, marketing):
        with pytest.raises(AccessDenied) as refused:
            records.attach(mere_reader, "account", record, "mine.pdf", [PDF])
        assert refused.value.layer == "record"
    with pytest.raises(AccessDenied) as closed:
        records.attach(person(admin, "outsider"), "account", record, "mine.pdf", [PDF])
    assert closed.value.layer == "object"
    with pytest.raises(AccessDenied):
        records.delete_record(reader, "account_file", made.id)
    records.delete_record(author, "account_file", made.id)
    assert blobs(admin) == 0


def test_a_hidden_record_takes_no_file_and_is_told_like_an_absent_one(
    admin: Context, deal: tuple[Context, UUID]
) -> None:
    author, record = deal
    colleague = person(admin, "colleague", "sales")
    attach(author, record)
    told = []
    for asked in (record, UUID(int=7)):
        with pytest.raises(Invalid) as refused:
            attach(colleague, asked)
        told.append(refused.value.errors)
    assert told[0] == told[1]
    assert (told[0][0].field, told[0][0].code) == ("parent", "not_found")


def test_who_is_denied_the_record_is_denied_its_files(admin: Context, deal: tuple[Context, UUID]) -> None:
    author, record = deal
    file, clerk, other = (
        attach(author, record),
        person(admin, "clerk", "finance"),
        person(admin, "o", "finance"),
    )
    assert content_of(clerk, file) == PDF
    made = objects.find_object(admin, "opportunity")
    access.set_switches(admin, made.id, records=True, denies=True)
    records.deny_record(admin, "opportunity", record, clerk.actor, [access.Verb.READ])
    assert isinstance(refusal(clerk, file), NotFound)
    assert content_of(other, file) == PDF


def test_a_file_that_is_moved_follows_its_new_record(admin: Context, deal: tuple[Context, UUID]) -> None:
    author, record = deal
    file = attach(author, record)
    clerk, colleague = person(admin, "clerk", "finance"), person(admin, "colleague", "sales")
    shared = records.create_record(author, "opportunity", {"name": "Shared"}).id
    records.share_record(admin, "opportunity", shared, colleague.actor, access.Verb.READ)
    assert isinstance(refusal(colleague, file), NotFound)
    own = attach(colleague, records.create_record(colleague, "opportunity", {"name": "Own"}).id)
    with pytest.raises(AccessDenied):  # who may only read a record puts nothing under it
        records.update_record(colleague, "opportunity_file", own, {"parent": str(shared)}, 1)
    records.update_record(author, "opportunity_file", file, {"parent": str(shared)}, 1)
    assert content_of(colleague, file) == content_of(clerk, file) == PDF
    records.unshare_record(admin, "opportunity", shared, colleague.actor, access.Verb.READ)
    assert isinstance(refusal(colleague, file), NotFound)


def test_notes_follow_their_record_too(admin: Context, deal: tuple[Context, UUID]) -> None:
    author, record = deal
    clerk, colleague = person(admin, "clerk", "finance"), person(admin, "colleague", "sales")
    note = {"parent": str(record), "title": "Call", "text": "They want two."}
    made = records.create_record(clerk, "opportunity_note", note)
    assert records.get_record(author, "opportunity_note", made.id).data["text"] == "They want two."
    with pytest.raises(NotFound):
        records.get_record(colleague, "opportunity_note", made.id)
    with pytest.raises(Invalid):
        records.create_record(colleague, "opportunity_note", note)


def test_the_checksum_stands_for_the_bytes(admin: Context, deal: tuple[Context, UUID]) -> None:
    author, record = deal
    file, clerk = attach(author, record), person(admin, "clerk", "finance")
    made = objects.find_object(admin, "opportunity_file")
    finance, sales = (identity.find_unit(admin, code) for code in ("finance", "sales"))
    assert finance is not None
    assert sales is not None
    rows = [(finance, access.ColumnLevel.NONE), (sales, access.ColumnLevel.READ)]
    assert content_of(clerk, file) == PDF
    access.set_column_rows(admin, made.id, made.columns["checksum"].id, rows)
    assert isinstance(refusal(clerk, file), records.ColumnRestricted)
    assert content_of(author, file) == PDF
    with pytest.raises(records.ColumnNotEditable):
        attach(author, record)


def test_what_is_computed_nobody_types(deal: tuple[Context, UUID]) -> None:
    author, record = deal
    file = attach(author, record)
    renamed = records.update_record(author, "opportunity_file", file, {"name": "offer 2.pdf"}, 1)
    assert renamed.data["name"] == "offer 2.pdf"
    for values in ({"checksum": "0" * 64}, {"size": 1}, {"content_type": "text/html"}):
        with pytest.raises(Invalid) as refused:
            records.update_record(author, "opportunity_file", file, values, renamed.version)
        assert refused.value.errors[0].code == "not_writable"
    with pytest.raises(Invalid) as empty:  # a record of a file comes with its bytes alone
        records.create_record(author, "opportunity_file", {"name": "a.pdf", "parent": str(record)})
    assert {e.field for e in empty.value.errors} == {"size", "content_type", "checksum"}


def test_bytes_lie_encrypted_and_go_with_the_record(deal: tuple[Context, UUID]) -> None:
    author, record = deal
    files = [attach(author, record, LONG) for _ in range(3)]
    rows = author.db.rows(
        "select part, data from @.records_blob where file_id = %(f)s order by part", {"f": files[0]}
    )
    assert [part for part, _ in rows] == [0, 1]
    assert all(LONG[:64] not in bytes(data) for _, data in rows)
    assert content_of(author, files[0]) == LONG
    records.delete_record(author, "opportunity_file", files[0])
    assert blobs(author) == 4
    records.delete_records(author, "opportunity_file", files[1:])
    assert blobs(author) == 0


@pytest.mark.parametrize(
    "change",
    [
        "update @.records_blob set data = set_byte(data, 100, get_byte(data, 100) # 1) where file_id = %(f)s",
        "update @.records_blob set part = part + 1 where file_id = %(f)s and part = 1",
        "delete from @.records_blob where file_id = %(f)s and part = 1",
        (
            "update @.records_blob b set data = other.data from @.records_blob other"
            " where b.file_id = %(f)s and other.file_id = %(o)s and b.part = 0 and other.part = 0"
        ),
        (
            "update @.records_blob b set data = old.data from @.records_blob old"
            " where b.file_id = %(f)s and old.file_id = b.file_id and old.part = 1 - b.part"
        ),
    ],
    ids=["altered", "renumbered", "cut off", "of another file", "in another order"],
)
def test_bytes_that_are_not_what_was_stored_are_refused(deal: tuple[Context, UUID], change: str) -> None:
    author, record = deal
    file, other = attach(author, record, LONG), attach(author, record, LONG)
    assert content_of(author, file) == LONG
    assert author.db.run(change, {"f": file, "o": other})
    with pytest.raises(crypto.Undecipherable):
        content_of(author, file)


def test_a_file_that_is_too_large_or_breaks_off_leaves_nothing(
    admin: Context, deal: tuple[Context, UUID]
) -> None:
    author, record = deal
    access.set_setting(admin, "AttachmentMaxMegabytes", 1)
    taken = []

    def chunks() -> Iterator[bytes]:
        for number in range(100):
            taken.append(number)
            yield bytes(PART)

    def broken() -> Iterator[bytes]:
        yield bytes(PART)
        raise ConnectionResetError

    with pytest.raises(records.AttachmentRefused) as refused:
        records.attach(author, "opportunity", record, "big.bin", chunks())
    assert refused.value.errors[0].code == "too_large"
    assert len(taken) == 4
    with pytest.raises(ConnectionResetError):
        records.attach(author, "opportunity", record, "half.bin", broken())
    assert (blobs(author), _listed(author)) == (0, ())
    attach(author, record, bytes(900_000))
    assert blobs(author) == 4


def test_nothing_is_taken_from_who_may_not_attach(admin: Context, deal: tuple[Context, UUID]) -> None:
    _, record = deal

    def chunks() -> Iterator[bytes]:
        raise AssertionError("a byte was asked for")
        yield b""

    with pytest.raises(Invalid):
        records.attach(person(admin, "colleague", "sales"), "opportunity", record, "a", chunks())


def test_a_scanner_sees_every_byte_and_may_refuse(
    deal: tuple[Context, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    author, record = deal
    seen: list[bytes] = []

    class Scan:
        def feed(self, part: bytes) -> None:
            seen.append(part)

        def end(self) -> None:
            if b"EICAR" in b"".join(seen):
                raise records.AttachmentRefused("content", "infected", "This file is not taken")
            seen.clear()

    monkeypatch.setattr(_scanners, "_scanners", {})
    records.register_scanner("test", lambda ctx, name: Scan())
    with pytest.raises(ValueError, match="test already"):
        records.register_scanner("test", lambda ctx, name: Scan())
    attach(author, record, LONG)
    with pytest.raises(records.AttachmentRefused):
        attach(author, record, LONG + b"EICAR")
    assert b"".join(seen) == LONG + b"EICAR"
    assert blobs(author) == 2
    assert events(author)["records.attachment.refused"] == 1


def test_a_large_file_comes_and_goes_in_little_memory(deal: tuple[Context, UUID]) -> None:
    author, record = deal
    chunk, number = bytes(64 * 1024), 160
    digest = hashlib.sha256(chunk * number).hexdigest()
    attach(author, record)  # what is loaded once is not counted
    tracemalloc.start()
    try:
        file = records.attach(author, "opportunity", record, "big.bin", (chunk for _ in range(number))).id
        meta, chunks = records.open_attachment(author, "opportunity", file)
        size = sum(len(part) for part in chunks)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (meta.size, meta.checksum) == (size, digest) == (len(chunk) * number, digest)
    assert peak < 5_000_000


def test_an_object_without_files_takes_none(admin: Context) -> None:
    product = records.create_record(admin, "product", {"name": "Orbit"}).id
    for code in ("product", "nothing"):
        with pytest.raises(NotFound):
            records.attach(admin, code, product, "a.pdf", [PDF])


def test_a_page_offers_no_form_for_what_only_comes_with_bytes(deal: tuple[Context, UUID]) -> None:
    author, _ = deal
    files, notes = (records.describe(author, code) for code in ("opportunity_file", "opportunity_note"))
    assert access.Verb.CREATE in files.verbs & notes.verbs
    assert "page of the record" in why_not_created(files)
    assert why_not_created(notes) == ""
