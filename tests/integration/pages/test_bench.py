"""The test bench: who may ask what, what is told to whom, and what a link to an answer is worth."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.clock import now
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, NotFound
from ostiary.kernel.ids import RecordId, UnitId, new_id
from ostiary.pages import public as pages
from ostiary.records import public as records
from ostiary.ui.values import Frame
from tests._tenants import TestTenant, rolled_back

FRAME = Frame("ui/fragment.html", "Halden")


@dataclass(frozen=True)
class Scene:
    """Sally and Bob sell; a deal of Sally's."""

    admin: Context
    sally: Context
    bob: Context
    deal: RecordId

    def ask(self, ctx: Context, **given: object) -> pages.BenchView:
        query = {name.replace("_text", ".text"): [str(value)] for name, value in given.items() if value != ""}
        reader = pages.make_reader(ctx, pages.Urls(), ZoneInfo("Europe/Zurich"))
        return pages.bench_view(reader, pages.read_bench(query))

    def answer(self, ctx: Context, **given: object) -> pages.Answer:
        view = self.ask(ctx, **given)
        assert view.answer, [field.error for field in view.fields]
        return view.answer


@pytest.fixture
def scene(crm_tenant: TestTenant) -> Iterator[Scene]:
    with rolled_back(crm_tenant.tenant) as db:
        admin = Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.WEB)
        sally, bob = (person(admin, login) for login in ("sally", "bob"))
        deal = records.create_record(sally, "opportunity", {"name": "Helios deal"})
        yield Scene(admin, sally, bob, deal.id)


def person(ctx: Context, login: str) -> Context:
    unit = access.create_person(ctx, login=login, name=f"{login.title()} Seller", email="s@example.com")
    role = identity.find_unit(ctx, "sales")
    assert role is not None
    access.add_member(ctx, unit, role)
    return ctx.acting_as(unit)


def shown(view: pages.BenchView) -> str:
    return pages.render(view, FRAME)


def test_an_answer_names_the_verdict_the_layers_and_the_row(scene: Scene) -> None:
    told = scene.answer(scene.sally, object="opportunity", verb="delete", record=scene.deal)
    assert told.sentence == "Sally Seller may not delete Helios deal"
    assert [(layer.title, layer.state) for layer in told.layers] == [
        ("Person and session", "allow"),
        ("Any-data operations", "skip"),
        ("Object", "deny"),
        ("Record", "skip"),
    ]
    stopped = told.layers[2]
    assert stopped.tag == "Stops here"
    assert ("Row 3: Sales", True) in [(rule.label, rule.near) for rule in stopped.rules]
    assert told.layers[3].tag == "Would pass"
    allowed = scene.answer(scene.sally, object="opportunity", verb="update", record=scene.deal)
    assert (allowed.allowed, allowed.layers[3].lines) == (
        True,
        ("Sally Seller is the author; Sally Seller is the owner.",),
    )


def test_others_are_compared_side_by_side_by_whoever_manages_rights(scene: Scene) -> None:
    asked = {"object": "opportunity", "verb": "update", "record": scene.deal}
    told = scene.answer(scene.admin, person_text="bob seller", with_text="Sally Seller", **asked)
    assert told.sentence == "Bob Seller may not edit Helios deal"
    assert told.reasons == ("It stops at layer 3, record.", "Sally Seller may.")
    assert [layer.other for layer in told.layers if layer.other] == [
        ("allow", "active"),
        ("skip", "holds none"),
        ("allow", "same"),
        ("allow", "author"),
    ]
    rules = {rule.label: rule.came for layer in told.layers for rule in layer.rules}
    assert rules["Author"] == "Sally Seller"
    for given in ({"person": scene.sally.actor}, {"with": scene.sally.actor}, {"person": new_id()}):
        with pytest.raises(AccessDenied):
            scene.ask(scene.bob, **given, **asked)


def test_remedies_come_smallest_first_with_reach_and_whoever_may(scene: Scene) -> None:
    bob = scene.bob.actor
    told = scene.answer(scene.admin, object="opportunity", verb="update", record=scene.deal, person=bob)
    first = told.remedies[0]
    assert first.size == "Smallest"
    assert first.reach == "1 person, this record"
    assert first.steps == (
        "Share this record with Bob Seller to read",
        "Share this record with Bob Seller to edit",
    )
    assert first.url == f"/o/opportunity/{scene.deal}?panel=share&unit={bob}#inspector"
    assert {change.given for change in first.remedy.changes if isinstance(change, access.Sharing)} == {True}
    assert any(step.startswith("Give Bob Seller the role") for fix in told.remedies for step in fix.steps)
    assert [fix.size for fix in told.remedies[1:]].count("Smallest") == 0


def test_a_hidden_record_is_absent_in_the_same_page(scene: Scene) -> None:
    hidden = scene.ask(scene.bob, object="opportunity", verb="read", record=scene.deal)
    absent = scene.ask(scene.bob, object="opportunity", verb="read", record=new_id())
    assert (hidden.status, absent.status, hidden.answer) == (404, 404, None)

    def without_ids(view: pages.BenchView) -> str:
        return "".join(part for part in shown(view).split('"') if len(part) != len(str(scene.deal)))

    assert without_ids(hidden) == without_ids(absent)
    assert "Helios" not in shown(hidden)
    later = (now() + timedelta(days=2)).isoformat()
    records.share_record(
        scene.admin,
        "opportunity",
        scene.deal,
        UnitId(scene.bob.actor),
        access.Verb.READ,
        valid_from=now() + timedelta(days=1),
    )
    assert scene.ask(scene.bob, object="opportunity", verb="read", record=scene.deal, at=later).status == 404


