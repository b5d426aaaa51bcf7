"""People and roles over REST: the same calls as the pages, with the same refusals."""

from collections.abc import Iterator
from typing import Any

import pytest

from ostiary.identity import public as identity
from tests._tenants import Installation
from tests.integration.web._desk import Desk, opened

CHANGES, PREVIEW = "/api/v1/people/changes", "/api/v1/people/changes/preview"
Call = tuple[int, dict[str, Any]]


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Iterator[Desk]:
    with opened("peopleapi") as made:
        yield made


def ask(desk: Desk, who: str, method: str, url: str, body: object = None) -> Call:
    return desk.people[who].call(method, url, body)


def member(desk: Desk, who: str, role: str, **more: object) -> dict[str, object]:
    return {
        "change": "set_member",
        "principal": str(desk.units[who]),
        "role": str(desk.units[role]),
        **more,
    }


def test_people_are_listed_found_and_paged(desk: Desk) -> None:
    status, found = ask(desk, "hana", "GET", "/api/v1/people?limit=2&count=true")
    assert status == 200
    assert (len(found["people"]), found["count"] >= 5, found["capped"]) == (2, True, False)
    names = [p["name"] for p in found["people"]]
    while found["next"]:
        _, found = ask(desk, "hana", "GET", f"/api/v1/people?limit=2&after={found['next']}")
        names += [p["name"] for p in found["people"]]
    assert names == sorted(names)
    assert {"Ada Admin", "Ann Agent", "Bob Other", "Hana Host", "Mona Manager"} <= set(names)
    _, found = ask(desk, "hana", "GET", f"/api/v1/people?role={desk.units['berlin']}&active=true")
    assert [p["login"] for p in found["people"]] == ["ann", "bob"]
    _, found = ask(desk, "hana", "GET", "/api/v1/people?search=age&kind=employee")
    assert [p["name"] for p in found["people"]] == ["Ann Agent"]
    assert ask(desk, "ann", "GET", "/api/v1/people")[0] == 403


@pytest.mark.parametrize(
    "query", ["kind=cat", "active=maybe", "limit=0", "limit=2000", "role=x", "after=x", "colour=red"]
)
def test_parameters_that_are_none_are_refused_by_name(desk: Desk, query: str) -> None:
    status, body = ask(desk, "hana", "GET", f"/api/v1/people?{query}")
    assert status == 422
    assert body["errors"][0]["field"] == query.partition("=")[0]


def test_a_person_is_made_read_and_changed(desk: Desk) -> None:
    new = {"login": "rest.person", "name": "Rest Person", "email": "rest@example.com"}
    for wrong, field in (
        ({**new, "colour": "red"}, "colour"),
        ({"login": "x", "name": "X"}, "email"),
        ({**new, "external": "yes"}, "external"),
        ({**new, "email": "no address"}, "email"),
        ({**new, "login": "ann"}, "login"),
    ):
        status, body = ask(desk, "hana", "POST", "/api/v1/people", wrong)
        assert (status, body["errors"][0]["field"]) == (422, field)
    assert ask(desk, "ann", "POST", "/api/v1/people", new)[0] == 403
    status, made = ask(desk, "hana", "POST", "/api/v1/people", new)
    assert status == 201
    url = f"/api/v1/people/{made['id']}"
    status, changed = ask(desk, "hana", "PATCH", url, {"language": "de"})
    assert (status, changed["language"], changed["name"]) == (200, "de", "Rest Person")
    assert ask(desk, "hana", "GET", url)[1] == changed
    assert ask(desk, "hana", "PATCH", url, {"login": "other"})[0] == 422
    assert ask(desk, "hana", "GET", f"/api/v1/people/{desk.units['north']}")[0] == 404
    robot = {"service": True, "login": "rest.robot", "name": "Robot"}
    assert ask(desk, "hana", "POST", "/api/v1/people", robot)[1]["kind"] == "service"


def test_the_ways_to_roles_are_told(desk: Desk) -> None:
    status, found = ask(desk, "hana", "GET", f"/api/v1/people/{desk.units['ann']}/roles")
    assert status == 200
    assert [role["name"] for role in found["direct"]] == ["Berlin"]
    ways = {role["name"]: role["ways"][0] for role in found["effective"]}
    assert [hop["step"] for hop in ways["Sales managers"]["hops"]] == ["direct", "above", "link"]
    assert ways["All employees"]["hops"][0]["step"] == "everybody"
    url = f"/api/v1/people/{desk.units['mona']}/roles"
    _, managed = ask(desk, "hana", "GET", f"{url}?managing=true")
    assert managed["manages"] == [str(desk.units["north"])]
    assert "Berlin" in {role["name"] for role in managed["effective"]}
    assert ask(desk, "hana", "GET", f"{url}?managing=maybe")[0] == 422


def test_roles_are_found_listed_and_told(desk: Desk) -> None:
    _, found = ask(desk, "hana", "GET", "/api/v1/roles?search=nor&kind=org")
    assert [role["name"] for role in found["roles"]] == ["North"]
    _, below = ask(desk, "hana", "GET", f"/api/v1/roles?parent={desk.units['north']}")
    assert [role["name"] for role in below["roles"]] == ["Berlin"]
    _, role = ask(desk, "hana", "GET", f"/api/v1/roles/{desk.units['north']}")
    assert role["manager"] == str(desk.units["lead"])
    assert role["references"]["children"] == 1
    assert ask(desk, "hana", "GET", f"/api/v1/roles/{desk.units['ann']}")[0] == 404
    assert ask(desk, "ann", "GET", f"/api/v1/roles/{desk.units['north']}")[0] == 403


