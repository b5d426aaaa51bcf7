"""Setting and checking passwords; how attempts are counted and slowed."""

import logging
import unicodedata
from dataclasses import dataclass
from uuid import UUID

from ostiary.audit import public as audit
from ostiary.identity import _hashing
from ostiary.identity._errors import SignInFailed
from ostiary.identity._password_rules import ensure_acceptable
from ostiary.identity._sessions import end_sessions_of
from ostiary.identity._settings import PASSWORD_LENGTH
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId
from ostiary.settings import public as settings
from ostiary.tenancy import public as tenancy

FREE_ATTEMPTS = 5  # consecutive failures before the first delay: then 1 s, 2 s, 4 s ...
LONGEST_DELAY_S = 900
MOST_FAILURES = 100  # then the password is void until another is set (NIST SP 800-63B-4, 3.2.2)
_NOBODY = UUID(int=0)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Attempt:
    person: UnitId | None
    stored: str | None
    active: bool
    locked: bool


def set_password(ctx: Context, person: UnitId, password: str) -> None:
    """Set a person's password, end the person's sessions, clear the count of failures.

    Raises: Invalid: refused password, with the reason; NotFound; TooManyRequests.
    """
    row = ctx.db.row(
        "select p.login, p.email, u.name from @.identity_person p join @.identity_unit u on u.id = p.unit_id"
        " where p.unit_id = %(person)s",
        {"person": person},
    )
    if row is None:
        raise NotFound
    shortest = settings.get(ctx, PASSWORD_LENGTH.code)
    if not isinstance(shortest, int):
        raise RuntimeError("the shortest password is a number")
    kept = ensure_acceptable(password, about=[*row, *_tenant_words(ctx)], shortest=shortest)
    with _hashing.gate.enter():
        stored = _hashing.hash_password(kept)
    ctx.db.run(
        "update @.identity_person set password_hash = %(stored)s, failed_count = 0, locked_until = null"
        " where unit_id = %(person)s",
        {"stored": stored, "person": person},
    )
    end_sessions_of(ctx, person)
    audit.append(ctx, "identity.password.changed", object_type="person", object_ref=person)


def check_password(ctx: Context, login: str, password: str) -> UnitId:
    """The active person with this login and password.

    Every attempt costs one hash, the same statements and one event, whatever is wrong with it. It is counted
    as failed before the hash and cleared after it, in transactions of its own: parallel attempts cannot
    outrun the count, and a request that is rolled back does not undo it.
    Raises: SignInFailed: in the same words for every reason; TooManyRequests: nothing was tried or counted.
    """
    login = unicodedata.normalize("NFC", login[:300]).strip().lower()
    if not login.isprintable():
        login = ""  # nobody's login, and neither PostgreSQL nor an event takes such characters
    password = _hashing.normalise(password[: 4 * _hashing.LONGEST])
    with _hashing.gate.enter():
        attempt = _count_attempt(ctx, login)
        matches = _hashing.verify_password(attempt.stored, password)
        if attempt.person is not None and matches and attempt.active and not attempt.locked:
            _clear_count(ctx, attempt.person, attempt.stored, password)
            return attempt.person
    log.info("identity.session.refused", extra={"tenant": ctx.tenant_id, "request": ctx.request_id})
    # The part belongs to no data subject's key: making one on first use would tell known logins from unknown.
    audit.append_aside(
        ctx,
        "identity.session.refused",
        outcome=audit.Outcome.DENIED,
        object_type="person",
        object_ref=attempt.person,
        parts=[audit.Part("attempt", {"login": login, "method": "password", "reason": _reason(attempt)})],
    )
    raise SignInFailed


def _count_attempt(ctx: Context, login: str) -> _Attempt:
    with ctx.db.aside() as db:
        # Neither branch waits for the disk, so a counted attempt takes no longer than an unknown login.
        db.run("set local synchronous_commit = off")
        db.run("set local lock_timeout = '5s'")  # a caller that holds this row itself would wait for ever
        row = db.row(
            "select p.unit_id, p.password_hash, u.active,"
            " p.failed_count >= %(most)s or coalesce(p.locked_until > now(), false)"
            " from @.identity_person p join @.identity_unit u on u.id = p.unit_id"
            " where p.login = %(login)s for update of p",
            {"login": login, "most": MOST_FAILURES},
        )
        attempt = _Attempt(None, None, active=False, locked=False) if row is None else _Attempt(*row)
        db.run(
            "update @.identity_person set failed_count = failed_count + 1, locked_until ="
            " case when failed_count + 1 >= %(free)s then now() + make_interval(secs =>"
            " least(power(2, failed_count + 1 - %(free)s), %(longest)s)) end"
            " where unit_id = %(person)s",
            {
                "free": FREE_ATTEMPTS,
                "longest": LONGEST_DELAY_S,
                "person": _NOBODY if attempt.person is None or attempt.locked else attempt.person,
            },
        )
    return attempt


def _clear_count(ctx: Context, person: UnitId, stored: str | None, password: str) -> None:
    renewed = _hashing.hash_password(password) if stored and _hashing.is_outdated(stored) else stored
    with ctx.db.aside() as db:
        # only while the hash is the one that was verified: a password set meanwhile stays
        db.run(
            "update @.identity_person set failed_count = 0, locked_until = null, password_hash = %(renewed)s"
            " where unit_id = %(person)s and password_hash = %(stored)s",
            {"person": person, "stored": stored, "renewed": renewed},
        )


def _reason(attempt: _Attempt) -> str:
    if attempt.person is None:
        return "unknown"
    if not attempt.active:
        return "inactive"
    return "locked" if attempt.locked else "wrong"


def _tenant_words(ctx: Context) -> list[str]:
    slug = ctx.db.schema.removeprefix("t_")
    tenant = tenancy.find_tenant_by_slug(slug)
    return [slug] if tenant is None else [slug, tenant.name]
