"""What is masked is revealed to whoever may, for a reason that is recorded before the value is given."""

from dataclasses import replace
from uuid import uuid4

import pytest

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, Operation
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid, NotFound
from ostiary.kernel.ids import RecordId
from ostiary.pages import public as pages
from ostiary.records import public as records
from tests.integration.pages._readers import FRAME, reader
from tests.integration.records._viewers import Viewers, give_level, make_viewers, unit

TRADE = "Silent partner"


@pytest.fixture
def viewers(admin: Context) -> Viewers:
    found = make_viewers(admin)
    access.set_operation_rows(admin, Operation.REVEAL_MASKED, [(found.one.actor, True)])
    give_level(admin, "account", "alternative_name", found.one, ColumnLevel.MASKED)
    return found


def account(viewers: Viewers) -> RecordId:
    return records.create_record(
        viewers.admin,
        "account",
        {"name": "Quiet", "alternative_name": TRADE, "owner": str(viewers.one.actor)},
    ).id


def told(ctx: Context, record_id: RecordId) -> list[dict[str, object]]:
    events = audit.list_events(ctx, "account", record_id, types=["records.column.revealed"])
    return [part for event in events for part in event.parts]


def test_a_masked_value_is_given_for_a_reason_to_whoever_may(viewers: Viewers) -> None:
    made = account(viewers)
    one = replace(viewers.one, tentative=True)
    found = records.reveal_column(one, "account", made, "alternative_name", " A caller asks ")
    assert found.value == TRADE
    assert told(one, made) == [{"field": "alternative_name", "class": "internal", "reason": "A caller asks"}]
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(Invalid) as refused:
            records.reveal_column(one, "account", made, "alternative_name", reason)
        assert [error.field for error in refused.value.errors] == ["reason"]
    access.set_operation_rows(viewers.admin, Operation.REVEAL_MASKED, [(viewers.two.actor, True)])
    with pytest.raises(records.NotRevealed) as not_held:
        records.reveal_column(one, "account", made, "alternative_name", "Again")
    assert not_held.value.details["operation"] == "CanRevealMasked"
    assert len(told(one, made)) == 1


def test_only_what_is_masked_is_revealed(viewers: Viewers) -> None:
    made = account(viewers)
    with pytest.raises(Invalid):
        records.reveal_column(viewers.one, "account", made, "name", "It is mine")
    give_level(viewers.admin, "account", "alternative_name", viewers.one, ColumnLevel.NONE)
    with pytest.raises(records.ColumnRestricted):
        records.reveal_column(viewers.one, "account", made, "alternative_name", "Below masked")
    with pytest.raises(NotFound):
        records.reveal_column(viewers.one, "account", uuid4(), "alternative_name", "Nobody's")
    hidden = records.create_record(viewers.two, "opportunity", {"name": "Hidden"}).id
    with pytest.raises(NotFound):
        records.reveal_column(viewers.one, "opportunity", hidden, "amount", "Another's")


def test_an_operation_for_any_data_reveals_nothing(viewers: Viewers) -> None:
    made = account(viewers)
    give_level(viewers.admin, "account", "alternative_name", viewers.admin, ColumnLevel.MASKED)
    assert access.may_operate(viewers.admin, Operation.VIEW_ANY_DATA)
    with pytest.raises(records.NotRevealed):
        records.reveal_column(viewers.admin, "account", made, "alternative_name", "I may read everything")


def test_what_a_masked_lookup_refers_to_stays_hidden(viewers: Viewers) -> None:
    """Reveal opens the column of this record, not the record that stands in it."""
    hidden = records.create_record(viewers.two, "opportunity", {"name": "Hidden"}).id
    own = records.create_record(viewers.one, "opportunity", {"name": "Own"}).id
    give_level(viewers.admin, "activity", "opportunity", viewers.one, ColumnLevel.MASKED)
    owner = str(viewers.one.actor)
    for deal, shown in ((own, {"id": str(own), "display": "Own"}), (hidden, {"restricted": True})):
        given = {"title": "Call", "opportunity": str(deal), "owner": owner}
        made = records.create_record(viewers.admin, "activity", given).id
        found = records.reveal_column(viewers.one, "activity", made, "opportunity", "Which one?")
        assert found.value == shown


def test_the_history_names_the_column_to_those_who_are_shown_its_mask(viewers: Viewers) -> None:
    made = account(viewers)
    records.reveal_column(viewers.one, "account", made, "alternative_name", "A caller asks")
    sentences = [e.sentence for e in pages.record_view(reader(viewers.one), "account", made).stream.entries]
    assert "revealed Alternative name: “A caller asks”" in sentences
    give_level(viewers.admin, "account", "alternative_name", viewers.two, ColumnLevel.NONE)
    sentences = [e.sentence for e in pages.record_view(reader(viewers.two), "account", made).stream.entries]
    assert "revealed a masked field" in sentences
    assert not [s for s in sentences if "Alternative" in s or "caller" in s]


def test_the_page_offers_it_or_says_why_not(viewers: Viewers) -> None:
    made = account(viewers)
    asked = pages.read_panel({"panel": ["reveal"], "column": ["alternative_name"]})
    may = pages.render(pages.record_view(reader(viewers.one), "account", made, asked), FRAME)
    assert "panel=reveal" in may
    assert f"/o/account/{made}/reveal" in may
    assert TRADE not in may
    shown = pages.submit_reveal(
        reader(viewers.one), "account", made, {"column": ["alternative_name"], "reason": ["A caller asks"]}
    )
    assert isinstance(shown, pages.Shown)
    assert TRADE in pages.render(shown.view, FRAME)
    refused = pages.submit_reveal(reader(viewers.one), "account", made, {"column": ["alternative_name"]})
    assert isinstance(refused, pages.Refused)
    page = pages.render(refused.view, FRAME)
    assert TRADE not in page
    assert refused.status == 422
    access.set_operation_rows(viewers.admin, Operation.REVEAL_MASKED, [(unit(viewers.admin, "sales"), False)])
    page = pages.render(pages.record_view(reader(viewers.one), "account", made, asked), FRAME)
    assert "Reveal masked fields” (layer 1)" in page
    assert f"/o/account/{made}/reveal" not in page
