"""The language of pages: of the person, before signing in of the browser; chosen by the person alone."""

import re
from collections.abc import Iterator

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.ids import PrincipalId
from tests._site import Answer, Site
from tests._tenants import Installation
from tests.integration.web._desk import Desk, Person, opened, text_of

LANGUAGE = re.compile(r'<html lang="([^"]*)"')


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Iterator[Desk]:
    with opened("languages") as made:
        with made.inside() as ctx:
            sellers = [(made.units[name], made.units["sales"]) for name in ("ann", "mona")]
            access.add_members(ctx, sellers)
        yield made


@pytest.fixture
def ann(desk: Desk) -> Iterator[Person]:
    """In German, until the test is over."""
    person = desk.people["ann"]
    choose(person, language="de", time_zone="Europe/Berlin")
    yield person
    choose(person, language="en", time_zone="UTC")


def choose(person: Person, **fields: str) -> Answer:
    person.get("/preferences")
    return person.post("/preferences", fields)


def language_of(answer: Answer) -> str:
    found = LANGUAGE.search(answer.body.decode())
    assert found, answer.body[:200]
    return found[1]


def stored(desk: Desk, name: str) -> tuple[str, str]:
    with desk.inside() as ctx:
        person = identity.get_person(ctx, desk.units[name])
    return person.language, person.time_zone


def test_a_stranger_is_spoken_to_as_the_browser_asks(desk: Desk) -> None:
    site = Site(desk.admin.site.handler, desk.admin.site.host)
    german = site.get("/sign-in", HTTP_ACCEPT_LANGUAGE="de-AT,de;q=0.9,en;q=0.5")
    other = site.get("/sign-in", HTTP_ACCEPT_LANGUAGE="fr")
    assert (language_of(german), language_of(other)) == ("de", "en")
    assert "Kennwort" in german.body.decode()
    assert "Kennwort" not in other.body.decode()
    assert "Accept-Language" in german.headers["Vary"]
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', german.body.decode())
    assert token
    refused = site.post(
        "/sign-in",
        f"csrfmiddlewaretoken={token[1]}&login=ann&password=x".encode(),
        HTTP_ACCEPT_LANGUAGE="de",
        HTTP_ORIGIN=f"http://{site.host}",
    )
    assert refused.status == 422
    assert "Anmeldename" in refused.body.decode()
    assert "does not" not in refused.body.decode()


def test_a_person_chooses_their_language_and_nobody_elses(desk: Desk) -> None:
    ann, mona = desk.people["ann"], desk.people["mona"]
    assert language_of(ann.get("/o/account/")) == "en"
    before = len(desk.events(desk.units["ann"]))
    assert choose(ann, language="de", next="/o/contact/").headers["Location"] == "/o/contact/"
    assert desk.events(desk.units["ann"])[before:] == ["identity.person.changed"]
    assert stored(desk, "ann") == ("de", "UTC")
    for answer in (ann.get("/o/account/"), ann.site.get("/o/account/", HTTP_ACCEPT_LANGUAGE="en")):
        assert language_of(answer) == "de"
        assert "Hier ist für Sie nichts sichtbar" in text_of(answer)
    assert language_of(mona.get("/o/account/")) == "en"
    assert stored(desk, "mona") == ("en", "UTC")
    choose(ann, theme="dark")
    assert len(desk.events(desk.units["ann"])) == before + 1  # of how this browser looks nothing is kept
    choose(ann, language="en", time_zone="UTC")
    assert language_of(ann.get("/o/account/")) == "en"


def test_what_is_not_spoken_here_is_refused_by_name(desk: Desk, ann: Person) -> None:
    assert 'value="Europe/Berlin" selected' in ann.get("/preferences").body.decode()
    before = stored(desk, "ann")
    for fields, said in (
        ({"language": "xx"}, "Diese Sprache wird hier nicht gesprochen."),
        ({"time_zone": "Mars/Base"}, "Diese Zeitzone gibt es nicht"),
    ):
        refused = choose(ann, **fields)
        assert refused.status == 422
        assert said in text_of(refused)
        assert 'aria-invalid="true"' in refused.body.decode()
        assert stored(desk, "ann") == before
    stranger = Site(ann.site.handler, ann.site.host)
    assert stranger.get("/preferences").status == 302
    assert stranger.post("/preferences", b"language=en").headers["Location"] == "/sign-in"
    assert ann.site.post("/preferences", b"language=en").status == 403  # a forged form
    assert stored(desk, "ann") == before


