"""Encrypt and decrypt values under the tenant's keys. `configure` a key provider once at start-up."""

from ostiary.crypto._age import make_identity, needs_passphrase, parse_recipient, recipient_of
from ostiary.crypto._blind import blind_index, derive_index_key
from ostiary.crypto._blob import Dek, Sealer, bind, bind_column, key_of
from ostiary.crypto._encrypted import Encrypted, encrypted_tables, register_encrypted
from ostiary.crypto._errors import KeyGone, Locked, NotYet, RootMissing, Undecipherable
from ostiary.crypto._installation import PURPOSES, installation_key, installation_key_id
from ostiary.crypto._inventory import (
    KeyInfo,
    destroy_all_keys,
    destroy_retired,
    list_keys,
    opens_something,
    verify_keys,
)
from ostiary.crypto._local import (
    ensure_plaintext_root,
    read_key_file,
    read_plaintext_root,
    sync_folder,
    write_key_file,
)
from ostiary.crypto._protected import Lock
from ostiary.crypto._recovery import Manifest, fingerprint, make_bundle, open_bundle, read_manifest
from ostiary.crypto._ring import configure, decrypt, ensure_dek, forget_keys, get_dek, is_configured, unlock
from ostiary.crypto._root import Root, Roots
from ostiary.crypto._rotation import (
    GRACE_S,
    Act,
    Step,
    begin_dek_rotation,
    begin_kek_rotation,
    is_rotating,
    rewrap_under_root,
    rotate_chunk,
)
from ostiary.crypto._secrets import delete_secret, get_secret, list_secrets, put_secret
from ostiary.crypto._stream import decrypt_stream, encrypt_stream

# Of these the tenant's role may read and insert; changing a key's state is the owner's.
INSERT_ONLY_TABLES = ("crypto_dek", "crypto_kek")

__all__ = [
    "GRACE_S",
    "INSERT_ONLY_TABLES",
    "PURPOSES",
    "Act",
    "Dek",
    "Encrypted",
    "KeyGone",
    "KeyInfo",
    "Lock",
    "Locked",
    "Manifest",
    "NotYet",
    "Root",
    "RootMissing",
    "Roots",
    "Sealer",
    "Step",
    "Undecipherable",
    "begin_dek_rotation",
    "begin_kek_rotation",
    "bind",
    "bind_column",
    "blind_index",
    "configure",
    "decrypt",
    "decrypt_stream",
    "delete_secret",
    "derive_index_key",
    "destroy_all_keys",
    "destroy_retired",
    "encrypt_stream",
    "encrypted_tables",
    "ensure_dek",
    "ensure_plaintext_root",
    "fingerprint",
    "forget_keys",
    "get_dek",
    "get_secret",
    "installation_key",
    "installation_key_id",
    "is_configured",
    "is_rotating",
    "key_of",
    "list_keys",
    "list_secrets",
    "make_bundle",
    "make_identity",
    "needs_passphrase",
    "open_bundle",
    "opens_something",
    "parse_recipient",
    "put_secret",
    "read_key_file",
    "read_manifest",
    "read_plaintext_root",
    "recipient_of",
    "register_encrypted",
    "rewrap_under_root",
    "rotate_chunk",
    "sync_folder",
    "unlock",
    "verify_keys",
    "write_key_file",
]
