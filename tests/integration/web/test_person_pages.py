"""The page of a person: who they are, the ways to their roles, who stands in for whom."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from ostiary.access import public as access
from ostiary.access.public import Grant, Grants, Scope
from ostiary.identity import public as identity
from ostiary.kernel import clock
from ostiary.objects import public as objects
from ostiary.records import public as records
from tests._tenants import Installation
from tests.integration.web._desk import Desk, hidden, opened, text_of

NEW = {"login": "Zoe", "name": "Zoe Zander", "email": "zoe@example.com", "language": "de", "time_zone": "UTC"}


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Iterator[Desk]:
    with opened("personpages") as made:
        yield made


def test_a_person_is_made_with_a_form_that_names_what_is_wrong(desk: Desk) -> None:
    assert 'value="UTC" selected' in desk.hana.get("/people/new").body.decode()
    wrong = {**NEW, "login": "two words", "email": "nowhere", "time_zone": "Mars/Base"}
    refused = desk.hana.post("/people/new", wrong)
    assert refused.status == 422
    assert "login" in refused.body.decode().partition('role="alert"')[2][:400]
    refused = desk.hana.post("/people/new", {**wrong, "login": "zoe"})
    assert 'aria-invalid="true"' in refused.body.decode()
    assert "looks like name@example.com" in text_of(refused)
    assert "no such time zone" in text_of(refused)
    made = desk.hana.post("/people/new", NEW)
    assert made.status == 302
    page = text_of(desk.hana.get(made.headers["Location"]))
    assert "Zoe Zander" in page
    assert "zoe@example.com" in page
    assert "taken" in text_of(desk.hana.post("/people/new", NEW))
    url = made.headers["Location"].partition("?")[0]
    assert desk.people["ann"].post("/people/new", {**NEW, "login": "other"}).status == 403
    assert desk.hana.post(f"{url}/edit", {**NEW, "name": " "}).status == 422
    assert desk.hana.post(f"{url}/edit", {**NEW, "name": "Zoe Zeal"}).status == 302
    assert "Zoe Zeal" in text_of(desk.hana.get(url))


def test_several_roles_are_given_and_taken_at_once(desk: Desk) -> None:
    url, south, sales = desk.url("ann", "/roles"), str(desk.units["south"]), str(desk.units["sales"])
    found = desk.admin.post(url, {"q": "sou", "find": "1", "add": [sales]})
    assert "South (organisational, below All employees)" in text_of(found)
    assert f'value="{sales}" checked' in found.body.decode()  # what was chosen stays chosen
    assert desk.admin.post(url, {"q": "sou"}).status == 422
    fields = {"add": [south, sales], "remove": [str(desk.units["berlin"])]}
    page = desk.admin.post(url, fields)
    said = text_of(page)
    assert "Ann Agent gets the role South" in said
    assert "Ann Agent loses the role Berlin" in said
    assert "Gained: this gives more than before" in said
    assert desk.roles_of("ann") == {"Berlin"}
    back = desk.admin.post(url, {**hidden(page), "back_to_form": "1"})
    assert f'value="{south}" checked' in back.body.decode()
    assert desk.admin.press_save(url, page).status == 302
    assert desk.roles_of("ann") == {"South", "Sales"}
    desk.admin.save(url, {"add": [str(desk.units["berlin"])], "remove": [south, sales]})


def test_a_membership_holds_at_the_next_request(desk: Desk) -> None:
    url, sales, hana = desk.url("hana", "/roles"), [str(desk.units["sales"])], desk.hana
    assert hana.get("/o/account/").status == 403
    assert hana.call("GET", "/api/v1/records/account")[0] == 403
    desk.admin.save(url, {"add": sales})
    assert hana.get("/o/account/").status == 200
    assert hana.call("GET", "/api/v1/records/account")[0] == 200
    desk.admin.save(url, {"remove": sales})
    assert hana.get("/o/account/").status == 403
    assert hana.call("GET", "/api/v1/records/account")[0] == 403


@pytest.mark.parametrize(
    "chosen", [{"add": ["nonsense"]}, {"remove": ["1"]}, {"add": ["0" * 8]}, {"add": ["'; drop table x"]}]
)
def test_forged_choices_are_absent(desk: Desk, chosen: dict[str, list[str]]) -> None:
    assert desk.admin.post(desk.url("ann", "/roles"), chosen).status == 404
    assert desk.roles_of("ann") == {"Berlin"}


def test_a_role_that_is_not_there_or_of_the_other_side_is_refused(desk: Desk) -> None:
    with desk.inside() as ctx:
        outside = access.create_role(ctx, identity.UnitKind.ORG, "Partners", external=True)
    url = desk.url("ann", "/roles")
    for unit in (outside, desk.units["ann"], desk.home.tenant.id):
        refused = desk.admin.post(url, {"add": [str(unit)]})
        assert refused.status == 422
        assert desk.hana.post(url, {"add": [str(unit)]}).status == 422
    assert desk.roles_of("ann") == {"Berlin"}


def test_each_effective_role_tells_the_way_to_it(desk: Desk) -> None:
    page = text_of(desk.hana.get(desk.url("ann", "?tab=roles")))
    assert "Berlin given directly" in page
    assert "North above Berlin, which Ann Agent is a member of" in page
    assert "by link from North, above Berlin, which Ann Agent is a member of" in page
    assert "All employees everybody has it" in page
    page = text_of(desk.hana.get(desk.url("mona", "?tab=roles")))
    assert "North lead given directly" in page
    assert "Manages North" in page
    page = text_of(desk.hana.get(desk.url("mona", "?tab=managed")))
    assert "Berlin somebody below North has it, whom they manage" in page
    assert "North lead" not in page


def test_somebody_acts_for_another_and_no_longer(desk: Desk) -> None:
    url = desk.url("mona", "/delegate")
    until = (clock.now() + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M")
    by_name = {"way": "give", "other": "", "other.text": "ann", "valid_to": until}
    said, saved = desk.admin.save(url, by_name)
    assert "Ann Agent acts with everything that Mona Manager may" in said
    assert saved.status == 302
    page = text_of(desk.hana.get(desk.url("mona", "?tab=standing")))
    assert "Ann Agent until" in page
    assert "CanChangeAdminUnitGrantedRight" in page  # which hana lacks
    page = text_of(desk.hana.get(desk.url("ann", "?tab=roles")))
    assert "North lead by delegation from Mona Manager" in page
    with desk.inside() as ctx:
        (made,) = identity.standing_in(ctx, identity.current_epoch(ctx)).delegations
    assert made.period.valid_to is not None
    end = f"{desk.url('mona')}/delegations/{made.id}/end"
    assert desk.hana.post(end).status == 403
    desk.admin.save(end)
    assert desk.admin.post(end).status == 404
    assert "Nobody acts with what Mona Manager may" in text_of(
        desk.admin.get(desk.url("mona", "?tab=standing"))
    )


def test_a_delegation_is_refused_by_its_field(desk: Desk) -> None:
    url = desk.url("mona", "/delegate")
    for fields, text in (
        ({"other.text": ""}, "Choose one."),
        ({"other.text": "nobody at all"}, "Nothing is called nobody at all."),
        ({"other": str(desk.units["mona"])}, "Nobody delegates to themselves"),
        ({"other": str(desk.units["ann"]), "valid_from": "soon"}, "Write a date and time."),
        (
            {
                "other": str(desk.units["ann"]),
                "valid_from": "2027-01-02T00:00",
                "valid_to": "2027-01-01T00:00",
            },
            "It ends before it begins",
        ),
    ):
        refused = desk.admin.post(url, {"way": "give", **fields})
        assert refused.status == 422, text
        assert text in text_of(refused)
    assert desk.hana.post(url, {"way": "give", "other": str(desk.units["ann"])}).status == 403


def test_a_name_that_fits_several_asks_which(desk: Desk) -> None:
    with desk.inside() as ctx:
        for login in ("kim.one", "kim.two"):
            access.create_person(ctx, login=login, name="Kim Kay", email="")
    url = desk.url("mona", "/delegate")
    refused = desk.admin.post(url, {"way": "get", "other.text": "kim kay"})
    assert refused.status == 422
    assert "Kim Kay (kim.one), Kim Kay (kim.two)" in text_of(refused)
    page = desk.admin.post(url, {"way": "get", "other.text": "Kim Kay (kim.two)"})
    assert page.status == 200
    assert "Mona Manager acts with everything that Kim Kay may" in text_of(page)


def test_a_role_for_a_while_has_a_reason_and_ends(desk: Desk) -> None:
    url = desk.url("ann", "/elevate")
    refused = desk.admin.post(url, {"role": str(desk.units["sales"]), "reason": " "})
    assert refused.status == 422
    desk.admin.save(url, {"role": str(desk.units["sales"]), "reason": "Cover for Bob"})
    page = text_of(desk.admin.get(desk.url("ann", "?tab=standing")))
    assert "Sales without end Cover for Bob" in page
    assert "Sales by elevation, for a while" in text_of(desk.admin.get(desk.url("ann", "?tab=roles")))
    with desk.inside() as ctx:
        standing = identity.standing_in(ctx, identity.current_epoch(ctx))
    (made,) = [e for e in standing.elevations if e.person == desk.units["ann"]]
    desk.admin.save(f"{desk.url('ann')}/elevations/{made.id}/end")
    assert "No role for a while" in text_of(desk.admin.get(desk.url("ann", "?tab=standing")))


def test_values_for_scope_rules_are_chosen_among_records(desk: Desk) -> None:
    with desk.inside() as ctx:
        account = objects.find_object(ctx, "account")
        grounds = objects.get_catalogue(ctx).grounds
        parent = str(account.columns["parent"].id)
        access.add_scope_rule(
            ctx,
            grounds,
            account.id,
            desk.units["sales"],
            Scope((parent,), "groups"),
            Grants(read=Grant.GRANTED),
        )
        made = records.create_record(ctx, "account", {"name": "Holding One"})
    url = desk.url("ann", "/attributes/groups")
    assert desk.admin.get(desk.url("ann", "/attributes/unheard")).status == 404
    found = desk.admin.post(url, {"q": "holding", "find": "1"})
    assert "Holding One" in text_of(found)
    # hana may not read accounts, so she finds none; nor does she learn the name of one by its id
    assert "Holding One" not in text_of(desk.hana.post(url, {"q": "holding", "find": "1"}))
    desk.admin.save(url, {"add": [str(made.id)]})
    with desk.inside() as ctx:
        assert identity.attributes_of(ctx, desk.units["ann"]) == {"groups": {made.id}}
    assert "Holding One" in text_of(desk.admin.get(desk.url("ann", "?tab=attributes")))
    assert "Holding One" not in text_of(desk.hana.get(desk.url("ann", "?tab=attributes")))
    desk.admin.save(url, {"remove": [str(made.id)]})


def test_a_service_account_has_a_page_of_its_own_kind(desk: Desk) -> None:
    with desk.inside() as ctx:
        robot = access.create_service_account(ctx, login="robot", name="Robot")
    page = text_of(desk.admin.get(f"/people/{robot}"))
    assert "Service account" in page
    assert "this service account may do nothing" in page
    for part in ("?tab=standing", "/delegate", "/elevate", "/edit"):
        assert desk.admin.get(f"/people/{robot}{part}").status == 404


def test_what_is_no_person_is_absent(desk: Desk) -> None:
    for url in (
        f"/people/{desk.units['north']}",
        f"/people/{desk.home.tenant.id}",
        desk.url("ann", "?tab=x"),
    ):
        assert desk.admin.get(url).status == 404


def test_fields_offer_who_fits(desk: Desk) -> None:
    assert "Ann Agent (ann)" in desk.admin.get("/people/find?q=ann").body.decode()
    units = desk.admin.get("/people/find-units?other.text=nor").body.decode()
    assert "North (organisational, below All employees)" in units
    assert "North lead (managers of North)" in units
    assert "North lead" not in desk.admin.get("/roles/find?q=north&kind=org").body.decode()
    assert desk.admin.get("/roles/find?q=north&kind=person").status == 404
    for url in ("/people/find", "/people/find-units", "/roles/find"):
        assert desk.people["ann"].get(f"{url}?q=ann").status == 403


def test_dates_are_read_in_the_time_zone_of_the_reader(desk: Desk) -> None:
    with desk.inside() as ctx:
        access.change_person(
            ctx, desk.units["admin"], name="Ada Admin", email="", language="en", time_zone="Asia/Tokyo"
        )
    fields = {"role": str(desk.units["sales"]), "reason": "Far away", "valid_to": "2099-03-01T09:00"}
    desk.admin.save(desk.url("bob", "/elevate"), fields)
    with desk.inside() as ctx:
        made = next(
            e
            for e in identity.standing_in(ctx, identity.current_epoch(ctx)).elevations
            if e.person == desk.units["bob"]
        )
    assert made.period.valid_to == datetime.fromisoformat("2099-03-01T00:00+00:00")
    assert "until 1 Mar 2099, 09:00" in text_of(desk.admin.get(desk.url("bob", "?tab=standing")))
