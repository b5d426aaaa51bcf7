"""The net of the explanations has no holes of this size: planted mistakes are caught in a few worlds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from ostiary.access import _who_can, core
from ostiary.access.core import _verdicts
from tests.oracle.model import ADA, World
from tests.property.access._reality import Reality, made_real
from tests.property.access._search import first_world
from tests.property.access._stage import Stage
from tests.property.access.test_explanations import wrong_audiences, wrong_verdicts

ENOUGH = 200  # worlds
Planting = tuple[object, str, Callable[..., Any]]


def dropping_a_leg() -> Planting:
    """The explanation forgets the leg of shares; lists and records do not."""
    rule_of = _verdicts.rule_of

    def without_shares(*args: Any) -> core.RecordRule:
        rule = rule_of(*args)
        if not isinstance(rule, core.AnyOf):
            return rule
        kept = tuple(leg for leg in rule.legs if not isinstance(leg, core.SharedWith))
        return replace(rule, legs=kept) if kept else core.Nobody()

    return _verdicts, "rule_of", without_shares


def keeping_the_group() -> Planting:
    """Whoever is named in person is taken for one like all others of the label."""
    return _who_can._Crowd, "_alone", lambda crowd: {}


BUGS: dict[str, tuple[Callable[[], Planting], Callable[[World, Reality], list[str]]]] = {
    "a leg dropped in the explanation": (dropping_a_leg, wrong_verdicts),
    "a group that is not one": (keeping_the_group, wrong_audiences),
}


@contextmanager
def planted(bug: str) -> Iterator[None]:
    owner, name, wrong = BUGS[bug][0]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, wrong)
        yield


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_caught(stage: Stage, bug: str) -> None:
    def notices(world: World) -> bool:
        if ADA in world.now.inactive:  # who asks
            return False
        with made_real(stage, world) as reality:
            return bool(BUGS[bug][1](world, reality))

    with planted(bug):
        caught = first_world(ENOUGH, notices)
    assert caught, f"{ENOUGH} worlds did not notice: {bug}"
    assert not notices(caught)  # and it was the bug that they noticed
