"""One truth from every answer: generated worlds on real PostgreSQL against the oracle, and kept cases."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.oracle.model import World
from tests.oracle.worlds import worlds
from tests.property.access._cases import all_cases, read_case, save_case, text_of
from tests.property.access._comparison import differences
from tests.property.access._core import core_differences
from tests.property.access._reality import made_real
from tests.property.access._stage import Stage

pytestmark = pytest.mark.database

# The second run, on the oldest PostgreSQL, asks whether its answers are the same, not for new worlds.
WORLDS = 60 if os.environ.get("OSTIARY_TEST_PG") else 500
DEEP_WORLDS = int(os.environ.get("OSTIARY_WORLDS", "50000"))
# Another world shows more than another principal of the same one, and there is room for one of the two.
ASKS_ONE_IN = 3
PARTS = (1, 2)  # as many tests as a run has workers

WORLD_SETTINGS = settings(
    deadline=None,  # a database answers
    derandomize=False,
    print_blob=True,
    suppress_health_check=[
        HealthCheck.too_slow,  # a world is a database transaction of a few hundred statements
        HealthCheck.data_too_large,  # and has some hundred facts
        HealthCheck.filter_too_much,
    ],
)


def ask(stage: Stage, world: World, turn: int | None, one_in: int = 1) -> None:
    """Raises AssertionError naming every question on which product and oracle disagree."""
    with made_real(stage, world, turn or 0) as reality:
        found = [*core_differences(world, reality)]
        found += map(str, differences(world, reality, turn, one_in=one_in))
    if found:
        report = "\n".join(found)
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        path = save_case(world, report, f"failing_{worker}")
        raise AssertionError(f"{len(found)} answers differ from the semantics, see {path.name}:\n{report}")


def ask_worlds(stage: Stage, part: int, count: int, one_in: int = 1) -> None:
    """Generate worlds; how each is built and which of the longer questions goes to whom is drawn as well."""

    @seed(f"{os.environ['OSTIARY_SEED']} {part}")
    @settings(WORLD_SETTINGS, max_examples=count)
    @given(worlds(), st.integers(0, 23))
    def asked(world: World, turn: int) -> None:
        ask(stage, world, turn, one_in)

    asked()


@pytest.mark.parametrize("part", PARTS)
def test_every_answer_agrees_with_the_oracle(stage: Stage, part: int) -> None:
    ask_worlds(stage, part, WORLDS // len(PARTS), ASKS_ONE_IN)


@pytest.mark.deep
@pytest.mark.parametrize("part", PARTS)
def test_every_answer_agrees_in_many_worlds(stage: Stage, part: int) -> None:
    ask_worlds(stage, part, DEEP_WORLDS // len(PARTS), ASKS_ONE_IN)


@pytest.mark.parametrize("case", all_cases(), ids=lambda path: path.stem)
def test_a_case_that_once_disagreed_agrees(stage: Stage, case: Path) -> None:
    ask(stage, read_case(case.read_text()), None)


@settings(max_examples=20, deadline=None)
@given(worlds())
def test_a_case_reads_as_it_was_written(world: World) -> None:
    assert read_case(text_of(world)) == world
