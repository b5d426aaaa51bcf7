"""Saved views: one's own, of a role, for everybody; whose comes first, who may change them."""

from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, NotFound
from ostiary.kernel.ids import UnitId
from ostiary.pages import public as pages
from ostiary.pages._view_store import read_views
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation, TestTenant, rolled_back
from tests.integration.objects._worlds import BOAT, apply, inside, make_home, open_to_all
from tests.integration.pages._readers import heads, html, listed, names, person, reader
from tests.integration.records._viewers import give_level, unit


@pytest.fixture
def admin(crm_tenant: TestTenant) -> Iterator[Context]:
    with rolled_back(crm_tenant.tenant) as db:
        yield Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.WEB)


@pytest.fixture
def ann(admin: Context) -> Context:
    made = person(admin, "ann", "sales")
    for name, amount in (("Alpha", "1"), ("Beta", "2")):
        records.create_record(made, "opportunity", {"name": name, "amount": amount})
    return made


def posted(**given: str) -> dict[str, Sequence[str]]:
    return {name: [value] for name, value in given.items()}


def save(ctx: Context, name: str, state: str, role: UnitId | None = None, **more: str) -> UUID:
    to = {"role": str(role)} if role else {}
    made = pages.submit_view(reader(ctx), "opportunity", posted(name=name, state=state, **to, **more))
    assert isinstance(made, pages.Saved), made
    return made.record_id


def act(ctx: Context, view: UUID, do: str, **more: str) -> pages.ListView:
    """Press a button of the panel and go on to where it leads."""
    made = pages.submit_view_change(reader(ctx), "opportunity", view, posted(do=do, **more))
    assert isinstance(made, pages.Saved), made
    return listed(ctx, made.back.partition("?")[2])


def tabs(view: pages.ListView) -> list[str]:
    return [tab.label for tab in view.tabs]


def opened(view: pages.ListView) -> str:
    return next(tab.label for tab in view.tabs if tab.current)


def test_a_view_shows_again_what_was_saved_and_is_seen_by_its_owner_alone(
    admin: Context, ann: Context
) -> None:
    bea = person(admin, "bea", "sales")
    view = save(
        ann, "  Big  ones ", "f=amount&o=ge&v=2&c=amount&sort=-name&group=&density=compact&page=7&builder=1"
    )
    shown = listed(ann, f"view={view}")
    assert (opened(shown), names(shown), heads(shown)) == ("Big ones", ["Beta"], ["Name", "Amount"])
    assert (shown.density, shown.builder, shown.first) == ("compact", None, 1)
    assert "Big ones" not in html(listed(bea))
    theirs = listed(bea, f"view={view}")
    assert (theirs.gone, opened(theirs)) == (True, "All you may read")
    assert listed(ann, f"view={uuid4()}").gone
    for do in ("save", "rename", "delete", "first", "restore", "nothing"):
        with pytest.raises(NotFound):
            act(bea, view, do, name="Mine")


def test_a_view_that_was_changed_is_not_the_view_until_it_is_saved(ann: Context) -> None:
    view = save(ann, "One", "f=amount&o=ge&v=2")
    changed = listed(ann, f"view={view}").chips[0].url.partition("?")[2]
    assert (names(listed(ann, changed)), opened(listed(ann, changed))) == (["Beta", "Alpha"], "One")
    assert names(listed(ann, f"view={view}")) == ["Beta"]
    assert len(act(ann, view, "save", state="").rows) == 2
    assert opened(act(ann, view, "rename", name="Two")) == "Two"
    refused = pages.submit_view_change(
        reader(ann), "opportunity", view, posted(do="rename", name=" ", state="")
    )
    assert isinstance(refused, pages.Refused)
    assert refused.status == 422
    assert "A name has 1 to 60 characters" in html(refused.view)  # type: ignore[arg-type]  # it is the list


def test_mine_is_kept_as_each_readers_own(admin: Context, ann: Context) -> None:
    sales = unit(admin, "sales")
    view = save(admin, "Own", "view=mine", sales)
    assert len(listed(ann, f"view={view}").rows) == 2
    boss = person(admin, "boss", "sales", "sales_managers")
    assert listed(boss, f"view={view}").rows == ()


def test_only_who_may_saves_changes_and_deletes_views_for_others(admin: Context, ann: Context) -> None:
    sales = unit(admin, "sales")
    for ctx, do in ((ann, "save"), (ann, "delete")):
        view = save(admin, "Ours", "c=amount", sales)
        assert "Ours" in tabs(listed(ctx))
        with pytest.raises(AccessDenied) as refused:
            act(ctx, view, do)
        assert refused.value.details["operation"] == "CanCreateDefaultGridSettings"
        act(admin, view, do)
    with pytest.raises(AccessDenied):
        save(ann, "For all", "", sales)
    with pytest.raises(AccessDenied):
        pages.render_view_roles(reader(ann), "sal")
    assert str(sales) in pages.render_view_roles(reader(admin), "sal")
    nobody = pages.submit_view(
        reader(admin), "opportunity", posted(name="X", state="", **{"role.text": "Nobody"})
    )
    assert isinstance(nobody, pages.Refused)
    to_person = posted(name="X", state="", role=str(ann.actor))
    assert isinstance(pages.submit_view(reader(admin), "opportunity", to_person), pages.Refused)
    save(admin, "Deals", "", sales)
    assert ("Deals" in tabs(listed(ann)), "Deals" in tabs(listed(ann, code="account"))) == (True, False)


