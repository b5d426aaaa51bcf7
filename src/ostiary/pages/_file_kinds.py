"""What a file is, in a word or two."""

from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_WORDS = {
    "application/pdf": "PDF",
    "image/png": later("PNG image"),
    "image/jpeg": later("JPEG image"),
    "image/gif": later("GIF image"),
    "image/webp": later("WebP image"),
    "image/avif": later("AVIF image"),
    "image/heic": later("HEIC image"),
    "image/tiff": later("TIFF image"),
    "image/bmp": later("BMP image"),
    "audio/mpeg": later("Audio"),
    "audio/wav": later("Audio"),
    "application/ogg": later("Audio or video"),
    "video/mp4": later("Video"),
    "video/webm": later("Video"),
    "application/zip": later("ZIP archive"),
    "application/gzip": later("Archive"),
    "application/x-7z-compressed": later("Archive"),
    "application/vnd.rar": later("Archive"),
    "application/rtf": later("Document"),
    "application/msword": later("Document"),
    f"{_OFFICE}wordprocessingml.document": later("Document"),
    f"{_OPEN}text": later("Document"),
    "application/vnd.ms-excel": later("Spreadsheet"),
    f"{_OFFICE}spreadsheetml.sheet": later("Spreadsheet"),
    f"{_OPEN}spreadsheet": later("Spreadsheet"),
    "application/vnd.ms-powerpoint": later("Presentation"),
    f"{_OFFICE}presentationml.presentation": later("Presentation"),
    f"{_OPEN}presentation": later("Presentation"),
    "application/epub+zip": later("Book"),
    "application/vnd.ms-outlook": later("Message"),
    "message/rfc822": later("Message"),
    "application/x-ole-storage": later("Office document"),
    "application/vnd.microsoft.portable-executable": later("Program"),
    "application/x-elf": later("Program"),
    "text/plain": later("Text"),
    "text/csv": "CSV",
    "text/markdown": later("Text"),
    "text/calendar": later("Calendar"),
    "application/json": "JSON",
    "application/octet-stream": later("Other"),
}


def kind_words(content_type: str) -> str:
    """application/pdf -> PDF; a type that is not known is its own word."""
    return _(_WORDS[content_type]) if content_type in _WORDS else content_type
