"""Lists: columns, order, filter and groups as they are asked for, and never more than may be read."""

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlencode

import pytest

from ostiary.access import public as access
from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.pages import public as pages
from ostiary.records import public as records
from tests._tenants import TestTenant, rolled_back
from tests.integration.pages._readers import heads, html, listed, names, person, reader, statements
from tests.integration.records._viewers import give_level


@pytest.fixture
def admin(crm_tenant: TestTenant) -> Iterator[Context]:
    with rolled_back(crm_tenant.tenant) as db:
        yield Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.WEB)


@pytest.fixture
def ann(admin: Context) -> Context:
    """Has deals with two accounts, and one with none."""
    made = person(admin, "ann", "sales")
    today = clock.now().date()
    for number, (deal, account, phone, days) in enumerate(
        [
            ("Alpha", "Acme", "+49 30 1111", -1),
            ("Beta", "Acme", "+49 30 1111", 0),
            ("Gamma", "Zenith", "+49 30 9999", 40),
        ]
    ):
        known = records.list_records(
            made, records.RecordQuery("account", (), records.Compare("name", records.Op.EQ, account))
        ).ids
        found = (
            known[0]
            if known
            else records.create_record(made, "account", {"name": account, "phone": phone}).id
        )
        values = {"name": deal, "account": str(found), "amount": str(1000 * (number + 1))}
        values["expected_close_on"] = str(today + timedelta(days=days))
        records.create_record(made, "opportunity", values)
    records.create_record(made, "opportunity", {"name": "Delta"})
    return made


def query(*rows: tuple[str, ...], **more: str) -> str:
    pairs = [(key, value) for row in rows for key, value in zip("fovg", row, strict=False)]
    return urlencode([*pairs, *more.items()])


def test_columns_through_lookups_are_shown_in_the_order_asked_for(ann: Context) -> None:
    view = listed(ann, "c=account.phone&c=amount&sort=account.name,-amount")
    assert heads(view) == ["Name", "Account: Phone", "Amount"]
    assert names(view) == ["Beta", "Alpha", "Gamma", "Delta"]
    assert [row.cells[0].text for row in view.rows] == ["+49 30 1111", "+49 30 1111", "+49 30 9999", ""]
    assert not view.missing
    assert [head.order for head in listed(ann, "sort=-amount,name").columns if head.order] == [2, 1]


def test_a_column_that_may_not_be_read_is_neither_shown_nor_offered_nor_sorted_by(
    admin: Context, ann: Context
) -> None:
    asked = "c=account.phone&c=amount&sort=account.phone&panel=columns&builder=1"
    before = html(listed(ann, asked))
    assert "Account: Phone" in before
    assert 'value="account.phone"' in before
    give_level(admin, "account", "phone", ann, access.ColumnLevel.NONE)
    after = listed(ann, asked)
    assert (heads(after), after.missing) == (["Name", "Amount"], True)
    assert "account.phone" not in html(listed(ann, "panel=columns&builder=1"))
    assert "Some columns of this list are not there for you" in html(after)
    assert names(after) == sorted(names(after))
    closed = listed(ann, query(("account.phone", "eq", "+49 30 1111")))
    assert closed.errors == 1
    assert len(closed.rows) == 4
    give_level(admin, "account", "phone", ann, access.ColumnLevel.MASKED)
    masked = listed(ann, asked)
    assert masked.rows[0].cells[0].title
    assert listed(ann, query(("account.phone", "eq", "+49 30 1111"))).errors == 1


def test_a_lookup_that_may_not_be_read_ends_every_path_through_it(admin: Context, ann: Context) -> None:
    asked = "c=account.phone&group=account.category"
    assert listed(ann, asked).grouped is not None
    give_level(admin, "opportunity", "account", ann, access.ColumnLevel.NONE)
    view = listed(ann, asked)
    assert (view.grouped, view.missing, heads(view)) == (None, True, ["Name"])


