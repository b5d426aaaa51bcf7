"""The first generated world of a kind, and no world after it."""

from collections.abc import Callable
from contextlib import suppress

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from tests.oracle.model import World
from tests.oracle.worlds import worlds


class _Found(Exception):
    """Ends the search: hypothesis goes on after anything else."""


def first_world(
    most: int, wanted: Callable[[World], bool], drawn: SearchStrategy[World] | None = None
) -> World | None:
    """The first of at most so many worlds that is wanted. drawn: where they come from; None: `worlds()`."""
    found: list[World] = []

    @settings(
        max_examples=most,
        deadline=None,  # a database answers
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(worlds() if drawn is None else drawn)
    def search(world: World) -> None:
        if not found and wanted(world):
            found.append(world)
        if found:
            raise _Found

    with suppress(_Found):
        search()
    return found[0] if found else None
