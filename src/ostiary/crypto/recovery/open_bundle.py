"""Open a recovery bundle of Ostiary without Ostiary: Python 3.11 and the package `cryptography`, no network.

    age -d -i IDENTITY share-2.age > share-2.txt          (each custodian, with any age program)
    python open_bundle.py FOLDER share-2.txt share-5.txt  (checks that the shares open the bundle)
    python open_bundle.py FOLDER share-2.txt share-5.txt --out root.key

Exit code 0: the bundle opens; 1: it does not; 2: not the arguments that it takes.
Formats: FORMAT.md, beside this file.
"""

import argparse
import base64
import hashlib
import json
import os
import sys
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FIELD = (1 << 128) | 0x87  # x^128 + x^7 + x^2 + x + 1
CHUNK = 64 * 1024 + 16
HEADER = 37


class Refused(Exception):
    """The bundle does not open, in words."""


def multiply(a: int, b: int) -> int:
    """In GF(2^128)."""
    result = 0
    while b:
        if b & 1:
            result ^= a
        a <<= 1
        if a >> 128:
            a ^= FIELD
        b >>= 1
    return result


def invert(a: int) -> int:
    """a^(2^128 - 2)."""
    result, power = 1, (1 << 128) - 2
    while power:
        if power & 1:
            result = multiply(result, a)
        a = multiply(a, a)
        power >>= 1
    return result


def combine(shares: dict[int, bytes]) -> bytes:
    """Shamir's secret of 16 bytes: the polynomial through the shares, at zero (Lagrange)."""
    secret = 0
    for x, y in shares.items():
        factor = 1
        for other in shares:
            if other != x:
                factor = multiply(factor, multiply(other, invert(other ^ x)))
        secret ^= multiply(int.from_bytes(y, "big"), factor)
    return secret.to_bytes(16, "big")


def read_share(text: str) -> tuple[str, int, int, bytes, bytes]:
    """Bundle, number, threshold, and the two halves of a share."""
    lines = dict(line.split(" ", 1) for line in text.strip().splitlines() if " " in line)
    if not text.startswith("ostiary-share-1\n"):
        raise Refused("a share begins with the line ostiary-share-1")
    share = bytes.fromhex(lines["share"])
    if len(share) != 32:
        raise Refused("a share has 32 bytes")
    return lines["bundle"], int(lines["number"]), int(lines["threshold"]), share[:16], share[16:]


def join_key(texts: list[str], bundle: str) -> bytes:
    """The bundle's key from enough shares of it."""
    first: dict[int, bytes] = {}
    second: dict[int, bytes] = {}
    threshold = 0
    for text in texts:
        named, number, threshold, a, b = read_share(text)
        if named != bundle:
            raise Refused(f"share {number} belongs to another bundle")
        first[number], second[number] = a, b
    if len(first) < threshold:
        raise Refused(f"{threshold} shares of different custodians are needed, here are {len(first)}")
    return combine(first) + combine(second)


def decrypt(content: bytes, key: bytes, aad: bytes) -> bytes:
    """An encrypted stream (FORMAT.md)."""
    header, body = content[:HEADER], content[HEADER:]
    if not header.startswith(b"OST1\x01"):
        raise Refused("this is no encrypted stream")
    cipher = AESGCM(HKDF(SHA256(), 32, salt=header[5:], info=b"app.stream.v1\x00").derive(key))
    chunks = [body[i : i + CHUNK] for i in range(0, len(body), CHUNK)] or [b""]
    plaintext = b""
    for number, chunk in enumerate(chunks):
        nonce = number.to_bytes(11, "big") + (b"\x01" if number == len(chunks) - 1 else b"\x00")
        try:
            plaintext += cipher.decrypt(nonce, chunk, header + aad)
        except (InvalidTag, ValueError):
            raise Refused("the shares do not open the bundle, or it was altered") from None
    return plaintext


def root_id(written: str) -> str:
    """The id of the present root in the written form."""
    lines = written.strip().splitlines()
    named = [line.split(" ")[1] for line in lines if line.split(" ")[0] in ("next", "current")]
    secret = base64.b64decode(
        lines[0].split(" ")[1] if written.startswith("ostiary-root-key-1 ") else named[-1]
    )
    return HKDF(SHA256(), 32, salt=None, info=b"app.root.id.v1\x00").derive(secret)[:16].hex()


def open_bundle(folder: Path, texts: list[str]) -> tuple[str, dict[str, object]]:
    """The written form of the roots, and the inventory of keys."""
    manifest = json.loads((folder / "manifest.json").read_text())
    sealed = (folder / "bundle.bin").read_bytes()
    if hashlib.sha256(sealed).hexdigest() != manifest["bundle_sha256"]:
        raise Refused("bundle.bin is not the one that the manifest names")
    name = manifest["bundle"]
    key = join_key(texts, name)
    written = decrypt(sealed, key, b"ostiary recovery\x00" + name.encode()).decode()
    inventory = decrypt(
        (folder / "inventory.bin").read_bytes(), key, b"ostiary inventory\x00" + name.encode()
    )
    if root_id(written) != manifest["root_id"]:
        raise Refused("the root key in it is not the one that the manifest names")
    return written, json.loads(inventory)


def main(arguments: list[str]) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Open a recovery bundle.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("shares", type=Path, nargs="+", help="decrypted shares")
    parser.add_argument("--out", type=Path, help="write the root key there, for this account alone")
    options = parser.parse_args(arguments)
    try:
        written, inventory = open_bundle(options.folder, [path.read_text() for path in options.shares])
    except (Refused, OSError, KeyError, ValueError) as error:
        sys.stderr.write(f"does not open: {error}\n")
        return 1
    sys.stdout.write(f"opens: root key {root_id(written)}\n")
    sys.stdout.write(json.dumps(inventory, indent=1, sort_keys=True) + "\n")
    if options.out:
        handle = os.open(options.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, written.encode())
        finally:
            os.close(handle)
        sys.stdout.write(f"written: {options.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
