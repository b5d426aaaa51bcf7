"""What cannot be opened."""

from ostiary.kernel.errors import Misconfigured, OstiaryError


class Undecipherable(OstiaryError):
    """A stored value or key fails its authentication: altered, moved, or of another key."""

    code = "crypto.undecipherable"


class KeyGone(OstiaryError):
    """The key of a stored value was destroyed: the value is erased."""

    code = "crypto.key_gone"


class RootMissing(Misconfigured):
    """The root key of this installation is not here, or another one is."""

    code = "crypto.root_missing"


class Locked(Misconfigured):
    """The root key is here and protected, and nothing was given that opens it."""

    code = "crypto.locked"


class NotYet(OstiaryError):
    """A step of a rotation that has to wait. `details`: wait_s (float)."""

    code = "crypto.not_yet"

    def __init__(self, message: str, *, wait_s: float) -> None:
        super().__init__(message, wait_s=wait_s)
        self.wait_s = wait_s
