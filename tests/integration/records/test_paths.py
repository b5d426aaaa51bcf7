"""Lists through lookups: shown, sorted and filtered as far as each step may be read, and no further."""

from datetime import timedelta
from typing import Any

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel import clock
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid
from ostiary.records import public as records
from ostiary.records.public import Compare, Op, RecordQuery, Sort
from tests.integration.records._viewers import Viewers, give_level, make_viewers, person, unit


@pytest.fixture
def viewers(admin: Context) -> Viewers:
    """Each agent has a deal with an contact of its own."""
    made = make_viewers(admin)
    for who, name, phone in ((made.one, "Alder", "+49 30 1111"), (made.two, "Birch", "+49 30 2222")):
        contact = records.create_record(who, "contact", {"name": name, "phone": phone})
        records.create_record(who, "opportunity", {"name": f"Deal {name}", "contact": str(contact.id)})
    records.create_record(made.one, "opportunity", {"name": "Deal alone"})
    return made


def rows(ctx: Context, *sort: Sort, node: records.Filter | None = None) -> list[dict[str, Any]]:
    asked = ("name", "contact.name", "contact.owner", "contact.phone")
    return records.list_records(ctx, RecordQuery("opportunity", asked, node, sort)).records()


def test_a_column_through_a_lookup_is_shown_and_orders_the_list(viewers: Viewers) -> None:
    found = rows(viewers.lead, Sort("contact.name", descending=True))
    assert [(r["contact.name"], r["contact.phone"]) for r in found] == [
        (None, None),
        ("Birch", "+49 30 2222"),
        ("Alder", "+49 30 1111"),
    ]
    assert found[2]["contact.owner"]["display"] == "One"
    page = records.list_records(
        viewers.lead, RecordQuery("opportunity", ("contact.name",), sort=(Sort("contact.name"),), limit=2)
    )
    rest = RecordQuery(
        "opportunity", ("contact.name",), sort=(Sort("contact.name"),), limit=2, after=page.next
    )
    shown = [*page.records(), *records.list_records(viewers.lead, rest).records()]
    assert [r["contact.name"] for r in shown] == ["Alder", "Birch", None]


def test_a_hidden_record_on_the_way_is_restricted_and_stands_with_the_blanks(viewers: Viewers) -> None:
    deal = next(r["id"] for r in rows(viewers.two) if r["name"] == "Deal Birch")
    records.share_record(viewers.admin, "opportunity", deal, viewers.one.actor, access.Verb.READ)
    found = {r["name"]: r for r in rows(viewers.one, Sort("contact.name"))}
    assert found["Deal Birch"]["contact.name"] == {"restricted": True}
    assert found["Deal Alder"]["contact.name"] == "Alder"
    assert found["Deal alone"]["contact.name"] is None
    assert next(iter(found)) == "Deal Alder"
    for op, value in ((Op.EQ, "Birch"), (Op.CONTAINS, "irc")):
        node = Compare("contact.name", op, value)
        assert rows(viewers.one, node=node) == []
        assert [r["name"] for r in rows(viewers.two, node=node)] == ["Deal Birch"]


@pytest.mark.parametrize(("of", "code"), [("contact", "name"), ("opportunity", "contact")])
def test_each_step_of_a_path_needs_its_column(viewers: Viewers, of: str, code: str) -> None:
    assert len(rows(viewers.one, Sort("contact.name"))) == 2
    give_level(viewers.admin, of, code, viewers.one, access.ColumnLevel.NONE)
    for query in (
        RecordQuery("opportunity", ("contact.name",)),
        RecordQuery("opportunity", ("name",), sort=(Sort("contact.name"),)),
        RecordQuery("opportunity", ("name",), Compare("contact.name", Op.NE, "x")),
    ):
        with pytest.raises(records.ColumnRestricted):
            records.list_records(viewers.one, query)


