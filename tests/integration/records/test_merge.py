"""Several records become one: what refers to them follows, and nothing hidden is changed or told."""

import pytest

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound, VersionConflict
from ostiary.kernel.ids import RecordId, new_id
from ostiary.records import public as records
from tests.integration.records._people import events, person

pytestmark = pytest.mark.database


def account(ctx: Context, name: str, **more: object) -> RecordId:
    return records.create_record(ctx, "account", {"name": name, **more}).id


def test_what_refers_to_the_others_follows_and_one_event_tells_it(admin: Context) -> None:
    keep, other, third = (
        account(admin, "Halden"),
        account(admin, "Halden AG", phone="+49 30 1"),
        account(admin, "H"),
    )
    records.update_record(admin, "account", keep, {"parent": str(other)}, 1)
    child = account(admin, "Child", parent=str(third))
    deal = records.create_record(admin, "opportunity", {"name": "Deal", "account": str(other)}).id
    before = events(admin)
    merged = records.merge_records(admin, "account", keep, [other, third], {"phone": "+49 30 1"})
    assert (merged.data["phone"], merged.data["parent"], merged.version) == ("+49 30 1", None, 3)
    for gone in (other, third):
        with pytest.raises(NotFound):
            records.get_record(admin, "account", gone)
    assert records.get_record(admin, "account", child).data["parent"]["id"] == str(keep)
    assert records.get_record(admin, "opportunity", deal).data["account"]["id"] == str(keep)
    after = events(admin)
    told = {name: n - before.get(name, 0) for name, n in after.items() if n != before.get(name, 0)}
    assert {name: n for name, n in told.items() if not name.endswith(("viewed", "refused"))} == {
        "records.record.merged": 1
    }
    (event,) = audit.list_events(admin, "account", other, types=["records.record.merged"])
    assert {"field": "name", "before": "Halden AG"} in event.parts[0]["changes"]
    assert (event.parts[0]["into"], event.parts[0]["version"]) == (str(keep), 1)
    assert audit.verify_event(admin, event.id) == ()
    history = records.record_events(admin, "opportunity", deal)
    assert next(e.type for e in history if e.type != "records.record.viewed") == "records.record.merged"
    assert str(third) not in str([e.parts for e in history])
    conflict = records.update_record(admin, "opportunity", deal, {"name": "Deal 2"}, 1)
    assert conflict.version == 3  # the merge changed another column


def test_a_hidden_or_closed_row_that_refers_refuses_the_whole(admin: Context) -> None:
    lead, other = person(admin, "lead", "sales_managers", "sales"), person(admin, "other", "finance")
    keep, gone = account(lead, "Halden"), account(lead, "Halden AG")
    deal = records.create_record(admin, "opportunity", {"name": "Hidden", "account": str(gone)}).id
    assert deal not in records.list_records(lead, records.RecordQuery("opportunity")).ids
    with pytest.raises(records.InUse) as refused:
        records.merge_records(lead, "account", keep, [gone], {})
    assert str(refused.value) == "Other records refer to it"
    assert records.get_record(lead, "account", gone).version == 1
    records.share_record(admin, "opportunity", deal, lead.actor, access.Verb.READ)
    with pytest.raises(records.InUse):
        records.merge_records(lead, "account", keep, [gone], {})
    records.share_record(admin, "opportunity", deal, lead.actor, access.Verb.UPDATE)
    assert records.merge_records(lead, "account", keep, [gone], {}).id == keep
    assert records.get_record(admin, "opportunity", deal).data["account"]["id"] == str(keep)
    assert other.actor != lead.actor


def test_each_record_needs_its_verb(admin: Context) -> None:
    clerk = person(admin, "clerk", "sales")
    mine, theirs = account(clerk, "Mine"), account(admin, "Theirs")
    for keep, gone in ((mine, theirs), (theirs, mine)):
        with pytest.raises(AccessDenied):
            records.merge_records(clerk, "account", keep, [gone], {})
    with pytest.raises(NotFound):
        records.merge_records(admin, "account", mine, [new_id()], {})
    for others in ([], [mine], [theirs, theirs]):
        with pytest.raises(Invalid):
            records.merge_records(admin, "account", mine, others, {})
    with pytest.raises(records.TooManyRows):
        records.merge_records(admin, "account", mine, [new_id() for _ in range(21)], {})
    with pytest.raises(Invalid):
        records.merge_records(admin, "account", mine, [theirs], {"parent": str(theirs)})
    with pytest.raises(VersionConflict):
        records.merge_records(admin, "account", mine, [theirs], {}, versions={theirs: 2})
    assert (
        records.merge_records(admin, "account", mine, [theirs], {}, versions={theirs: 1, mine: 1}).id == mine
    )


def test_shares_go_over_and_give_no_more_than_they_gave(admin: Context) -> None:
    reader, writer = person(admin, "reader", "sales"), person(admin, "writer", "sales")
    keep = records.create_record(admin, "opportunity", {"name": "Keep"}).id
    gone = records.create_record(admin, "opportunity", {"name": "Gone"}).id
    records.share_record(admin, "opportunity", gone, reader.actor, access.Verb.READ)
    records.share_record(admin, "opportunity", keep, writer.actor, access.Verb.READ)
    records.share_record(
        admin, "opportunity", gone, writer.actor, access.Verb.READ, grant=access.Grant.DELEGABLE
    )
    records.merge_records(admin, "opportunity", keep, [gone], {})
    seen = records.get_record(reader, "opportunity", keep, verdicts=True)
    assert (seen.data["name"], seen.may_update) == ("Keep", False)
    shares = "select unit_id, verb, level from @.access_share where record_id = %(r)s"
    levels = admin.db.rows(shares, {"r": keep})
    assert sorted(levels) == sorted([(reader.actor, "r", 1), (writer.actor, "r", 1)])
    assert admin.db.rows(shares, {"r": gone}) == []


def test_the_kept_record_may_take_a_value_that_is_unique(admin: Context) -> None:
    keep = records.create_record(admin, "country", {"name": "X", "iso_code": "XX"}).id
    gone = records.create_record(admin, "country", {"name": "Y", "iso_code": "XY"}).id
    merged = records.merge_records(admin, "country", keep, [gone], {"name": "Y", "iso_code": "XY"})
    assert (merged.data["name"], merged.data["iso_code"]) == ("Y", "XY")
