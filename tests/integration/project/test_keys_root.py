"""The root key's file: what opens it, what refuses, and that no kill leaves an installation without it."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from ostiary.crypto import _age, _protected
from ostiary.crypto import public as crypto
from ostiary.kernel.errors import FieldError, Invalid, Misconfigured
from ostiary.project import _root_key
from ostiary.project._state import State


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    """An installation in production: no demo, nothing that opens anything."""
    state = State(tmp_path / "state")
    state.prepare()
    monkeypatch.setenv("OSTIARY_STATE", str(state.root))
    for name in ("OSTIARY_INSECURE_HTTP", _root_key.PASSPHRASE_FILE, _root_key.IDENTITY_FILE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    return state


def identity_file(folder: Path, name: str = "identity") -> Path:
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(crypto.make_identity())
    return path


def test_a_root_that_lies_open_serves_a_demo_only(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    root_id = crypto.ensure_plaintext_root(state.keys / _root_key.PLAINTEXT).root_id
    with pytest.raises(Misconfigured, match="ostiary keys protect"):
        _root_key.load(state)
    with pytest.raises(Misconfigured, match="local-plaintext"), _root_key.handed_over(state):
        pass
    monkeypatch.setenv("OSTIARY_INSECURE_HTTP", "1")
    assert _root_key.load(state, serving=True)[0].root_id == root_id
    monkeypatch.delenv("OSTIARY_INSECURE_HTTP")
    (state.secrets / "demo-password").touch()  # a demo's folder: for its operator, and never for a server
    assert _root_key.load(state)[0].root_id == root_id
    with pytest.raises(Misconfigured, match="lies open"):
        _root_key.load(state, serving=True)


def test_a_protected_root_opens_by_what_was_configured(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = crypto.ensure_plaintext_root(state.keys / _root_key.PLAINTEXT)
    identity = identity_file(tmp_path)
    assert _root_key.protect(state, _root_key.read_lock(identity)).root_id == before.root_id
    assert [path.name for path in state.keys.iterdir()] == [_root_key.PROTECTED]
    assert b"ostiary-root" not in (state.keys / _root_key.PROTECTED).read_bytes()
    with pytest.raises(crypto.Locked, match="OSTIARY_KEY_IDENTITY_FILE"):
        _root_key.load(state)
    monkeypatch.setenv(_root_key.IDENTITY_FILE, str(identity_file(tmp_path, "another")))
    with pytest.raises(crypto.Locked, match="another one"):
        _root_key.load(state)
    monkeypatch.setenv(_root_key.IDENTITY_FILE, str(identity))
    assert _root_key.load(state, serving=True)[0].root_id == before.root_id
    identity.chmod(0o644)
    with pytest.raises(Misconfigured, match="open to others"):
        _root_key.load(state)
    identity.unlink()
    with pytest.raises(Misconfigured, match="cannot be read"):
        _root_key.load(state)


def test_a_passphrase_comes_from_a_file_a_credential_or_a_terminal(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passphrase = "copper lantern harvest 93"
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return passphrase if len(asked) != 2 else "something else entirely"

    monkeypatch.setattr(_root_key, "_ask", answer)
    monkeypatch.setattr(_age, "LEAST_WORK", 10)  # the dear one has a test of its own
    monkeypatch.setattr(_protected, "encrypt_to_passphrase", partial(_age.encrypt_to_passphrase, work=10))
    with pytest.raises(Invalid) as different:
        _root_key.ask_new_lock()
    assert [e.code for e in different.value.errors] == ["different"]
    root_id = _root_key.protect(state, crypto.Lock(passphrase=passphrase)).root_id  # made, there was none
    asked.clear()
    assert _root_key.load(state)[0].root_id == root_id
    assert asked == ["passphrase of the root key: "]
    folder = tmp_path / "credentials"
    folder.mkdir()
    credential = folder / _root_key.CREDENTIAL
    credential.touch(mode=0o600)
    credential.write_text(f"{passphrase}\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert _root_key.load(state)[0].root_id == root_id
    assert len(asked) == 1
    assert isinstance(different.value.errors[0], FieldError)


def test_nobody_is_asked_where_there_is_no_terminal(state: State, tmp_path: Path) -> None:
    _root_key.protect(state, crypto.Lock(identity=crypto.make_identity()))
    (state.keys / _root_key.PROTECTED).write_bytes(b"age-encryption.org/v1\n-> scrypt AAAA 18\nAA\n--- AA\n")
    script = "from ostiary.project import _root_key, _state; _root_key.load(_state.default_state())"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert "nobody can be asked here" in done.stderr
    assert "OSTIARY_KEY_PASSPHRASE_FILE" in done.stderr


@pytest.mark.parametrize("killed_at", ["write_key_file", "sync_folder", "_remove", "unlink"])
def test_protecting_is_whole_whenever_it_is_killed(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    plaintext = state.keys / _root_key.PLAINTEXT
    before = crypto.ensure_plaintext_root(plaintext)
    identity = identity_file(tmp_path)
    lock = _root_key.read_lock(identity)
    monkeypatch.setenv(_root_key.IDENTITY_FILE, str(identity))

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if killed_at == "unlink":
            patch.setattr(Path, "unlink", die)
        else:
            patch.setattr(_root_key if killed_at == "_remove" else crypto, killed_at, die)
        with pytest.raises(KeyboardInterrupt):
            _root_key.protect(state, lock)
    if plaintext.exists() and killed_at != "unlink":
        with pytest.raises(Misconfigured, match="keys protect"):
            _root_key.load(state)
    elif killed_at == "unlink":  # the open file was overwritten and still lies there
        with pytest.raises(Misconfigured, match="lies open"):
            _root_key.load(state)
    assert _root_key.protect(state, lock).root_id == before.root_id
    assert [path.name for path in state.keys.iterdir()] == [_root_key.PROTECTED]
    assert _root_key.load(state)[0].root_id == before.root_id


def test_two_different_roots_are_left_alone(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = identity_file(tmp_path)
    monkeypatch.setenv(_root_key.IDENTITY_FILE, str(identity))
    _root_key.protect(state, _root_key.read_lock(identity))
    crypto.ensure_plaintext_root(state.keys / _root_key.PLAINTEXT)
    files = {path.name: path.read_bytes() for path in state.keys.iterdir()}
    with pytest.raises(Misconfigured, match="different roots"):
        _root_key.protect(state, _root_key.read_lock(identity))
    assert {path.name: path.read_bytes() for path in state.keys.iterdir()} == files


def test_a_child_takes_the_root_from_a_pipe_and_no_trace_is_left(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSTIARY_INSECURE_HTTP", "1")
    roots = crypto.ensure_plaintext_root(state.keys / _root_key.PLAINTEXT)
    script = (
        "import os; from ostiary.project import _root_key as k; k.take_over(); k.take_over();"
        "print(k.taken_over().root_id, k.HANDED_OVER in os.environ)"
    )
    with _root_key.handed_over(state) as (variables, descriptors):
        assert list(variables) == [_root_key.HANDED_OVER]
        assert variables[_root_key.HANDED_OVER].isdecimal()
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | dict(variables) | {"PYTHONPATH": os.pathsep.join(sys.path)},
            pass_fds=descriptors, capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert done.stdout.split() == [roots.root_id, "False"]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptors[0])
