"""Pages of roles: trees, members, links, managers, moving, merging, deleting."""

from collections.abc import Iterator

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.ids import UnitId
from tests._site import Answer
from tests._tenants import Installation
from tests.integration.web._desk import Desk, hidden, opened, text_of


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Iterator[Desk]:
    with opened("rolepages") as made:
        yield made


def role_named(desk: Desk, name: str) -> UnitId | None:
    with desk.inside() as ctx:
        row = ctx.db.row("select id from @.identity_unit where name = %(n)s", {"n": name})
    return None if row is None else UnitId(row[0])


def make_role(desk: Desk, name: str, parent: str | None = None) -> str:
    """A role, remembered under its name."""
    with desk.inside() as ctx:
        above = None if parent is None else desk.units[parent]
        desk.units[name] = access.create_role(ctx, identity.UnitKind.ORG, name, parent=above)
    return f"/roles/{desk.units[name]}"


def parent_of(desk: Desk, name: str) -> UnitId | None:
    with desk.inside() as ctx:
        return identity.get_role(ctx, desk.units[name]).parent


def part(desk: Desk, url: str) -> Answer:
    path, _, query = url.partition("?")
    return desk.admin.site.get(path, QUERY_STRING=query, HTTP_HX_REQUEST="true")


def test_a_tree_opens_on_demand(desk: Desk) -> None:
    page = desk.hana.get("/roles").body.decode()
    assert "North" in page
    assert "Berlin" not in page
    assert "North lead" not in page  # manager roles stand at their unit
    below = part(desk, f"/roles/{desk.units['north']}/children").body.decode()
    assert "Berlin" in below
    assert "<html" not in below
    without_script = text_of(desk.hana.get(f"/roles?at={desk.units['north']}"))
    assert "Berlin" in without_script
    assert "Sales managers" in text_of(desk.hana.get("/roles?tree=functional"))
    assert "All external users" in text_of(desk.hana.get("/roles?tree=external"))
    assert desk.hana.get("/roles?tree=other").status == 404
    for url in ("/roles", desk.url("north"), f"/roles/{desk.units['north']}/children"):
        assert desk.people["ann"].get(url).status == 403


def test_a_long_level_comes_in_parts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ostiary.web._roles_views.LEVEL", 2)
    make_role(desk, "Long")
    for name in ("a", "b", "c", "d", "e"):
        make_role(desk, f"Long {name}", "Long")
    seen, url = [], f"/roles/{desk.units['Long']}/children"
    for _ in range(3):
        page = part(desk, url).body.decode()
        seen += [name for name in ("Long a", "Long b", "Long c", "Long d", "Long e") if f">{name}<" in page]
        url = page.partition('data-more="')[2].partition('"')[0].replace("&amp;", "&")
    assert seen == ["Long a", "Long b", "Long c", "Long d", "Long e"]
    assert url == ""
    assert "Long d" in text_of(desk.admin.get(f"{desk.url('Long')}/children?after={desk.units['Long b']}"))


def test_roles_are_found_by_words(desk: Desk) -> None:
    page = text_of(desk.hana.get("/roles?q=nor+lea"))
    assert "North lead managers of North 1" in page
    assert "No such role" in text_of(desk.hana.get("/roles?q=nowhere"))
    assert desk.hana.get("/roles?q=a+b+c+d+e+f+g").status == 422


def test_a_role_is_made_below_another(desk: Desk) -> None:
    url = f"/roles/new?parent={desk.units['south']}"
    assert 'value="South"' in desk.hana.get(url).body.decode()
    fields = {"tree": "", "name": "Hamburg", "parent": str(desk.units["south"])}
    said, saved = desk.admin.save("/roles/new", fields)
    assert "Nobody gains or loses anything." in said
    assert saved.headers["Location"] == f"/roles/{role_named(desk, 'Hamburg')}?done=added"
    desk.units["Hamburg"] = role_named(desk, "Hamburg") or UnitId(desk.home.tenant.id)
    assert parent_of(desk, "Hamburg") == desk.units["south"]
    below_north = {**fields, "name": "Kiel", "parent": str(desk.units["north"])}
    said = text_of(desk.admin.post("/roles/new", below_north))
    assert "Mona Manager (" in said  # she manages it
    assert "have what is given to Kiel" in said
    assert desk.admin.post("/roles/new", {"tree": "", "name": ""}).status == 422
    desk.hana.save("/roles/new", {"tree": "functional", "name": "Jurors"})
    with desk.inside() as ctx:
        found = role_named(desk, "Jurors")
        assert found
        assert identity.get_role(ctx, found).kind is identity.UnitKind.FUNC


