"""Keys of the installation itself, each with its own purpose and versions, all derived from the root.

Derived, so that who holds the root, from the recovery bundle for example, can open a backup when the database
is lost. Knowing one tells nothing about another or about the root.
"""

import re

from ostiary.crypto._ring import store

PURPOSES = frozenset({"backup", "session", "signer", "webhook"})
_INFO = b"app.installation.v1\x00"
_KEY_ID = re.compile(r"(?P<root>[0-9a-f]{32})\.(?P<purpose>[a-z]+)\.(?P<version>[1-9][0-9]{0,8})")


def installation_key(purpose: str, key_id: str | None = None) -> bytes:
    """32 bytes for one purpose: backup, session, signer or webhook; never kept, logged or shown.

    key_id: the one that `installation_key_id` named when something was made with it; None: the present one.
    Raises: ValueError: unknown purpose or malformed id. Misconfigured: it belongs to a root that is not here.
    """
    key_id = installation_key_id(purpose) if key_id is None else key_id
    match = _KEY_ID.fullmatch(key_id)
    if match is None or match["purpose"] != _checked(purpose):
        raise ValueError(f"{key_id!r} is not the id of a key for {purpose}")
    info = _INFO + purpose.encode() + b"\x00" + int(match["version"]).to_bytes(4)
    return store().derive(info, match["root"])


def installation_key_id(purpose: str) -> str:
    """The present key's id, no secret: it goes beside whatever is made with the key, to find it again."""
    ring = store()
    return f"{ring.root_id}.{_checked(purpose)}.{ring.purpose_version(purpose)}"


def _checked(purpose: str) -> str:
    if purpose not in PURPOSES:
        raise ValueError(f"{purpose!r} is no purpose of an installation's key")
    return purpose