def test_dates_count_at_the_instant_that_is_asked_for(scene: Scene) -> None:
    start, end = now() + timedelta(days=1), now() + timedelta(days=5)
    bob = UnitId(scene.bob.actor)
    records.share_record(
        scene.admin, "opportunity", scene.deal, bob, access.Verb.READ, valid_from=start, valid_to=end
    )
    asked = {"object": "opportunity", "verb": "read", "record": scene.deal, "person": bob}
    told = scene.answer(scene.admin, **asked)
    assert not told.allowed
    assert any("begins later" in rule.came and rule.near for layer in told.layers for rule in layer.rules)
    for days, allowed in ((2, True), (6, False)):
        told = scene.answer(scene.admin, at=(now() + timedelta(days=days)).isoformat(), **asked)
        assert told.allowed is allowed
        assert "those of today" in " ".join(told.notes)
    period = identity.Period(now() + timedelta(days=7), now() + timedelta(days=9))
    access.delegate(scene.admin, UnitId(scene.sally.actor), bob, period)
    assert scene.answer(scene.admin, at=(now() + timedelta(days=8)).isoformat(), **asked).allowed
    assert not scene.answer(scene.admin, **asked).allowed


def test_an_export_asks_for_its_operation_beside_the_object(scene: Scene) -> None:
    told = scene.answer(scene.sally, object="opportunity", verb="export")
    assert told.sentence == "Sally Seller may not export lists of opportunities"
    operation = next(layer for layer in told.layers if layer.title == "System operation")
    assert (operation.state, operation.tag) == ("deny", "Stops here")
    access.set_operation_rows(scene.admin, access.Operation.EXPORT_LIST, [(UnitId(scene.sally.actor), True)])
    assert scene.answer(scene.sally, object="opportunity", verb="export").allowed


def test_a_link_asks_the_same_about_the_same_person(scene: Scene) -> None:
    asked = {"object": "opportunity", "verb": "update", "record": scene.deal, "channel": "api"}
    mine = scene.ask(scene.sally, **asked)
    again = pages.read_bench(parse_qs(urlsplit(mine.link).query))
    reader = pages.make_reader(scene.admin, pages.Urls(), ZoneInfo("UTC"))
    theirs = pages.bench_view(reader, again)
    assert mine.answer
    assert theirs.answer
    assert theirs.answer.sentence == mine.answer.sentence == "Sally Seller may edit Helios deal"
    assert any("same for every channel" in note for note in theirs.answer.notes)


def test_every_why_leads_to_the_explanation_of_its_control(scene: Scene) -> None:
    reader = pages.make_reader(scene.sally, pages.Urls(), ZoneInfo("UTC"))
    page = pages.record_view(reader, "opportunity", scene.deal)
    restricted = next(f for group in page.groups for f in group.facts if f.code == "margin")
    told = {
        page.delete.explain: "Sally Seller may not delete Helios deal",
        restricted.explain: "Sally Seller may not read Margin in per cent on Helios deal",
        pages.list_view(reader, "opportunity", pages.read_state({})).export.explain: (
            "Sally Seller may not export lists of opportunities"
        ),
    }
    for url, sentence in told.items():
        view = pages.bench_view(reader, pages.read_bench(parse_qs(urlsplit(url).query)))
        assert view.answer
        assert view.answer.sentence == sentence
    assert f'href="{page.delete.explain}"'.replace("&", "&amp;") in pages.render(page, FRAME)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"column": "nothing"}, "column"),
        ({"at": "soon"}, "at"),
        ({"record_text": "nobody calls it so"}, "record"),
        ({"column": "created_at", "verb": "update"}, "column"),
    ],
)
def test_what_is_not_understood_is_named_by_field(scene: Scene, given: dict[str, str], field: str) -> None:
    view = scene.ask(scene.sally, **{"object": "opportunity", "verb": "read", **given})
    assert (view.status, view.answer) == (422, None)
    assert [f.name for f in view.fields if f.error] == [field]


def test_an_unknown_object_is_not_found_and_another_object_drops_its_record(scene: Scene) -> None:
    with pytest.raises(NotFound):
        scene.ask(scene.sally, object="no_such_thing")
    view = scene.ask(scene.sally, object="account", of="opportunity", record=scene.deal, column="margin")
    assert view.answer
    assert view.answer.sentence == "Sally Seller may read accounts"


def test_people_are_found_by_whoever_manages_rights(scene: Scene) -> None:
    reader = pages.make_reader(scene.admin, pages.Urls(), ZoneInfo("UTC"))
    assert "Sally Seller" in pages.render_people(reader, "SALLY s")
    assert "Bob Seller" in pages.render_people(reader, "seller")
    assert pages.render_people(reader, "100%_\x00") == ""
    with pytest.raises(AccessDenied):
        pages.render_people(pages.make_reader(scene.sally, pages.Urls(), ZoneInfo("UTC")), "bob")
