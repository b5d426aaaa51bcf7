"""The local key provider: one root key in a file, and from it a key-encryption key for each tenant."""

import base64
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ostiary.crypto._errors import Undecipherable
from ostiary.crypto._wrapping import split_wrapping
from ostiary.kernel.errors import Misconfigured

_MARK = b"ostiary-root-key-1 "
_NONCE_SIZE = 12
_ROOT_SIZE = 32


class LocalKeyStore:
    """`kernel.ports.KeyStore` over a root key file, made on first use with mode 0600.

    Losing the file means losing whatever is encrypted: it belongs into the backup of the state folder, apart
    from the backup of the database.
    Raises: Misconfigured: others may read the file, it is not a plain file, or it is damaged.
    """

    def __init__(self, path: Path) -> None:
        _ensure_root(path)
        self._root = _read_root(path)

    def wrap(self, dek: bytes, aad: bytes) -> bytes:
        """Nonce (12) | ciphertext and tag (48), under the key-encryption key of the tenant named in `aad`."""
        nonce = os.urandom(_NONCE_SIZE)
        return nonce + self._kek(aad).encrypt(nonce, dek, aad)

    def unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        """The data-encryption key. Raises Undecipherable: altered, or wrapped for another place or root."""
        try:
            return self._kek(aad).decrypt(wrapped[:_NONCE_SIZE], wrapped[_NONCE_SIZE:], aad)
        except (InvalidTag, ValueError):
            raise Undecipherable(
                "A stored key cannot be opened: it was altered, or the root key changed"
            ) from None

    def _kek(self, aad: bytes) -> AESGCM:
        tenant, version = split_wrapping(aad)
        info = b"app.kek.v1\x00" + tenant.bytes + version.to_bytes(4)
        return AESGCM(HKDF(SHA256(), 32, salt=None, info=info).derive(self._root))


def _ensure_root(path: Path) -> None:
    if path.exists() or path.is_symlink():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, _MARK + base64.b64encode(os.urandom(_ROOT_SIZE)) + b"\n")
        os.fsync(handle)
        # a hard link never replaces: of two first starts at the same time, the later takes the earlier's key
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        os.close(handle)
        fresh.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read_root(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Misconfigured(f"The root key {path} cannot be opened: {error.strerror}") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise Misconfigured(f"The root key {path} is not a plain file")
        if status.st_mode & 0o077:
            raise Misconfigured(f"The root key {path} is open to others: chmod 600 it")
        content = os.read(handle, 4096)
    finally:
        os.close(handle)
    try:
        root = base64.b64decode(content.removeprefix(_MARK).strip(), validate=True)
    except ValueError:
        root = b""
    if not content.startswith(_MARK) or len(root) != _ROOT_SIZE:
        raise Misconfigured(f"The root key {path} is damaged: restore it from the backup")
    return root
