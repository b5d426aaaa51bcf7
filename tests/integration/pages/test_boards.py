"""Boards and calendars: the same records as the list, never more than may be read; moves are changes."""

import datetime as dt
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from ostiary.access import public as access
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import RecordId
from ostiary.pages import public as pages
from ostiary.pages._board import Board, Lane
from ostiary.pages._calendar import Calendar
from ostiary.pages._move import MoveAnswer
from ostiary.records import public as records
from ostiary.ui.i18n import use_language
from tests._tenants import TestTenant, rolled_back
from tests.integration.pages._readers import html, listed, person, reader, statements
from tests.integration.records._viewers import give_level

BOARD = "shape=board"


@pytest.fixture
def admin(crm_tenant: TestTenant) -> Iterator[Context]:
    with rolled_back(crm_tenant.tenant) as db:
        yield Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.WEB)


@pytest.fixture
def ann(admin: Context) -> Context:
    return person(admin, "ann", "sales")


def stage(ctx: Context, name: str, of: str = "opportunity_stage") -> str:
    only = records.Compare("name", records.Op.EQ, name)
    return str(records.list_records(ctx, records.RecordQuery(of, ("name",), only)).ids[0])


def deal(ctx: Context, name: str, at: str = "", **values: object) -> RecordId:
    given = {"name": name, **values, **({"stage": stage(ctx, at)} if at else {})}
    return records.create_record(ctx, "opportunity", given).id


def board(ctx: Context, query: str = BOARD, code: str = "opportunity") -> Board:
    found = listed(ctx, query, code).board
    assert found is not None
    return found


def lane(found: Board, name: str) -> Lane:
    return next(each for each in found.lanes if each.cell.text == name)


def titles(each: Lane) -> list[str]:
    return [card.title for card in each.cards]


def send(
    ctx: Context, code: str, record: RecordId, query: str, values: Mapping[str, str], zone: str = "UTC"
) -> MoveAnswer:
    state = pages.read_state(parse_qs(query))
    posted = {key: [value] for key, value in values.items()}
    return pages.submit_move(reader(ctx, zone), code, record, state, posted)


def at_stage(ctx: Context, record: RecordId) -> tuple[str, object, int]:
    found = records.get_record(ctx, "opportunity", record)
    return found.data["stage"]["display"], found.data["probability"], found.version


