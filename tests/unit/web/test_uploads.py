"""Forms with files are read up to the first file; the files are taken when somebody asks for them."""

import io
import tracemalloc
from collections.abc import Iterator

import pytest
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.core.handlers.wsgi import WSGIRequest
from django.http.multipartparser import MultiPartParserError
from django.test import override_settings

from ostiary.kernel.errors import Invalid
from ostiary.web._uploads import pass_over, uploads_of
from tests._site import BOUNDARY, MULTIPART, multipart

HANDLER = override_settings(FILE_UPLOAD_HANDLERS=["ostiary.web.public.StreamedFiles"])
MEGABYTE = 1_000_000


@pytest.fixture(autouse=True)
def _handler() -> Iterator[None]:
    with HANDLER:
        yield


class Counted(io.RawIOBase):
    """A body that is made while it is read: some bytes, many of one, some bytes. taken: of the many."""

    def __init__(self, head: bytes, many: int, tail: bytes) -> None:
        self._head, self._many, self._tail = io.BytesIO(head), many, io.BytesIO(tail)
        self.size = len(head) + many + len(tail)
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        if head := self._head.read(size):
            return head
        many = min(size, self._many - self.taken)
        self.taken += many
        return b"x" * many or self._tail.read(size)


def request_of(body: bytes | Counted, length: int | None = None) -> WSGIRequest:
    size = body.size if isinstance(body, Counted) else len(body)
    return WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": MULTIPART,
            "CONTENT_LENGTH": str(size if length is None else length),
            "wsgi.input": io.BytesIO(body) if isinstance(body, bytes) else body,
        }
    )


def taken(request: WSGIRequest) -> list[tuple[str, str | None, bytes]]:
    return [(each.name, each.content_type, b"".join(each.chunks)) for each in uploads_of(request)]


@pytest.mark.parametrize("length", [0, 1, 65_500, 65_536, 65_540, 200_000])
def test_fields_and_files_come_as_they_were_sent(length: int) -> None:
    odd = (b"\r\n--" + BOUNDARY[:-1].encode()) * (length // 20) + b"\r\n" * length
    sent = [("a ü.pdf", "application/pdf", odd[:length]), ("b.txt", "text/plain; charset=utf-8", b"--\r\n")]
    request = request_of(multipart({"one": "1", "two": "ü"}, sent))
    assert request.POST.dict() == {"one": "1", "two": "ü"}
    assert taken(request) == [sent[0], ("b.txt", "text/plain", b"--\r\n")]
    assert taken(request) == [], "they come once"


def test_a_form_without_a_file_has_fields_alone_and_an_empty_file_field_is_no_file() -> None:
    body = multipart({"one": "1"}, [("", "application/octet-stream", b"")])
    request = request_of(body)
    assert request.POST["one"] == "1"
    assert taken(request) == []


def test_fields_after_the_first_file_are_not_looked_at() -> None:
    late = multipart({"one": "1"}, [("a", "text/plain", b"a")]).removesuffix(b"--\r\n") + b"\r\n"
    request = request_of(late + multipart({"two": "2"}, [("b", "text/plain", b"b")]))
    assert request.POST.dict() == {"one": "1"}
    assert [name for name, _, _ in taken(request)] == ["a", "b"]


def test_nothing_of_a_large_file_is_read_before_it_is_asked_for_or_held_afterwards() -> None:
    whole = multipart({"one": "1"}, [("big", "text/plain", b"|")])
    head, _, tail = whole.partition(b"|")
    body = Counted(head, 20 * MEGABYTE, tail)
    request = request_of(body)
    tracemalloc.start()
    try:
        assert request.POST["one"] == "1"
        assert body.taken < MEGABYTE
        assert sum(len(chunk) for each in uploads_of(request) for chunk in each.chunks) == 20 * MEGABYTE
        assert tracemalloc.get_traced_memory()[1] < 2 * MEGABYTE
    finally:
        tracemalloc.stop()


def test_what_is_left_of_a_refused_form_is_read_unless_it_is_too_much() -> None:
    for most, rest in ((3 * MEGABYTE, b""), (MEGABYTE, b"x")):
        request = request_of(multipart({"one": "1"}, [("big", "text/plain", b"x" * 2 * MEGABYTE)]))
        assert request.POST["one"] == "1"
        pass_over(request, most)
        assert request.read(1) == rest


def test_too_many_or_too_long_fields_are_refused() -> None:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=10), pytest.raises(RequestDataTooBig):
        request_of(multipart({"one": "12345", "two": "123456"})).POST.get("one")
    with override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=1), pytest.raises(TooManyFieldsSent):
        request_of(multipart({"one": "1", "two": "2"})).POST.get("one")


def test_what_ends_before_its_size_is_refused() -> None:
    body = multipart({"one": "1"}, [("a", "text/plain", b"a" * 100_000)])
    request = request_of(body[:-50_000], len(body))
    assert request.POST["one"] == "1"
    with pytest.raises(Invalid) as refused:
        taken(request)
    assert [error.code for error in refused.value.errors] == ["broken_off"]
    with pytest.raises(MultiPartParserError):
        request_of(body[:90], len(body)).POST.get("one")