def test_an_object_on_the_way_must_be_open(viewers: Viewers) -> None:
    thing = records.describe(viewers.admin, "contact").object
    closed = [(viewers.one.actor, set()), (unit(viewers.admin, identity.ALL_EMPLOYEES), set(access.Verb))]
    access.set_object_rows(viewers.admin, thing.id, closed)
    for asked, sort in ((("contact.name",), ()), (("name",), (Sort("contact.name"),))):
        query = RecordQuery("opportunity", asked, sort=sort)
        with pytest.raises(records.ColumnRestricted):
            records.list_records(viewers.one, query)
        assert records.list_records(viewers.two, query).ids


def test_a_masked_column_at_the_end_is_shown_masked_and_orders_nothing(viewers: Viewers) -> None:
    give_level(viewers.admin, "contact", "phone", viewers.one, access.ColumnLevel.MASKED)
    assert {str(r["contact.phone"]) for r in rows(viewers.one)} == {"None", "{'masked': '•••'}"}
    with pytest.raises(records.ColumnRestricted):
        rows(viewers.one, Sort("contact.phone"))


def test_paths_have_an_end(viewers: Viewers) -> None:
    for path in ("name.name", "contact.nothing", "contact.account.parent.parent.parent.name", "contact."):
        with pytest.raises(Invalid):
            records.list_records(viewers.lead, RecordQuery("opportunity", (path,)))
        with pytest.raises(Invalid):
            records.list_records(viewers.lead, RecordQuery("opportunity", (), sort=(Sort(path),)))
    columns = records.describe(viewers.lead, "account").object.columns
    many = tuple(f"contact.account.{code}" for code in columns)
    assert len(many) > 20
    with pytest.raises(Invalid):
        records.list_records(viewers.lead, RecordQuery("opportunity", many))


def names(ctx: Context, node: records.Filter) -> list[str]:
    query = RecordQuery("opportunity", ("name",), node, (Sort("name"),))
    return [r["name"] for r in records.list_records(ctx, query).records()]


def test_a_span_moves_with_the_calendar(viewers: Viewers, monkeypatch: pytest.MonkeyPatch) -> None:
    today = clock.now().date()
    for name, day in (("past", -1), ("now", 0), ("soon", 1)):
        values = {"name": f"Span {name}", "expected_close_on": str(today + timedelta(days=day))}
        records.create_record(viewers.one, "opportunity", values)
    within = {
        span: names(viewers.one, Compare("expected_close_on", Op.WITHIN, span))
        for span in ("overdue", "today", "next_2_days", "upcoming")
    }
    assert within == {
        "overdue": ["Span past"],
        "today": ["Span now"],
        "next_2_days": ["Span now", "Span soon"],
        "upcoming": ["Span soon"],
    }
    # the statement is kept, its days are not
    tomorrow = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    assert names(viewers.one, Compare("expected_close_on", Op.WITHIN, "today")) == ["Span soon"]
    assert names(viewers.one, Compare("created_at", Op.WITHIN, "yesterday"))
    for path, span in (("expected_close_on", "soon"), ("name", "today"), ("expected_close_on", "today@X")):
        with pytest.raises(Invalid):
            names(viewers.one, Compare(path, Op.WITHIN, span))


def test_my_team_are_the_people_of_my_unit_and_of_the_one_i_manage(viewers: Viewers) -> None:
    team = Compare("owner", Op.MY_TEAM)
    other = person(viewers.admin, "other", "sales")
    records.create_record(other, "opportunity", {"name": "Deal of another team"})
    everything = names(viewers.admin, Compare("name", Op.STARTS_WITH, "Deal"))
    assert len(everything) == 4
    ours = ["Deal Alder", "Deal alone", "Deal Birch"]
    assert names(viewers.lead, team) == ours
    assert names(viewers.one, team) == ["Deal Alder", "Deal alone"]  # of its team, what it may read
    assert names(viewers.admin, records.And((team, Compare("name", Op.STARTS_WITH, "Deal")))) == []
    assert names(viewers.admin, Compare("name", Op.STARTS_WITH, "Deal")) == everything
    with pytest.raises(Invalid):
        names(viewers.one, Compare("contact", Op.MY_TEAM))
    assert records.parse_filter({"field": "owner", "op": "my_team"}) == team