def test_refusals_speak_the_language_too(desk: Desk, ann: Person) -> None:
    absent = ann.get("/o/account/00000000-0000-7000-8000-000000000000")
    assert (absent.status, language_of(absent)) == (404, "de")
    assert "Unter dieser Adresse gibt es nichts, was Sie sehen dürfen." in text_of(absent)
    denied = ann.get("/people")
    assert (denied.status, language_of(denied)) == (403, "de")
    assert "Es braucht die Operation CanManageUsers" in text_of(denied)
    refused = ann.post("/o/account/new", {"name": "Helios", "email": "nowhere"})
    assert refused.status == 422
    assert "Das ist keine E-Mail-Adresse" in text_of(refused)


def test_captions_figures_and_fields_follow_the_language(desk: Desk, ann: Person) -> None:
    fields = {"name": "Großes Geschäft", "amount": "12.345,67", "expected_close_on": "2026-12-14"}
    form = ann.get("/o/opportunity/new").body.decode()
    stage = re.search(r'<select[^>]* name="stage".*?value="([^"]+)"', form, re.DOTALL)
    assert stage
    made = ann.post("/o/opportunity/new", {**fields, "stage": stage[1]})
    assert made.status == 302, text_of(made)
    page = text_of(ann.get(made.headers["Location"]))
    assert "12.345,67" in page
    assert "Betrag" in page
    assert "14. Dez. 2026" in page
    assert 'value="12345,67"' in ann.get(made.headers["Location"].partition("?")[0] + "/edit").body.decode()
    choose(ann, language="en")
    page = text_of(ann.get(made.headers["Location"]))
    assert "12,345.67" in page
    assert "Betrag" not in page
    assert "14 Dec 2026" in page


def test_programs_get_the_same_words_and_numbers_whoever_asks(desk: Desk, ann: Person) -> None:
    status, body = ann.call("GET", "/api/v1/people")
    assert status == 403
    assert "You may not do this: it needs the operation CanManageUsers" in body.values()
    site = Site(ann.site.handler, ann.site.host)
    answer = site.get("/api/v1/people", HTTP_ACCEPT_LANGUAGE="de", HTTP_AUTHORIZATION=f"Bearer {ann.key}")
    assert b"it needs the operation" in answer.body


def test_signing_in_brings_ones_own_language(desk: Desk, ann: Person) -> None:
    with desk.inside() as ctx:
        token = identity.open_session(ctx, PrincipalId(desk.units["ann"]))
    site = Site(ann.site.handler, ann.site.host, cookies={"ostiary": token})
    assert language_of(site.get("/o/account/", HTTP_ACCEPT_LANGUAGE="en")) == "de"


def test_what_is_kept_between_requests_is_kept_in_no_language(desk: Desk) -> None:
    words = {
        "/o/contact/new": ("Full name", "Vollständiger Name"),
        "/rights/objects/contact?layer=columns": ("Confidential", "Vertraulich"),
        "/rights/operations": ("Export lists", "Listen exportieren"),
        "/rights/operations/CanExportGrid": ("Page", "Seite"),
        "/role-matrix": ("Account attachment", "Anhang der Firma"),
        "/role-matrix/findings": ("with no justification", "ohne Begründung"),
        f"/role-matrix/roles/{desk.units['sales']}": ("create, read", "anlegen, lesen"),
    }
    for language, spoken in (("en", 0), ("de", 1), ("en", 0)):
        choose(desk.admin, language=language)
        for url, both in words.items():
            page = text_of(desk.admin.get(url))
            assert both[spoken] in page, (url, language)
            assert both[1 - spoken] not in page, (url, language)
