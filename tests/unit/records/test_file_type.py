"""Names are cleaned and types are judged by the bytes, whatever a client says."""

import pytest

from ostiary.records._content import PART, parts_of
from ostiary.records._errors import AttachmentRefused
from ostiary.records._file_type import LONGEST, clean_name, type_of


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("offer.pdf", "offer.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\offer.pdf", "offer.pdf"),
        ("a\x00b\r\nc.txt", "a b c.txt"),
        ("invoice\u202efdp.exe", "invoice fdp.exe"),
        ("  .hidden. ", "hidden"),
        ("cafe\u0301.txt", "café.txt"),
    ],
)
def test_a_name_is_plain(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_a_long_name_keeps_its_ending_and_an_empty_one_is_refused() -> None:
    assert clean_name("x" * 400 + ".pdf") == "x" * (LONGEST - 4) + ".pdf"
    for empty in ("", " . ", "folder/", "\u200b"):
        with pytest.raises(AttachmentRefused):
            clean_name(empty)


@pytest.mark.parametrize(
    ("head", "claimed", "found"),
    [
        (b"%PDF-1.7", "text/html", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", None, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/png", "image/jpeg"),
        (b"PK\x03\x04....", "application/epub+zip", "application/epub+zip"),
        (b"PK\x03\x04....", "text/html", "application/zip"),
        (b"a,b\n1,2\n", "text/csv; charset=utf-8", "text/csv"),
        (b"<script>alert(1)</script>", "text/html", "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "text/plain"),
        ("Zürich"[:2].encode()[:-1], None, "text/plain"),
        (b"\x00\x01\x02", "image/png", "application/octet-stream"),
        (b"\xff\xfe\xfd", None, "application/octet-stream"),
        (b"", "application/pdf", "application/octet-stream"),
    ],
)
def test_bytes_tell_what_they_are(head: bytes, claimed: str | None, found: str) -> None:
    assert type_of(head, claimed) == found


def test_parts_have_one_size_whatever_the_chunks() -> None:
    content = bytes(range(256)) * 3000
    for size in (1000, PART - 1, PART, PART + 1, len(content)):
        chunks = [content[at : at + size] for at in range(0, len(content), size)]
        parts = list(parts_of([b"", *chunks]))
        assert b"".join(parts) == content
        assert [len(part) for part in parts[:-1]] == [PART] * (len(parts) - 1)
    assert list(parts_of([])) == []
