"""A list's state and its query string say the same, and no query string says more than a list can do."""

from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.pages._state import (
    ALL,
    DENSITIES,
    MINE,
    PANELS,
    SHAPES,
    SPANS,
    Condition,
    ListState,
    moved,
    read_state,
)

VIEW = "0199a1b2-7a4c-7c31-9d7e-3f0b5a1c2d4e"
text = st.text(max_size=20).map(str.strip)
paths = st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8}){0,2}", fullmatch=True)
groups = st.sampled_from(["", "1", "2", "1.1", "1.1.9"])
states = st.builds(
    ListState,
    search=text,
    view=st.sampled_from(["", MINE, ALL, VIEW]),
    conditions=st.lists(st.builds(Condition, text, text, text, groups), max_size=4).map(tuple),
    any_of=st.lists(groups, unique=True).map(sorted).map(tuple),
    columns=st.lists(paths, max_size=5, unique=True).map(tuple),
    sort=st.lists(paths, max_size=3, unique=True).map(",".join),
    grouped=text,
    opened=st.lists(paths, max_size=3, unique=True).map(tuple),
    density=st.sampled_from(["", *DENSITIES]),
    shape=st.sampled_from(["", *SHAPES]),
    lanes=st.sampled_from(["", "stage"]),
    start=st.sampled_from(["", "starts_at"]),
    end=st.sampled_from(["", "due_at"]),
    span=st.sampled_from(["", *SPANS]),
    day=st.sampled_from(["", "1900-01-01", "2199-12-31"]),
    lane=st.sampled_from(["", "-", VIEW]),
    mine=st.booleans(),
    page=st.integers(1, 99_999),
    after=text,
    builder=st.booleans(),
    panel=st.sampled_from(["", *PANELS]),
    into=text,
    changed=st.booleans(),
)


def read(query: str) -> ListState:
    return read_state(parse_qs(query, keep_blank_values=True))


@given(states)
def test_every_state_survives_its_address(state: ListState) -> None:
    assert read(state.query()) == state


@given(states)
def test_what_a_view_keeps_is_read_as_it_was_saved(state: ListState) -> None:
    kept = state.content
    assert read(kept.query()) == kept == kept.content
    assert (kept.view, kept.page, kept.after, kept.panel) == ("", 1, "", "")
    assert kept.mine is (state.mine or state.view == MINE)


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=x",
        "page=9999999999",
        "view=theirs",
        "f=a",
        "o=eq&v=1",
        "any=1.2.3.4",
        "j=any:x",
        "panel=other",
        "density=tiny",
        "shape=globe",
        "span=year",
        "day=tomorrow",
        "c=",
        "do=add:x",
    ],
)
def test_nonsense_is_ignored(query: str) -> None:
    assert read(query) == ListState()


def test_a_change_starts_from_the_first_page_and_is_no_longer_the_saved_view() -> None:
    rows = (Condition("a", "eq", "1"), Condition("b", "eq", "2"))
    state = ListState(conditions=rows, page=7, after="x")
    assert state.without(0) == ListState(conditions=rows[1:])
    assert state.first_page(sort="-a").page == 1
    assert replace(state, view=VIEW).other(sort="a").changed
    assert not replace(state, view=VIEW).first_page(page=8).changed
    assert not state.other(sort="a").changed


def test_huge_input_is_cut() -> None:
    many = "&".join(
        ["f=a&o=eq&v=" + "x" * 9000, "c=" + "p" * 201, *(f"c=p{n}&f=a&o=eq&v=1" for n in range(999))]
    )
    state = read(many + "&" + "&".join(f"m=0:{n}" for n in range(5000)) + "&sort=" + ",".join("abcdefgh"))
    assert len(state.conditions) == 20
    assert len(state.conditions[0].value) <= 4000
    assert len(state.columns) == 40
    assert state.sorts == tuple("abcde")
    assert len(state.query()) < 20_000


def test_buttons_add_conditions_and_groups() -> None:
    assert read("do=add").conditions == (Condition("", "", ""),)
    grouped = read("do=group")
    assert (grouped.conditions, grouped.any_of, grouped.builder) == (
        (Condition("", "", "", "1"),),
        ("1",),
        True,
    )
    inner = read(f"{grouped.query()}&do=group:1")
    assert [row.group for row in inner.conditions] == ["1", "1.1"]
    assert [row.group for row in read(f"{inner.query()}&do=group").conditions] == ["1", "1.1", "2"]
    assert read("f=&o=&v=&g=1.1.1&do=group:1.1.1").conditions == (Condition("", "", "", "1.1.1"),)
    applied = read("f=a&o=eq&v=1&builder=1&panel=sort&do=apply")
    assert (applied.builder, applied.panel) == (False, "")
    kept = read("f=a&o=eq&v=1&builder=1&do=view")
    assert (kept.builder, kept.panel, kept.conditions) == (False, "view", (Condition("a", "eq", "1"),))


def test_the_builder_says_how_groups_are_joined_and_which_values_were_ticked() -> None:
    state = read("f=a&o=in&v=&g=1&f=b&o=eq&v=2&g=1&m=0:x&m=0:y&m=7:z&any=1&j=all:1&j=any:")
    assert state.any_of == ("",)
    assert [row.value for row in state.conditions] == ["x,y", "2"]


def test_the_order_comes_from_the_panel_or_from_a_link() -> None:
    assert read("sort=a&s=b&d=desc&s=&d=asc&s=c.d&d=asc").sort == "-b,c.d"
    assert read("sort=-b,c.d,-b").sorts == ("-b", "c.d")


def test_columns_move_one_place() -> None:
    columns = ("a", "b", "c")
    assert moved(columns, "c", -1) == ("a", "c", "b")
    assert moved(columns, "a", -1) == columns == moved(columns, "c", 1) == moved(columns, "x", 1)
    assert read("c=a&c=b&do=up:b").columns == ("b", "a")
