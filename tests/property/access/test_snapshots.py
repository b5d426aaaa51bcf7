"""A snapshot groups people and says of each what the engine says of that one alone, in generated worlds."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ostiary.access import _snapshot, _standing
from ostiary.access import public as access
from ostiary.access.core import Operation, RecordRule, Verb
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotSignedIn
from ostiary.kernel.ids import UnitId
from tests._tenants import rolled_back
from tests.oracle.model import World
from tests.oracle.worlds import worlds
from tests.property.access._reality import Builder
from tests.property.access._stage import Stage

WORLDS = 60
_NOTHING = _standing.ObjectStanding({}, {})


def named(stage: Stage) -> list[access.NamedObject]:
    return stage.catalogue.named()


def rights_of(ctx: Context, unit: UnitId) -> access.Rights | None:
    try:
        return access.current_rights(ctx.acting_as(unit))
    except NotSignedIn:
        return None


def differences(ctx: Context, found: access.Snapshot, unit: UnitId) -> list[str]:
    """Where the group's answer is not the person's own."""
    rights, standing = rights_of(ctx, unit), found.standing.get(unit)
    if rights is None or standing is None:
        return [] if rights is None and standing is None else ["active"]
    wrong = []
    if standing.operations != {o for o in Operation if rights.operation(o).allowed}:
        wrong.append("operations")
    if standing.units != rights.sources.roles:
        wrong.append("units")
    under = under_by_rows(ctx)
    grounds = {o.id: o.ground for o in found.objects.values()}

    def told(rights: access.Rights, object_id: UUID, verb: Verb) -> RecordRule:
        rule = rights.rule(object_id, verb, grounds)
        return _standing.told_of(rule, whole=rights.any_data(Verb.READ))

    for described in found.objects.values():
        mine = standing.objects.get(described.id, _NOTHING)
        verbs = {
            v: frozenset()
            if v is Verb.CREATE
            else _standing.legs_of_rule(described, found.objects, told(rights, described.id, v), under, unit)
            for v in Verb
            if rights.decide_object(described.id, v).allowed
        }
        levels = {c: rights.level(described.id, c) for c in described.columns if verbs}
        if mine.verbs != verbs:
            wrong.append(f"{described.code}: {mine.verbs} is not {verbs}")
        if mine.levels != {c: level for c, level in levels.items() if level}:
            wrong.append(f"{described.code}: {mine.levels} is not {levels}")
    return wrong


def under_by_rows(ctx: Context) -> _standing.Under:
    """The labels of everybody, read in another way than the snapshot reads them."""
    rows = ctx.db.rows("select label_id, unit_id from @.identity_label_unit where kind = 'r'")
    reporting: dict[int, set[UnitId]] = {}
    for label, unit in rows:
        reporting.setdefault(label, set()).add(unit)
    labels = {n: _standing.Label(frozenset(), frozenset(units)) for n, units in reporting.items()}
    people = ctx.db.rows(
        "select id, current_label_id from @.identity_unit where current_label_id is not null"
    )
    return _standing.Under(labels, {UnitId(p[0]): p[1] for p in people})


def unsaid_gains(ctx: Context, diff: access.AccessDiff, stage: Stage, units: list[UnitId]) -> list[str]:
    """What somebody may do after, from nothing before, that no line of the comparison says."""
    said = {(change.what, unit) for change in diff.gained for unit in change.who}
    unsaid = []
    for unit in units:
        rights = rights_of(ctx, unit)
        mine = [what for what, who in said if who == unit]
        for made in stage.objects.values() if rights is not None else ():
            for verb in Verb:
                assert rights is not None
                told = any(w.startswith(f"{verb.value} {made.code}") for w in mine)
                by_operation = f"execute {access.Operation(_any(verb)).value}" in mine
                if rights.decide_object(made.id, verb).allowed and not (told or by_operation):
                    unsaid.append(f"{verb} {made.code}")
    return unsaid


def _any(verb: Verb) -> Operation:
    return {
        Verb.READ: Operation.VIEW_ANY_DATA,
        Verb.CREATE: Operation.ADD_ANY_DATA,
        Verb.UPDATE: Operation.EDIT_ANY_DATA,
        Verb.DELETE: Operation.DELETE_ANY_DATA,
    }[verb]


def ask(stage: Stage, count: int) -> None:
    """Raises AssertionError naming whom the snapshot or the comparison is wrong about."""

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(worlds(), st.booleans())
    def asked(world: World, warm: bool) -> None:  # noqa: FBT001  hypothesis passes what it draws
        with rolled_back(stage.tenant) as db:
            before = access.snapshot(stage.context(db), named(stage))
            builder = Builder(stage, stage.context(db), world)
            builder.build(by_commands=False, warm=warm)
            ctx = builder.ctx
            found = access.snapshot(ctx, named(stage))
            people = [u for u in found.standing if u not in found.roles]
            wrong = {str(u): d for u in people if (d := differences(ctx, found, u))}
            newly = [u for u in people if u not in before.standing or not before.standing[u].objects]
            unsaid = unsaid_gains(ctx, access.compare(before, found), stage, newly)
            for unit in stage.units.values():
                access.forget(ctx.acting_as(unit))
        assert (wrong, unsaid) == ({}, [])

    asked()


def test_each_member_of_a_group_may_what_the_group_may(stage: Stage) -> None:
    ask(stage, WORLDS)


@pytest.mark.parametrize("bug", ["personal rows", "labels"])
def test_a_planted_bug_is_found(stage: Stage, monkeypatch: pytest.MonkeyPatch, bug: str) -> None:
    if bug == "personal rows":
        monkeypatch.setattr(_snapshot, "_named_in_person", lambda ctx, policy, standing: frozenset())
    else:
        monkeypatch.setattr(_snapshot, "_labels", lambda ctx: {})
    with pytest.raises(AssertionError):
        ask(stage, WORLDS)
