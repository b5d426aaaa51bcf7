"""Who may ask why, and who can: what is told to whom, and the event that it leaves."""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel import clock
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, NotFound
from ostiary.kernel.ids import PrincipalId, RecordId, UnitId, new_id
from ostiary.objects import public as objects
from ostiary.records import public as records

pytestmark = pytest.mark.database


@dataclass(frozen=True)
class Scene:
    """Eva of Team, whose role reads and changes accounts; an account of the administrator."""

    ctx: Context
    eva: UnitId
    team: UnitId
    other: UnitId
    account: objects.Object
    record: RecordId

    @property
    def as_eva(self) -> Context:
        return self.ctx.acting_as(PrincipalId(self.eva))

    @property
    def grounds(self) -> access.Grounds:
        return objects.get_catalogue(self.ctx).grounds

    def explain(self, ctx: Context, verb: access.Verb, record: UUID | None) -> access.Explanation:
        return access.explain(ctx, self.grounds, self.eva, access.Asked(self.account.id, verb, record))


@pytest.fixture
def scene(admin: Context) -> Scene:
    ctx = admin
    team = access.create_role(ctx, identity.UnitKind.ORG, "Team")
    other = access.create_role(ctx, identity.UnitKind.FUNC, "Auditors of everything")
    eva = access.create_person(ctx, login="eva", name="Eva Example", email="")
    access.add_member(ctx, eva, team)
    account = objects.get_catalogue(ctx).objects["account"]
    verbs = {access.Verb.READ, access.Verb.UPDATE, access.Verb.CREATE, access.Verb.DELETE}
    administrators = identity.find_unit(ctx, identity.SYSTEM_ADMINISTRATORS)
    assert administrators is not None
    given = {access.Verb.READ, access.Verb.UPDATE}
    access.set_object_rows(ctx, account.id, [(administrators, verbs), (other, verbs), (team, given)])
    made = records.create_record(ctx, "account", {"name": "Example"})
    return Scene(ctx, eva, team, other, account, made.id)


def events(ctx: Context, type_: str) -> int:
    row = ctx.db.row("select count(*) from @.audit_event where type = %(t)s", {"t": type_})
    return int(row[0]) if row else 0


def test_the_explanation_of_somebody_else_needs_the_operation_and_is_recorded(scene: Scene) -> None:
    before = events(scene.ctx, "access.decision.explained")
    found = scene.explain(scene.ctx, access.Verb.READ, scene.record)
    assert not found.allowed
    assert events(scene.ctx, "access.decision.explained") == before + 1
    asked = access.Asked(scene.account.id, access.Verb.READ)
    with pytest.raises(AccessDenied) as refused:
        access.explain(scene.as_eva, scene.grounds, UnitId(scene.ctx.actor), asked)
    assert refused.value.details["operation"] == "CanManageAdministration"


def test_ones_own_explanation_is_free_but_a_hidden_record_is_absent(scene: Scene) -> None:
    for record in (scene.record, new_id()):
        with pytest.raises(NotFound):
            scene.explain(scene.as_eva, access.Verb.READ, record)
    records.share_record(scene.ctx, "account", scene.record, scene.eva, access.Verb.READ)
    found = scene.explain(scene.as_eva, access.Verb.READ, scene.record)
    assert found.allowed
    assert scene.explain(scene.as_eva, access.Verb.READ, None).allowed


def test_ones_own_explanation_names_no_unit_of_others_and_the_whole_one_does(scene: Scene) -> None:
    own = scene.explain(scene.as_eva, access.Verb.DELETE, None)
    whole = scene.explain(scene.ctx, access.Verb.DELETE, None)
    assert (own.allowed, own.question) == (False, None)
    assert scene.other in whole.names
    assert scene.other not in own.names
    assert "Auditors" in " ".join(access.words(whole))
    told = " ".join(access.words(own))
    assert "Team" in told
    assert "Auditors" not in told
    assert all(change.units <= {scene.eva, scene.team, *own.by_role} for flip in own.flips for change in flip)


def test_who_can_and_what_can_need_the_operation_and_are_recorded(scene: Scene) -> None:
    recorded = ("access.audience.viewed", "records.reach.counted")
    before = [events(scene.ctx, each) for each in recorded]
    asked = (scene.grounds, access.Asked(scene.account.id, access.Verb.READ, scene.record))
    found = access.who_can(scene.ctx, *asked)
    page = dict(found.page(scene.ctx, limit=1_000))
    assert scene.eva not in page
    assert found.size == len(page)
    records.share_record(scene.ctx, "account", scene.record, scene.team, access.Verb.READ)
    shared = access.who_can(scene.ctx, *asked)
    assert dict(shared.page(scene.ctx, limit=1_000)) == {**page, scene.eva: "Eva Example"}
    reached = records.reach_of(scene.ctx, PrincipalId(scene.eva))["account"]
    assert reached == records.ObjectReach(1, 0, 0)
    assert [events(scene.ctx, each) for each in recorded] == [before[0] + 2, before[1] + 1]
    with pytest.raises(AccessDenied):
        access.who_can(scene.as_eva, *asked)
    with pytest.raises(AccessDenied):
        records.reach_of(scene.as_eva, PrincipalId(scene.eva))


