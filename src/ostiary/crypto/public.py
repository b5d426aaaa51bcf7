"""Encrypt and decrypt values under the tenant's keys. `configure` a key provider once at start-up."""

from ostiary.crypto._blob import Dek, Sealer, bind, bind_column, key_of
from ostiary.crypto._errors import KeyGone, Undecipherable
from ostiary.crypto._local import LocalKeyStore
from ostiary.crypto._ring import configure, decrypt, ensure_dek, get_dek

# Of these the tenant's role may read and insert; changing a key's state is the owner's.
INSERT_ONLY_TABLES = ("crypto_dek",)

__all__ = [
    "INSERT_ONLY_TABLES",
    "Dek",
    "KeyGone",
    "LocalKeyStore",
    "Sealer",
    "Undecipherable",
    "bind",
    "bind_column",
    "configure",
    "decrypt",
    "ensure_dek",
    "get_dek",
    "key_of",
]