def test_ones_own_choice_beats_the_roles_and_that_what_is_for_everybody(admin: Context, ann: Context) -> None:
    everybody = unit(admin, identity.ALL_EMPLOYEES)
    assert opened(listed(ann)) == "All you may read"
    save(admin, "For all", "c=amount", everybody, opens="yes")
    assert opened(listed(ann)) == "For all"
    save(admin, "For sales", "c=stage", unit(admin, "sales"), opens="yes")
    assert opened(listed(ann)) == "For sales"
    own = save(ann, "My own", "c=owner")
    assert opened(listed(ann)) == "For sales"
    act(ann, own, "first")
    assert opened(listed(ann)) == "My own"
    assert opened(listed(ann, "view=all")) == "All you may read"
    assert opened(listed(ann, "f=name&o=eq&v=Beta")) == "All you may read"
    act(ann, own, "not_first")
    assert opened(listed(ann)) == "All you may read"
    act(ann, own, "first")
    act(ann, own, "delete")
    assert opened(listed(ann)) == "All you may read"


def test_what_was_deleted_is_taken_back(admin: Context, ann: Context) -> None:
    view = save(ann, "Gone soon", "c=amount")
    assert "Gone soon" not in tabs(act(ann, view, "delete"))
    with pytest.raises(NotFound):
        act(ann, view, "save")
    assert opened(act(ann, view, "restore")) == "Gone soon"
    act(ann, view, "delete")
    admin.db.run(
        "update @.pages_saved_view set deleted_at = now() - interval '2 days' where id = %(i)s", {"i": view}
    )
    with pytest.raises(NotFound):
        act(ann, view, "restore")
    act(ann, save(ann, "Another", ""), "delete")
    assert admin.db.row("select 1 from @.pages_saved_view where id = %(i)s", {"i": view}) is None


def test_a_view_gives_no_right_and_opens_although_a_column_is_gone(admin: Context, ann: Context) -> None:
    state = "c=amount&c=dropped_long_ago&f=amount&o=ge&v=2&f=dropped&o=eq&v=1&sort=amount&group=amount"
    view = save(admin, "All we know", state, unit(admin, "sales"))
    before = listed(ann, f"view={view}")
    assert (heads(before), names(before), before.missing) == (["Name", "Amount"], ["Beta"], True)
    give_level(admin, "opportunity", "amount", ann, access.ColumnLevel.NONE)
    after = listed(ann, f"view={view}")
    assert (heads(after), len(after.rows), after.errors) == (["Name"], 2, 2)
    assert "Some columns of this list are not there for you" in html(after)


def test_there_is_an_end_to_what_is_kept(ann: Context) -> None:
    for name, state in (
        ("", ""),
        ("x" * 61, ""),
        ("a\x00b", ""),
        ("long", "&".join(["c=" + "p" * 190] * 90)),
    ):
        made = pages.submit_view(reader(ann), "opportunity", posted(name=name, state=state))
        assert isinstance(made, pages.Refused) is (name != "long")
    for number in range(49):
        save(ann, f"View {number}", "")
    full = pages.submit_view(reader(ann), "opportunity", posted(name="One more", state=""))
    assert isinstance(full, pages.Refused)


def test_a_tenant_of_the_release_before_has_lists_and_no_views(installation: Installation) -> None:
    home = make_home("views")
    apply(home, BOAT)
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        records.create_record(ctx, "boat", {"name": "Ann"})
        made = pages.submit_view(reader(ctx), "boat", posted(name="One", state=""))
        assert isinstance(made, pages.Saved)
    with tenancy.owner_transaction(home.tenant) as owner:
        owner.ddl("drop table @.pages_view_choice, @.pages_saved_view")
    with inside(home) as ctx:
        assert names(listed(ctx, f"view={made.record_id}", "boat")) == ["Ann"]
        assert isinstance(pages.submit_view(reader(ctx), "boat", posted(name="Two", state="")), pages.Refused)
        for do in ("not_first", "save"):
            with pytest.raises(NotFound):
                pages.submit_view_change(reader(ctx), "boat", made.record_id, posted(do=do))


def test_the_panel_offers_what_may_be_done(admin: Context, ann: Context) -> None:
    view = save(admin, "Ours", "", unit(admin, "sales"))
    state = f"view={view}&panel=view"
    may, may_not = html(listed(admin, state)), html(listed(ann, state))
    for words in ("For the members of a role", 'value="delete"', 'value="rename"'):
        assert words in may
        assert words not in may_not
    assert 'value="first"' in may_not
    assert parse_qs(state)


def test_a_view_of_a_role_goes_with_the_role(admin: Context) -> None:
    bea = person(admin, "bea", "sales")
    role = access.create_role(admin, identity.UnitKind.FUNC, "Team of the fair")
    access.add_member(admin, UnitId(bea.actor), role)
    save(admin, "At the fair", "sort=name", role)
    object_id = records.describe(admin, "opportunity").object.id
    assert [view.name for view in read_views(bea, object_id).views] == ["At the fair"]
    access.remove_member(admin, UnitId(bea.actor), role)
    assert read_views(bea, object_id).views == ()
