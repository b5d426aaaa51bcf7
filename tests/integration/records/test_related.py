"""How long the lists of a record's page are, for each reader."""

import pytest

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import new_id
from ostiary.records import _related
from ostiary.records import public as records
from tests.integration.records._viewers import Viewers, give_level, make_viewers, statements

pytestmark = pytest.mark.database


@pytest.fixture
def world(admin: Context) -> tuple[Viewers, records.Record]:
    viewers = make_viewers(admin)
    account = records.create_record(viewers.one, "account", {"name": "Halden"})
    for author, many in ((viewers.one, 1), (viewers.two, 2)):
        for number in range(many):
            values = {"name": f"Deal {number}", "account": str(account.id)}
            records.create_record(author, "opportunity", values)
    return viewers, account


def counts(ctx: Context, record: records.Record) -> dict[str, records.Count]:
    return {r.caption: r.count for r in records.related_counts(ctx, "account", record.id)}


def test_counts_are_those_of_the_lists(world: tuple[Viewers, records.Record]) -> None:
    viewers, account = world
    assert [counts(v, account)["Opportunities"].value for v in viewers.all()] == [1, 2, 3, 3]
    for viewer in viewers.all():
        for related in records.related_counts(viewer, "account", account.id):
            only = records.Compare(related.column, records.Op.EQ, str(account.id))
            assert related.count == records.count_records(viewer, related.object, only)


def test_they_are_one_statement_and_capped(
    world: tuple[Viewers, records.Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    viewers, account = world
    monkeypatch.setattr(_related, "CAP", 2)
    with statements(monkeypatch) as run:
        assert counts(viewers.lead, account)["Opportunities"] == records.Count(2, capped=True)
    assert len(run) == 1
    assert counts(viewers.two, account)["Opportunities"] == records.Count(2)


@pytest.mark.parametrize("level", [access.ColumnLevel.NONE, access.ColumnLevel.MASKED])
def test_a_list_by_a_column_below_read_is_not_counted(
    world: tuple[Viewers, records.Record], level: access.ColumnLevel
) -> None:
    viewers, account = world
    give_level(viewers.admin, "opportunity", "account", viewers.one, level)
    assert "Opportunities" not in counts(viewers.one, account)
    assert "Opportunities" in counts(viewers.two, account)
    contact = records.describe(viewers.admin, "contact").object
    access.set_object_rows(viewers.admin, contact.id, [(viewers.two.actor, {access.Verb.READ})])
    assert "Contacts" not in counts(viewers.one, account)
    assert "Contacts" in counts(viewers.two, account)


def test_a_hidden_record_has_no_lists_and_is_as_absent_as_any(world: tuple[Viewers, records.Record]) -> None:
    viewers, _ = world
    hidden = records.create_record(viewers.two, "opportunity", {"name": "Hidden"})
    assert records.related_counts(viewers.two, "opportunity", hidden.id)
    refused = []
    for identity in (hidden.id, new_id()):
        with pytest.raises(NotFound) as absent:
            records.related_counts(viewers.one, "opportunity", identity)
        refused.append(str(absent.value))
    assert refused[0] == refused[1]
