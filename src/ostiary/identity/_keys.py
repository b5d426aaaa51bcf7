"""API keys: `ost_<tenant>_<secret>`; a key names its tenant and carries one principal's rights."""

import hashlib
import logging
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ostiary.audit import public as audit
from ostiary.identity._graph import bump_epoch
from ostiary.identity._roles import SYSTEM_PREFIX
from ostiary.identity._settings import KEY_DAYS
from ostiary.kernel import clock
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import PrincipalId, new_id
from ostiary.kernel.messages import worded
from ostiary.settings import public as settings

_KEY = re.compile(r"ost_([a-z][a-z0-9]{0,30})_([A-Za-z0-9_-]{43})", re.ASCII)
LONGEST_NAME = 100

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A valid key; it stays valid until `expires_at` while the tenant's epoch stands.

    stale: `touch_api_key` is due.
    """

    id: UUID
    principal: PrincipalId
    expires_at: datetime | None
    stale: bool


@dataclass(frozen=True, slots=True)
class ApiKeyInfo:
    """A key as its owner sees it; the secret is shown once, when it is made."""

    id: UUID
    principal: PrincipalId
    name: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def parse_api_key(text: str) -> tuple[str, str] | None:
    """(tenant slug, secret) of a well-formed key, or None."""
    match = _KEY.fullmatch(text)
    return None if match is None else (match[1], match[2])


def _hash(key: str) -> bytes:
    # The whole text, so that a secret is worth nothing under another tenant's name.
    return hashlib.sha256(key.encode()).digest()


def create_api_key(ctx: Context, principal: PrincipalId, name: str, expires_at: datetime | None) -> str:
    """Make a key and return it; only its hash is kept.

    Raises: Invalid: name empty or too long, expiry in the past, without zone or too late.
    NotFound: no such active principal, or an account of the product itself, as which nobody acts.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(
            [
                FieldError(
                    "name", "malformed", worded("A name has 1 to %(most)s characters", most=LONGEST_NAME)
                )
            ]
        )
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= clock.now()):
        raise Invalid([FieldError("expires_at", "past", "The key would have expired already")])
    _ensure_short_lived(ctx, expires_at)
    if not ctx.db.row(
        "select 1 from @.identity_unit where id = %(id)s and active and kind in ('person', 'service')"
        " and not starts_with(coalesce(code, ''), %(system)s)",
        {"id": principal, "system": f"service:{SYSTEM_PREFIX}"},
    ):
        raise NotFound
    key = f"ost_{ctx.db.schema.removeprefix('t_')}_{secrets.token_urlsafe(32)}"
    key_id = new_id()
    ctx.db.run(
        "insert into @.identity_api_key (id, key_hash, principal_id, name, created_at, expires_at)"
        " values (%(id)s, %(hash)s, %(principal)s, %(name)s, now(), %(expires)s)",
        {"id": key_id, "hash": _hash(key), "principal": principal, "name": name, "expires": expires_at},
    )
    bump_epoch(ctx)
    audit.append(ctx, "identity.key.created", object_type="api_key", object_ref=key_id)
    return key


def _ensure_short_lived(ctx: Context, expires_at: datetime | None) -> None:
    """Raises Invalid: the key would live longer than the tenant allows."""
    days = settings.get(ctx, KEY_DAYS.code)
    if not isinstance(days, int) or not days:
        return
    if expires_at is None or expires_at > clock.now() + timedelta(days=days, minutes=1):
        raise Invalid(
            [
                FieldError(
                    "expires_at", "too_late", worded("A key expires within %(days)s days here", days=days)
                )
            ]
        )


def find_api_key(ctx: Context, key: str) -> ApiKey | None:
    """The valid key with this text in the context's tenant, or None.

    One statement for every key of the tenant's form, whatever is wrong with it.
    """
    parsed = parse_api_key(key)
    if parsed is None or parsed[0] != ctx.db.schema.removeprefix("t_"):
        return None
    row = ctx.db.row(
        "select k.id, k.principal_id, k.expires_at, coalesce(k.last_used_on < current_date, true),"
        " u.active and k.revoked_at is null and coalesce(k.expires_at > now(), true)"
        " from @.identity_api_key k join @.identity_unit u on u.id = k.principal_id"
        " where k.key_hash = %(hash)s",
        {"hash": _hash(key)},
    )
    if row is None:
        return None
    found = ApiKey(*row[:4])
    if not row[4]:
        log.warning("identity.key.refused", extra={"tenant": ctx.tenant_id, "key": found.id})
        # only who holds the key's secret comes here, so nobody else can fill the log with it
        audit.append_aside(ctx, "identity.key.refused", object_type="api_key", object_ref=found.id)
        return None
    return found


def touch_api_key(ctx: Context, key_id: UUID) -> None:
    """Note the day on which the key is used. For a short transaction of its own."""
    ctx.db.run(
        "update @.identity_api_key set last_used_on = current_date where id = %(id)s"
        " and coalesce(last_used_on < current_date, true)",
        {"id": key_id},
    )


def revoke_api_key(ctx: Context, key_id: UUID) -> None:
    """Make a key worthless, for good. Raises NotFound: unknown or revoked already."""
    if not ctx.db.run(
        "update @.identity_api_key set revoked_at = now() where id = %(id)s and revoked_at is null",
        {"id": key_id},
    ):
        raise NotFound
    bump_epoch(ctx)
    audit.append(ctx, "identity.key.revoked", object_type="api_key", object_ref=key_id)


def list_api_keys(ctx: Context, principal: PrincipalId) -> tuple[ApiKeyInfo, ...]:
    """A principal's keys, newest first, revoked ones included."""
    rows = ctx.db.rows(
        "select id, principal_id, name, created_at, expires_at, revoked_at from @.identity_api_key"
        " where principal_id = %(id)s order by id desc",
        {"id": principal},
    )
    return tuple(ApiKeyInfo(*r) for r in rows)
