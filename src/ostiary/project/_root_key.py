"""The installation's root key: where it lies, what unlocks it, and how a child of ours gets it.

`keys/root.age` is protected (provider `local`); `keys/root.key` lies open (`local-plaintext`) and serves a
demo on loopback only.
"""

import getpass
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ostiary.crypto import public as crypto
from ostiary.kernel.errors import FieldError, Invalid, Misconfigured
from ostiary.project._installation import environment
from ostiary.project._state import State
from ostiary.project._transport import Transport

PLAINTEXT, PROTECTED = "root.key", "root.age"
PASSPHRASE_FILE, IDENTITY_FILE = "OSTIARY_KEY_PASSPHRASE_FILE", "OSTIARY_KEY_IDENTITY_FILE"
CREDENTIAL = "ostiary-key"  # its name among systemd's credentials
HANDED_OVER = "HANDED_OVER_KEY_FD"  # the number of a pipe, read once; never the key itself
_ATTEMPTS = 3
_LARGEST = 64 * 1024
_taken: list[crypto.Roots] = []  # from the parent process
_openers: dict[Path, Callable[[], crypto.Roots]] = {}  # by the folder of the keys
_opened: dict[Path, crypto.Roots] = {}
_holding: list[bool] = []
_held: list[crypto.Lock] = []


def load(state: State, *, serving: bool = False) -> tuple[crypto.Roots, crypto.Lock | None]:
    """The roots of the file, and what opened it (None: it lies open).

    Raises: RootMissing: it is not here. Locked: nothing was given that opens it. Misconfigured: it lies open
    where that is not allowed, or the file is damaged.

    serving: for a server, whose transport alone decides whether the root may lie open.
    """
    protected, plaintext = state.keys / PROTECTED, state.keys / PLAINTEXT
    if not protected.exists():
        _ensure_may_lie_open(state, plaintext, serving=serving)
        if not exists(state):
            raise crypto.RootMissing(
                f"There is no root key in {state.keys}. Put it there from its copy, or run `ostiary keys"
                " recover` with the custodians' identities; for a new installation, `ostiary keys protect`"
                " makes one"
            )
        return crypto.read_plaintext_root(plaintext), None
    content = crypto.read_key_file(protected)
    if plaintext.exists():
        _ensure_may_lie_open(state, plaintext, serving=serving)
    return _unlock(content)


def save(state: State, roots: crypto.Roots, lock: crypto.Lock | None) -> None:
    """Write the roots back as a whole: protected by `lock`, or open where there is none."""
    name, content = (PLAINTEXT, roots.serialise()) if lock is None else (PROTECTED, lock.close(roots))
    crypto.write_key_file(state.keys / name, content, replace=True)
    _opened.pop(state.keys, None)


def opened_once(state: State, open_: Callable[[], crypto.Roots]) -> Callable[[], crypto.Roots]:
    """The same, asking for nothing twice; from now on this process opens this folder's root so."""

    def open_once() -> crypto.Roots:
        if state.keys not in _opened:
            _opened[state.keys] = open_()
        return _opened[state.keys]

    _openers[state.keys] = open_once
    return open_once


def protect(state: State, lock: crypto.Lock) -> crypto.Roots:
    """Put the root under `lock`; what lay open is removed once the protected file opens again.

    Whatever is killed here, one of the two files is whole; start-up refuses while both are there, and a
    second call ends what the first began. Without any root a first one is made.
    """
    protected, plaintext = state.keys / PROTECTED, state.keys / PLAINTEXT
    if protected.exists():
        roots = _unlock(crypto.read_key_file(protected))[0]
        if plaintext.exists() and crypto.read_plaintext_root(plaintext).ids != roots.ids:
            raise Misconfigured(
                f"{plaintext} and {protected} hold different roots: keep the one that is yours"
            )
    else:
        state.prepare()
        roots = crypto.read_plaintext_root(plaintext) if plaintext.exists() else crypto.Roots.fresh()
    save(state, roots, lock)
    if lock.open(crypto.read_key_file(protected)).ids != roots.ids:
        raise Misconfigured(f"{protected} does not hold what was written: {plaintext} was left alone")
    _remove(plaintext)
    return roots


def exists(state: State) -> bool:
    """Whether there is a root, in whatever form."""
    return any(
        (state.keys / name).is_symlink() or (state.keys / name).exists() for name in (PLAINTEXT, PROTECTED)
    )


def may_lie_open(state: State, *, serving: bool) -> bool:
    """Whether this is a demo on loopback: by its transport; for operator's commands also by its folder."""
    if Transport.from_environment(environment()).insecure_http:
        return True
    return not serving and (state.secrets / "demo-password").exists()


def ask_new_lock(*, configured: bool = True) -> crypto.Lock:
    """What a root is to be protected by: the identity or passphrase that was configured, else a question."""
    given = given_lock() if configured else None
    if given is not None:
        return given
    passphrase = _ask("new passphrase of the root key: ")
    if passphrase != _ask("the same again: "):
        raise Invalid([FieldError("passphrase", "different", "The two entries differ")])
    return crypto.Lock(passphrase=passphrase)


