"""What may be declared, what may be an argument, and how a worker divides its places."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from ostiary.jobs import public as jobs
from ostiary.jobs._schema import database_script
from ostiary.jobs._task import _registry, checked_arguments, loaded, stored
from ostiary.jobs._worker import lines
from ostiary.kernel.errors import Invalid, Misconfigured
from ostiary.project import _worker

ID = "0198f5a2-7f6c-7d3a-9c37-1f6a5e0c1d2b"


def nothing(run: jobs.Run) -> None: ...


@pytest.fixture(autouse=True)
def own_registry() -> Iterator[None]:
    kept = _registry.tasks, _registry.subscribers, _registry.frozen
    _registry.tasks, _registry.subscribers, _registry.frozen = {}, {}, False
    yield
    _registry.tasks, _registry.subscribers, _registry.frozen = kept


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"name": "a.thing.do"}, {"name": "a thing to do"}),
        ({"name": "a.thing.do"}, {"name": "a'; drop table x;--.b.c"}),
        ({"every": "0 3 * * *"}, {"every": "at three"}),
        ({"arguments": {"id": jobs.Kind.ID}}, {"arguments": {"id": jobs.Kind.ID}, "every": "0 3 * * *"}),
    ],
)
def test_a_malformed_declaration_is_refused(good: dict[str, object], bad: dict[str, object]) -> None:
    name = {"name": "a.thing.do", "run": nothing}
    with pytest.raises(ValueError, match=r"."):
        jobs.register(jobs.Task(**{**name, **bad}))  # type: ignore[arg-type]  # parameters of a table of cases
    jobs.register(jobs.Task(**{**name, **good}))  # type: ignore[arg-type]  # parameters of a table of cases


def test_nothing_is_declared_twice_or_after_start_up() -> None:
    task = jobs.Task("a.thing.do", nothing)
    jobs.register(task)
    with pytest.raises(ValueError, match="already"):
        jobs.register(task)
    jobs.freeze()
    with pytest.raises(ValueError, match="start-up"):
        jobs.register(jobs.Task("b.thing.do", nothing))
    with pytest.raises(ValueError, match="start-up"):
        jobs.subscribe(["a.b.c"], "a.thing.do")


def test_a_subscriber_exists_and_asks_for_what_events_have() -> None:
    jobs.register(jobs.Task("a.thing.hear", nothing, {"event": jobs.Kind.ID}))
    jobs.register(jobs.Task("a.thing.want", nothing, {"name": jobs.Kind.CODE}))
    jobs.subscribe(["a.b.c"], "a.thing.hear")
    jobs.freeze()
    _registry.frozen = False
    for wrong in ("a.thing.want", "a.thing.absent"):
        jobs.subscribe(["a.b.d"], wrong)
        with pytest.raises(ValueError, match="cannot be given"):
            jobs.freeze()
        _registry.subscribers.pop("a.b.d")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (jobs.Kind.ID, ID, "Jane Doe"),
        (jobs.Kind.ID, UUID(ID), 7),
        (jobs.Kind.CODE, "CanManageUsers", "a secret with spaces"),
        (jobs.Kind.CODE, "x" * 128, "x" * 129),
        (jobs.Kind.CODE, "a.b-c_d:e/f", "\N{LATIN SMALL LETTER E WITH ACUTE}"),
        (jobs.Kind.CODE, "a", "a\n"),
        (jobs.Kind.INTEGER, -(2**63), 2**63),
        (jobs.Kind.INTEGER, 1, True),
        (jobs.Kind.INTEGER, 1, "1"),
        (jobs.Kind.FLAG, False, 0),
        (jobs.Kind.INSTANT, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1)),  # noqa: DTZ001 that is the case
        (jobs.Kind.INSTANT, "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00"),
        (jobs.Kind.INSTANT, "2026-01-01T00:00:00Z", "tomorrow"),
    ],
)
def test_an_argument_is_of_its_kind(kind: jobs.Kind, good: object, bad: object) -> None:
    assert stored(kind, good) is not None
    assert stored(kind, bad) is None


def test_arguments_come_back_as_they_were() -> None:
    task = jobs.Task(
        "a.thing.do", nothing, {"id": jobs.Kind.ID, "at": jobs.Kind.INSTANT, "code": jobs.Kind.CODE}
    )
    given = {"id": UUID(ID), "at": datetime(2026, 1, 1, tzinfo=UTC), "code": None}
    assert loaded(task, checked_arguments(task, given)) == given
    with pytest.raises(Invalid) as refused:
        checked_arguments(task, {"id": "x", "more": 1, "code": "c"})
    assert [(e.field, e.code) for e in refused.value.errors] == [
        ("at", "missing"),
        ("id", "malformed"),
        ("more", "unknown"),
    ]


def test_every_lane_has_a_place_of_its_own_where_there_are_enough() -> None:
    interactive, default, bulk = jobs.Lane
    every = (interactive, default, bulk)
    assert lines(jobs.Shop(concurrency=1)) == [(every, 1)]
    assert lines(jobs.Shop(concurrency=3)) == [(every, 2), ((interactive, default), 1)]
    assert lines(jobs.Shop(concurrency=8)) == [(every, 5), ((interactive,), 1), ((default,), 1), ((bulk,), 1)]
    assert lines(jobs.Shop((bulk,), 4)) == [((bulk,), 4)]
    for wrong in (jobs.Shop(concurrency=0), jobs.Shop(())):
        with pytest.raises(Misconfigured):
            lines(wrong)


@pytest.mark.parametrize(
    "words",
    [
        ["--lanes", "express"],
        ["--lanes", ""],
        ["--concurrency", "0"],
        ["--concurrency", "65"],
        ["--grace", "-1"],
    ],
)
def test_a_worker_that_makes_no_sense_is_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _worker.main(words) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_the_script_of_a_database_names_every_task() -> None:
    assert "insert into jobs.task" not in database_script()
    jobs.register(jobs.Task("a.thing.do", nothing, lane=jobs.Lane.BULK, operator=True))
    assert "('a.thing.do', 'bulk', true)" in database_script()
