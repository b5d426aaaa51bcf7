"""Who can see this? on the page of a record: guarded, equal to what people really may, by pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from ostiary.access import public as access
from ostiary.access.public import Verb
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.kernel.ids import RecordId, UnitId
from ostiary.pages import public as pages
from ostiary.pages._who_panel import Counted, WhoPanel
from ostiary.records import public as records
from ostiary.ui.values import Frame
from tests._tenants import TestTenant, rolled_back

FRAME = Frame("ui/fragment.html", "Halden")


@dataclass(frozen=True)
class Scene:
    """Sally made a deal; Fina of Finance has it by a rule, Bob not at all; thirty sellers beside."""

    admin: Context
    people: dict[str, Context]
    deal: RecordId

    def view(self, ctx: Context, query: str) -> pages.RecordView:
        reader = pages.make_reader(ctx, pages.Urls(), ZoneInfo("UTC"))
        return pages.record_view(reader, "opportunity", self.deal, pages.read_panel(parse_qs(query)))

    def panel(self, query: str = "panel=who") -> WhoPanel:
        view = self.view(self.admin, query)
        assert isinstance(view.inspector, WhoPanel)
        assert "Who can see this?" in pages.render(view, FRAME)
        return view.inspector


@pytest.fixture
def scene(crm_tenant: TestTenant) -> Iterator[Scene]:
    with rolled_back(crm_tenant.tenant) as db:
        admin = Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.WEB)
        people = {
            "sally": person(admin, "sally", "sales"),
            "bob": person(admin, "bob", "sales"),
            "fina": person(admin, "fina", "finance"),
        }
        deal = records.create_record(people["sally"], "opportunity", {"name": "Helios deal"})
        yield Scene(admin, people, deal.id)


def counted(scene: Scene, query: str = "panel=who&count=1") -> Counted:
    panel = scene.panel(query)
    assert panel.counted
    return panel.counted


def person(ctx: Context, login: str, code: str) -> Context:
    unit = access.create_person(ctx, login=login, name=f"{login.title()} Example", email="s@example.com")
    role = identity.find_unit(ctx, code)
    assert role is not None
    access.add_member(ctx, unit, role)
    return ctx.acting_as(unit)


def test_the_inspector_needs_the_operation_and_the_button_says_so(scene: Scene) -> None:
    assert scene.view(scene.admin, "").who.why == ""
    view = scene.view(scene.people["sally"], "")
    assert "CanManageAdministration" in view.who.why
    with pytest.raises(AccessDenied):
        scene.view(scene.people["sally"], "panel=who")


def test_it_counts_lists_and_checks_whoever_really_may(scene: Scene) -> None:
    panel = counted(scene)
    assert [link.label for link in panel.tally] == ["may read", "may edit", "may delete"]
    assert {"Sally Example", "Fina Example"} <= set(panel.people)
    assert "Bob Example" not in panel.people
    for name, ctx in scene.people.items():
        checked = scene.panel(f"panel=who&person={ctx.actor}").checked
        assert checked
        verdicts = {word: may for word, may, _url in checked.verdicts}
        assert verdicts["read"] == (name != "bob"), name
        try:
            found = records.get_record(ctx, "opportunity", scene.deal, verdicts=True)
        except NotFound:
            assert not any(verdicts.values())
        else:
            assert (verdicts["edit"], verdicts["delete"]) == (found.may_update, found.may_delete)
    by_name = scene.panel("panel=who&person=&person.text=fina example").checked
    assert by_name
    assert by_name.name == "Fina Example"
    assert scene.panel("panel=who&person=&person.text=nobody at all").person.error


def test_blocks_say_by_what_and_any_data_comes_last_in_amber(scene: Scene) -> None:
    records.share_record(scene.admin, "opportunity", scene.deal, UnitId(scene.people["bob"].actor), Verb.READ)
    panel = scene.panel()
    titles = [view.title for view in panel.grants]
    assert titles[0] == "Author"
    assert "Rule of the object: records of All employees" in titles
    assert "Shared with Bob Example" in titles
    shared = next(view for view in panel.grants if view.title == "Shared with Bob Example")
    assert shared.level
    assert shared.level.squares == (("R", True), ("E", False), ("D", False))
    assert ("May not pass on", "") in shared.tags
    assert panel.any_data
    assert all(("Wider than a role rule", "warn") in view.tags for view in panel.any_data)
    html = pages.render(scene.view(scene.admin, "panel=who"), FRAME)
    assert html.index("Shared with Bob Example") < html.index("Wider than a role rule")


def test_a_field_has_an_audience_of_its_own_and_its_rows(scene: Scene) -> None:
    found, panel = counted(scene, "panel=who&column=margin&count=1"), scene.panel("panel=who&column=margin")
    assert [link.label for link in found.tally] == ["may read", "may edit"]
    assert "Fina Example" in found.people
    assert "Sally Example" not in found.people
    assert [view.title for view in panel.field_rows]
    fields = {f.code: f.who_url for g in scene.view(scene.admin, "panel=who").groups for f in g.facts}
    assert parse_qs(urlsplit(fields["margin"]).query) == {"panel": ["who"], "column": ["margin"]}
    assert fields["created_at"] == ""
    assert not any(f.who_url for g in scene.view(scene.admin, "").groups for f in g.facts)
    with pytest.raises(Invalid):
        scene.panel("panel=who&column=nothing")


def test_people_come_by_pages_and_each_once(scene: Scene) -> None:
    finance = identity.find_unit(scene.admin, "finance")
    assert finance is not None
    for number in range(30):
        unit = access.create_person(
            scene.admin, login=f"f{number}", name=f"Fin {number:02}", email="f@example.com"
        )
        access.add_member(scene.admin, unit, finance)
    panel = counted(scene)
    seen: list[str] = []
    count = int(panel.tally[0].count)
    while True:
        seen += panel.people
        if not panel.next_url:
            break
        panel = counted(scene, urlsplit(panel.next_url).query)
    assert (len(seen), len(set(seen))) == (count, count)
    assert panel.first_url


def test_they_are_counted_apart_for_they_may_be_many(scene: Scene) -> None:
    panel = scene.panel("panel=who&column=margin")
    assert panel.counted is None
    asked = pages.read_panel(parse_qs(urlsplit(panel.counts_url).query))
    reader = pages.make_reader(scene.admin, pages.Urls(), ZoneInfo("UTC"))
    apart = pages.render_counts(reader, "opportunity", scene.deal, asked)
    assert "Fina Example" in apart
    assert "Sally Example" not in apart
    assert counted(scene, urlsplit(panel.count_url).query).tally
    with pytest.raises(AccessDenied):
        pages.render_counts(
            pages.make_reader(scene.people["sally"], pages.Urls(), ZoneInfo("UTC")),
            "opportunity",
            scene.deal,
            asked,
        )
