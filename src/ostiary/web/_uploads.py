"""Forms with files: fields are read, files are taken while they come and touch neither disk nor much memory.

Django's own way keeps whole files before anybody was asked, of whoever sends them, in clear. Here a form is
read up to its first file, so fields stand before files, and the view takes the files when the door says yes.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.http.multipartparser import FIELD, FILE, ChunkIter, LazyStream, MultiPartParserError, Parser
from django.utils.datastructures import MultiValueDict

from ostiary.kernel.errors import FieldError, Invalid

_CHUNK = 64 * 1024
_KEY = ""  # of the files in Django's own dictionary; no form has a field without a name
Read = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way, as its sender calls it. chunks: taken once, before the next file is asked for."""

    name: str
    content_type: str | None
    chunks: Iterator[bytes]


class _Files:
    """The files of a form that follow its fields. In Django's dictionary it takes the place of one."""

    def __init__(self, parts: Iterator[Upload]) -> None:
        self.parts = parts

    def close(self) -> None:
        """Nothing is held. Django calls this when the request is over."""


class StreamedFiles(FileUploadHandler):  # type: ignore[misc]  # Django has no types
    """Django's hook for forms with files, for every form of the installation (FILE_UPLOAD_HANDLERS)."""

    def handle_raw_input(
        self,
        input_data: HttpRequest,
        META: Mapping[str, str],  # noqa: N803  Django names it
        content_length: int,
        boundary: bytes,
        encoding: str | None = None,
    ) -> tuple[QueryDict, MultiValueDict]:
        """Fields up to the first file, and the files, of which nothing was read yet."""
        read = _whole(input_data.read, content_length)
        parts = _parts(LazyStream(ChunkIter(_Source(read), _CHUNK)), boundary, encoding or "utf-8")
        try:
            fields, first = _fields(parts)
        except Invalid as refusal:
            raise MultiPartParserError(refusal.message) from refusal  # no view is there yet to refuse
        files = MultiValueDict() if first is None else MultiValueDict({_KEY: [_Files(_files(first, parts))]})
        return fields, files


def uploads_of(request: HttpRequest) -> Iterator[Upload]:
    """The files of a form, in order; none if it has none."""
    found = request.FILES.get(_KEY)
    return found.parts if isinstance(found, _Files) else iter(())


def pass_over(request: HttpRequest, most: int) -> None:
    """Read what is left of a form that was refused: a browser looks for the answer when it has sent all.

    most: bytes; of a form that is longer the connection ends.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) <= most:
        with suppress(UnreadablePostError):
            while request.read(_CHUNK):
                pass


@dataclass(frozen=True, slots=True)
class _Source:
    """What Django's reader asks of a file."""

    read: Read


def _whole(read: Read, size: int) -> Read:
    """The same, but what ends before its announced size is refused."""
    left = size

    def checked(length: int) -> bytes:
        nonlocal left
        try:
            chunk = read(min(length, left)) if left else b""
        except UnreadablePostError:
            chunk = b""
        if left and not chunk:
            raise Invalid([FieldError("", "broken_off", "The form ended before its announced size")])
        left -= len(chunk)
        return chunk

    return checked


_Part = tuple[str, str | Upload]  # name of a field, and its value or its file


def _parts(stream: LazyStream, boundary: bytes, encoding: str) -> Iterator[_Part]:
    left = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    for kind, headers, content in Parser(stream, boundary):
        if kind not in (FIELD, FILE):
            continue
        about = {key: _text(value, encoding) for key, value in headers["content-disposition"][1].items()}
        if kind == FILE:
            said = headers.get("content-type")
            name = about.get("filename", "")
            yield about.get("name", ""), Upload(name, said[0].strip() if said else None, iter(content))
            continue
        value = content.read(left + 1)
        left -= len(value)
        if left < 0:
            raise RequestDataTooBig("The fields of a form are too long")
        yield about.get("name", ""), _text(value, encoding)


def _fields(parts: Iterator[_Part]) -> tuple[QueryDict, Upload | None]:
    """The fields before the first file, and that file."""
    fields = QueryDict(mutable=True)
    for number, (name, value) in enumerate(parts):
        if isinstance(value, Upload):
            return fields, value
        if number >= settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:
            raise TooManyFieldsSent("A form has too many fields")
        fields.appendlist(name, value)
    return fields, None


def _files(first: Upload, parts: Iterator[_Part]) -> Iterator[Upload]:
    yield first
    for _, value in parts:
        if isinstance(value, Upload):
            yield value


def _text(value: bytes, encoding: str) -> str:
    return value.decode(encoding, "replace")
