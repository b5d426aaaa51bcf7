"""The recovery bundle: the roots, so that k of n custodians can bring them back, and nobody else.

The bundle's key is 256 random bits. Shamir's scheme here takes 128 at a time, so the halves are shared apart,
by independent polynomials: fewer than k shares say nothing about either half, hence nothing about the key.
Shares carry no check of their own; a wrong one shows when the bundle does not open.
"""

import base64
import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

from Crypto.Protocol.SecretSharing import Shamir

from ostiary.crypto._age import decrypt_by_identity, encrypt_to_recipient, parse_recipient
from ostiary.crypto._errors import Locked, Undecipherable
from ostiary.crypto._root import Roots
from ostiary.crypto._sheet import draw, render_sheet
from ostiary.crypto._stream import decrypt_stream, encrypt_stream
from ostiary.kernel.errors import FieldError, Invalid, Misconfigured

_FORMAT = "ostiary-recovery-1"
_SHARE = "ostiary-share-1"
_HALF = 16
_MOST_CUSTODIANS = 64
_ROOTS_AAD = b"ostiary recovery\x00"
_INVENTORY_AAD = b"ostiary inventory\x00"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What anybody may know of a bundle. fingerprint: of all roots and versions in it; see `fingerprint`."""

    bundle: str
    root_id: str
    fingerprint: str
    made_at: str
    threshold: int
    custodians: tuple[str, ...]
    bundle_sha256: str


@dataclass(frozen=True, slots=True)
class _Share:
    number: int
    first: bytes
    second: bytes


def fingerprint(roots: Roots) -> str:
    """Names the roots and versions of installation keys that are here, and tells nothing about them."""
    said = json.dumps([sorted(roots.ids), sorted(roots.purposes.items())])
    return hashlib.sha256(b"app.roots.v1\x00" + said.encode()).hexdigest()


def make_bundle(
    roots: Roots, custodians: Sequence[str], threshold: int, inventory: Mapping[str, Any], made_at: datetime
) -> dict[str, bytes]:
    """The bundle's files by name. inventory: JSON types, which keys there are.

    Raises: Invalid: a recipient that is none or comes twice, or a threshold that one person could meet alone.
    """
    _check(custodians, threshold)
    name, key = os.urandom(8).hex(), os.urandom(2 * _HALF)
    sealed = _seal(roots.serialise(), key, _ROOTS_AAD + name.encode())
    manifest = Manifest(
        name,
        roots.root_id,
        fingerprint(roots),
        made_at.isoformat(),
        threshold,
        tuple(custodians),
        hashlib.sha256(sealed).hexdigest(),
    )
    described = {"format": _FORMAT} | {n: getattr(manifest, n) for n in Manifest.__slots__}
    files = {
        "manifest.json": json.dumps(described, indent=1).encode() + b"\n",
        "bundle.bin": sealed,
        "inventory.bin": _seal(json.dumps(inventory).encode(), key, _INVENTORY_AAD + name.encode()),
    }
    for part in ("open_bundle.py", "FORMAT.md"):
        files[part] = resources.files("ostiary.crypto.recovery").joinpath(part).read_bytes()
    text = base64.b64encode(sealed).decode()
    code = draw(text)
    for share, custodian in zip(_split(key, threshold, len(custodians)), custodians, strict=True):
        armoured = encrypt_to_recipient(_write_share(share, name, threshold), custodian, armoured=True)
        files[f"share-{share.number}.age"] = armoured
        files[f"sheet-{share.number}.html"] = render_sheet(
            manifest, share.number, armoured.decode(), text, code
        ).encode()
    return files


def read_manifest(folder: Path) -> Manifest:
    """The bundle's description. Raises Misconfigured: there is none, or none that we write."""
    try:
        said = json.loads((folder / "manifest.json").read_bytes())
        if said.pop("format") != _FORMAT:
            raise ValueError
        return Manifest(**said | {"custodians": tuple(said["custodians"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise Misconfigured(f"{folder} holds no recovery bundle that this release can read") from None


def open_bundle(folder: Path, identities: Sequence[str]) -> tuple[Roots, Mapping[str, Any]]:
    """The roots and the inventory, with the identity files of enough custodians.

    Raises: Locked: too few identities fit a share. Undecipherable: altered. Misconfigured: no bundle.
    """
    manifest = read_manifest(folder)
    shares = _open_shares(folder, manifest, identities)
    if len(shares) < manifest.threshold:
        raise Locked(
            f"{manifest.threshold} custodians are needed; the identities given open {len(shares)} shares"
        )
    enough = shares[: manifest.threshold]
    key = Shamir.combine([(s.number, s.first) for s in enough])
    key += Shamir.combine([(s.number, s.second) for s in enough])
    try:
        sealed, listed = ((folder / name).read_bytes() for name in ("bundle.bin", "inventory.bin"))
        roots = Roots.parse(_open(sealed, key, _ROOTS_AAD + manifest.bundle.encode()))
        inventory = json.loads(_open(listed, key, _INVENTORY_AAD + manifest.bundle.encode()))
    except OSError as error:
        raise Misconfigured(f"the bundle is not whole: {error.strerror}: {error.filename}") from None
    except ValueError:
        raise Undecipherable("The bundle holds no root key that this release can read") from None
    if fingerprint(roots) != manifest.fingerprint:
        raise Undecipherable("The root keys in the bundle are not those that its manifest names")
    return roots, inventory


def _check(custodians: Sequence[str], threshold: int) -> None:
    errors = []
    for custodian in custodians:
        try:
            parse_recipient(custodian)
        except ValueError as error:
            errors.append(FieldError("custodian", "malformed", f"{custodian[:70]!r}: {error}"))
    if len(set(custodians)) != len(custodians):
        errors.append(FieldError("custodian", "repeated", "A custodian has one share"))
    if not 2 <= len(custodians) <= _MOST_CUSTODIANS:  # one person alone is no escrow
        errors.append(FieldError("custodian", "number", f"Name 2 to {_MOST_CUSTODIANS} custodians"))
    elif not 2 <= threshold <= len(custodians):
        errors.append(FieldError("threshold", "range", f"Choose 2 to {len(custodians)}"))
    if errors:
        raise Invalid(errors)


def _split(key: bytes, threshold: int, count: int) -> list[_Share]:
    first = Shamir.split(threshold, count, key[:_HALF])
    second = Shamir.split(threshold, count, key[_HALF:])
    return [_Share(n, bytes(a), bytes(b)) for (n, a), (_, b) in zip(first, second, strict=True)]


def _write_share(share: _Share, bundle: str, threshold: int) -> bytes:
    lines = [_SHARE, f"bundle {bundle}", f"number {share.number}", f"threshold {threshold}"]
    return "\n".join([*lines, f"share {(share.first + share.second).hex()}", ""]).encode()


def _open_shares(folder: Path, manifest: Manifest, identities: Sequence[str]) -> list[_Share]:
    """One share for each identity that opens one."""
    found: dict[int, _Share] = {}
    files = sorted(folder.glob("share-*.age"))
    for identity in identities:
        for path in files:
            try:
                text = decrypt_by_identity(path.read_bytes(), identity).decode()
            except Locked:
                continue
            except ValueError as error:
                raise Misconfigured(f"an identity cannot be used: {error}") from None
            share = _read_share(text, manifest)
            found[share.number] = share
    return list(found.values())


def _read_share(text: str, manifest: Manifest) -> _Share:
    try:
        mark, bundle, number, _, share = text.split("\n")[:5]
        content = bytes.fromhex(share.removeprefix("share "))
        if mark != _SHARE or len(content) != 2 * _HALF:
            raise ValueError
        if bundle != f"bundle {manifest.bundle}":
            raise Misconfigured("a share belongs to another bundle than the one in this folder")
        return _Share(int(number.removeprefix("number ")), content[:_HALF], content[_HALF:])
    except ValueError:
        raise Misconfigured("a share cannot be read") from None


def _seal(plaintext: bytes, key: bytes, aad: bytes) -> bytes:
    target = io.BytesIO()
    encrypt_stream(io.BytesIO(plaintext), target, key, aad)
    return target.getvalue()


def _open(content: bytes, key: bytes, aad: bytes) -> bytes:
    target = io.BytesIO()
    decrypt_stream(io.BytesIO(content), target, key, aad)
    return target.getvalue()
