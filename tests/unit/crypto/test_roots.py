"""Root keys: their file, their written form, what is wrapped under them, and that they never show."""

import copy
import os
import pickle
import stat
import threading
import traceback
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from ostiary.crypto import public as crypto
from ostiary.crypto._kek import Kek
from ostiary.kernel.errors import Misconfigured

SECRET, OTHER = bytes(range(32)), bytes(32)
AAD = b"where it belongs"


def test_the_root_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "root.key"
    with pytest.raises(crypto.RootMissing):
        crypto.read_plaintext_root(path)
    roots = crypto.ensure_plaintext_root(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert crypto.ensure_plaintext_root(path).root_id == roots.root_id
    assert crypto.read_plaintext_root(path).unwrap(roots.wrap(SECRET, AAD), AAD, roots.root_id) == SECRET
    assert [p.name for p in path.parent.iterdir()] == ["root.key"]


def test_first_starts_at_the_same_time_agree_on_one_key(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    ids: list[str] = []
    ready = threading.Barrier(8)

    def start() -> None:
        ready.wait()
        ids.append(crypto.ensure_plaintext_root(path).root_id)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(ids), len(set(ids))) == (8, 1)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620])
def test_a_root_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "root.key"
    crypto.ensure_plaintext_root(path)
    path.chmod(mode)
    with pytest.raises(Misconfigured, match="open to others"):
        crypto.ensure_plaintext_root(path)
    path.chmod(0o600)
    crypto.ensure_plaintext_root(path)


def test_a_damaged_or_foreign_root_key_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    crypto.ensure_plaintext_root(path)
    good = path.read_bytes()
    for bad in (b"", good[:-4], b"other " + good, good[:30], b"ostiary-root-keys-2\nend\n", b"\xff" * 70):
        path.write_bytes(bad)
        with pytest.raises(Misconfigured, match="damaged"):
            crypto.ensure_plaintext_root(path)
        assert path.read_bytes() == bad
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured, match="cannot be opened"):
        crypto.ensure_plaintext_root(path)
    path.unlink()
    os.mkfifo(path, 0o600)
    handle = os.open(path, os.O_RDWR)  # or opening it would wait for a writer
    try:
        with pytest.raises(Misconfigured, match="plain file"):
            crypto.ensure_plaintext_root(path)
    finally:
        os.close(handle)


def test_the_written_form_of_one_root_is_the_one_of_earlier_releases() -> None:
    text = b"ostiary-root-key-1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    assert crypto.Roots.parse(text).current.id == crypto.Root(SECRET).id
    assert crypto.Roots.parse(text).serialise() == text


def test_several_roots_are_written_and_read_whole_or_not_at_all() -> None:
    roots = crypto.Roots(crypto.Root(SECRET), crypto.Root(OTHER), (crypto.Root(b"p" * 32),), {"backup": 3})
    text = roots.serialise()
    read = crypto.Roots.parse(text)
    assert read.ids == roots.ids
    assert read.serialise() == text
    assert (read.purpose_version("backup"), read.purpose_version("signer")) == (3, 1)
    lines = text.splitlines(keepends=True)
    for left_out in range(len(lines)):
        if lines[left_out].startswith((b"next", b"previous", b"purpose")):
            continue  # these may be absent; that a file is whole shows in its last line
        with pytest.raises(ValueError, match="damaged"):
            crypto.Roots.parse(b"".join(lines[:left_out] + lines[left_out + 1 :]))
    with pytest.raises(ValueError, match="damaged"):
        crypto.Roots.parse(text.replace(b"end", b"next " + lines[1].split()[1] + b"\nend"))


def test_while_it_is_replaced_the_new_root_wraps_and_both_open() -> None:
    old = crypto.Roots(crypto.Root(SECRET))
    both = replace(old, next=crypto.Root(OTHER))
    before, after = old.wrap(b"key", AAD), both.wrap(b"key", AAD)
    assert both.root_id == crypto.Root(OTHER).id != old.root_id
    assert both.unwrap(before, AAD, old.root_id) == both.unwrap(after, AAD, both.root_id) == b"key"
    with pytest.raises(crypto.RootMissing):
        old.unwrap(after, AAD, both.root_id)
    with pytest.raises(crypto.Undecipherable):
        both.unwrap(before, AAD, both.root_id)


def test_what_is_wrapped_opens_in_its_place_only() -> None:
    roots = crypto.Roots(crypto.Root(SECRET))
    wrapped = roots.wrap(b"key", AAD)
    assert roots.unwrap(wrapped, AAD, roots.root_id) == b"key"
    for altered, aad in ((wrapped, b"elsewhere"), (wrapped[:5], AAD), (wrapped[:-1], AAD), (b"", AAD)):
        with pytest.raises(crypto.Undecipherable):
            roots.unwrap(altered, aad, roots.root_id)


def test_an_error_about_a_key_shows_nothing_of_it() -> None:
    roots, kek = crypto.Roots(crypto.Root(SECRET)), Kek(2, SECRET)
    text = roots.serialise()
    shown = []
    for fail in (
        lambda: roots.unwrap(roots.wrap(SECRET, AAD), b"elsewhere", roots.root_id),
        lambda: kek.unwrap(kek.wrap(SECRET, AAD), b"elsewhere"),
        lambda: crypto.Roots(crypto.Root(OTHER)).unwrap(b"", AAD, roots.root_id),
        lambda: crypto.Roots.parse(text[:-9]),
        lambda: crypto.Roots.parse(b"ostiary-root-keys-2\ncurrent " + text.split()[1] + b"\n"),
        lambda: crypto.Root(SECRET + b"x"),
        lambda: crypto.Dek(uuid4(), SECRET[1:]),
    ):
        with pytest.raises((crypto.Undecipherable, crypto.RootMissing, ValueError)) as failed:
            fail()
        shown += [*traceback.format_exception(failed.value), repr(failed.value), str(vars(failed.value))]
    everything = "".join(shown)
    assert "Traceback" in everything
    for trace in (
        text.split()[1].decode()[:12],
        SECRET.hex()[2:20],
        repr(SECRET)[6:30],
        str(list(SECRET))[1:20],
    ):
        assert trace not in everything


@pytest.mark.parametrize("key", [crypto.Root(SECRET), crypto.Roots(crypto.Root(SECRET)), Kek(2, SECRET)])
def test_a_key_does_not_show_and_is_not_copied(key: object) -> None:
    assert "AAECAw" not in f"{key!r}{key}"
    assert SECRET.hex()[:12] not in f"{key!r}{key}"
    assert repr(SECRET)[2:20] not in f"{key!r}{key}"
    assert not hasattr(key, "__dict__")
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not copied or pickled"):
            copying(key)
