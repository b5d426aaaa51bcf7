"""A preview in generated worlds: what it leaves out changes nothing, and no gain is left unsaid."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from ostiary.access import _concerned, _snapshot
from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound, NotSignedIn
from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects
from ostiary.records import public as records
from tests._tenants import rolled_back
from tests.oracle.model import World
from tests.oracle.worlds import worlds
from tests.property.access._reality import Builder
from tests.property.access._stage import FUNCS, ORGS, PERSONS, Stage

WORLDS = 40
VERBS = st.sets(st.sampled_from(access.Verb)).map(frozenset)
LEVELS = st.sampled_from(access.ColumnLevel)
Reached = Mapping[tuple[UnitId, str], object]


def changes(stage: Stage) -> st.SearchStrategy[Any]:
    """Any one change about the people, roles and objects of the stage."""
    person = st.sampled_from([stage.units[name] for name in PERSONS])
    role = st.sampled_from([stage.units[name] for name in (*ORGS, *FUNCS)])
    org = st.sampled_from([stage.units[name] for name in ORGS])
    func = st.sampled_from([stage.units[name] for name in FUNCS])
    unit = person | role
    made = list(stage.objects.values())
    object_ = st.sampled_from([each.id for each in made])
    column = st.sampled_from(
        [(each.id, c.id) for each in made for c in each.columns.values() if c.takes_rows]
    )
    grant = st.sampled_from(access.Grant)

    def rows(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.lists(st.tuples(unit, value), max_size=4, unique_by=lambda row: row[0]).map(tuple)

    return st.one_of(
        st.builds(assurance.SetMember, person, role, st.booleans()),
        st.builds(assurance.SetLink, org, func, st.booleans()),
        st.builds(assurance.MoveRole, org, org),
        st.builds(assurance.MarkRole, role, st.booleans()),
        st.builds(assurance.SetActive, person, st.booleans()),
        st.builds(assurance.Delegate, person, unit, st.just(identity.Period())),
        st.builds(assurance.Elevate, person, role, st.just(identity.Period()), st.just("why not")),
        st.builds(assurance.SetObjectRows, object_, rows(VERBS)),
        st.builds(lambda at, r: assurance.SetColumnRows(at[0], at[1], r), column, rows(LEVELS)),
        st.builds(
            assurance.SetOperationRows,
            st.sampled_from([access.Operation.VIEW_ANY_DATA, access.Operation.EDIT_ANY_DATA]),
            rows(st.booleans()),
        ),
        st.builds(
            assurance.SetSwitches,
            object_,
            st.booleans(),
            st.sets(st.sampled_from(sorted(access.ALL_LEGS))).map(frozenset),
            st.booleans(),
        ),
        st.builds(
            assurance.SetDefaultRule, object_, unit, unit, st.builds(access.Grants, grant, grant, grant)
        ),
        st.builds(
            assurance.SetDenyRule,
            object_,
            unit,
            unit,
            st.sets(st.sampled_from([v for v in access.Verb if v is not access.Verb.CREATE])).map(frozenset),
        ),
    )


def reached(ctx: Context, stage: Stage) -> Reached:
    """What each person may do with each object, and the records that each list shows."""
    found: dict[tuple[UnitId, str], object] = {}
    for name in PERSONS:
        acting = ctx.acting_as(stage.units[name])
        for code, made in stage.objects.items():
            with suppress(NotSignedIn, AccessDenied, NotFound):
                rights = access.current_rights(acting)
                for verb in access.Verb:
                    if rights.decide_object(made.id, verb).allowed:
                        found[stage.units[name], f"{verb.value} {code}"] = True
                query = records.RecordQuery(code, sort=(records.Sort("created_at"),))
                for id_ in records.list_records(acting, query).ids:
                    found[stage.units[name], f"read {code} {id_}"] = True
    return found


def said(changes: tuple[access.Change, ...]) -> set[tuple[str, tuple[UnitId, ...]]]:
    return {(change.what, change.who) for change in changes}


def ask(stage: Stage, count: int, everybody: Callable[..., object] | None = None) -> None:
    """Raises AssertionError naming a gain that was not said, or what leaving out made different."""

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(worlds(), changes(stage))
    def asked(world: World, change: Any) -> None:
        with rolled_back(stage.tenant) as db:
            builder = Builder(stage, stage.context(db), world)
            builder.build(by_commands=False, warm=False)
            compared = compare_both(builder.ctx, stage, change)
            for unit in stage.units.values():
                access.forget(builder.ctx.acting_as(unit))
            assume(compared is not None)
            assert compared == ([], set(), set())

    asked()


def compare_both(ctx: Context, stage: Stage, change: Any) -> tuple[object, ...] | None:
    """(gains not said, gains that differ, losses that differ); None: the change cannot be made."""
    named = objects.get_catalogue(ctx).named()  # a world may seal columns
    before = reached(ctx, stage)
    whole = access.snapshot(ctx, named)
    try:
        told = assurance.preview(ctx, [change]).diff
    except (Invalid, NotFound, AccessDenied):
        return None
    assurance.apply_changes(ctx, [change])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_concerned.Concerned, "objects", lambda self, old, new: frozenset(self.all))
        full = access.compare(whole, access.snapshot(ctx, named))
    after = reached(ctx, stage)
    gained = [key for key in after.keys() - before.keys() if not any(key[0] in c.who for c in told.gained)]
    return gained, said(told.gained) ^ said(full.gained), said(told.lost) ^ said(full.lost)


def test_a_preview_says_every_gain_and_leaves_out_nothing(stage: Stage) -> None:
    ask(stage, WORLDS)


@pytest.mark.parametrize("bug", ["rows", "rules", "sources"])
def test_a_planted_bug_is_found(stage: Stage, monkeypatch: pytest.MonkeyPatch, bug: str) -> None:
    if bug == "rows":
        monkeypatch.setattr(_concerned, "_between", lambda old, new: frozenset())
    elif bug == "rules":
        monkeypatch.setattr(_concerned.Concerned, "_of_rules", lambda self, old, new: frozenset())
    else:
        monkeypatch.setattr(
            _snapshot._Everybody, "_taken_over", lambda self, like: {} if like is None else like.sources
        )
    with pytest.raises(AssertionError):
        ask(stage, 4 * WORLDS)
