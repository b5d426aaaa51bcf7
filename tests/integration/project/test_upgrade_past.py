"""A tenant that an earlier release made and filled itself: served before its upgrade and after it."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.crypto import public as crypto
from ostiary.crypto._ring import ring
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied
from ostiary.kernel.ports import KeyStore
from ostiary.project._release import RELEASE, refusal
from ostiary.project._upgrade import Order, Outcome, upgrade_tenant
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation
from tests.integration.project._upgrades import Past, columns, forget, no_pause, restore

# "+ read account: ..." or "+ account.name: ...": what the package brings is open as it declares
_LINE = re.compile(r"^\+ (?:[a-z]+ )?([a-z_]+)(?:\.([a-z_]+))?\b")


@pytest.fixture
def past(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The tenant of release 0, its root key in use as long as the test runs."""
    before = ring.store()
    made = restore(installation, "release-0", tmp_path_factory.mktemp("past"))

    def open_root() -> KeyStore:
        """As the product does: whether the root fits is tried on stored keys, when it is first needed."""
        with tenancy.transaction(made.tenant) as db:
            assert db.rows("select wrapped from @.crypto_dek")
        return crypto.ensure_plaintext_root(made.key)

    crypto.configure(open_root)
    yield made
    crypto.configure(before)
    forget(made.tenant)


def check_everything(past: Past) -> None:
    """People, keys, lists through the door, events with their encrypted parts: as the release left them."""
    with tenancy.transaction(past.tenant) as db:
        nobody = Context(past.tenant.id, db, None, Channel.API)
        assert identity.find_api_key(nobody, past.facts["api_key"]) is not None
        for login, seen in past.facts["seen"].items():
            person = identity.check_password(nobody, login, past.facts["password"])
            for code, known in seen.items():
                check_list(nobody.acting_as(person), code, known)
        events = [row[0] for row in db.rows("select id from @.audit_event order by id")]
        assert len(events) >= past.facts["events"]
        assert [e for e in events[: past.facts["events"]] if audit.verify_event(nobody, e)] == []
        manager = identity.find_login(nobody, "mana")
        deal = UUID(past.facts["seen"]["mana"]["opportunity"]["first"][0]["id"])
        history = records.record_events(nobody.acting_as(manager), "opportunity", deal)
        changed = {c["field"]: c["after"] for e in history for p in e.parts for c in p.get("changes", ())}
        assert str(changed["name"]).startswith("Pilot")
        assert all(event.intact for event in history)


def check_list(ctx: Context, code: str, known: dict[str, Any] | None) -> None:
    query = records.RecordQuery(code, limit=500)
    if known is None:
        with pytest.raises(AccessDenied):
            records.list_records(ctx, query)
        return
    page = records.list_records(ctx, query)
    assert sorted(map(str, page.ids)) == known["ids"]
    found = {record["id"]: record for record in page.records()}
    for record in known["first"]:
        assert {key: found[record["id"]][key] for key in record} == record


def is_new(line: str, before: Collection[tuple[str, str]]) -> bool:
    """Whether a line tells of an object or a column that was not there."""
    found = _LINE.search(line)
    if found is None:
        return False
    table, column = f"rec_{found[1]}", found[2]
    here = {name for place, name in before if place == table}
    return not here or (column is not None and column not in here)


def has_housekeeping(tenant: tenancy.Tenant) -> bool:
    with tenancy.transaction(tenant) as db:
        ctx = Context(tenant.id, db, None, Channel.CLI)
        return access.find_system_account(ctx, access.HOUSEKEEPING) is not None


def test_it_is_served_upgraded_and_served_again(past: Past) -> None:
    before = columns(past.tenant)
    assert refusal(past.tenant) is None
    check_everything(past)

    tried = upgrade_tenant(past.tenant, Order(dry_run=True), pause=no_pause)
    assert tried.outcome is Outcome.WOULD_UPGRADE
    assert columns(past.tenant) == before
    known = [line for line in tried.access if not is_new(line, before.keys())]
    assert [line for line in known if not line.startswith("+ execute ")] == []
    assert not has_housekeeping(past.tenant)

    report = upgrade_tenant(past.tenant, Order(accept_widening=True), pause=no_pause)
    assert (report.outcome, report.reason) == (Outcome.UPGRADED, "")
    assert report.access == tried.access
    upgraded = tenancy.get_tenant_by_id(past.tenant.id)
    assert upgraded.release == RELEASE
    assert has_housekeeping(upgraded)
    check_everything(replace(past, tenant=upgraded))

    again = upgrade_tenant(upgraded, Order(), pause=no_pause)
    assert (again.outcome, again.access) == (Outcome.CURRENT, ())


def test_the_release_before_could_still_work(past: Past) -> None:
    """Expand only: whatever it reads is there in the same form, and its rows may leave out what is new."""
    before = columns(past.tenant)
    upgrade_tenant(past.tenant, Order(accept_widening=True), pause=no_pause)
    after = columns(past.tenant)
    assert {place: kind for place, (kind, _) in before.items()} == {
        place: after[place][0] for place in before if place in after
    }
    tables = {table for table, _ in before}
    demanded = [
        place
        for place, (_, optional) in after.items()
        if place[0] in tables and not optional and (place not in before or before[place][1])
    ]
    assert demanded == []
