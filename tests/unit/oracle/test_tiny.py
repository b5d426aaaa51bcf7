"""The worlds of a run that leaves none out."""

from itertools import islice

from tests.oracle.layers import may
from tests.oracle.model import Verb, World
from tests.oracle.tiny import RECORDS, TINY_WORLDS, tiny_worlds

LEAST, MOST = 20_000, 200_000
EVERY = 997  # shares no factor with the sizes of the dimensions


def rights(world: World) -> tuple[bool, ...]:
    """Who may do what to which record."""
    return tuple(
        may(world, who, verb, record)
        for who in world.principals()
        for record in RECORDS
        for verb in (Verb.READ, Verb.UPDATE, Verb.DELETE)
    )


def test_tiny_worlds_are_as_many_as_they_say_and_differ_in_rights() -> None:
    assert LEAST <= TINY_WORLDS <= MOST
    counted, found = 0, set[tuple[bool, ...]]()
    for counted, world in enumerate(tiny_worlds(), 1):
        if counted % EVERY == 0:
            found.add(rights(world))
    assert counted == TINY_WORLDS
    assert len(found) > 15
    assert {answer for answers in found for answer in answers} == {True, False}


def test_tiny_worlds_come_in_the_same_order() -> None:
    assert list(islice(tiny_worlds(), 300)) == list(islice(tiny_worlds(), 300))
