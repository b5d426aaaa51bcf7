"""Encrypting what is too long for one value: files and backups, in chunks, so that memory stays small.

`OST1 | kind (1) | salt (32)`, then chunks of 64 KiB, each with its tag. Every chunk is bound to the header,
to the caller's additional data, to its number and to whether it is the last, so none can be altered, moved,
left out or cut off. The key of a stream is derived from the caller's and the salt, so numbers may serve as
nonces.
Source: the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar 2015), as age v1 uses it.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ostiary.crypto._errors import Undecipherable
from ostiary.crypto._xaes import KEY_SIZE

CHUNK = 64 * 1024
_MAGIC = b"OST1\x01"
_SALT_SIZE = 32
_TAG_SIZE = 16
_INFO = b"app.stream.v1\x00"
_COUNTER_SIZE = 11


def encrypt_stream(source: BinaryIO, target: BinaryIO, key: bytes, aad: bytes) -> int:
    """Encrypt `source` from where it stands to its end.

    Args: key: 32 bytes. aad: what the stream is and belongs to; the reader must know the same.
    Returns: bytes of plaintext.
    """
    salt = os.urandom(_SALT_SIZE)
    header = _MAGIC + salt
    cipher = _cipher(key, salt)
    target.write(header)
    total = 0
    for number, last, chunk in _chunks(source, CHUNK):
        target.write(cipher.encrypt(_nonce(number, last=last), chunk, header + aad))
        total += len(chunk)
    return total


def decrypt_stream(source: BinaryIO, target: BinaryIO, key: bytes, aad: bytes) -> int:
    """Decrypt `source` to its end. Each chunk is written when it has been verified, the end when it was seen.

    Whoever acts on the content waits for the return: what was written before a refusal is only a part.
    Returns: bytes of plaintext.
    Raises: Undecipherable: altered, cut off, continued, or of another key or place.
    """
    header = _read(source, len(_MAGIC) + _SALT_SIZE)
    if len(header) != len(_MAGIC) + _SALT_SIZE or not header.startswith(_MAGIC):
        raise Undecipherable("This is no encrypted stream that we write")
    cipher = _cipher(key, header[len(_MAGIC) :])
    total = 0
    for number, last, chunk in _chunks(source, CHUNK + _TAG_SIZE):
        try:
            plaintext = cipher.decrypt(_nonce(number, last=last), chunk, header + aad)
        except (InvalidTag, ValueError):
            raise Undecipherable(
                "An encrypted stream was altered or cut off, or its key is another"
            ) from None
        if not plaintext and number:  # an empty chunk is written for an empty stream alone
            raise Undecipherable("An encrypted stream was continued")
        target.write(plaintext)
        total += len(plaintext)
    return total


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    if len(key) != KEY_SIZE:
        raise ValueError("a stream takes a key of 32 bytes")
    return AESGCM(HKDF(SHA256(), KEY_SIZE, salt=salt, info=_INFO).derive(key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_COUNTER_SIZE) + (b"\x01" if last else b"\x00")


def _chunks(source: BinaryIO, size: int) -> Iterator[tuple[int, bool, bytes]]:
    """Number, whether it is the last, and content; one chunk is read ahead to know the last."""
    number, chunk = 0, _read(source, size)
    while True:
        following = _read(source, size) if len(chunk) == size else b""
        yield number, not following, chunk
        if not following:
            return
        number, chunk = number + 1, following


def _read(source: BinaryIO, size: int) -> bytes:
    """As many bytes as there are, up to `size`: a pipe may give fewer at a time."""
    parts = []
    while size and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
