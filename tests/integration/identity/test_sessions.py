"""Sessions: how long they live and what ends them."""

import hashlib

import pytest

from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId

pytestmark = pytest.mark.database


@pytest.fixture
def person(ctx: Context) -> UnitId:
    return identity.create_person(ctx, login="mara", name="Mara Lind", email="mara@example.com")


MOVE = {
    "last_seen_at": "update @.identity_session set last_seen_at = last_seen_at + %(by)s::interval"
    " where principal_id = %(person)s",
    "expires_at": "update @.identity_session set expires_at = expires_at + %(by)s::interval"
    " where principal_id = %(person)s",
}


def move(ctx: Context, person: UnitId, column: str, by: str) -> None:
    """Move a stored instant of the person's sessions."""
    assert ctx.db.run(MOVE[column], {"by": by, "person": person}) > 0


def test_a_session_is_found_by_its_token_alone(ctx: Context, person: UnitId) -> None:
    token = identity.open_session(ctx, person)
    found = identity.find_session(ctx, token)
    assert found is not None
    assert (found.principal, found.stale) == (person, False)
    assert (found.expires_at - found.created_at).total_seconds() == 12 * 3600
    other = ("A" if token[0] != "A" else "B") + token[1:]
    for wrong in (other, "", token[:-1], token + "=", token.upper(), "é" * 43, "\x00" * 43, "\ud800" * 43):
        assert identity.find_session(ctx, wrong) is None


def test_the_token_is_not_stored(ctx: Context, person: UnitId) -> None:
    token = identity.open_session(ctx, person)
    rows = ctx.db.rows(
        "select s::text, key_hash from @.identity_session s where principal_id = %(p)s", {"p": person}
    )
    assert [bytes(r[1]) for r in rows] == [hashlib.sha256(token.encode()).digest()]
    assert token not in rows[0][0]


@pytest.mark.parametrize(
    ("column", "alive", "dead"),
    [("last_seen_at", "-59 minutes", "-60 minutes"), ("expires_at", "-11:59", "-12:00")],
)
def test_a_session_ends_when_idle_or_old(
    ctx: Context, person: UnitId, column: str, alive: str, dead: str
) -> None:
    token = identity.open_session(ctx, person)
    move(ctx, person, column, alive)
    assert identity.find_session(ctx, token) is not None
    move(ctx, person, column, alive.removeprefix("-"))
    move(ctx, person, column, dead)
    assert identity.find_session(ctx, token) is None


def test_use_is_noted_at_most_once_a_minute_and_never_prolongs_the_whole(
    ctx: Context, person: UnitId
) -> None:
    token = identity.open_session(ctx, person)
    move(ctx, person, "last_seen_at", "-59 seconds")
    before = identity.find_session(ctx, token)
    assert before is not None
    assert not before.stale
    move(ctx, person, "last_seen_at", "-10 minutes")
    stale = identity.find_session(ctx, token)
    assert stale is not None
    assert stale.stale
    identity.touch_session(ctx, token)
    after = identity.find_session(ctx, token)
    assert after is not None
    assert (after.stale, after.expires_at) == (False, before.expires_at)


def test_a_dead_session_is_not_revived(ctx: Context, person: UnitId) -> None:
    token = identity.open_session(ctx, person)
    move(ctx, person, "last_seen_at", "-61 minutes")
    identity.touch_session(ctx, token)
    assert identity.find_session(ctx, token) is None


def test_every_sign_in_makes_a_token_of_its_own(ctx: Context, person: UnitId) -> None:
    first, second = identity.open_session(ctx, person), identity.open_session(ctx, person)
    assert first != second
    assert identity.end_session(ctx, first)
    assert not identity.end_session(ctx, first)
    assert identity.find_session(ctx, first) is None
    assert identity.find_session(ctx, second) is not None


def test_ending_all_sessions_spares_other_people(ctx: Context, person: UnitId) -> None:
    other = identity.create_person(ctx, login="nils", name="Nils", email="n@example.com")
    tokens = [identity.open_session(ctx, person) for _ in range(3)]
    kept = identity.open_session(ctx, other)
    assert identity.end_sessions_of(ctx, person) == 3
    assert [identity.find_session(ctx, t) for t in tokens] == [None] * 3
    assert identity.find_session(ctx, kept) is not None


def test_who_is_deactivated_is_out_at_once(ctx: Context, person: UnitId) -> None:
    token = identity.open_session(ctx, person)
    assert identity.find_session(ctx, token) is not None
    ctx.db.run("update @.identity_unit set active = false where id = %(p)s", {"p": person})
    assert identity.find_session(ctx, token) is None  # even where a session's row was left behind
    identity.set_active(ctx, person, active=False)
    identity.set_active(ctx, person, active=True)
    assert identity.find_session(ctx, token) is None


def test_old_sessions_are_cleared_away_at_the_next_sign_in(ctx: Context, person: UnitId) -> None:
    identity.open_session(ctx, person)
    move(ctx, person, "last_seen_at", "-61 minutes")
    identity.open_session(ctx, person)
    assert ctx.db.row(
        "select count(*) from @.identity_session where principal_id = %(p)s", {"p": person}
    ) == (1,)


def test_beginning_and_end_are_recorded(ctx: Context, person: UnitId) -> None:
    identity.end_session(ctx, identity.open_session(ctx, person))
    rows = ctx.db.rows(
        "select type, outcome from @.audit_event where request_id = %(r)s and type like 'identity.session.%%'"
        " order by id",
        {"r": ctx.request_id},
    )
    assert rows == [("identity.session.opened", "success"), ("identity.session.ended", "success")]
