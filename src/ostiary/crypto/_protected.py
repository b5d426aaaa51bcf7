"""The roots inside an age file: the provider `local`."""

from dataclasses import dataclass
from typing import NoReturn

from ostiary.crypto._age import (
    decrypt_by_identity,
    decrypt_by_passphrase,
    encrypt_to_passphrase,
    encrypt_to_recipient,
    needs_passphrase,
    recipient_of,
)
from ostiary.crypto._errors import Locked
from ostiary.crypto._root import Roots
from ostiary.kernel.errors import FieldError, Invalid, Misconfigured

SHORTEST_PASSPHRASE = 15


@dataclass(frozen=True, slots=True, repr=False)
class Lock:
    """What opens and closes the file: a passphrase, or the text of an age identity file. Never shown."""

    passphrase: str | None = None
    identity: str | None = None

    def close(self, roots: Roots) -> bytes:
        """The file's content. Raises Invalid: the passphrase is too short. Misconfigured: no identity."""
        if self.passphrase is not None:
            if len(self.passphrase) < SHORTEST_PASSPHRASE:
                raise Invalid(
                    [FieldError("passphrase", "too_short", f"Use at least {SHORTEST_PASSPHRASE} characters")]
                )
            return encrypt_to_passphrase(roots.serialise(), self.passphrase)
        try:
            return encrypt_to_recipient(roots.serialise(), recipient_of(self.identity or ""))
        except ValueError as error:
            raise Misconfigured(f"The identity file cannot be used: {error}") from None

    def open(self, content: bytes) -> Roots:
        """The roots. Raises: Locked: it does not open. Misconfigured: the file is no such file."""
        try:
            if needs_passphrase(content):
                if self.passphrase is None:
                    raise Locked("The root key opens by a passphrase; an identity was given")
                return Roots.parse(decrypt_by_passphrase(content, self.passphrase))
            if self.identity is None:
                raise Locked("The root key opens by an identity; a passphrase was given")
            return Roots.parse(decrypt_by_identity(content, self.identity))
        except ValueError as error:
            raise Misconfigured(f"The protected root key cannot be used: {error}") from None

    def __repr__(self) -> str:
        return "<Lock passphrase>" if self.passphrase is not None else "<Lock identity>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a lock is not copied or pickled")
