"""Keys of the installation: one for each purpose and version, found again by their id."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ostiary.crypto import public as crypto
from ostiary.crypto._installation import PURPOSES
from ostiary.crypto._ring import ring

ROOTS = crypto.Roots(crypto.Root(bytes(range(32))))


@pytest.fixture(autouse=True)
def _configured() -> Iterator[None]:
    before = (ring._open, ring._store)
    crypto.configure(ROOTS)
    yield
    ring._open, ring._store = before


def test_every_purpose_has_a_key_of_its_own() -> None:
    keys = {crypto.installation_key(purpose) for purpose in PURPOSES}
    assert len(keys) == len(PURPOSES) == 4
    assert {len(key) for key in keys} == {32}
    assert crypto.installation_key("backup") == crypto.installation_key("backup")
    for unknown in ("", "other", "Backup"):
        with pytest.raises(ValueError, match="no purpose"):
            crypto.installation_key(unknown)


def test_an_older_key_is_found_by_its_id_and_another_roots_is_refused() -> None:
    first_id, first = crypto.installation_key_id("backup"), crypto.installation_key("backup")
    crypto.configure(replace(ROOTS, purposes={"backup": 2}))
    assert crypto.installation_key("backup") != first
    assert crypto.installation_key("backup", first_id) == first
    crypto.configure(replace(ROOTS, next=crypto.Root(bytes(32))))
    assert crypto.installation_key_id("backup") != first_id
    assert crypto.installation_key("backup", first_id) == first
    crypto.configure(crypto.Roots(crypto.Root(bytes(32))))
    with pytest.raises(crypto.RootMissing):
        crypto.installation_key("backup", first_id)
    for malformed in ("", first_id.replace("backup", "signer"), first_id + "x", first_id[1:]):
        with pytest.raises(ValueError, match="not the id"):
            crypto.installation_key("backup", malformed)
