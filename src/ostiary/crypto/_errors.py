"""What cannot be opened."""

from ostiary.kernel.errors import OstiaryError


class Undecipherable(OstiaryError):
    """A stored value or key fails its authentication: altered, moved, or of another key."""

    code = "crypto.undecipherable"


class KeyGone(OstiaryError):
    """The key of a stored value was destroyed: the value is erased."""

    code = "crypto.key_gone"
