"""Totals: equal to the lists behind them, for every viewer, and never of more than the viewer may read."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid
from ostiary.records import public as records
from ostiary.records.public import AggregateQuery, Function, Group, Key, Measure, Period
from tests.integration.records._viewers import Viewers, give_level, make_viewers, statements

pytestmark = pytest.mark.database
COUNT, SUM = Measure(Function.COUNT), Measure(Function.SUM, "amount")
STAGES = ("Qualification", "Proposal", "Closed won")


@pytest.fixture
def viewers(admin: Context) -> Viewers:
    """Deals of both agents: amounts 1 to 12 thousand, some blank, in stages, closing over months."""
    made = make_viewers(admin)
    stages = {
        r["name"]: r["id"]
        for r in records.list_records(admin, records.RecordQuery("opportunity_stage")).records()
    }
    chosen = [stages[name] for name in sorted(stages)][-3:]  # none of them asks for anything
    for number in range(12):
        author = (made.one, made.two)[number % 2]
        values = {
            "name": f"Deal {number % 3}" if number % 4 else f"DEAL {number % 3}",
            "stage": chosen[number % 3],
            "amount": None if number == 5 else str(1000 * (number + 1)),
            "expected_close_on": None if number == 7 else f"2026-{1 + number:02d}-15",
        }
        records.create_record(author, "opportunity", values)
    return made


def listed(ctx: Context, node: records.Filter | None = None) -> list[dict[str, Any]]:
    return records.list_records(ctx, records.RecordQuery("opportunity", filter=node, limit=1000)).records()


def key_of(row: dict[str, Any], group: Group) -> object:
    value = row[group.column]
    if isinstance(value, dict):
        return value["display"]
    if group.period is Period.QUARTER and value is not None:
        day = date.fromisoformat(value)
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return value.casefold() if isinstance(value, str) else value


def shown(key: Key) -> object:
    found = key.display if key.display is not None else key.value
    return found.casefold() if isinstance(found, str) and key.display is None else found


@pytest.mark.parametrize(
    "groups",
    [
        (),
        (Group("stage"),),
        (Group("name"),),
        (Group("owner"),),
        (Group("author"), Group("expected_close_on", Period.QUARTER)),
        (Group("stage"), Group("name"), Group("owner")),
    ],
    ids=lambda groups: "+".join(g.name for g in groups) or "none",
)
@pytest.mark.parametrize(
    "node", [None, records.Compare("amount", records.Op.GE, 3000)], ids=["all", "filtered"]
)
def test_totals_equal_the_list_behind_them(
    viewers: Viewers, groups: tuple[Group, ...], node: records.Filter | None
) -> None:
    for viewer in viewers.all():
        rows = listed(viewer, node)
        counts: Counter[tuple[object, ...]] = Counter()
        sums: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
        for row in rows:
            key = tuple(key_of(row, group) for group in groups)
            counts[key] += 1
            sums[key] += Decimal(str(row["amount"] or 0))
        found = records.aggregate_records(
            viewer, AggregateQuery("opportunity", (COUNT, SUM), groups, filter=node)
        )
        cells = {tuple(map(shown, cell.keys)): cell.values for cell in found.cells}
        assert {key: n for key, (n, _) in cells.items()} == dict(counts)
        assert {key: total or 0 for key, (_, total) in cells.items()} == dict(sums)
        assert found.records == len(rows)
    assert [len(listed(v)) for v in viewers.all()] == [6, 6, 12, 12]


def test_every_function_says_what_its_name_says(viewers: Viewers) -> None:
    asked = tuple(
        Measure(function, column)
        for function, column in (
            (Function.COUNT, ""),
            (Function.AVG, "amount"),
            (Function.MIN, "amount"),
            (Function.MAX, "expected_close_on"),
            (Function.COUNT_DISTINCT, "name"),
            (Function.COUNT_DISTINCT, "stage"),
            (Function.MIN, "created_at"),
        )
    )
    (cell,) = records.aggregate_records(viewers.lead, AggregateQuery("opportunity", asked)).cells
    rows = listed(viewers.lead)
    amounts = [r["amount"] for r in rows if r["amount"] is not None]
    assert cell.values[0] == 12
    assert float(cell.values[1]) == pytest.approx(sum(amounts) / len(amounts))
    assert cell.values[2:6] == (1000, date(2026, 12, 15), 3, 3)
    assert cell.values[6] is not None
    nobody = records.Compare("name", records.Op.EQ, "nothing")
    (none,) = records.aggregate_records(
        viewers.one, AggregateQuery("opportunity", (COUNT, SUM), filter=nobody)
    ).cells
    assert none.values == (0, None)


def test_order_limit_and_what_lies_beyond(viewers: Viewers) -> None:
    query = AggregateQuery(
        "opportunity",
        (SUM,),
        (Group("expected_close_on", Period.MONTH),),
        sort=(records.Sort("sum(amount)", descending=True),),
        limit=3,
    )
    found = records.aggregate_records(viewers.admin, query)
    assert [cell.values[0] for cell in found.cells] == [12000, 11000, 10000]
    assert found.others == records.Others(cells=9, records=9)
    by_key = records.aggregate_records(viewers.admin, replace(query, sort=(), limit=100))
    assert [cell.keys[0].value for cell in by_key.cells][-1] is None
    assert by_key.cells[0].keys[0].value == date(2026, 1, 1)
    assert by_key.others == records.Others()


def test_times_fall_on_days_of_the_zone_that_is_asked_for(viewers: Viewers) -> None:
    records.create_record(
        viewers.one, "activity", {"title": "Late", "starts_at": "2026-12-31T23:30:00+00:00"}
    )
    query = AggregateQuery("activity", groups=(Group("starts_at", Period.YEAR),))
    years = {
        zone: records.aggregate_records(viewers.one, replace(query, time_zone=zone)).cells[0].keys[0].value
        for zone in ("UTC", "Europe/Berlin")
    }
    assert years == {"UTC": date(2026, 1, 1), "Europe/Berlin": date(2027, 1, 1)}


def test_records_about_hidden_ones_are_one_restricted_group(viewers: Viewers) -> None:
    deals = [records.create_record(viewers.two, "opportunity", {"name": f"Hidden {n}"}) for n in range(2)]
    own = records.create_record(viewers.one, "opportunity", {"name": "Own deal", "amount": "7"})
    for deal in (deals[0].id, deals[1].id, own.id, None):
        value = None if deal is None else str(deal)
        made = records.create_record(viewers.admin, "activity", {"title": "Call", "opportunity": value})
        records.share_record(viewers.admin, "activity", made.id, viewers.one.actor, access.Verb.READ)
    query = AggregateQuery("activity", groups=(Group("opportunity"),))
    found = records.aggregate_records(viewers.one, query)
    assert [(c.keys[0], c.values[0]) for c in found.cells] == [
        (Key(own.id, "Own deal"), 1),
        (Key(None), 1),
        (Key(None, restricted=True), 2),
    ]
    assert len(records.aggregate_records(viewers.admin, query).cells) == 4
    through = AggregateQuery(
        "activity",
        (Measure(Function.SUM, "opportunity.amount"), Measure(Function.COUNT_DISTINCT, "opportunity")),
        (Group("opportunity.name"),),
    )
    names = {c.keys[0]: c.values for c in records.aggregate_records(viewers.one, through).cells}
    assert names == {
        Key("Own deal"): (7, 1),
        Key(None): (None, 0),
        Key(None, restricted=True): (None, 0),
    }


@pytest.mark.parametrize("level", [access.ColumnLevel.NONE, access.ColumnLevel.MASKED])
def test_a_column_below_read_is_in_no_total(viewers: Viewers, level: access.ColumnLevel) -> None:
    give_level(viewers.admin, "opportunity", "amount", viewers.one, level)
    give_level(viewers.admin, "opportunity", "expected_close_on", viewers.one, level)
    give_level(viewers.admin, "opportunity", "stage", viewers.one, level)
    queries = [
        AggregateQuery("opportunity", (SUM,)),
        AggregateQuery("opportunity", (Measure(Function.COUNT_DISTINCT, "stage"),)),
        AggregateQuery("opportunity", groups=(Group("stage"),)),
        AggregateQuery("opportunity", groups=(Group("stage.name"),)),
        AggregateQuery("opportunity", groups=(Group("expected_close_on", Period.YEAR),)),
        AggregateQuery("opportunity", filter=records.Compare("amount", records.Op.GE, 1)),
    ]
    for query in queries:
        with pytest.raises(records.ColumnRestricted):
            records.aggregate_records(viewers.one, query)
        assert records.aggregate_records(viewers.two, query).records


@pytest.mark.parametrize(
    "query",
    [
        AggregateQuery("opportunity", ()),
        AggregateQuery("opportunity", (COUNT, COUNT)),
        AggregateQuery("opportunity", groups=(Group("description"),)),
        AggregateQuery("opportunity", groups=(Group("amount"),)),
        AggregateQuery("opportunity", groups=(Group("closed_on"),)),
        AggregateQuery("opportunity", groups=(Group("stage", Period.DAY),)),
        AggregateQuery("opportunity", groups=(Group("nothing"),)),
        AggregateQuery("opportunity", groups=(Group("name.x"),)),
        AggregateQuery("opportunity", (Measure(Function.SUM, "name"),)),
        AggregateQuery("opportunity", (Measure(Function.COUNT, "name"),)),
        AggregateQuery("opportunity", sort=(records.Sort("sum(amount)"),)),
        AggregateQuery("opportunity", limit=0),
        AggregateQuery("opportunity", time_zone="Mars/Phobos"),
        AggregateQuery("opportunity", groups=tuple(Group(c) for c in ("stage", "type", "owner", "author"))),
    ],
)
def test_what_makes_no_total_is_refused_by_name(admin: Context, query: AggregateQuery) -> None:
    with pytest.raises(Invalid):
        records.aggregate_records(admin, query)


def test_totals_are_one_statement_kept_by_structure(
    viewers: Viewers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(least: int) -> int:
        node = records.Compare("amount", records.Op.GE, least)
        query = AggregateQuery("opportunity", (COUNT, SUM), (Group("stage"), Group("account")), filter=node)
        return records.aggregate_records(viewers.one, query).records

    ask(1)
    with statements(monkeypatch) as run:
        assert (ask(1000), ask(9000)) == (6, 2)
    assert len(run) == 2
    assert run[0] is run[1]


def test_a_total_of_closed_values_is_recorded_as_strictly_as_they_are(viewers: Viewers) -> None:
    admin = replace(viewers.admin, tentative=True)
    records.aggregate_records(admin, AggregateQuery("opportunity", (Measure(Function.MAX, "margin"),)))
    events = viewers.admin.db.rows(
        "select outcome from @.audit_event where type = 'records.record.aggregated' and request_id = %(r)s",
        {"r": admin.request_id},
    )
    assert events == [("success",)]


class TestSmallCells:
    """The tenant asks for three values behind each figure of a closed column."""

    @pytest.fixture
    def closed(self, viewers: Viewers) -> Viewers:
        """Budgets by category: 1 in A, 3 in B, 5 in C."""
        stages = records.list_records(viewers.admin, records.RecordQuery("opportunity_stage")).records()
        for stage, many in zip(stages, (1, 3, 5), strict=False):
            for number in range(many):
                values = {"name": "Kept", "stage": stage["id"], "budget": str(100 * (number + 1))}
                records.create_record(viewers.admin, "opportunity", values)
        access.set_setting(viewers.admin, "SmallestCell", 3)
        return viewers

    def test_a_small_cell_is_kept_back_with_one_that_would_tell_it(self, closed: Viewers) -> None:
        budget = Measure(Function.SUM, "budget")
        kept = records.Compare("name", records.Op.EQ, "Kept")
        query = AggregateQuery("opportunity", (COUNT, budget), (Group("stage"),), filter=kept)
        found = records.aggregate_records(closed.admin, query)
        told = {cell.records: (cell.values, cell.suppressed) for cell in found.cells}
        assert told == {
            1: ((1, None), (False, True)),
            3: ((3, None), (False, True)),
            5: ((5, 1500), (False, False)),
        }
        access.set_setting(closed.admin, "SmallestCell", 0)
        off = records.aggregate_records(closed.admin, query)
        assert {cell.values[1] for cell in off.cells} == {100, 600, 1500}

    def test_neither_limit_nor_order_tells_more(self, closed: Viewers) -> None:
        budget = Measure(Function.SUM, "budget")
        kept = records.Compare("name", records.Op.EQ, "Kept")
        query = AggregateQuery("opportunity", (budget,), (Group("stage"),), filter=kept)
        for descending in (False, True):
            sort = (records.Sort("sum(budget)", descending=descending),)
            found = records.aggregate_records(closed.admin, replace(query, sort=sort))
            assert [cell.suppressed[0] for cell in found.cells] == [False, True, True]
            first = records.aggregate_records(closed.admin, replace(query, sort=sort, limit=1))
            assert first.cells == found.cells[:1]
            assert first.others == records.Others(cells=2, records=4)

    def test_open_columns_are_told_whatever_the_number(self, closed: Viewers) -> None:
        query = AggregateQuery("opportunity", (SUM,), (Group("name"), Group("stage")))
        found = records.aggregate_records(closed.admin, query)
        assert not any(any(cell.suppressed) for cell in found.cells)