def test_a_board_has_the_stages_in_order_with_what_the_reader_may_read(
    admin: Context, ann: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal(ann, "Alpha", amount="1000")
    deal(ann, "Beta", "Proposal", amount="250.50")
    deal(ann, "Gamma", "Proposal")
    deal(person(admin, "bob", "sales"), "Secret", "Proposal", amount="9")
    board(ann)  # what is kept for each view is made
    with statements(monkeypatch) as asked:
        found = board(ann)
    of_deals = [text for text in asked if "rec_opportunity " in text]
    assert len(of_deals) == 2, of_deals  # one counts and sums, one brings the cards of all lanes
    assert [each.cell.text for each in found.lanes][:7] == [
        "Prospecting",
        "Qualification",
        "Presentation",
        "Proposal",
        "Contracting",
        "Closed won",
        "Closed lost",
    ]
    proposal = lane(found, "Proposal")
    assert (sorted(titles(proposal)), proposal.count) == (["Beta", "Gamma"], "2")
    assert [total.cell.text for total in proposal.totals] == ["250.50"]
    assert titles(lane(found, "Qualification")) == ["Alpha"]
    assert (lane(found, "Closed won").count, lane(found, "Closed won").cards) == ("0", ())
    narrowed = board(ann, BOARD + "&f=name&o=eq&v=Beta")
    assert [len(each.cards) for each in narrowed.lanes if each.cards] == [1]
    page = html(listed(ann, BOARD))
    assert "Secret" not in page
    assert page.count('draggable="true"') == 3
    with use_language("de"):
        assert "Bahnen" in html(listed(ann, BOARD))


def test_a_lane_goes_on_from_its_last_card_and_each_comes_once(ann: Context) -> None:
    for number in range(23):
        deal(ann, f"Deal {number:02}", "Proposal")
    deal(ann, "Elsewhere")
    first = lane(board(ann, BOARD + "&sort=name"), "Proposal")
    assert (len(first.cards), first.more) == (20, "3 more")
    state = pages.read_state(parse_qs(urlsplit(first.more_url).query))
    part = pages.render_cards(reader(ann), "opportunity", state)
    assert [n for n in range(23) if f"Deal {n:02}" in part] == [20, 21, 22]
    alone = board(ann, urlsplit(first.more_url).query)
    assert [titles(each) for each in alone.lanes] == [["Deal 20", "Deal 21", "Deal 22"]]
    assert alone.all_url
    with pytest.raises(NotFound):
        pages.render_cards(reader(ann), "opportunity", pages.read_state({"lane": ["x"]}))


def test_a_card_shows_four_columns_and_says_which_are_closed(admin: Context, ann: Context) -> None:
    made = deal(ann, "Alpha", "Proposal", amount="1000")
    query = BOARD + "&c=amount&c=probability&c=owner&c=next_step&c=number"
    card = lane(board(ann, query), "Proposal").cards[0]
    assert [fact.label for fact in card.facts] == ["Amount", "Probability in per cent", "Owner", "Next step"]
    assert card.facts[0].cell.text == "1,000"
    give_level(admin, "opportunity", "amount", ann, access.ColumnLevel.NONE)
    closed = lane(board(ann, query), "Proposal")
    assert (closed.cards[0].facts[0].label, closed.cards[0].facts[0].cell.kind) == ("Amount", "restricted")
    assert closed.totals == ()
    assert "1,000" not in html(listed(ann, query))
    give_level(admin, "opportunity", "stage", ann, access.ColumnLevel.READ)
    assert lane(board(ann), "Proposal").cards[0].move_url == ""
    refused = send(ann, "opportunity", made, BOARD, {"stage": stage(ann, "Contracting"), "version": "1"})
    assert refused.status == 403
    assert at_stage(admin, made)[0] == "Proposal"
    give_level(admin, "opportunity", "stage", ann, access.ColumnLevel.NONE)
    assert "Proposal" not in [each.cell.text for each in board(ann).lanes]


def test_another_column_makes_the_lanes_and_what_has_no_value_has_one(ann: Context) -> None:
    made = records.create_record(ann, "account", {"name": "Acme"}).id
    query = BOARD + "&by=category&f=name&o=eq&v=Acme"
    found = board(ann, query, "account")
    blank = found.lanes[-1]
    assert (titles(blank), blank.value, found.label) == (["Acme"], "", "Category")
    to = found.lanes[0]
    answer = send(ann, "account", made, query, {"category": to.value, "version": "1"})
    assert (answer.status, titles(answer.view.board.lanes[0])) == (200, ["Acme"])  # type: ignore[union-attr]  # it is a board
    back = send(ann, "account", made, query, {"category": "", "version": "2"})
    assert back.status == 200
    assert records.get_record(ann, "account", made).data["category"] is None


def test_a_move_obeys_the_rules_of_stages_and_can_be_taken_back(admin: Context, ann: Context) -> None:
    made = deal(ann, "Alpha")
    records.update_record(ann, "opportunity", made, {"probability": 15}, 1)
    moved = send(ann, "opportunity", made, BOARD, {"stage": stage(ann, "Proposal"), "version": "2"})
    assert at_stage(ann, made) == ("Proposal", 50, 3)
    assert moved.view.moved is not None
    assert moved.view.moved.told == "Alpha was moved: Proposal."
    assert "Undo" in html(moved.view)
    assert moved.view.moved.undo is not None
    undone = send(ann, "opportunity", made, BOARD, dict(moved.view.moved.undo.fields))
    assert (undone.status, at_stage(ann, made)) == (200, ("Qualification", 15, 4))

    lost = {"stage": stage(ann, "Closed lost"), "version": "4"}
    asking = send(ann, "opportunity", made, BOARD, lost)
    panel = asking.view.moved.panel if asking.view.moved else None
    assert panel is not None
    assert (asking.status, [field.name for field in panel.fields]) == (422, ["close_reason"])
    assert at_stage(ann, made)[0] == "Qualification"
    price = stage(ann, "Price", "close_reason")
    done = send(ann, "opportunity", made, BOARD, {**dict(panel.kept), "close_reason": price})
    assert (done.status, at_stage(ann, made)[0]) == (200, "Closed lost")

    stale = send(ann, "opportunity", made, BOARD, {"stage": stage(ann, "Proposal"), "version": "1"})
    assert stale.status == 409
    assert "Somebody else changed this record" in html(stale.view)
    closed = give_level(admin, "opportunity", "close_reason", ann, access.ColumnLevel.READ)
    open_deal = deal(ann, "Beta")
    told = send(ann, "opportunity", open_deal, BOARD, {**lost, "version": "1"})
    assert (told.status, told.view.moved and told.view.moved.panel) == (422, None)
    assert f"{closed.caption}: Needed for Closed lost" in html(told.view)
    with pytest.raises(NotFound):
        send(person(admin, "eve", "sales"), "opportunity", made, BOARD, {**lost, "version": "5"})


def test_who_may_only_read_a_record_is_offered_no_move(admin: Context, ann: Context) -> None:
    made = deal(ann, "Alpha")
    carl = person(admin, "carl", "sales")
    records.share_record(ann, "opportunity", made, carl.actor, access.Verb.READ)
    assert [card.move_url for each in board(carl).lanes for card in each.cards] == [""]
    answer = send(carl, "opportunity", made, BOARD, {"stage": stage(ann, "Proposal"), "version": "1"})
    assert (answer.status, at_stage(ann, made)[0]) == (403, "Qualification")
    assert 'role="alert"' in html(answer.view)
    asking = pages.move_page(reader(ann), "opportunity", made, pages.read_state({})).moved
    assert asking is not None
    assert asking.panel is not None
    assert [way.stage for way in asking.panel.ways][:2] == ["Prospecting", "Presentation"]


def activity(ctx: Context, title: str, starts: str, due: str = "") -> RecordId:
    given = {"title": title, "starts_at": starts, **({"due_at": due} if due else {})}
    return records.create_record(ctx, "activity", given).id


def calendar(ctx: Context, query: str, zone: str = "UTC", code: str = "activity") -> Calendar:
    state = pages.read_state(parse_qs(f"shape=calendar&{query}"))
    found = pages.list_view(reader(ctx, zone), code, state).calendar
    assert found is not None
    return found


def days(found: Calendar) -> dict[str, list[str]]:
    """What stands on each day that holds something."""
    return {
        day.key: [f"{e.words_on(day.key)} {e.card.title}" for e in day.events]
        for week in found.weeks
        for day in week
        if day.events
    }


def test_a_calendar_shows_days_of_the_readers_zone_and_nothing_else(
    admin: Context, ann: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    activity(ann, "Late", "2026-03-31T22:30:00+00:00")
    activity(ann, "Fair", "2026-03-09T08:00:00+00:00", "2026-03-11T16:00:00+00:00")
    activity(ann, "Night", "2026-03-20T20:00:00+00:00", "2026-03-21T00:00:00+00:00")
    activity(person(admin, "bob", "sales"), "Secret", "2026-03-09T08:00:00+00:00")
    fair = {f"2026-03-{day:02}": ["… Fair"] for day in (10, 11)}
    calendar(ann, "day=2026-03-15")
    with statements(monkeypatch) as asked:
        found = calendar(ann, "day=2026-03-15")
    assert len([text for text in asked if "rec_activity " in text]) == 1
    assert days(found) == {
        "2026-03-09": ["08:00 Fair"],
        **fair,
        "2026-03-20": ["20:00 Night"],
        "2026-03-31": ["22:30 Late"],
    }
    assert (found.title, found.start, found.end, found.weekdays[0]) == ("Mar 2026", "Starts", "Due", "Mon")
    berlin = days(calendar(ann, "day=2026-04-02&span=week", "Europe/Berlin"))
    assert berlin == {"2026-04-01": ["00:30 Late"]}
    assert days(calendar(ann, "day=2026-03-11&span=day")) == {"2026-03-11": ["… Fair"]}
    assert days(calendar(ann, "day=2026-03-15&f=title&o=eq&v=Night")).keys() == {"2026-03-20"}
    day = next(d for week in found.weeks for d in week if d.key == "2026-03-17")
    assert parse_qs(urlsplit(day.create_url).query) == {"starts_at": ["2026-03-17T09:00"]}
    state = pages.read_state(parse_qs("shape=calendar&day=2026-03-15&start=due_at"))
    by_due = pages.list_view(reader(ann), "activity", state)
    with use_language("de"):
        page = html(by_due)
    assert "Kalender" in page
    assert "Secret" not in page
    assert days(calendar(ann, "day=9999-99-99")) == {}


def test_a_move_to_a_day_keeps_the_time_of_day_and_takes_the_end_along(ann: Context) -> None:
    zone = ZoneInfo("Europe/Berlin")
    made = activity(ann, "Visit", "2026-03-27T09:00:00+01:00", "2026-03-28T17:00:00+01:00")
    query = "shape=calendar&day=2026-03-15"

    def dates() -> list[str]:
        data = records.get_record(ann, "activity", made).data
        both = (dt.datetime.fromisoformat(data[c]).astimezone(zone) for c in ("starts_at", "due_at"))
        return [f"{each:%m-%d %H:%M}" for each in both]

    moved = send(ann, "activity", made, query, {"to.day": "2026-03-30", "version": "1"}, zone.key)
    assert (moved.status, dates()) == (200, ["03-30 09:00", "03-31 17:00"])  # over the change of clocks
    assert moved.view.moved is not None
    assert moved.view.moved.undo is not None
    send(ann, "activity", made, query, dict(moved.view.moved.undo.fields), zone.key)
    assert dates() == ["03-27 09:00", "03-28 17:00"]
    wrong = send(ann, "activity", made, query, {"to.day": "soon", "version": "3"}, zone.key)
    assert wrong.status == 422
    assert wrong.view.moved is not None
    assert wrong.view.moved.panel is not None
    assert [field.name for field in wrong.view.moved.panel.fields] == ["starts_at", "due_at"]
    with pytest.raises(NotFound):
        send(ann, "activity", made, query, {"version": "3"})


def test_objects_without_dates_or_lanes_are_lists_and_a_view_keeps_its_shape(ann: Context) -> None:
    def shapes(code: str) -> list[str]:
        return [link.label for link in listed(ann, "", code).shapes]

    assert shapes("opportunity") == ["List", "Board", "Calendar"]
    assert shapes("account") == ["List", "Board"]
    assert shapes("opportunity_product") == []
    none = listed(ann, "shape=board", "opportunity_product")
    assert (none.board, none.calendar) == (None, None)
    deal(ann, "Alpha")
    asked = {"name": ["As a board"], "state": [BOARD + "&by=forecast&f=name&o=eq&v=Alpha"]}
    saved = pages.submit_view(reader(ann), "opportunity", asked)
    assert isinstance(saved, pages.Saved)
    opened = board(ann, urlsplit(saved.back).query)
    assert (opened.label, opened.records) == ("Forecast category", 1)
    table = listed(ann, urlsplit(listed(ann, urlsplit(saved.back).query).shapes[0].url).query)
    assert (table.board, [row.name.text for row in table.rows]) == (None, ["Alpha"])
