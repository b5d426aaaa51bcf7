"""The net has no holes of this size: mistakes of many kinds, planted in the product, are each caught soon."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from ostiary.access import _policy, _rights, core
from ostiary.access._bound_legs import AuthorIn, ByMaster, LabelIn, OwnerIn, Scoped, Shared
from ostiary.access._filter import RecordFilter
from ostiary.access.core import _layers, _verdicts
from ostiary.identity import _graph, _standing_in
from ostiary.kernel.errors import AccessDenied
from ostiary.records import _columns, _view
from tests.oracle.model import World
from tests.property.access._comparison import Asking
from tests.property.access._reality import Reality, made_real
from tests.property.access._search import first_world
from tests.property.access._stage import Stage

ENOUGH = 400  # worlds; the rarest of these bugs shows in one of ten or twenty
ASKED_BEFORE = 1  # worlds in which everybody has asked before the last changes
Planting = tuple[object, str, Callable[..., Any]]


def dropped(kind: type[object]) -> Planting:
    """A leg of layer 3 is forgotten where the expression is bound to SQL."""
    bind = vars(_rights)["bind"]

    def forgetful(*args: Any) -> RecordFilter:
        found: RecordFilter = bind(*args)
        return replace(found, legs=tuple(leg for leg in found.legs if not isinstance(leg, kind)))

    return _rights, "bind", forgetful


def without_owners_managers() -> Planting:
    """The owner counts, and nobody above."""
    bind = vars(_rights)["bind"]

    def forgetful(*args: Any) -> RecordFilter:
        found: RecordFilter = bind(*args)
        owner = [leg for leg in found.legs if isinstance(leg, OwnerIn) and leg.persons]
        others = [leg for leg in found.legs if not isinstance(leg, OwnerIn)]
        return replace(found, legs=(*(replace(leg, reach=0) for leg in owner), *others))

    return _rights, "bind", forgetful


def without_denies() -> Planting:
    """What is denied is not taken away."""
    bind = vars(_rights)["bind"]
    return _rights, "bind", lambda *args: replace(bind(*args), denied=None)


def without_grantors() -> Planting:
    """Delegations give nothing."""
    standing = _rights.standing_of
    return _rights, "standing_of", lambda *args: replace(standing(*args), grantors=())


def without_elevations() -> Planting:
    """Elevations give nothing."""
    standing = _rights.standing_of
    return _rights, "standing_of", lambda *args: replace(standing(*args), elevated=())


def unsealed() -> Planting:
    """A sealed column is read by its rows."""
    level = _rights.Rights.level
    return _rights.Rights, "level", lambda self, owner, column, **_: level(self, owner, column)


def carrying_nothing() -> Planting:
    """What operations carry is overlooked."""
    decide = _verdicts.decide_verb
    return (
        _rights,
        "decide_verb",
        lambda verb, rows, carried, sources, may: decide(verb, rows, {}, sources, may),
    )


def ignoring_a_row() -> Planting:
    """The topmost row of a column is overlooked."""
    return _verdicts, "column_level", lambda rows, sources: core.column_level(rows[1:], sources)


def merging_rows() -> Planting:
    """Every matching row counts, instead of the topmost of each source."""
    return (
        _layers,
        "_topmost",
        lambda rows, sources: [row for row in rows if any(row.unit in source.units for source in sources)],
    )


def keeping_the_epoch() -> Planting:
    """Statements do not ask whether the rights that they were compiled from are those of now."""
    return _columns.Bound, "epoch", lambda self: f"{self.view.rights.epoch}::bigint"


BUGS: dict[str, Callable[[], Planting]] = {
    "author": lambda: dropped(AuthorIn),
    "labels of author's managers and rules": lambda: dropped(LabelIn),
    "owner": lambda: dropped(OwnerIn),
    "owner's managers": without_owners_managers,
    "shares": lambda: dropped(Shared),
    "scope rules": lambda: dropped(Scoped),
    "master records": lambda: dropped(ByMaster),
    "denies": without_denies,
    "grantors": without_grantors,
    "elevations": without_elevations,
    "sealed columns": unsealed,
    "carried rights": carrying_nothing,
    "column row": ignoring_a_row,
    "merged rows": merging_rows,
    "stale rights": keeping_the_epoch,
}


@contextmanager
def planted(bug: str) -> Iterator[None]:
    owner, name, wrong = BUGS[bug]()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(owner, name, wrong)
            yield
    finally:  # what was kept while the bug was there is wrong as well
        for kept in (_rights._kept, _policy._kept, _graph._graphs, _standing_in._kept, _view._kept):
            kept.clear()


def differs(world: World, reality: Reality) -> bool:
    """The shortest questions: every principal's lists."""
    active = [who for who in world.principals() if who not in world.now.inactive]
    askings = [Asking(world, reality, who) for who in active]
    try:
        return any(True for asking in askings for object in world.objects for _ in asking.about_list(object))
    except AccessDenied:
        return True  # a list that there should be


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_caught(stage: Stage, bug: str) -> None:
    def notices(world: World) -> bool:
        with made_real(stage, world, ASKED_BEFORE) as reality:
            return differs(world, reality)

    with planted(bug):
        caught = first_world(ENOUGH, notices)
    assert caught, f"{ENOUGH} worlds did not notice: {bug}"
    assert not notices(caught)  # and it was the bug that they noticed
