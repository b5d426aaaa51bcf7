"""Sessions of signed-in browsers. Source: OWASP ASVS 5.0 V7, preset `standard`: idle 60 min, at most 12 h.

A tenant may decide otherwise; what it decided is read in the statement that looks for the session.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ostiary.audit import public as audit
from ostiary.identity._settings import ABSOLUTE, IDLE
from ostiary.kernel.context import Context
from ostiary.kernel.ids import PrincipalId
from ostiary.settings import public as settings

IDLE_LIMIT_MIN = 60  # by default; the tenant's settings decide
ABSOLUTE_LIMIT_H = 12
SEEN_EVERY_S = 60  # how exact last_seen_at is kept, so that reading does not mean writing
_TOKEN_LENGTH = 43  # 32 bytes, urlsafe


@dataclass(frozen=True, slots=True)
class Session:
    """A valid session. stale: `touch_session` is due. language: of its person."""

    principal: PrincipalId
    created_at: datetime
    expires_at: datetime
    data: Mapping[str, Any]
    stale: bool
    language: str = ""


def _hash(token: str) -> bytes:
    # A token has 256 random bits, so a plain hash cannot be reversed or searched.
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _idle(ctx: Context) -> str:
    """How long a session lasts without a request, as SQL."""
    return f"make_interval(secs => {settings.sql_integer(ctx, IDLE)})"


def _absolute(ctx: Context) -> str:
    """How long it lasts at most, as SQL."""
    return f"make_interval(secs => {settings.sql_integer(ctx, ABSOLUTE)})"


def open_session(ctx: Context, person: PrincipalId) -> str:
    """A new session and its token (43 characters); only the token's hash is kept. Always a new token."""
    token = secrets.token_urlsafe(32)
    ctx.db.run(
        "delete from @.identity_session where principal_id = %(person)s"
        f" and (expires_at <= now() or last_seen_at <= now() - {_idle(ctx)})",
        {"person": person},
    )
    ctx.db.run(
        "insert into @.identity_session"
        " (key_hash, principal_id, created_at, last_seen_at, expires_at, ip, client)"
        " values (%(hash)s, %(person)s, now(), now(), now() + " + _absolute(ctx) + ","
        " %(ip)s, %(client)s)",
        {
            "hash": _hash(token),
            "person": person,
            "ip": ctx.ip,
            "client": ctx.client,
        },
    )
    ctx.db.run(
        "update @.identity_person set last_sign_in_at = now() where unit_id = %(person)s", {"person": person}
    )
    audit.append(ctx.acting_as(person), "identity.session.opened", object_type="person", object_ref=person)
    return token


def find_session(ctx: Context, token: str) -> Session | None:
    """The session of a token, or None: unknown, too old, idle too long, or its person is not active."""
    if len(token) != _TOKEN_LENGTH:
        return None
    row = ctx.db.row(
        "select s.principal_id, s.created_at, s.expires_at, s.data,"
        " s.last_seen_at < now() - make_interval(secs => %(seen)s), coalesce(p.language, '')"
        " from @.identity_session s join @.identity_unit u on u.id = s.principal_id"
        " left join @.identity_person p on p.unit_id = u.id"
        " where s.key_hash = %(hash)s and u.active and s.expires_at > now()"
        f" and s.last_seen_at > now() - {_idle(ctx)} and s.created_at > now() - {_absolute(ctx)}",
        {"hash": _hash(token), "seen": SEEN_EVERY_S},
    )
    return None if row is None else Session(*row)


def touch_session(ctx: Context, token: str) -> None:
    """Note that the session is in use. For a short transaction of its own: a page must not hold this row."""
    ctx.db.run(
        "update @.identity_session set last_seen_at = now() where key_hash = %(hash)s"
        " and last_seen_at < now() - make_interval(secs => %(seen)s)"
        f" and last_seen_at > now() - {_idle(ctx)}",  # a dead session stays dead
        {"hash": _hash(token), "seen": SEEN_EVERY_S},
    )


def end_session(ctx: Context, token: str) -> bool:
    """End one session; False when there was none."""
    row = ctx.db.row(
        "delete from @.identity_session where key_hash = %(hash)s returning principal_id",
        {"hash": _hash(token)},
    )
    if row is None:
        return False
    audit.append(
        ctx.acting_as(ctx.principal or row[0]),
        "identity.session.ended",
        object_type="person",
        object_ref=row[0],
    )
    return True


def end_sessions_of(ctx: Context, principal: PrincipalId) -> int:
    """End every session of a principal and return their number."""
    count = ctx.db.run("delete from @.identity_session where principal_id = %(id)s", {"id": principal})
    if count:
        audit.append(ctx, "identity.session.ended", object_type="person", object_ref=principal)
    return count
