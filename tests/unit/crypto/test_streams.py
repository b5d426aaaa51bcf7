"""Streams: whole or refused."""

import io

import pytest

from ostiary.crypto import public as crypto
from ostiary.crypto._stream import CHUNK

KEY, AAD = bytes(range(32)), b"backup 1"
HEADER = 37


def sealed(plaintext: bytes) -> bytes:
    target = io.BytesIO()
    assert crypto.encrypt_stream(io.BytesIO(plaintext), target, KEY, AAD) == len(plaintext)
    return target.getvalue()


def opened(content: bytes, key: bytes = KEY, aad: bytes = AAD) -> bytes:
    target = io.BytesIO()
    crypto.decrypt_stream(io.BytesIO(content), target, key, aad)
    return target.getvalue()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5])
def test_a_stream_comes_back_whole(size: int) -> None:
    plaintext = bytes(i % 251 for i in range(size))
    assert opened(sealed(plaintext)) == plaintext
    assert sealed(plaintext) != sealed(plaintext)


class Dripping(io.BytesIO):
    """Gives a few bytes at a time, like a pipe."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 1000))


def test_a_source_that_gives_little_at_a_time_makes_the_same_chunks() -> None:
    plaintext = b"x" * (2 * CHUNK + 7)
    target, back = io.BytesIO(), io.BytesIO()
    crypto.encrypt_stream(Dripping(plaintext), target, KEY, AAD)
    assert len(target.getvalue()) == HEADER + len(plaintext) + 3 * 16
    crypto.decrypt_stream(Dripping(target.getvalue()), back, KEY, AAD)
    assert back.getvalue() == plaintext


def test_what_was_cut_off_altered_moved_or_continued_is_refused() -> None:
    whole, size = sealed(b"y" * (2 * CHUNK + 100)), CHUNK + 16
    chunks = [whole[HEADER + i * size : HEADER + (i + 1) * size] for i in range(3)]
    assert opened(whole[:HEADER] + b"".join(chunks)) == opened(whole)
    empty = sealed(b"")
    for bad in (
        whole[:-1],  # truncated within a chunk
        whole[: HEADER + 2 * size],  # truncated at the border of a chunk
        whole[: HEADER + size],
        whole[:HEADER],
        whole[:20],
        b"",
        whole[:HEADER] + chunks[1] + chunks[0] + chunks[2],
        whole[:HEADER] + chunks[0] + chunks[2],
        whole + b"z",
        whole + chunks[2],
        b"OST2" + whole[4:],
        whole[:10] + bytes([whole[10] ^ 1]) + whole[11:],
        whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:],
        empty[:HEADER] + chunks[2],
    ):
        with pytest.raises(crypto.Undecipherable):
            opened(bad)


def test_a_stream_opens_with_its_own_key_in_its_own_place() -> None:
    whole = sealed(b"z")
    assert opened(whole) == b"z"
    with pytest.raises(crypto.Undecipherable):
        opened(whole, key=bytes(32))
    with pytest.raises(crypto.Undecipherable):
        opened(whole, aad=b"backup 2")
    with pytest.raises(ValueError, match="32 bytes"):
        opened(whole, key=b"short")
