"""A list's state and its query string say the same."""

from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.pages._state import MINE, Condition, ListState, read_state

text = st.text(max_size=20).map(str.strip)
states = st.builds(
    ListState,
    search=text,
    view=st.sampled_from(["", MINE]),
    conditions=st.lists(st.builds(Condition, text, text, text), max_size=4).map(tuple),
    sort=text,
    page=st.integers(1, 99_999),
    after=text,
    builder=st.booleans(),
)


@given(states)
def test_every_state_survives_its_address(state: ListState) -> None:
    assert read_state(parse_qs(state.query(), keep_blank_values=True)) == state


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "page=9999999999", "view=theirs", "f=a", "o=eq&v=1"]
)
def test_nonsense_is_ignored(query: str) -> None:
    assert read_state(parse_qs(query, keep_blank_values=True)) == ListState()


def test_a_change_starts_from_the_first_page() -> None:
    state = ListState(conditions=(Condition("a", "eq", "1"), Condition("b", "eq", "2")), page=7, after="x")
    assert state.without(0) == ListState(conditions=(Condition("b", "eq", "2"),))
    assert state.first_page(sort="-a").page == 1
