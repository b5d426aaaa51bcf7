"""What a file is called, and what it is by its own first bytes: a client only helps where these allow it."""

import unicodedata
from codecs import getincrementaldecoder
from pathlib import PurePosixPath

from ostiary.records._errors import AttachmentRefused

HEAD = 4096  # bytes that are looked at
LONGEST = 250  # characters of a name
UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
_decoder = getincrementaldecoder("utf-8")
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"BM", "image/bmp"),
    (0, b"OggS", "application/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"\x7fELF", "application/x-elf"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
# What a kind of bytes may be more exactly, if the client says so; nothing here is run by a browser.
_WITHIN: dict[str, frozenset[str]] = {
    "application/zip": frozenset(
        {f"{_OFFICE}wordprocessingml.document", f"{_OFFICE}spreadsheetml.sheet"}
        | {f"{_OFFICE}presentationml.presentation", "application/epub+zip"}
        | {f"application/vnd.oasis.opendocument.{kind}" for kind in ("text", "spreadsheet", "presentation")}
    ),
    "application/x-ole-storage": frozenset(
        {"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"}
        | {"application/vnd.ms-outlook"}
    ),
    TEXT: frozenset({"text/csv", "text/markdown", "text/calendar", "application/json", "message/rfc822"}),
}


def clean_name(name: str) -> str:
    """A name without a folder, control or direction characters, at most 250 long; its ending is kept.

    Raises AttachmentRefused: nothing is left.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in last)
    plain = " ".join(kept.split()).strip(" .")
    if not plain:
        raise AttachmentRefused("name", "required", "A file needs a name")
    if len(plain) <= LONGEST:
        return plain
    ending = PurePosixPath(plain).suffix[:20]
    return plain[: LONGEST - len(ending)].rstrip(" .") + ending


def shown_name(stored: str) -> str:
    """The name under which a file is saved, whatever it was called later."""
    try:
        return clean_name(stored)
    except AttachmentRefused:
        return "file"


def type_of(head: bytes, claimed: str | None = None) -> str:
    """What the bytes are. claimed: by the client; believed only where the bytes may be just that."""
    found = next((kind for at, mark, kind in _MAGIC if head[at : at + len(mark)] == mark), None)
    found = found or (TEXT if _is_text(head) else UNKNOWN)
    said = (claimed or "").split(";")[0].strip().lower()
    return said if said in _WITHIN.get(found, ()) else found


def _is_text(head: bytes) -> bool:
    """UTF-8 without control characters; the last character may be cut off."""
    try:
        text = _decoder().decode(head)
    except UnicodeDecodeError:
        return False
    return bool(text) and all(c.isprintable() or c in "\t\n\r\f\ufeff" or ord(c) > 0x9F for c in text)
