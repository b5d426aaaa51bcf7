"""The recovery bundle: k custodians open it, fewer do not; so does a program that knows nothing of us."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import pyrage
import pytest

from ostiary.crypto import public as crypto
from ostiary.kernel.errors import Invalid, Misconfigured

ROOTS = crypto.Roots(crypto.Root(bytes(range(32))), purposes={"backup": 2})
MADE_AT = datetime(2026, 11, 23, tzinfo=UTC)
INVENTORY = {"tenants": [{"slug": "acme", "keks": [2]}]}


@pytest.fixture(scope="module")
def identities() -> list[str]:
    return [crypto.make_identity() for _ in range(5)]


@pytest.fixture(scope="module")
def files(identities: list[str]) -> dict[str, bytes]:
    recipients = [crypto.recipient_of(identity) for identity in identities]
    return crypto.make_bundle(ROOTS, recipients, 3, INVENTORY, MADE_AT)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def bundle(tmp_path: Path, files: dict[str, bytes]) -> Path:
    return write(tmp_path / "bundle", files)


def test_any_three_of_five_open_it_and_no_two(bundle: Path, identities: list[str]) -> None:
    for three in combinations(identities, 3):
        roots, inventory = crypto.open_bundle(bundle, three)
        assert roots.serialise() == ROOTS.serialise()
        assert inventory == INVENTORY
    for two in combinations(identities, 2):
        with pytest.raises(crypto.Locked, match="3 custodians are needed; the identities given open 2"):
            crypto.open_bundle(bundle, two)
    with pytest.raises(crypto.Locked, match="open 2"):
        crypto.open_bundle(bundle, [identities[0], identities[0], identities[1]])
    with pytest.raises(crypto.Locked, match="open 2"):
        crypto.open_bundle(bundle, [identities[0], crypto.make_identity(), identities[1]])
    assert crypto.open_bundle(bundle, identities)[0].root_id == ROOTS.root_id


def test_nothing_in_the_folder_shows_the_root(bundle: Path) -> None:
    secret = ROOTS.serialise().splitlines()[1].split()[1]
    for path in bundle.iterdir():
        content = path.read_bytes()
        assert secret not in content
        assert bytes(range(32)) not in content
        assert bytes(range(32)).hex().encode() not in content.lower()
    manifest = crypto.read_manifest(bundle)
    assert (manifest.root_id, manifest.threshold, len(manifest.custodians)) == (ROOTS.root_id, 3, 5)
    assert manifest.fingerprint == crypto.fingerprint(ROOTS)
    assert manifest.fingerprint != crypto.fingerprint(replace(ROOTS, purposes={}))


def test_an_altered_or_incomplete_bundle_is_refused(bundle: Path, identities: list[str]) -> None:
    def refused(error: type[Exception]) -> None:
        with pytest.raises(error):
            crypto.open_bundle(bundle, identities)

    sealed = (bundle / "bundle.bin").read_bytes()
    (bundle / "bundle.bin").write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    refused(crypto.Undecipherable)
    (bundle / "bundle.bin").unlink()
    refused(Misconfigured)
    (bundle / "bundle.bin").write_bytes(sealed)
    manifest = json.loads((bundle / "manifest.json").read_text())
    for altered, error in (
        ({"bundle": "00" * 8}, Misconfigured),
        ({"fingerprint": "00" * 32}, crypto.Undecipherable),
        ({"threshold": 2}, crypto.Undecipherable),
        ({"format": "other"}, Misconfigured),
        ({"more": 1}, Misconfigured),
    ):
        (bundle / "manifest.json").write_text(json.dumps(manifest | altered))
        refused(error)
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    assert crypto.open_bundle(bundle, identities)[0].root_id == ROOTS.root_id
    (bundle / "manifest.json").unlink()
    refused(Misconfigured)


def test_what_is_no_escrow_is_refused(identities: list[str]) -> None:
    good = [crypto.recipient_of(identity) for identity in identities]
    for custodians, threshold, field in (
        (good[:1], 1, "custodian"),
        (good, 1, "threshold"),
        (good, 6, "threshold"),
        ([good[0], good[0], good[1]], 2, "custodian"),
        ([good[0], "age1nobody"], 2, "custodian"),
        ([good[0], identities[1]], 2, "custodian"),  # a secret in place of a recipient
    ):
        with pytest.raises(Invalid) as error:
            crypto.make_bundle(ROOTS, custodians, threshold, {}, MADE_AT)
        assert {e.field for e in error.value.errors} == {field}
        assert identities[1].strip() not in str([e.message for e in error.value.errors])
    assert crypto.make_bundle(ROOTS, good[:2], 2, {}, MADE_AT)


def test_the_program_in_the_bundle_opens_it_without_us(
    bundle: Path, identities: list[str], tmp_path: Path
) -> None:
    shares = []
    for number in (2, 4, 5):
        identity = pyrage.x25519.Identity.from_str(identities[number - 1].strip())
        path = tmp_path / f"share-{number}.txt"
        path.write_bytes(pyrage.decrypt((bundle / f"share-{number}.age").read_bytes(), [identity]))
        shares.append(str(path))

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-I", str(bundle / "open_bundle.py"), str(bundle), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    out = tmp_path / "root.key"
    opened = run(*shares, "--out", str(out))
    assert opened.returncode == 0, opened.stderr
    assert f"opens: root key {ROOTS.root_id}" in opened.stdout
    assert "acme" in opened.stdout
    assert crypto.read_plaintext_root(out).serialise() == ROOTS.serialise()
    assert out.stat().st_mode & 0o077 == 0
    assert (run(*shares[:2]).returncode, run(*shares[:2], shares[0]).returncode) == (1, 1)
    altered = Path(shares[0])
    text = altered.read_text()
    altered.write_text(text[:-3] + ("0" if text[-3] != "0" else "1") + text[-2:])
    failed = run(*shares)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "do not open" in failed.stderr
    source = (bundle / "open_bundle.py").read_text()
    assert "import ostiary" not in source
    assert "from ostiary" not in source


def test_a_sheet_holds_one_share_and_the_bundle_as_codes(bundle: Path, identities: list[str]) -> None:
    for number in range(1, 6):
        sheet = (bundle / f"sheet-{number}.html").read_text()
        assert sheet.count("<svg") == 2
        assert (bundle / f"share-{number}.age").read_text().strip() in sheet
        assert crypto.recipient_of(identities[number - 1]) in sheet
        assert "<script" not in sheet
        assert "http" not in sheet.replace("http://www.w3.org/2000/svg", "")
    other = (bundle / "share-2.age").read_text().splitlines()[3]
    assert other not in (bundle / "sheet-1.html").read_text()
