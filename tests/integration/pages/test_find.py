"""The search box: records under the reader's rights, places that are open to them, what they worked with."""

from zoneinfo import ZoneInfo

import pytest

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel
from ostiary.kernel.context import Context
from ostiary.kernel.ids import ObjectId, RecordId
from ostiary.pages import public as pages
from ostiary.records import public as records
from ostiary.ui.values import Group, Link
from tests.integration.records._viewers import Viewers, give_level, make_viewers, statements

PLACES = (Group("Sales", (Link("Opportunities", "/o/opportunity/"), Link("Role matrix", "/role-matrix"))),)


@pytest.fixture
def viewers(admin: Context) -> Viewers:
    return make_viewers(admin)


def found(ctx: Context, typed: str, *, whole: bool = False) -> pages.FindView:
    reader = pages.make_reader(ctx, pages.Urls(), ZoneInfo("UTC"))
    return pages.find_view(reader, typed, PLACES, whole=whole)


def labels(view: pages.FindView) -> dict[str, list[str]]:
    return {group.label: [link.label for link in group.links] for group in view.groups}


def deal(ctx: Context, name: str) -> RecordId:
    return records.create_record(ctx, "opportunity", {"name": name}).id


def test_records_are_found_by_those_who_may_read_them(viewers: Viewers) -> None:
    mine = deal(viewers.one, "Zephyr pumps")
    view = found(viewers.one, "zeph")
    assert labels(view) == {"Opportunities": ["Zephyr pumps"]}
    assert view.groups[0].links[0].url == f"/o/opportunity/{mine}"
    hidden = found(viewers.two, "zeph")
    assert (hidden.groups, hidden.empty and hidden.empty.title) == ((), "No match")
    assert hidden.empty == found(viewers.two, "nothing like it").empty


def test_places_are_found_by_how_their_words_begin(viewers: Viewers) -> None:
    assert labels(found(viewers.one, "mat rol")) == {"Go to": ["Role matrix"]}
    assert labels(found(viewers.one, "new opp")) == {"Go to": ["New opportunity"]}
    access.set_object_rows(
        viewers.admin, _opportunity(viewers.admin), [(viewers.one.actor, {access.Verb.READ})]
    )
    assert labels(found(viewers.one, "new opp")) == {}
    assert found(viewers.one, "x").hint.startswith("Give a word of 2")


def _opportunity(ctx: Context) -> ObjectId:
    return records.describe(ctx, "opportunity").object.id


def test_before_anything_is_typed_there_is_what_was_open_lately(viewers: Viewers) -> None:
    first = deal(viewers.one, "First")
    deal(viewers.one, "Second")
    assert labels(found(viewers.one, ""))["Open lately"] == ["Second", "First"]
    assert "Open lately" not in labels(found(viewers.lead, ""))
    records.update_record(viewers.one, "opportunity", first, {"next_step": "Call"}, 1)
    assert labels(found(viewers.one, ""))["Open lately"] == ["First", "Second"]
    access.set_object_rows(viewers.admin, _opportunity(viewers.admin), [])
    assert "Open lately" not in labels(found(viewers.one, ""))


def test_a_name_that_may_not_be_read_is_not_shown(viewers: Viewers) -> None:
    deal(viewers.one, "Hush")
    give_level(viewers.admin, "opportunity", "name", viewers.one, ColumnLevel.NONE)
    assert labels(found(viewers.one, ""))["Open lately"] == ["no name"]
    assert labels(found(viewers.one, "hush")) == {}


def test_more_than_are_shown_lead_to_the_list(viewers: Viewers) -> None:
    for number in range(6):
        deal(viewers.one, f"Zephyr {number}")
    group = found(viewers.one, "zephyr").groups[0]
    assert (len(group.links), group.all_url) == (4, "/o/opportunity/?q=zephyr")
    whole = found(viewers.one, "zephyr", whole=True).groups[0]
    assert (len(whole.links), whole.all_url) == (6, "")


def test_typing_makes_one_statement(viewers: Viewers, monkeypatch: pytest.MonkeyPatch) -> None:
    deal(viewers.one, "Zephyr")
    found(viewers.one, "zeph")
    with statements(monkeypatch) as run:
        found(viewers.one, "zeph")
    assert len(run) == 1
