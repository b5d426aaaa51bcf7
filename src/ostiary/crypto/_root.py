"""The roots of the key hierarchy, as they lie in memory, and their written form.

The written form is secret. A file holds it as it is (`local-plaintext`, for the demo) or inside an age file.
"""

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ostiary.crypto._errors import RootMissing, Undecipherable

ROOT_SIZE = 32
_NONCE_SIZE = 12
_FIRST_FORM = b"ostiary-root-key-1 "
_SECOND_FORM = "ostiary-root-keys-2"
_ID_INFO = b"app.root.id.v1\x00"
_WRAP_INFO = b"app.root.wrap.v1\x00"
_LINE = re.compile(r"(current|next|previous) ([A-Za-z0-9+/]{43}=)")
_PURPOSE = re.compile(r"purpose ([a-z]{1,32}) ([1-9][0-9]{0,8})")


class Root:
    """One root key. It has no way to be shown, copied or written by accident: see `Roots.serialise`."""

    __slots__ = ("_secret", "_wrapper", "id")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != ROOT_SIZE:
            raise ValueError("a root key has 32 bytes")
        self._secret = secret
        self.id = self.derive(_ID_INFO)[:16].hex()
        self._wrapper = AESGCM(self.derive(_WRAP_INFO))

    def derive(self, info: bytes) -> bytes:
        """32 bytes that belong to `info` alone (HKDF-SHA256)."""
        return HKDF(SHA256(), 32, salt=None, info=info).derive(self._secret)

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        """Nonce (12) | ciphertext and tag."""
        nonce = os.urandom(_NONCE_SIZE)
        return nonce + self._wrapper.encrypt(nonce, key, aad)

    def unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        """The key. Raises Undecipherable."""
        try:
            return self._wrapper.decrypt(wrapped[:_NONCE_SIZE], wrapped[_NONCE_SIZE:], aad)
        except (InvalidTag, ValueError):
            raise Undecipherable("A stored key cannot be opened: it was altered or moved") from None

    def __repr__(self) -> str:
        return f"<Root {self.id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a root key is not copied or pickled")


@dataclass(frozen=True, slots=True)
class Roots:
    """`kernel.ports.KeyStore` over the roots that an installation has unlocked.

    next: while the root is being replaced, the new one; it wraps already. previous: still open what is old.
    purposes: versions of installation keys that are not at 1.
    """

    current: Root
    next: Root | None = None
    previous: tuple[Root, ...] = ()
    purposes: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def fresh(cls) -> "Roots":
        """A new root, made of the operating system's randomness."""
        return cls(Root(os.urandom(ROOT_SIZE)))

    @classmethod
    def parse(cls, text: bytes) -> "Roots":
        """The roots from their written form. Raises ValueError, without a word of the content."""
        if text.startswith(_FIRST_FORM):
            try:
                return cls(Root(base64.b64decode(text.removeprefix(_FIRST_FORM).strip(), validate=True)))
            except ValueError:
                raise ValueError("the root key is damaged") from None
        named: dict[str, list[Root]] = {"current": [], "next": [], "previous": []}
        purposes: dict[str, int] = {}
        mark, *lines = text.decode("ascii", "replace").splitlines() or [""]
        if mark != _SECOND_FORM or not lines or lines.pop() != "end":
            raise ValueError("the root key is damaged")
        for line in lines:
            if match := _LINE.fullmatch(line):
                named[match[1]].append(Root(base64.b64decode(match[2])))
            elif match := _PURPOSE.fullmatch(line):
                purposes[match[1]] = int(match[2])
            else:
                raise ValueError("the root key is damaged")
        if len(named["current"]) != 1 or len(named["next"]) > 1:
            raise ValueError("the root key is damaged")
        following = named["next"][0] if named["next"] else None
        return cls(named["current"][0], following, tuple(named["previous"]), purposes)

    def serialise(self) -> bytes:
        """The written form: secret. Of a root alone it is the one that earlier releases read."""
        if self.next is None and not self.previous and not self.purposes:
            return _FIRST_FORM + _secret_of(self.current).encode() + b"\n"
        lines = [_SECOND_FORM, f"current {_secret_of(self.current)}"]
        lines += [f"next {_secret_of(self.next)}"] if self.next else []
        lines += [f"previous {_secret_of(root)}" for root in self.previous]
        lines += [f"purpose {name} {version}" for name, version in sorted(self.purposes.items())]
        return "\n".join([*lines, "end", ""]).encode()

    @property
    def root_id(self) -> str:
        """The root that wraps from now on."""
        return (self.next or self.current).id

    @property
    def ids(self) -> tuple[str, ...]:
        """Every root that is here."""
        return tuple(root.id for root in self._all())

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        """Under the present root."""
        return (self.next or self.current).wrap(key, aad)

    def unwrap(self, wrapped: bytes, aad: bytes, root_id: str) -> bytes:
        """The key. Raises: RootMissing: its root is not here. Undecipherable."""
        return self._get(root_id).unwrap(wrapped, aad)

    def derive(self, info: bytes, root_id: str | None = None) -> bytes:
        """32 bytes that belong to `info` alone. None: from the current root, not from `next`."""
        return (self.current if root_id is None else self._get(root_id)).derive(info)

    def purpose_version(self, purpose: str) -> int:
        """The present version of an installation key."""
        return self.purposes.get(purpose, 1)

    def _all(self) -> tuple[Root, ...]:
        return (self.current, *([self.next] if self.next else []), *self.previous)

    def _get(self, root_id: str) -> Root:
        for root in self._all():
            if root.id == root_id:
                return root
        raise RootMissing(
            f"This belongs to root key {root_id[:8]}, which is not here: restart with the present"
            " root key, or put that one back by `ostiary keys recover`"
        )

    def __repr__(self) -> str:
        return f"<Roots {self.current.id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("root keys are not copied or pickled")


def _secret_of(root: Root) -> str:
    return base64.b64encode(root._secret).decode()  # noqa: SLF001  the written form is this module's business
