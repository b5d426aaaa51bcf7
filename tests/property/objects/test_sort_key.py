"""The stored sort key: total, bounded, and the same for what people take for the same."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ostiary.objects import public as objects

LONGEST = 250


@given(st.text(alphabet=st.characters(), max_size=400))
@example("\x00\ud800\u200b")
@example("\u0130" * 300)  # folding brings an accent of its own
@example("\u1e9e\ufb03\u3300")
def test_every_text_has_a_key_that_the_database_can_store(text: str) -> None:
    key = objects.sort_key(text)

    assert len(key) <= LONGEST
    assert "\x00" not in key
    key.encode("utf-8")
    assert key == " ".join(key.split())


@given(st.text(max_size=200))
def test_the_key_of_a_key_is_itself(text: str) -> None:
    key = objects.sort_key(text)

    assert objects.sort_key(key) == key


@given(st.text(max_size=80))
def test_composed_and_decomposed_text_have_one_key(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)

    assert objects.sort_key(decomposed) == objects.sort_key(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ångström", "angstrom"), ("STRASSE", "straße"), ("Zoë  Šimek\n", "zoe simek"), ("ﬁne", "FINE")],
)
def test_case_accents_and_white_space_do_not_matter(one: str, other: str) -> None:
    assert objects.sort_key(one) == objects.sort_key(other)
    assert objects.sort_key(one) != objects.sort_key(other + "x")


@pytest.mark.parametrize(
    "hostile",
    [
        "\ufdfa" * 100_000,  # one character that decomposes into eighteen
        "a" + "\u0301" * 1_000_000,  # a tower of accents
        " " * 1_000_000 + "name",
        "\U000e0041" * 100_000,  # invisible
    ],
    ids=["expands", "accents", "spaces", "invisible"],
)
def test_hostile_expansions_stay_bounded(hostile: str) -> None:
    key = objects.sort_key(hostile)

    assert len(key) <= LONGEST
    assert len(key.encode()) <= 4 * LONGEST