def test_somebody_inactive_is_in_no_audience_and_reaches_nothing(scene: Scene) -> None:
    asked = (scene.grounds, access.Asked(scene.account.id, access.Verb.UPDATE))
    assert scene.eva in dict(access.who_can(scene.ctx, *asked).page(scene.ctx, limit=1_000))
    access.set_active(scene.ctx, scene.eva, active=False)
    assert scene.eva not in dict(access.who_can(scene.ctx, *asked).page(scene.ctx, limit=1_000))
    assert records.reach_of(scene.ctx, PrincipalId(scene.eva))["account"] == records.ObjectReach(0, 0, 0)


def test_an_audience_is_paged_by_id(scene: Scene) -> None:
    asked = access.Asked(scene.account.id, access.Verb.UPDATE)
    found = access.who_can(scene.ctx, scene.grounds, asked)
    whole = [unit for unit, _ in found.page(scene.ctx, limit=1_000)]
    first = [unit for unit, _ in found.page(scene.ctx, limit=1)]
    rest = [unit for unit, _ in found.page(scene.ctx, limit=1_000, after=first[-1])]
    assert [*first, *rest] == whole
    assert len(whole) > 1


@pytest.mark.parametrize("missing", ["object", "record", "principal"])
def test_what_there_is_not_is_not_found(scene: Scene, missing: str) -> None:
    object_id = new_id() if missing == "object" else scene.account.id
    record = new_id() if missing == "record" else scene.record
    principal = UnitId(new_id()) if missing == "principal" else scene.eva
    asked = access.Asked(object_id, access.Verb.READ, record)
    with pytest.raises(NotFound):
        access.explain(scene.ctx, scene.grounds, principal, asked)


def test_several_verbs_at_once_are_the_same_as_one_by_one(scene: Scene) -> None:
    records.share_record(scene.ctx, "account", scene.record, scene.team, access.Verb.READ)
    asked = access.Asked(scene.account.id, access.Verb.READ, scene.record)
    together = access.audiences(scene.ctx, scene.grounds, asked, access.RECORD_VERBS)
    assert together[access.Verb.READ].size > together[access.Verb.DELETE].size
    for verb, found in together.items():
        alone = access.who_can(scene.ctx, scene.grounds, access.Asked(scene.account.id, verb, scene.record))
        assert found.page(scene.ctx, limit=1_000) == alone.page(scene.ctx, limit=1_000)
        assert found.size == len(found.page(scene.ctx, limit=1_000))
        of_eva = access.allowed_verbs(scene.ctx, scene.grounds, scene.eva, asked, (verb,))
        assert (verb in of_eva) == (scene.eva in dict(found.page(scene.ctx, limit=1_000)))


def test_service_accounts_and_external_people_are_counted_apart(scene: Scene) -> None:
    asked = access.Asked(scene.account.id, access.Verb.READ)
    before = access.who_can(scene.ctx, scene.grounds, asked)
    robot = access.create_service_account(scene.ctx, login="robot", name="Robot")
    access.add_member(scene.ctx, robot, scene.team)
    outside = access.create_person(scene.ctx, login="out", name="Out Side", email="", external=True)
    rows = access.list_object_rows(scene.ctx, scene.account.id)
    access.set_object_rows(scene.ctx, scene.account.id, [*rows, (outside, frozenset({access.Verb.READ}))])
    found = access.who_can(scene.ctx, scene.grounds, asked)
    assert (found.size, found.services, found.externals) == (
        before.size + 2,
        before.services + 1,
        before.externals + 1,
    )


def test_a_hidden_record_is_absent_whatever_instant_is_asked_for(scene: Scene) -> None:
    start = clock.now() + timedelta(days=1)
    records.share_record(scene.ctx, "account", scene.record, scene.eva, access.Verb.READ, valid_from=start)
    asked = access.Asked(scene.account.id, access.Verb.READ, scene.record, at=start + timedelta(days=1))
    with pytest.raises(NotFound):
        access.explain(scene.as_eva, scene.grounds, scene.eva, asked)
    assert access.explain(scene.ctx, scene.grounds, scene.eva, asked).allowed
    assert not access.explain(scene.ctx, scene.grounds, scene.eva, replace(asked, at=None)).allowed


def test_what_grants_a_record_is_told_to_whoever_manages_rights(scene: Scene) -> None:
    asked = access.Asked(scene.account.id, access.Verb.READ, scene.record)
    records.share_record(scene.ctx, "account", scene.record, scene.team, access.Verb.READ)
    found = access.who_grants(scene.ctx, scene.grounds, asked)
    shares = [way for way in found if way.kind is access.GrantKind.SHARE]
    assert [(way.units, dict(way.grants)) for way in shares] == [
        ((scene.team,), {access.Verb.READ: access.Grant.GRANTED})
    ]
    assert found[-1].kind is access.GrantKind.OPERATION
    with pytest.raises(AccessDenied):
        access.who_grants(scene.as_eva, scene.grounds, asked)
    with pytest.raises(AccessDenied):
        access.allowed_verbs(scene.as_eva, scene.grounds, scene.eva, asked, access.RECORD_VERBS)
