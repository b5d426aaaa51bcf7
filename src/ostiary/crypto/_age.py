"""age v1 files: the root key under a passphrase or a recipient, shares under custodians' recipients.

The passphrase form is written here, since the library measures the machine and takes a cheaper scrypt on a
busy one. Any age program opens what is written. Source: C2SP age.
"""

import base64
import hmac
import os
import re

import pyrage
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ostiary.crypto._errors import Locked

LEAST_WORK = 18  # log2 of scrypt's N, standards 5.4
_MOST_WORK = 22  # a file that asks for more would only stop us
_LARGEST = 60_000  # one chunk of age's payload holds 64 KiB
_INTRO = b"age-encryption.org/v1\n"
_SCRYPT = re.compile(rb"age-encryption\.org/v1\n-> scrypt [A-Za-z0-9+/]{22} ([1-9][0-9]?)\n")
_RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}")
_IDENTITY = re.compile(r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}")


def needs_passphrase(content: bytes) -> bool:
    """Whether an age file opens by a passphrase, not by an identity. Raises ValueError: it is no age file."""
    if not content.startswith(_INTRO):
        raise ValueError("this is no age file")
    return content.startswith(_INTRO + b"-> scrypt ")


def encrypt_to_passphrase(plaintext: bytes, passphrase: str, *, work: int = LEAST_WORK) -> bytes:
    """An age file that opens by the passphrase. Takes about a second and 256 MiB, which is the point."""
    if len(plaintext) > _LARGEST:
        raise ValueError("too long for one chunk")
    file_key, salt = os.urandom(16), os.urandom(16)
    stretched = Scrypt(b"age-encryption.org/v1/scrypt" + salt, 32, 2**work, 8, 1).derive(passphrase.encode())
    body = ChaCha20Poly1305(stretched).encrypt(bytes(12), file_key, None)
    header = _INTRO + b"-> scrypt " + _b64(salt) + f" {work}\n".encode() + _b64(body) + b"\n---"
    mac = hmac.digest(HKDF(SHA256(), 32, salt=b"", info=b"header").derive(file_key), header, "sha256")
    nonce = os.urandom(16)
    payload = HKDF(SHA256(), 32, salt=nonce, info=b"payload").derive(file_key)
    last = bytes(11) + b"\x01"
    return (
        header + b" " + _b64(mac) + b"\n" + nonce + ChaCha20Poly1305(payload).encrypt(last, plaintext, None)
    )


def decrypt_by_passphrase(content: bytes, passphrase: str) -> bytes:
    """The plaintext. Raises: Locked: another passphrase, or an altered file. ValueError: scrypt too weak."""
    match = _SCRYPT.match(content)
    if match is None:
        raise ValueError("this is no age file that opens by a passphrase")
    if not LEAST_WORK <= int(match[1]) <= _MOST_WORK:
        raise ValueError(f"its work factor is {int(match[1])}, not {LEAST_WORK} to {_MOST_WORK}")
    try:
        plaintext: bytes = pyrage.passphrase.decrypt(content, passphrase)
    except pyrage.DecryptError:
        raise Locked("The passphrase is another one, or the file was altered") from None
    return plaintext


def encrypt_to_recipient(plaintext: bytes, recipient: str, *, armoured: bool = False) -> bytes:
    """An age file that opens by the identity of `recipient` (age1...)."""
    content: bytes = pyrage.encrypt(plaintext, [parse_recipient(recipient)], armored=armoured)
    return content


def decrypt_by_identity(content: bytes, identity: str) -> bytes:
    """The plaintext. identity: text of an identity file. Raises: Locked: another identity, or altered."""
    try:
        plaintext: bytes = pyrage.decrypt(content, _identities(identity))
    except pyrage.DecryptError:
        raise Locked("The identity is another one, or the file was altered") from None
    return plaintext


def recipient_of(identity: str) -> str:
    """The recipient (age1...) of an identity file's first identity. Raises ValueError."""
    return str(_identities(identity)[0].to_public())


def make_identity() -> str:
    """A new identity, as the text of its file: secret."""
    return f"{pyrage.x25519.Identity.generate()}\n"


def parse_recipient(recipient: str) -> pyrage.x25519.Recipient:
    """A custodian's recipient. Raises ValueError: it is none."""
    if not _RECIPIENT.fullmatch(recipient):
        raise ValueError("a recipient begins with age1 and has 62 characters")
    try:
        return pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        raise ValueError("a recipient with a typing mistake: its check does not match") from None


def _identities(text: str) -> list[pyrage.x25519.Identity]:
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    if not found or not all(_IDENTITY.fullmatch(line) for line in found):
        raise ValueError("an identity file holds lines that begin with AGE-SECRET-KEY-1")
    try:
        return [pyrage.x25519.Identity.from_str(line) for line in found]
    except pyrage.IdentityError:
        raise ValueError("an identity with a typing mistake: its check does not match") from None


def _b64(value: bytes) -> bytes:
    return base64.b64encode(value).rstrip(b"=")
