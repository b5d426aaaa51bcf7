"""What may be chosen: readable records by name, offered choices, people; nothing hidden or retired."""

from dataclasses import replace

import pytest

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid
from ostiary.records import _options
from ostiary.records import public as records
from tests.integration.records._viewers import Viewers, give_level, make_viewers, statements

pytestmark = pytest.mark.database


@pytest.fixture
def viewers(admin: Context) -> Viewers:
    made = make_viewers(admin)
    for author, name in ((made.one, "Halden"), (made.two, "Halden two"), (made.two, "New Hal")):
        records.create_record(author, "opportunity", {"name": name})
    return made


def names(ctx: Context, search: str = "", limit: int = 20) -> list[str]:
    found = records.lookup_options(ctx, "activity", "opportunity", search, limit=limit)
    return [option.display for option in found]


def test_only_readable_records_are_offered_those_that_begin_first(viewers: Viewers) -> None:
    assert [names(v, "HÁL") for v in viewers.all()] == [
        ["Halden"],
        ["Halden two", "New Hal"],
        ["Halden", "Halden two", "New Hal"],
        ["Halden", "Halden two", "New Hal"],
    ]
    assert names(viewers.lead, "hal", limit=2) == ["Halden", "Halden two"]
    assert names(viewers.lead, "%") == []
    assert names(viewers.two) == ["Halden two", "New Hal"]


def test_a_filter_narrows_what_is_offered_under_the_same_rights(viewers: Viewers) -> None:
    node = records.Compare("name", records.Op.CONTAINS, "two")
    found = records.lookup_options(viewers.lead, "activity", "opportunity", "hal", node)
    assert [option.display for option in found] == ["Halden two"]
    assert records.lookup_options(viewers.one, "activity", "opportunity", "hal", node) == ()
    closed = records.Compare("margin", records.Op.GE, 1)
    give_level(viewers.admin, "opportunity", "margin", viewers.one, access.ColumnLevel.NONE)
    with pytest.raises(records.ColumnRestricted):
        records.lookup_options(viewers.one, "activity", "opportunity", "", closed)


@pytest.mark.parametrize("level", [access.ColumnLevel.NONE, access.ColumnLevel.MASKED])
def test_nothing_is_offered_by_a_name_or_through_a_column_below_read(
    viewers: Viewers, level: access.ColumnLevel
) -> None:
    give_level(viewers.admin, "opportunity", "name", viewers.one, level)
    assert (names(viewers.one, "hal"), names(viewers.two, "hal")) == ([], ["Halden two", "New Hal"])
    give_level(viewers.admin, "activity", "opportunity", viewers.two, level)
    with pytest.raises(records.ColumnRestricted):
        names(viewers.two, "hal")
    assert names(viewers.lead, "hal")


def test_reading_the_column_is_enough(viewers: Viewers) -> None:
    activity = records.describe(viewers.admin, "activity").object
    access.set_object_rows(viewers.admin, activity.id, [(viewers.one.actor, {access.Verb.READ})])
    assert names(viewers.one, "hal") == ["Halden"]


def test_people_and_choices_are_chosen_alike_and_what_retired_is_left_out(viewers: Viewers) -> None:
    people = records.lookup_options(viewers.one, "activity", "owner", "lea")
    assert [option.display for option in people] == ["Lead"]
    types = records.lookup_options(viewers.one, "activity", "type", "e")
    assert [(o.value, o.display) for o in types] == [("email", "E-mail"), ("meeting", "Meeting")]
    column = records.describe(viewers.admin, "activity").object.columns["type"]
    choices = tuple(replace(choice, retired=choice.code == "email") for choice in column.choices)
    left = _options.offered_choices(replace(column, choices=choices), "e", 20)
    assert [option.value for option in left] == ["meeting"]
    with pytest.raises(Invalid):
        records.lookup_options(viewers.one, "activity", "title")


def test_what_begins_is_looked_for_first_and_by_a_range(
    viewers: Viewers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with statements(monkeypatch) as run:
        names(viewers.admin, "hal", limit=2)
        assert len(run) == 1
        names(viewers.admin, "hal")
    assert len(run) == 3
    assert "like" not in run[0]
