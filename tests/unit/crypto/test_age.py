"""The protected form of the root: a true age file, dear to guess, and loud when it does not open."""

import pyrage
import pytest

from ostiary.crypto import _age
from ostiary.crypto import public as crypto
from ostiary.crypto._age import (
    decrypt_by_passphrase,
    encrypt_to_passphrase,
    make_identity,
    needs_passphrase,
    recipient_of,
)
from ostiary.kernel.errors import Invalid, Misconfigured

ROOTS = crypto.Roots(crypto.Root(bytes(range(32))))
PASSPHRASE = "copper lantern harvest 93"


def test_a_root_under_a_passphrase_is_an_age_file_of_work_18() -> None:
    lock = crypto.Lock(passphrase=PASSPHRASE)
    content = lock.close(ROOTS)
    assert content.split(b"\n")[1].split()[3] == b"18"
    assert needs_passphrase(content)
    assert lock.open(content).root_id == ROOTS.root_id


def test_another_passphrase_and_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = encrypt_to_passphrase(ROOTS.serialise(), PASSPHRASE, work=10)
    monkeypatch.setattr(_age, "LEAST_WORK", 10)
    assert crypto.Lock(passphrase=PASSPHRASE).open(cheap).root_id == ROOTS.root_id
    assert pyrage.passphrase.decrypt(cheap, PASSPHRASE) == ROOTS.serialise()
    for wrong in (PASSPHRASE + "x", "", PASSPHRASE.upper()):
        with pytest.raises(crypto.Locked):
            crypto.Lock(passphrase=wrong).open(cheap)


def test_a_cheap_or_altered_file_is_refused() -> None:
    cheap = encrypt_to_passphrase(b"x", PASSPHRASE, work=10)
    assert pyrage.passphrase.decrypt(cheap, PASSPHRASE) == b"x"
    with pytest.raises(ValueError, match="work factor is 10"):
        decrypt_by_passphrase(cheap, PASSPHRASE)
    for bad in (b"", b"age-encryption.org/v1\n", b"ostiary-root-key-1 x"):
        with pytest.raises(Misconfigured):
            crypto.Lock(passphrase=PASSPHRASE).open(bad)


def test_a_root_under_an_identity() -> None:
    lock = crypto.Lock(identity=f"# created: today\n{make_identity()}")
    content = lock.close(ROOTS)
    assert not needs_passphrase(content)
    assert lock.open(content).root_id == ROOTS.root_id
    for other in (crypto.Lock(identity=make_identity()), crypto.Lock(identity="nonsense"), crypto.Lock()):
        with pytest.raises(Misconfigured):
            other.open(content)
    with pytest.raises(crypto.Locked, match="opens by an identity"):
        crypto.Lock(passphrase=PASSPHRASE).open(content)
    with pytest.raises(crypto.Locked, match="opens by a passphrase"):
        lock.open(encrypt_to_passphrase(b"x", PASSPHRASE, work=10))
    altered = content[:-1] + bytes([content[-1] ^ 1])
    with pytest.raises(crypto.Locked):
        lock.open(altered)


def test_a_short_passphrase_is_refused_before_any_work() -> None:
    with pytest.raises(Invalid) as refused:
        crypto.Lock(passphrase="short").close(ROOTS)
    assert refused.value.errors[0].field == "passphrase"


def test_a_recipient_is_checked() -> None:
    recipient = recipient_of(make_identity())
    assert str(crypto.parse_recipient(recipient)) == recipient
    swapped = recipient[:-1] + ("q" if recipient[-1] != "q" else "p")
    for bad in ("", "age1", swapped, recipient.upper(), "ssh-ed25519 AAAA"):
        with pytest.raises(ValueError, match="recipient"):
            crypto.parse_recipient(bad)


def test_a_lock_does_not_show() -> None:
    import pickle

    lock = crypto.Lock(passphrase=PASSPHRASE)
    assert PASSPHRASE not in f"{lock!r}{lock}"
    with pytest.raises(TypeError, match="not copied"):
        pickle.dumps(lock)
