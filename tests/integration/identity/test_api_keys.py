"""API keys: found by their hash; void when revoked, expired, of another tenant or of one who is out."""

from datetime import timedelta

import pytest

from ostiary.identity import public as identity
from ostiary.kernel import clock
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid, NotFound
from ostiary.kernel.ids import UnitId, new_id
from tests._tenants import TestTenant


@pytest.fixture
def service(ctx: Context) -> UnitId:
    return identity.create_service_account(ctx, login="feeder", name="Feeder")


def test_a_key_names_its_tenant_and_carries_one_principal(
    ctx: Context, service: UnitId, tenant: TestTenant
) -> None:
    key = identity.create_api_key(ctx, service, "Nightly feed", None)
    parsed = identity.parse_api_key(key)
    assert parsed is not None
    assert parsed[0] == tenant.tenant.slug
    found = identity.find_api_key(ctx, key)
    assert found is not None
    assert (found.principal, found.expires_at, found.stale) == (service, None, True)
    foreign = key.replace(f"ost_{parsed[0]}_", "ost_another_")
    last = "A" if key[-1] != "A" else "B"
    for wrong in (foreign, key[:-1] + last, key + "x", "", "Bearer " + key, key.upper(), "\x00", "é"):
        assert identity.find_api_key(ctx, wrong) is None


def test_the_key_is_not_stored(ctx: Context, service: UnitId) -> None:
    key = identity.create_api_key(ctx, service, "Nightly feed", None)
    secret = key.rsplit("_", 1)[1]
    rows = ctx.db.rows("select k::text from @.identity_api_key k where principal_id = %(p)s", {"p": service})
    assert len(rows) == 1
    assert secret not in rows[0][0]


def test_a_key_ends_by_time_by_revocation_and_with_its_principal(ctx: Context, service: UnitId) -> None:
    expiring, revoked, kept = (
        identity.create_api_key(ctx, service, name, clock.now() + timedelta(days=1)) for name in "abc"
    )
    assert all(identity.find_api_key(ctx, key) for key in (expiring, revoked, kept))
    ids = {info.name: info.id for info in identity.list_api_keys(ctx, service)}
    ctx.db.run("update @.identity_api_key set expires_at = now() where id = %(id)s", {"id": ids["a"]})
    identity.revoke_api_key(ctx, ids["b"])
    assert [identity.find_api_key(ctx, key) is not None for key in (expiring, revoked, kept)] == [
        False,
        False,
        True,
    ]
    identity.set_active(ctx, service, active=False)
    assert identity.find_api_key(ctx, kept) is None


def test_every_change_raises_the_epoch(ctx: Context, service: UnitId) -> None:
    epochs = [identity.current_epoch(ctx)]
    identity.create_api_key(ctx, service, "feed", None)
    epochs.append(identity.current_epoch(ctx))
    identity.revoke_api_key(ctx, identity.list_api_keys(ctx, service)[0].id)
    epochs.append(identity.current_epoch(ctx))
    identity.set_active(ctx, service, active=False)
    epochs.append(identity.current_epoch(ctx))
    assert epochs == sorted(set(epochs))


def test_a_revoked_key_stays_revoked(ctx: Context, service: UnitId) -> None:
    identity.create_api_key(ctx, service, "feed", None)
    key_id = identity.list_api_keys(ctx, service)[0].id
    identity.revoke_api_key(ctx, key_id)
    for gone in (key_id, new_id()):
        with pytest.raises(NotFound):
            identity.revoke_api_key(ctx, gone)


def test_a_key_belongs_to_an_active_principal(ctx: Context, service: UnitId) -> None:
    role = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    assert role is not None
    identity.create_api_key(ctx, service, "feed", None)
    identity.set_active(ctx, service, active=False)
    for stranger in (service, role, UnitId(new_id())):
        with pytest.raises(NotFound):
            identity.create_api_key(ctx, stranger, "feed", None)


def test_a_key_has_a_name_and_a_future(ctx: Context, service: UnitId) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    identity.create_api_key(ctx, service, "n" * 100, tomorrow)
    for name, expires_at, code in (
        (" ", tomorrow, "malformed"),
        ("n" * 101, tomorrow, "malformed"),
        ("feed", clock.now() - timedelta(seconds=1), "past"),
        ("feed", tomorrow.replace(tzinfo=None), "past"),
    ):
        with pytest.raises(Invalid) as refused:
            identity.create_api_key(ctx, service, name, expires_at)
        assert [e.code for e in refused.value.errors] == [code]


def test_use_is_noted_once_a_day(ctx: Context, service: UnitId) -> None:
    key = identity.create_api_key(ctx, service, "feed", None)
    found = identity.find_api_key(ctx, key)
    assert found is not None
    identity.touch_api_key(ctx, found.id)
    again = identity.find_api_key(ctx, key)
    assert again is not None
    assert (found.stale, again.stale) == (True, False)
