"""Signing in with a password: who may, how attempts are slowed, and that nothing is given away."""

import pytest
from argon2 import PasswordHasher

from ostiary.identity import _hashing, _passwords
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid, NotFound, TooManyRequests
from ostiary.kernel.ids import UnitId, new_id

PASSWORD = "grey kettles whistle"


@pytest.fixture
def person(ctx: Context) -> UnitId:
    """Somebody who may sign in."""
    made = identity.create_person(ctx, login="Mara.Lind", name="Mara Lind", email="mara@example.com")
    identity.set_password(ctx, made, PASSWORD)
    return made


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each verification that really happens."""
    seen: list[str] = []
    verify = PasswordHasher.verify

    def spy(self: PasswordHasher, stored: str, password: str) -> bool:
        seen.append(stored)
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", spy)
    return seen


def refusal(ctx: Context, login: str, password: str = PASSWORD) -> tuple[str, str]:
    with pytest.raises(identity.SignInFailed) as refused:
        identity.check_password(ctx.acting_as(None), login, password)
    return refused.value.code, refused.value.message


def failures(ctx: Context, person: UnitId) -> int:
    row = ctx.db.row("select failed_count from @.identity_person where unit_id = %(p)s", {"p": person})
    assert row is not None
    return int(row[0])


def set_throttle(ctx: Context, person: UnitId, *, failed: int, locked_s: int) -> None:
    ctx.db.run(
        "update @.identity_person set failed_count = %(n)s,"
        " locked_until = now() + make_interval(secs => %(s)s) where unit_id = %(p)s",
        {"n": failed, "s": locked_s, "p": person},
    )


def test_the_right_password_alone_opens(ctx: Context, person: UnitId) -> None:
    assert identity.check_password(ctx, "mara.lind", PASSWORD) == person
    assert identity.check_password(ctx, "  MARA.LIND ", PASSWORD) == person
    refusal(ctx, "mara.lind", PASSWORD + " ")
    refusal(ctx, "mara.lind", PASSWORD.upper())
    refusal(ctx, "mara.lind", "")


def test_a_password_is_the_same_however_it_is_typed(ctx: Context, person: UnitId) -> None:
    identity.set_password(ctx, person, "cafe\u0301 and croissant")
    assert identity.check_password(ctx, "mara.lind", "caf\u00e9 and croissant") == person


def test_every_refusal_is_one_answer_at_one_cost(ctx: Context, person: UnitId, hashes: list[str]) -> None:
    inactive = identity.create_person(ctx, login="old", name="Olda", email="o@example.com")
    identity.set_password(ctx, inactive, PASSWORD)
    identity.set_active(ctx, inactive, active=False)
    identity.create_person(ctx, login="fresh", name="Freya", email="f@example.com")
    locked = identity.create_person(ctx, login="shut", name="Lock Ed", email="l@example.com")
    identity.set_password(ctx, locked, PASSWORD)
    set_throttle(ctx, locked, failed=7, locked_s=60)
    answers = set()
    for login, password in (
        ("mara.lind", "wrong"),
        ("nobody", PASSWORD),
        ("old", PASSWORD),
        ("fresh", PASSWORD),
        ("shut", PASSWORD),
        ("", PASSWORD),
        ("mara\x00lind", PASSWORD),
        ("\ud800", PASSWORD),
        ("x" * 10_000, PASSWORD),
        ("' or true --", PASSWORD),
    ):
        hashes.clear()
        answers.add(refusal(ctx, login, password))
        assert len(hashes) == 1, login
    assert len(answers) == 1
    assert identity.check_password(ctx, "mara.lind", PASSWORD) == person


def test_failures_slow_the_account_and_success_forgives(ctx: Context, person: UnitId) -> None:
    set_throttle(ctx, person, failed=_passwords.FREE_ATTEMPTS - 2, locked_s=-1)
    refusal(ctx, "mara.lind", "wrong")
    assert identity.check_password(ctx, "mara.lind", PASSWORD) == person
    assert failures(ctx, person) == 0
    set_throttle(ctx, person, failed=_passwords.FREE_ATTEMPTS - 1, locked_s=-1)
    refusal(ctx, "mara.lind", "wrong")
    refusal(ctx, "mara.lind")  # right, but too early; and an attempt that is not tried is not counted
    assert failures(ctx, person) == _passwords.FREE_ATTEMPTS
    ctx.db.run("update @.identity_person set locked_until = now() where unit_id = %(p)s", {"p": person})
    assert identity.check_password(ctx, "mara.lind", PASSWORD) == person


@pytest.mark.parametrize(
    ("failed", "delay_s"), [(3, None), (4, 1), (5, 2), (6, 4), (9, 32), (14, 900), (60, 900), (98, 900)]
)
def test_delays_double_up_to_a_limit(ctx: Context, person: UnitId, failed: int, delay_s: int | None) -> None:
    set_throttle(ctx, person, failed=failed, locked_s=-1)
    refusal(ctx, "mara.lind", "wrong")
    row = ctx.db.row(
        "select extract(epoch from locked_until - now())::int from @.identity_person where unit_id = %(p)s",
        {"p": person},
    )
    assert row == (delay_s,)


def test_after_a_hundred_failures_only_a_new_password_helps(ctx: Context, person: UnitId) -> None:
    set_throttle(ctx, person, failed=99, locked_s=-1)
    assert identity.check_password(ctx, "mara.lind", PASSWORD) == person
    set_throttle(ctx, person, failed=100, locked_s=-1)
    refusal(ctx, "mara.lind")
    identity.set_password(ctx, person, "other kettles whistle")
    assert identity.check_password(ctx, "mara.lind", "other kettles whistle") == person


def test_a_flood_is_refused_while_reads_go_on(
    ctx: Context, person: UnitId, hashes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = _hashing.Gate(slots=2, waiting=0)
    monkeypatch.setattr(_hashing, "gate", gate)
    with gate.enter():
        assert identity.check_password(ctx, "mara.lind", PASSWORD) == person
        with gate.enter():
            hashes.clear()
            with pytest.raises(TooManyRequests) as refused:
                identity.check_password(ctx, "mara.lind", "wrong")
            assert refused.value.details["retry_after_s"] == _hashing.RETRY_AFTER_S
            assert hashes == []
            assert failures(ctx, person) == 0
            assert identity.names_of(ctx, [person]) == {person: "Mara Lind"}
    assert identity.check_password(ctx, "mara.lind", PASSWORD) == person


def test_a_hash_of_yesterday_is_renewed_at_sign_in(ctx: Context, person: UnitId) -> None:
    weaker = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    ctx.db.run(
        "update @.identity_person set password_hash = %(h)s where unit_id = %(p)s", {"h": weaker, "p": person}
    )
    refusal(ctx, "mara.lind", "wrong")
    assert stored(ctx, person) == weaker
    identity.check_password(ctx, "mara.lind", PASSWORD)
    assert not _hashing.is_outdated(stored(ctx, person))
    assert identity.check_password(ctx, "mara.lind", PASSWORD) == person


def stored(ctx: Context, person: UnitId) -> str:
    row = ctx.db.row("select password_hash from @.identity_person where unit_id = %(p)s", {"p": person})
    assert row is not None
    return str(row[0])


def test_a_new_password_ends_sessions_and_is_not_kept_in_the_clear(ctx: Context, person: UnitId) -> None:
    token = identity.open_session(ctx, person)
    with pytest.raises(Invalid):
        identity.set_password(ctx, person, "mara.lind 123456")
    assert identity.find_session(ctx, token) is not None
    identity.set_password(ctx, person, "other kettles whistle")
    assert identity.find_session(ctx, token) is None
    assert stored(ctx, person).startswith("$argon2id$")


def test_words_of_the_tenant_do_not_make_a_password(ctx: Context, person: UnitId) -> None:
    with pytest.raises(Invalid) as refused:
        identity.set_password(ctx, person, "test-tenant-2026")
    assert [e.code for e in refused.value.errors] == ["password_about_you"]
    identity.set_password(ctx, person, "test-moonlight-2026")


def test_only_a_person_has_a_password(ctx: Context) -> None:
    service = identity.create_service_account(ctx, login="feeder", name="Feeder")
    for stranger in (service, UnitId(new_id())):
        with pytest.raises(NotFound):
            identity.set_password(ctx, stranger, PASSWORD)


def test_a_refusal_is_recorded_without_the_login_in_the_leaf(ctx: Context, person: UnitId) -> None:
    refusal(ctx, "mara.lind", "wrong")
    rows = ctx.db.rows(
        "select type, outcome, leaf from @.audit_event where request_id = %(r)s"
        " and type = 'identity.session.refused'",
        {"r": ctx.request_id},
    )
    assert [r[:2] for r in rows] == [("identity.session.refused", "denied")]
    assert b"mara" not in bytes(rows[0][2]).lower()
