"""The root key file and what is wrapped under it."""

import os
import stat
import threading
from pathlib import Path
from uuid import UUID

import pytest

from ostiary.crypto import public as crypto
from ostiary.crypto._wrapping import bind_wrapping, split_wrapping
from ostiary.kernel.errors import Misconfigured

TENANT, OTHER, DEK_ID = UUID(int=0xA1), UUID(int=0xA2), UUID(int=0xD3)
DEK = bytes(range(32))


def aad(tenant: UUID = TENANT, scope: str = "audit", dek_id: UUID = DEK_ID, version: int = 1) -> bytes:
    return bind_wrapping(tenant, scope, dek_id, version)


def test_the_root_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "root.key"
    wrapped = crypto.LocalKeyStore(path).wrap(DEK, aad())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(wrapped) == 60
    assert crypto.LocalKeyStore(path).unwrap(wrapped, aad()) == DEK
    assert [p.name for p in path.parent.iterdir()] == ["root.key"]


def test_first_starts_at_the_same_time_agree_on_one_key(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    stores: list[crypto.LocalKeyStore] = []
    ready = threading.Barrier(8)

    def start() -> None:
        ready.wait()
        stores.append(crypto.LocalKeyStore(path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores) == 8
    wrapped = stores[0].wrap(DEK, aad())
    assert [store.unwrap(wrapped, aad()) for store in stores] == [DEK] * 8


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620])
def test_a_root_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "root.key"
    crypto.LocalKeyStore(path)
    path.chmod(mode)
    with pytest.raises(Misconfigured, match="open to others"):
        crypto.LocalKeyStore(path)
    path.chmod(0o600)
    crypto.LocalKeyStore(path)


def test_a_damaged_or_foreign_root_key_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    crypto.LocalKeyStore(path)
    good = path.read_bytes()
    for bad in (b"", good[:-4], b"other " + good, good[:30]):
        path.write_bytes(bad)
        with pytest.raises(Misconfigured, match="damaged"):
            crypto.LocalKeyStore(path)
        assert path.read_bytes() == bad
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured, match="cannot be opened"):
        crypto.LocalKeyStore(path)
    path.unlink()
    os.mkfifo(path, 0o600)
    handle = os.open(path, os.O_RDWR)  # or opening it would wait for a writer
    try:
        with pytest.raises(Misconfigured, match="plain file"):
            crypto.LocalKeyStore(path)
    finally:
        os.close(handle)


def test_a_wrapped_key_opens_in_its_place_only(tmp_path: Path) -> None:
    store = crypto.LocalKeyStore(tmp_path / "root.key")
    wrapped = store.wrap(DEK, aad())
    assert store.unwrap(wrapped, aad()) == DEK
    for place in (aad(tenant=OTHER), aad(scope="files"), aad(dek_id=UUID(int=1)), aad(version=2)):
        with pytest.raises(crypto.Undecipherable):
            store.unwrap(wrapped, place)
    with pytest.raises(crypto.Undecipherable):
        crypto.LocalKeyStore(tmp_path / "another.key").unwrap(wrapped, aad())
    with pytest.raises(crypto.Undecipherable):
        store.unwrap(wrapped[:5], aad())
    with pytest.raises(ValueError, match="not the additional data"):
        store.wrap(DEK, b"app.enc.v1\x00" + bytes(80))


def test_the_additional_data_of_a_wrapped_key() -> None:
    assert aad() == b"app.dek.v1\x00" + TENANT.bytes + b"audit" + DEK_ID.bytes + b"\x00\x00\x00\x01"
    assert split_wrapping(aad(version=7)) == (TENANT, 7)
