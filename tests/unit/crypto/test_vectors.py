"""Encryption against published and own vectors (C2SP XAES-256-GCM; standards 5.2)."""

from uuid import UUID

import pytest

from ostiary.crypto import public as crypto
from ostiary.crypto._xaes import XaesKey

NONCE = b"ABCDEFGHIJKLMNOPQRSTUVWX"
BLOB = bytes.fromhex(
    "0102000000000000000000000000000000d3000102030405060708090a0b0c0d0e0f1011121314151617"
    "b1dbef65e823a97d934854c2a0ccc345a35ae8cfcf3c51818c"
)


def uuid(last: int) -> UUID:
    return UUID(int=last)


def place(**other: UUID) -> bytes:
    ids = {
        "tenant_id": uuid(0xA1),
        "object_type_id": uuid(0xB1),
        "field_id": uuid(0xF1),
        "record_id": uuid(0xC7),
    }
    return crypto.bind(**{**ids, **other})


@pytest.fixture
def dek() -> crypto.Dek:
    return crypto.Dek(uuid(0xD3), bytes(range(32)))


@pytest.mark.parametrize(
    ("key", "aad", "ciphertext"),
    [
        (b"\x01" * 32, b"", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
        (b"\x03" * 32, b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
    ],
)
def test_the_published_vectors_of_xaes(key: bytes, aad: bytes, ciphertext: str) -> None:
    assert XaesKey(key).encrypt(NONCE, b"XAES-256-GCM", aad).hex() == ciphertext
    assert XaesKey(key).decrypt(NONCE, bytes.fromhex(ciphertext), aad) == b"XAES-256-GCM"


def test_the_stored_form(dek: crypto.Dek) -> None:
    assert dek.encrypt(b"AB123456C", place(), nonce=bytes(range(24))) == BLOB
    assert dek.decrypt(BLOB, place()) == b"AB123456C"
    assert crypto.key_of(BLOB) == uuid(0xD3)


def test_a_value_per_person_may_be_under_plain_gcm(dek: crypto.Dek) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = bytes(12)
    blob = b"\x01\x01" + uuid(0xD3).bytes + nonce + AESGCM(bytes(range(32))).encrypt(nonce, b"ada", place())
    assert dek.decrypt(blob, place()) == b"ada"


@pytest.mark.parametrize("moved", ["tenant_id", "object_type_id", "field_id", "record_id"])
def test_a_value_that_was_moved_does_not_open(dek: crypto.Dek, moved: str) -> None:
    assert dek.decrypt(BLOB, place())
    with pytest.raises(crypto.Undecipherable):
        dek.decrypt(BLOB, place(**{moved: uuid(0x99)}))


def test_every_byte_of_a_value_is_authenticated(dek: crypto.Dek) -> None:
    for at in range(len(BLOB)):
        altered = bytearray(BLOB)
        altered[at] ^= 1
        with pytest.raises(crypto.Undecipherable):
            dek.decrypt(bytes(altered), place())


def test_what_is_no_value_of_ours_is_refused(dek: crypto.Dek) -> None:
    for blob in (b"", BLOB[:17], BLOB[:40], b"\x02" + BLOB[1:], b"\x01\x03" + BLOB[2:], BLOB[:57]):
        with pytest.raises(crypto.Undecipherable):
            dek.decrypt(blob, place())


def test_what_is_sealed_together_opens_apart_and_no_nonce_repeats(dek: crypto.Dek) -> None:
    sealer = dek.sealer()
    blobs = [sealer.seal(b"same", place()) for _ in range(200)]
    assert {dek.decrypt(blob, place()) for blob in blobs} == {b"same"}
    assert len({blob[18:42] for blob in blobs}) == len(blobs)
    assert dek.sealer().seal(b"same", place())[18:30] != blobs[0][18:30]
