"""Proof by enumeration: in every world of a tiny size the engine says what the semantics say.

All of them are asked of the pure engine; every so many of them of the database as well.
"""

import itertools
from collections.abc import Iterator

import pytest

from ostiary.access import core
from tests.oracle.layers import may, shown_level
from tests.oracle.model import Verb, World
from tests.oracle.tiny import TINY_WORLDS, tiny_worlds
from tests.property.access._comparison import differences
from tests.property.access._pure import People, decides, facts_of, id_of, policy_of, rights_of
from tests.property.access._reality import made_real
from tests.property.access._stage import Stage

RECORD_VERBS = (Verb.READ, Verb.UPDATE, Verb.DELETE)
STEP = 97  # a prime: a part of all worlds that meets every option of every dimension
STEP_OF_DATABASE = 1_009


def wrong_in(worlds: Iterator[World]) -> Iterator[str]:
    """Where the engine differs, and in which world."""
    people = None
    for world in worlds:
        if people is None or people.graph is not world.now:
            people = People(world.now)
        policy = policy_of(world)
        facts = {name: facts_of(world, people, name) for name in world.records}
        for who in world.principals():
            rights = rights_of(people, policy, who)
            for name, record in world.records.items():
                for verb in RECORD_VERBS:
                    if decides(rights, record.object, verb, facts[name]) is not may(world, who, verb, name):
                        yield f"{who} {verb} {name}: {world}"
            for name, granted in world.objects.items():
                for column in granted.columns:
                    shown: int = shown_level(world, who, name, column)
                    if rights.level(id_of(name), id_of(column)) != shown:
                        yield f"{who} {name}.{column}: {world}"


def test_a_part_of_all_tiny_worlds_agrees() -> None:
    assert list(itertools.islice(wrong_in(itertools.islice(tiny_worlds(), 0, None, STEP)), 3)) == []


@pytest.mark.deep
def test_every_tiny_world_agrees() -> None:
    count = 0

    def counted() -> Iterator[World]:
        nonlocal count
        for world in tiny_worlds():
            count += 1
            yield world

    assert list(itertools.islice(wrong_in(counted()), 3)) == []
    assert count == TINY_WORLDS


@pytest.mark.database
@pytest.mark.deep
def test_tiny_worlds_agree_in_the_database(stage: Stage) -> None:
    for number, world in enumerate(itertools.islice(tiny_worlds(), 0, None, STEP_OF_DATABASE)):
        with made_real(stage, world, number) as reality:
            assert list(map(str, differences(world, reality))) == [], world


def test_a_planted_bug_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core._facts, "is_denied", lambda denied, facts: False)
    assert list(itertools.islice(wrong_in(itertools.islice(tiny_worlds(), 0, None, STEP)), 1)) != []
