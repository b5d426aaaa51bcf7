"""Each setting decides what it says: the same call is allowed and refused by the setting alone."""

from datetime import datetime, timedelta

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel import clock
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid
from ostiary.records import public as records
from tests._exports import csv_of


def age_session(ctx: Context, token: str, *, seen: timedelta, created: timedelta) -> None:
    ctx.db.run(
        "update @.identity_session set last_seen_at = now() - %(seen)s, created_at = now() - %(created)s"
        " where principal_id = %(p)s",
        {"seen": seen, "created": created, "p": ctx.principal},
    )


def test_the_idle_limit_ends_sessions(ctx: Context) -> None:
    token = identity.open_session(ctx, ctx.actor)
    age_session(ctx, token, seen=timedelta(minutes=20), created=timedelta(minutes=30))
    assert identity.find_session(ctx, token)
    access.set_setting(ctx, "UserSessionTimeout", timedelta(minutes=15))
    assert identity.find_session(ctx, token) is None
    access.set_setting(ctx, "UserSessionTimeout", timedelta(minutes=25))
    assert identity.find_session(ctx, token)


def test_what_went_back_to_its_default_holds_as_the_default(ctx: Context) -> None:
    token = identity.open_session(ctx, ctx.actor)
    age_session(ctx, token, seen=timedelta(minutes=59), created=timedelta(hours=11))
    for code, strict in (
        ("UserSessionTimeout", timedelta(minutes=5)),
        ("UserSessionLifetime", timedelta(hours=1)),
    ):
        assert identity.find_session(ctx, token)
        access.set_setting(ctx, code, strict)
        assert identity.find_session(ctx, token) is None
        access.set_setting(ctx, code, None)
    assert identity.find_session(ctx, token)


def test_the_absolute_limit_ends_sessions_that_are_open_already(ctx: Context) -> None:
    token = identity.open_session(ctx, ctx.actor)
    age_session(ctx, token, seen=timedelta(0), created=timedelta(hours=3))
    assert identity.find_session(ctx, token)
    access.set_setting(ctx, "UserSessionLifetime", timedelta(hours=2))
    assert identity.find_session(ctx, token) is None
    later = identity.find_session(ctx, identity.open_session(ctx, ctx.actor))
    assert later is not None
    assert later.expires_at - later.created_at == timedelta(hours=2)


def test_what_lies_beyond_the_bounds_holds_as_the_bound(ctx: Context) -> None:
    token = identity.open_session(ctx, ctx.actor)
    access.set_setting(ctx, "UserSessionTimeout", timedelta(minutes=30))
    ctx.db.run("update @.settings_value set value = '999999'")  # as another release may have allowed
    age_session(ctx, token, seen=timedelta(minutes=61), created=timedelta(hours=2))
    assert identity.find_session(ctx, token) is None
    age_session(ctx, token, seen=timedelta(minutes=59), created=timedelta(hours=2))
    assert identity.find_session(ctx, token)


def test_the_shortest_password(ctx: Context) -> None:
    password = "grey kettles whistle"
    access.set_password(ctx, ctx.actor, password)
    access.set_setting(ctx, "MinPasswordLength", len(password) + 1)
    with pytest.raises(Invalid, match="not accepted") as refused:
        access.set_password(ctx, ctx.actor, password)
    assert [e.code for e in refused.value.errors] == ["password_too_short"]


@pytest.mark.parametrize("days", [31, None])
def test_the_longest_life_of_a_key(ctx: Context, days: int | None) -> None:
    expires: datetime | None = None if days is None else clock.now() + timedelta(days=days)
    access.create_api_key(ctx, ctx.actor, "before", expires_at=expires)
    access.set_setting(ctx, "ApiKeyMaxDays", 30)
    with pytest.raises(Invalid) as refused:
        access.create_api_key(ctx, ctx.actor, "after", expires_at=expires)
    assert [(e.field, e.code) for e in refused.value.errors] == [("expires_at", "too_late")]
    access.create_api_key(ctx, ctx.actor, "short", expires_at=clock.now() + timedelta(days=30))


def test_the_time_zone_of_new_people(ctx: Context) -> None:
    def zone(login: str, time_zone: str | None = None) -> str:
        person = access.create_person(
            ctx, login=login, name="Zoe Zone", email="z@example.com", time_zone=time_zone
        )
        return identity.get_person(ctx, person).time_zone

    assert zone("before") == "UTC"
    access.set_setting(ctx, "DefaultTimeZone", "Europe/Berlin")
    assert zone("after") == "Europe/Berlin"
    assert zone("own", time_zone="Asia/Tokyo") == "Asia/Tokyo"


def test_a_list_that_is_too_long_is_not_exported(admin: Context) -> None:
    for number in range(3):
        records.create_record(admin, "account", {"name": f"Sample {number}"})
    query = records.RecordQuery("account", columns=("name",))
    assert b"Sample" in b"".join(csv_of(admin, query))
    count = records.count_records(admin, "account").value
    access.set_setting(admin, "ExportMaxRecords", count - 1)
    with pytest.raises(Invalid, match="not accepted") as refused:
        b"".join(csv_of(admin, query))
    assert [e.code for e in refused.value.errors] == ["too_many"]
    access.set_setting(admin, "ExportMaxRecords", count)
    assert b"Sample" in b"".join(csv_of(admin, query))