def given_lock() -> crypto.Lock | None:
    """The identity or passphrase that was configured: by file or as a systemd credential."""
    configured = environment()
    named = configured.get(IDENTITY_FILE) or configured.get(PASSPHRASE_FILE)
    if not named and (folder := configured.get("CREDENTIALS_DIRECTORY")):
        credential = Path(folder) / CREDENTIAL
        named = str(credential) if credential.exists() else None
    return read_lock(Path(named)) if named else None


def read_lock(path: Path) -> crypto.Lock:
    """An identity file, or a file with a passphrase in one line. Raises Misconfigured."""
    text = _read_secret(path)
    if "AGE-SECRET-KEY-1" in text:
        return crypto.Lock(identity=text)
    return crypto.Lock(passphrase=text.rstrip("\r\n"))


@contextmanager
def handed_over(state: State) -> Iterator[tuple[Mapping[str, str], tuple[int, ...]]]:
    """Environment and descriptors by which a child takes over the unlocked root: a pipe, read once.

    Nothing of it lies on the disk, in an argument or in a variable. Raises as `load`.
    """
    roots = _openers.get(state.keys, lambda: load(state, serving=True)[0])()
    if (state.keys / PLAINTEXT).exists():
        _ensure_may_lie_open(state, state.keys / PLAINTEXT, serving=True)
    reader, writer = os.pipe()
    try:
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(roots.serialise())  # far below the 64 KiB that a pipe holds
        yield {HANDED_OVER: str(reader)}, (reader,)
    finally:
        os.close(reader)


def taken_over() -> crypto.Roots | None:
    """The root that the parent handed over."""
    return _taken[0] if _taken else None


def take_over() -> None:
    """In a child, before it has children of its own: take the root from the parent's pipe, once."""
    number = os.environ.pop(HANDED_OVER, None)
    if number is not None:
        with os.fdopen(int(number), "rb") as pipe:
            _taken[:] = [crypto.Roots.parse(pipe.read())]


def make_first(state: State) -> None:
    """The first root of an installation that has nothing encrypted: open for a demo, else protected."""
    state.prepare()
    if may_lie_open(state, serving=False):
        crypto.ensure_plaintext_root(state.keys / PLAINTEXT)
        return
    lock = given_lock()
    if lock is None:
        raise crypto.Locked(
            "This installation has no root key yet, and none may lie open here. Run `ostiary keys protect`"
            f" to make one under a passphrase, or name a file by {PASSPHRASE_FILE} or {IDENTITY_FILE} first"
        )
    crypto.write_key_file(state.keys / PROTECTED, lock.close(crypto.Roots.fresh()), replace=False)


def _ensure_may_lie_open(state: State, plaintext: Path, *, serving: bool) -> None:
    if plaintext.exists() and not may_lie_open(state, serving=serving):
        raise Misconfigured(
            f"The root key lies open in {plaintext} (provider local-plaintext). That is for a demo on"
            " loopback. Run `ostiary keys protect` to put it under a passphrase; nothing that is encrypted"
            " changes by that"
        )


@contextmanager
def holding_lock() -> Iterator[None]:
    """Within the block what opened the root opens it again, so that a command asks once."""
    _holding.append(True)
    try:
        yield
    finally:
        _holding.clear()
        _held.clear()


def _unlock(content: bytes) -> tuple[crypto.Roots, crypto.Lock]:
    given = _held[0] if _held else given_lock()
    if given is not None:
        return given.open(content), given
    try:
        asks = crypto.needs_passphrase(content)
    except ValueError as error:
        raise Misconfigured(f"The protected root key cannot be used: {error}") from None
    if not asks:
        raise crypto.Locked(f"The root key opens by an identity: name its file by {IDENTITY_FILE}")
    for attempt in range(_ATTEMPTS):
        lock = crypto.Lock(passphrase=_ask("passphrase of the root key: "))
        try:
            roots = lock.open(content)
        except crypto.Locked:
            if attempt == _ATTEMPTS - 1:
                raise
            continue
        _held.extend([lock] if _holding else [])
        return roots, lock
    raise AssertionError("the last attempt returns or raises")


def _ask(question: str) -> str:
    """From the terminal, unseen. Raises Locked: there is no terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        raise crypto.Locked(
            f"The root key is protected and nobody can be asked here: name a file by {PASSPHRASE_FILE} or"
            f" {IDENTITY_FILE}, or give the systemd credential {CREDENTIAL}"
        ) from None
    return getpass.getpass(question)


def _read_secret(path: Path) -> str:
    """Raises Misconfigured: it cannot be read, is open to others, or is no short text."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise Misconfigured(
            f"{path}, which is to open the root key, cannot be read: {error.strerror}"
        ) from None
    try:
        status = os.fstat(handle)
        mounted = status.st_uid == 0 and os.geteuid() != 0  # by an orchestrator, which chose its mode
        if status.st_mode & 0o077 and not mounted:
            raise Misconfigured(f"{path}, which opens the root key, is open to others: chmod 600 it")
        return os.read(handle, _LARGEST).decode()
    except UnicodeDecodeError:
        raise Misconfigured(f"{path}, which is to open the root key, is no text") from None
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    """Overwrite and remove. Against a disk's own copies this is no promise; see docs/explanation/keys.md."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        size = len(file.read())
        file.seek(0)
        file.write(os.urandom(size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    crypto.sync_folder(path.parent)