def test_changes_are_previewed_and_made_if_nothing_else_changed(desk: Desk) -> None:
    body = {"changes": [member(desk, "mona", "sales")]}
    status, seen = ask(desk, "admin", "POST", PREVIEW, body)
    assert (status, seen["widens"]) == (200, True)
    assert any(c["who"] == [{"id": str(desk.units["mona"]), "name": "Mona Manager"}] for c in seen["gained"])
    assert "Sales" not in desk.roles_of("mona")
    assert ask(desk, "hana", "POST", CHANGES, {"changes": [member(desk, "bob", "south")]})[0] == 200
    status, refused = ask(desk, "admin", "POST", CHANGES, {**body, "epoch": seen["epoch"]})
    assert (status, refused["code"]) == (409, "version_conflict")
    assert "Sales" not in desk.roles_of("mona")
    _, seen = ask(desk, "admin", "POST", PREVIEW, body)
    assert ask(desk, "admin", "POST", CHANGES, {**body, "epoch": seen["epoch"]})[0] == 200
    assert "Sales" in desk.roles_of("mona")
    assert ask(desk, "hana", "POST", PREVIEW, body)[0] == 403  # not hers to see


def test_a_list_of_changes_is_made_whole_or_not_at_all(desk: Desk) -> None:
    new = str(identity.NO_UNIT).replace("0000", "0001", 1)
    make = {"change": "create_role", "kind": "func", "name": "By REST", "role": new}
    join = {"change": "set_member", "principal": str(desk.units["bob"]), "role": new}
    wrong = {"change": "move_role", "role": new, "parent": str(desk.units["north"])}
    status, body = ask(desk, "hana", "POST", CHANGES, {"changes": [make, join, wrong]})
    assert (status, body["errors"][0]["field"]) == (422, "parent")
    assert "By REST" not in desk.roles_of("bob")
    status, body = ask(desk, "hana", "POST", CHANGES, {"changes": [make, join]})
    assert (status, body["roles"]) == (200, [new])
    assert "By REST" in desk.roles_of("bob")
    given = {"change": "delegate", "grantor": str(desk.units["ann"]), "receiver": str(desk.units["bob"])}
    assert ask(desk, "hana", "POST", CHANGES, {"changes": [given]})[0] == 403  # needs another operation
    assert ask(desk, "ann", "POST", CHANGES, {"changes": [make]})[0] == 403


def test_every_change_has_a_form(desk: Desk) -> None:
    unit = {name: str(id_) for name, id_ in desk.units.items()}
    until = "2099-01-01T00:00:00+00:00"
    role = {"change": "create_role", "kind": "org", "name": "Formed"}
    _, made = ask(desk, "admin", "POST", CHANGES, {"changes": [role, {**role, "name": "Kept"}]})
    one, two = made["roles"]
    changes = [
        {"change": "rename_role", "role": one, "name": "Reformed"},
        {"change": "move_role", "role": one, "parent": unit["north"]},
        {"change": "mark_role", "role": one, "not_inherited": True},
        {"change": "set_link", "org": one, "func": unit["sales"]},
        {"change": "set_link", "org": one, "func": unit["sales"], "linked": False},
        {"change": "delegate", "grantor": unit["mona"], "receiver": one, "valid_to": until},
        {"change": "elevate", "person": unit["ann"], "role": one, "reason": "to help", "valid_to": until},
        {"change": "set_attribute", "principal": unit["ann"], "name": "regions", "values": [unit["north"]]},
        {"change": "set_active", "principal": unit["ann"], "active": True},
        {"change": "merge_roles", "role": one, "into": two},
    ]
    assert ask(desk, "admin", "POST", CHANGES, {"changes": changes})[0] == 200
    _, standing = ask(desk, "hana", "GET", f"/api/v1/people/{unit['ann']}/standing")
    assert standing["elevations"][0]["role"] == two
    assert standing["attributes"] == {"regions": [unit["north"]]}
    _, given = ask(desk, "hana", "GET", f"/api/v1/people/{unit['mona']}/standing")
    ends = [
        {"change": "end_elevation", "elevation": standing["elevations"][0]["id"]},
        {"change": "end_delegation", "delegation": given["given"][0]["id"]},
        {"change": "remove_role", "role": two, "children_up": True},
    ]
    assert ask(desk, "admin", "POST", CHANGES, {"changes": ends})[0] == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (None, "changes"),
        ([], "changes"),
        ([{}] * 1001, "changes"),
        (["x"], "changes.0"),
        ([{"change": "unheard"}], "changes.0.change"),
        ([{"change": "set_active", "principal": "x", "active": True}], "changes.0.principal"),
        ([{"change": "set_active"}], "changes.0.principal"),
        ([{"change": "rename_role", "role": str(identity.NO_UNIT), "name": 1}], "changes.0.name"),
        (
            [{"change": "rename_role", "role": str(identity.NO_UNIT), "name": "x", "more": 1}],
            "changes.0.more",
        ),
        ([{"change": "create_role", "kind": "person", "name": "x"}], "changes.0.kind"),
        (
            [
                {
                    "change": "delegate",
                    "grantor": str(identity.NO_UNIT),
                    "receiver": str(identity.NO_UNIT),
                    "valid_to": "2099-01-01",
                }
            ],
            "changes.0.valid_to",
        ),
        (
            [
                {
                    "change": "set_attribute",
                    "principal": str(identity.NO_UNIT),
                    "name": "x",
                    "values": "all",
                }
            ],
            "changes.0.values",
        ),
    ],
)
def test_what_is_malformed_is_refused_at_its_place(desk: Desk, changes: object, field: str) -> None:
    status, body = ask(desk, "hana", "POST", CHANGES, {"changes": changes})
    assert (status, body["errors"][0]["field"]) == (422, field)