def test_members_are_paged_found_given_and_taken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    url = make_role(desk, "Choir")
    with desk.inside() as ctx:
        people = [
            access.create_person(ctx, login=f"singer{n}", name=f"Singer {n}", email="") for n in range(5)
        ]
        access.add_members(ctx, [(p, desk.units["Choir"]) for p in people])
    monkeypatch.setattr("ostiary.web._roles_views.PAGE", 3)
    first = desk.hana.get(url)
    assert "Members 5" in text_of(first)
    assert "Singer 2" in text_of(first)
    assert "Singer 3" not in text_of(first)
    following = first.body.decode().partition('rel="next" href="')[2].partition('"')[0]
    assert "Singer 3" in text_of(desk.hana.get(following.replace("&amp;", "&")))
    assert "Singer 4" in text_of(desk.hana.get(f"{url}?q=singer4"))
    found = text_of(desk.admin.post(f"{url}/members", {"q": "ann", "find": "1"}))
    assert "Ann Agent (ann)" in found
    fields = {"add": [str(desk.units["ann"])], "remove": [str(people[0])]}
    said, saved = desk.admin.save(f"{url}/members", fields)
    assert "Singer 0 loses the role Choir" in said
    assert saved.status == 302
    assert "Choir" in desk.roles_of("ann")
    assert "Singer 0" not in text_of(desk.hana.get(url))
    gone = desk.admin.post(f"{url}/members", {"remove": [str(people[0])]})
    assert gone.status == 404  # it was taken away already
    assert desk.people["ann"].post(f"{url}/members", {"add": [str(people[0])]}).status == 403


def test_a_role_is_moved_and_never_below_itself(desk: Desk) -> None:
    url = make_role(desk, "Lyon", "south")
    make_role(desk, "Old town", "Lyon")
    for target, text in (
        ("Old town", "cannot lie below itself"),
        ("south", "It lies there already."),
        ("sales", "of the same kind"),
    ):
        refused = desk.admin.post(f"{url}/move", {"parent": str(desk.units[target])})
        assert refused.status == 422, target
        assert text in text_of(refused)
    page = desk.admin.post(f"{url}/move", {"parent.text": "north"})
    assert "Lyon lies below North from now on" in text_of(page)
    assert parent_of(desk, "Lyon") == desk.units["south"]
    assert desk.admin.press_save(f"{url}/move", page).status == 302
    assert parent_of(desk, "Lyon") == desk.units["north"]
    root = desk.units[identity.ALL_EMPLOYEES]
    assert desk.admin.post(f"/roles/{root}/move", {"parent": str(desk.units["north"])}).status == 422


def test_a_move_shows_who_gains_by_it(desk: Desk) -> None:
    url = make_role(desk, "Bergen")
    with desk.inside() as ctx:
        olga = access.create_person(ctx, login="olga", name="Olga Oslo", email="")
        access.add_member(ctx, olga, desk.units["Bergen"])
    said = text_of(desk.admin.post(f"{url}/move", {"parent": str(desk.units["north"])}))
    assert "Gained: this gives more than before" in said
    assert "Olga Oslo" in said
    assert "have what is given to Sales managers" in said  # linked to North
    assert "have their records reached by the managers of North" in said


def test_links_are_changed_from_either_side(desk: Desk) -> None:
    url = make_role(desk, "Porto")
    sales = str(desk.units["sales"])
    found = text_of(desk.admin.post(f"{url}/links", {"q": "sales", "find": "1"}))
    assert "Sales (functional)" in found
    assert "North" not in found
    desk.admin.save(f"{url}/links", {"add": [sales]})
    assert "Sales" in text_of(desk.admin.get(url))
    said, _ = desk.admin.save(f"/roles/{sales}/links", {"remove": [str(desk.units["Porto"])]})
    assert "Sales is no longer linked to Porto" in said
    assert desk.admin.get(desk.url("lead", "/links")).status == 404