def test_conditions_stand_in_groups_within_groups(ann: Context) -> None:
    rows = [
        ("amount", "ge", "2000", ""),
        ("name", "eq", "Beta", "1"),
        ("account.name", "eq", "Zenith", "1.1"),
        ("name", "eq", "Alpha", "1.1"),
    ]
    assert names(listed(ann, query(*rows, any="1"))) == ["Beta"]
    both = listed(ann, query(*rows) + "&any=1&any=1.1&sort=name")
    assert names(both) == ["Beta", "Gamma"]
    assert [chip.words for chip in both.chips] == [
        "is at least 2,000",
        "Name is “Beta” or (Account: Name is “Zenith” or Name is “Alpha”)",
    ]
    assert names(listed(ann, both.chips[1].url.partition("?")[2])) == ["Beta", "Gamma"]
    everything = listed(ann, query(*rows) + "&any=&any=1&any=1.1&builder=1")
    assert len(everything.rows) == 3
    assert html(everything).count("condgroup") == 2


@pytest.mark.parametrize(
    ("row", "found", "words"),
    [
        (("expected_close_on", "within", "overdue"), ["Alpha"], "is overdue"),
        (("expected_close_on", "within", "today"), ["Beta"], "is today"),
        (("expected_close_on", "next_days", "41"), ["Beta", "Gamma"], "is in the next 41 days"),
        (("expected_close_on", "last_days", "2"), ["Alpha", "Beta"], "is in the last 2 days"),
        (("expected_close_on", "is_null", ""), ["Delta"], "is empty"),
        (("owner", "eq", "me"), ["Alpha", "Beta", "Delta", "Gamma"], "is me"),
        (("owner", "ne", "me"), [], "is not me"),
        (("owner", "eq", "team"), ["Alpha", "Beta", "Delta", "Gamma"], "is my team"),
        (("account", "contains", "cm"), ["Alpha", "Beta"], "contains “cm”"),
    ],
)
def test_what_conditions_mean_and_say(
    ann: Context, row: tuple[str, ...], found: list[str], words: str
) -> None:
    view = listed(ann, query(row, sort="name"))
    assert (names(view), [chip.words for chip in view.chips]) == (found, [words])


@pytest.mark.parametrize(
    "row",
    [
        ("expected_close_on", "within", "soon"),
        ("expected_close_on", "next_days", "0"),
        ("expected_close_on", "next_days", "1000"),
        ("name", "within", "today"),
        ("amount", "contains", "1"),
        ("description", "eq", "x"),
        ("owner", "in", "me,team"),
        ("stage", "in", "x"),
        ("account.owner.name", "eq", "x"),
        ("." * 50, "eq", "x"),
    ],
)
def test_a_condition_that_makes_no_sense_filters_nothing_and_says_so(
    ann: Context, row: tuple[str, ...]
) -> None:
    view = listed(ann, query(row))
    assert (view.errors, len(view.rows), view.builder is not None) == (1, 4, True)


def test_several_values_and_none_of_them(admin: Context, ann: Context) -> None:
    stages = {
        r["name"]: str(r["id"])
        for r in records.list_records(admin, records.RecordQuery("opportunity_stage")).records()
    }
    first, second = stages["Qualification"], stages["Proposal"]
    one_of = listed(ann, query(("stage", "in", f"{first},{second}")))
    assert len(one_of.rows) == 4
    assert one_of.chips[0].words == "is one of Qualification, Proposal"
    assert listed(ann, query(("stage", "not_in", f"{first},{second}"))).rows == ()
    shown = html(listed(ann, query(("stage", "in", first), builder="1")))
    assert f'value="0:{first}" checked' in shown


def test_the_number_that_match_is_told_while_a_filter_is_made(ann: Context) -> None:
    def count(query: str) -> str:
        return pages.count_match(
            reader(ann), "opportunity", pages.read_state({"f": ["name"], "o": ["eq"], "v": [query]})
        )

    assert (count("Beta"), count("Nothing")) == ("1 matches", "0 match")


