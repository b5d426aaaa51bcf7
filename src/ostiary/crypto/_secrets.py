"""Credentials of integrations: kept encrypted, each bound to its name.

What keeps or changes one leaves the event; names are shown, values never.
"""

import re
from uuid import UUID

from ostiary.crypto._blob import bind_column
from ostiary.crypto._ring import decrypt, ensure_dek
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound

SCOPE = "secret"
MOST_BYTES = 64 * 1024
_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,126}")
_TYPE = UUID("6f737469-6172-4a75-8010-000000000000")
_FIELD = UUID("6f737469-6172-4a75-8011-000000000000")

_PUT = """
insert into @.crypto_secret (name, blob) values (%(name)s, %(blob)s)
on conflict (name) do update set blob = excluded.blob, changed_at = now()"""


def bind_secret(tenant_id: UUID, name: str) -> bytes:
    """The place of a secret. Only the name varies in length, it stands last, and its type is its own."""
    return bind_column(tenant_id, _TYPE, _FIELD) + name.encode()


def put_secret(ctx: Context, name: str, value: str) -> None:
    """Keep a secret under this name, or replace it. The caller records the event, without the value.

    Raises: Invalid: the name is no code such as `webhook.17.key`, or the value is empty or over 64 KiB.
    """
    if not _NAME.fullmatch(name):
        raise Invalid([FieldError("name", "malformed", "Use lower-case letters, digits, dots and hyphens")])
    content = value.encode()
    if not 0 < len(content) <= MOST_BYTES:
        raise Invalid([FieldError("value", "size", "A secret has 1 to 65536 bytes")])
    blob = ensure_dek(ctx, SCOPE).encrypt(content, bind_secret(ctx.tenant_id, name))
    ctx.db.run(_PUT, {"name": name, "blob": blob})


def get_secret(ctx: Context, name: str) -> str:
    """The secret of this name, never to be shown or logged.

    Raises: NotFound. KeyGone: erased with its key. Undecipherable: altered, or moved from another name.
    """
    row = ctx.db.row("select blob from @.crypto_secret where name = %(name)s", {"name": name})
    if row is None:
        raise NotFound
    return decrypt(ctx, bytes(row[0]), bind_secret(ctx.tenant_id, name)).decode()


def delete_secret(ctx: Context, name: str) -> None:
    """Forget a secret. Raises NotFound."""
    if not ctx.db.run("delete from @.crypto_secret where name = %(name)s", {"name": name}):
        raise NotFound


def list_secrets(ctx: Context) -> list[str]:
    """The names, in order."""
    return [row[0] for row in ctx.db.rows('select name from @.crypto_secret order by name collate "C"')]
