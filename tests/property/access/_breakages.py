"""The oracle with one of its rules broken, and whether generated worlds show it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from hypothesis.strategies import SearchStrategy

from tests.oracle import answers, denies, layers, legs, scopes, stored, units
from tests.oracle.model import Grant, Leg, Verb, World
from tests.property.access._search import first_world

MODULES: list[ModuleType] = [units, stored, scopes, denies, legs, layers, answers]
RECORD_VERBS = (Verb.READ, Verb.UPDATE, Verb.DELETE)
Breakage = tuple[str, Callable[..., Any]]


def answers_of(world: World) -> list[object]:
    """Everything that anybody can ask."""
    found: list[object] = []
    for who in world.principals():
        for name in world.objects:
            columns = (None, *world.objects[name].columns)
            found += [answers.may_list(world, who, name), answers.may_export(world, who, name)]
            found += [answers.answer_to_create(world, who, name, column) for column in columns]
        for name, record in world.records.items():
            columns = (None, *world.objects[record.object].columns)
            found += [answers.answer_to(world, who, Verb.UPDATE, name, column) for column in columns]
            found += [layers.may(world, who, verb, name) for verb in RECORD_VERBS]
            found += [layers.may_share(world, who, verb, name, Grant.GRANTED) for verb in RECORD_VERBS]
            found.append(answers.shown(world, who, name))
        for (name, column), target in world.lookups.items():
            found += [
                answers.answer_to_create(world, who, name, column, referred=referred)
                for referred in world.records_of(target)
            ]
    return found


@contextmanager
def broken(name: str, replacement: Callable[..., Any]) -> Iterator[None]:
    """The oracle with one function replaced wherever it is used, also in the table of legs."""
    with pytest.MonkeyPatch.context() as patch:
        for leg, function in legs.LEGS.items():
            if function.__name__ == name:
                patch.setitem(legs.LEGS, leg, replacement)
        for module in MODULES:
            if hasattr(module, name):
                patch.setattr(module, name, replacement)
        yield


def without_leg(leg: Leg) -> Breakage:
    """The leg is forgotten."""
    original = legs.granted_by
    return "granted_by", lambda *asked: {k: v for k, v in original(*asked).items() if k is not leg}


def unseen_after(count: int, breakages: Mapping[str, Breakage], worlds: SearchStrategy[World]) -> set[str]:
    """The breakages that no one of `count` worlds shows."""
    unseen = set(breakages)

    def shows_the_last(world: World) -> bool:
        right = answers_of(world)
        for name in sorted(unseen):
            with broken(*breakages[name]):
                # fresh graphs, for they remember what was found on them
                if answers_of(replace(world, eras=tuple(replace(graph) for graph in world.eras))) != right:
                    unseen.discard(name)
        return not unseen

    first_world(count, shows_the_last, worlds)
    return unseen