def test_groups_tell_numbers_and_sums_and_open_into_their_records(admin: Context, ann: Context) -> None:
    view = listed(ann, "group=account&c=amount&c=stage&sort=name")
    assert view.grouped is not None
    sections = view.grouped.sections
    assert [(s.cell.text, s.count, s.cells[0].text) for s in sections] == [
        ("Acme", "2", "3,000"),
        ("Zenith", "1", "3,000"),
        ("No value", "1", ""),
    ]
    assert [[row.name.text for row in s.rows] for s in sections] == [["Alpha", "Beta"], ["Gamma"], []]
    folded = listed(ann, sections[0].toggle_url.partition("?")[2]).grouped
    assert folded is not None
    assert [s.open for s in folded.sections] == [False, True, False]
    blank = listed(ann, sections[2].toggle_url.partition("?")[2]).grouped
    assert blank is not None
    assert [row.name.text for row in blank.sections[2].rows] == ["Delta"]
    assert [total.cell.text for total in view.totals] == ["6,000"]
    assert view.grouped.range == "3 groups, 4 records"
    for grouped in ("expected_close_on:month", "owner", "stage", "account.owner"):
        found = listed(ann, f"group={grouped}&open=-").grouped
        assert found is not None
        assert sum(int(s.count) for s in found.sections) == 4
    for grouped in ("name", "expected_close_on", "amount", "expected_close_on:day", "nothing"):
        assert listed(ann, f"group={grouped}").grouped is None


def test_each_group_holds_just_its_own_records(ann: Context) -> None:
    for grouped in ("expected_close_on:week", "expected_close_on:quarter", "stage", "created_at:month"):
        view = listed(ann, f"group={grouped}")
        assert view.grouped is not None
        for section in view.grouped.sections:
            opened = (
                listed(ann, section.toggle_url.partition("?")[2]).grouped
                if not section.open
                else view.grouped
            )
            assert opened is not None
            same = next(s for s in opened.sections if s.cell == section.cell)
            assert len(same.rows) == int(section.count)


def test_groups_and_sums_keep_to_what_may_be_read(admin: Context, ann: Context) -> None:
    other = person(admin, "bea", "sales")
    contact = records.create_record(ann, "contact", {"name": "Ruth Adeyemi"})
    values = {"name": "Shared", "contact": str(contact.id), "amount": "4321"}
    deal = records.create_record(ann, "opportunity", values)
    assert listed(other, "group=contact").empty is not None
    records.share_record(admin, "opportunity", deal.id, other.actor, access.Verb.READ)
    view = listed(other, "group=contact&c=amount")
    assert view.grouped is not None
    (section,) = view.grouped.sections
    assert (section.cell.kind, section.count, section.toggle_url) == ("restricted", "1", "")
    assert [total.cell.text for total in view.totals] == ["4,321"]
    assert "Ruth" not in html(view)
    give_level(admin, "opportunity", "amount", other, access.ColumnLevel.NONE)
    closed = listed(other, "group=stage&c=amount")
    assert closed.totals == ()
    assert "4,321" not in html(closed)


def test_the_next_rows_come_by_themselves_and_each_once(admin: Context, ann: Context) -> None:
    access.set_setting(admin, "ListPageSize", 10)
    for number in range(21):
        records.create_record(ann, "opportunity", {"name": f"More {number:02d}"})
    view = listed(ann, "sort=-name")
    assert (view.first, view.last, view.total) == (1, 10, "25")
    seen, url = names(view), view.more_url
    while url:
        state = pages.read_state(parse_qs(url.partition("?")[2]))
        text = pages.render_rows(reader(ann), "opportunity", state)
        seen += re.findall(r'hx-boost="false"[^>]*>([^<]+)</a></span></th>', text)
        found = re.search(r'hx-get="([^"]+)"', text)
        url = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == 25
    assert seen == sorted(seen, reverse=True)


def test_a_page_of_a_list_asks_few_statements(ann: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = "c=account.phone&c=account.owner&c=stage&c=amount&c=owner&sort=account.name,-amount"
    rows = query(("account.name", "contains", "c"), ("owner", "eq", "team"))
    for address in ("", wide, f"{wide}&{rows}&builder=1", f"{wide}&{rows}&group=stage"):
        listed(ann, address)  # what is kept is made by the first
        with statements(monkeypatch) as asked:
            listed(ann, address)
        assert 2 <= len(asked) <= 12, (address, asked)