def test_a_unit_gets_managers_and_a_mark(desk: Desk) -> None:
    url = make_role(desk, "Rome")
    assert "Rome managers" in desk.admin.get(f"{url}/manager").body.decode()
    desk.admin.save(f"{url}/manager", {"name": "Consuls"})
    assert "Manager role Consuls" in text_of(desk.admin.get(url))
    again = desk.admin.post(f"{url}/manager", {"name": "Others"})
    assert again.status == 422
    assert "has a manager role already" in text_of(again)
    said, _ = desk.admin.save(f"{url}/mark", {"not_inherited": "yes"})
    assert "Managers get nothing by Rome" in said
    assert "not inherited by managers" in text_of(desk.admin.get(url))
    assert desk.admin.get(f"/roles/{desk.units['sales']}/manager").status == 404


def test_a_role_is_renamed(desk: Desk) -> None:
    url = make_role(desk, "Oldname")
    assert desk.admin.post(f"{url}/rename", {"name": " "}).status == 422
    said, _ = desk.hana.save(f"{url}/rename", {"name": "Newname"})
    assert "Oldname is called Newname from now on" in said
    assert "Newname" in text_of(desk.admin.get(url))


def test_a_role_takes_the_place_of_another(desk: Desk) -> None:
    url = make_role(desk, "Lille")
    make_role(desk, "Lille east", "Lille")
    with desk.inside() as ctx:
        access.add_member(ctx, desk.units["bob"], desk.units["Lille"])
    for target in ("Lille", "Lille east", "sales"):
        assert desk.admin.post(f"{url}/merge", {"into": str(desk.units[target])}).status == 422, target
    said, saved = desk.admin.save(f"{url}/merge", {"into": str(desk.units["south"])})
    assert "South takes the place of Lille, which goes" in said
    assert saved.headers["Location"] == f"{desk.url('south')}?done=saved"
    assert "South" in desk.roles_of("bob")
    assert parent_of(desk, "Lille east") == desk.units["south"]
    assert desk.admin.get(url).status == 404


def test_a_role_is_deleted_once_it_was_told_what_refers_to_it(desk: Desk) -> None:
    url = make_role(desk, "Nice")
    make_role(desk, "Nice port", "Nice")
    with desk.inside() as ctx:
        access.add_member(ctx, desk.units["bob"], desk.units["Nice"])
    told = text_of(desk.admin.get(f"{url}/delete"))
    assert "Members: 1. Roles below it: 1." in told
    refused = desk.admin.post(f"{url}/delete", {"children_up": ""})
    assert refused.status == 422
    assert "Roles lie below this one" in text_of(refused)
    said, saved = desk.admin.save(f"{url}/delete", {"children_up": "yes"})
    assert "Lost" in said
    assert saved.status == 302
    assert desk.admin.get(url).status == 404
    assert parent_of(desk, "Nice port") == desk.units[identity.ALL_EMPLOYEES]
    root = f"/roles/{desk.units[identity.ALL_EMPLOYEES]}"
    assert desk.admin.post(f"{root}/delete", {"children_up": "yes"}).status == 422
    assert "Delete" not in text_of(desk.admin.get(root))


def test_every_change_needs_to_be_confirmed_by_whoever_manages_users(desk: Desk) -> None:
    url = make_role(desk, "Guarded")
    with desk.inside() as ctx:
        epoch = identity.current_epoch(ctx)
    for place, fields in (
        ("/rename", {"name": "Taken"}),
        ("/move", {"parent": str(desk.units["north"])}),
        ("/merge", {"into": str(desk.units["south"])}),
        ("/delete", {}),
        ("/mark", {"not_inherited": "yes"}),
        ("/manager", {"name": "Heads"}),
        ("/members", {"add": [str(desk.units["ann"])]}),
        ("/links", {"add": [str(desk.units["sales"])]}),
    ):
        forged = {**fields, "seen_epoch": str(epoch)}
        assert desk.people["ann"].post(f"{url}{place}", forged).status == 403, place
        page = desk.admin.post(f"{url}{place}", fields)
        assert page.status == 200, place
        assert "seen_epoch" in hidden(page)
        forged_form = desk.admin.site.post(f"{url}{place}", b"name=Taken&seen_epoch=1")
        assert forged_form.status == 403, place  # no token of ours
    with desk.inside() as ctx:
        assert identity.current_epoch(ctx) == epoch
