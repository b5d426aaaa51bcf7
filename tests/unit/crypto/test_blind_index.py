"""Blind indexes against the vectors of standards 5.6."""

from uuid import UUID

import pytest

from ostiary.crypto import public as crypto

ROOT, TENANT, FIELD = bytes(range(32)), UUID(int=0xA1), UUID(int=0xF1)
KEY = bytes.fromhex("7cbcded05c588133ab4b9dd4908327cfce12109d787b181fab1df738c2da2796")


def test_the_key_of_an_index() -> None:
    assert crypto.derive_index_key(ROOT, TENANT, FIELD, "eq", 1) == KEY
    others = [
        (bytes(32), TENANT, FIELD, "eq", 1),
        (ROOT, FIELD, FIELD, "eq", 1),
        (ROOT, TENANT, TENANT, "eq", 1),
        (ROOT, TENANT, FIELD, "e", 1),
        (ROOT, TENANT, FIELD, "eq", 2),
    ]
    assert KEY not in {crypto.derive_index_key(*other) for other in others}


def test_the_value_and_its_truncations() -> None:
    value = b"ada@example.org"
    assert crypto.blind_index(KEY, value).hex().startswith("cabde5ad99cb6757")
    assert len(crypto.blind_index(KEY, value)) == 32
    assert crypto.blind_index(KEY, value, 32).hex() == "cabde5ad"
    assert crypto.blind_index(KEY, value, 13).hex() == "cab8"
    assert crypto.blind_index(KEY, value, 1) == b"\x80"
    for bits in (0, 257):
        with pytest.raises(ValueError, match="1 to 256"):
            crypto.blind_index(KEY, value, bits)
