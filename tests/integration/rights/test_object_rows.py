"""The object layer: rows are changed in a draft, previewed, saved, and never on top of what nobody saw."""

import pytest

from ostiary.access import public as access
from ostiary.access.public import Verb
from ostiary.assurance import public as assurance
from ostiary.kernel.ids import UnitId
from tests._site import Site
from tests.integration.objects._worlds import inside
from tests.integration.rights._editor import Editor, Harbour, Page, open_editor

URL = "/rights/objects/boat"


def stored(harbour: Harbour) -> list[tuple[UnitId, set[Verb]]]:
    with inside(harbour.home) as ctx:
        return [(unit, set(verbs)) for unit, verbs in access.list_object_rows(ctx, harbour.boat.id)]


def test_a_row_is_changed_previewed_and_saved(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL)
    assert editor.page.rows() == ["Crew", "All employees"]
    page = editor.do(f"verb object:boat {harbour.crew} update")
    assert 'class="c changed"' in page.html
    assert "1 unsaved change" in page.text
    assert "Crew: read → read and update" in page.text
    assert stored(harbour)[0] == (harbour.crew, {Verb.READ})
    assert "update boat" in editor.preview().text
    saved = editor.save()
    assert (saved.status, saved.headers["Location"]) == (302, f"{URL}?layer=object&done=rights")
    assert stored(harbour)[0] == (harbour.crew, {Verb.READ, Verb.UPDATE})
    assert "Nothing unsaved" in open_editor(admin, URL).page.text


def test_nothing_is_saved_that_was_not_previewed(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL)
    editor.do(f"verb object:boat {harbour.crew} update")
    assert editor.save().status == 200  # the preview comes first
    changed = editor.do(f"verb object:boat {harbour.crew} delete")
    assert "previewed" not in changed.fields
    assert editor.save(previewed="0" * 64).status == 200
    assert stored(harbour)[0] == (harbour.crew, {Verb.READ})
    assert editor.save().status == 302
    assert stored(harbour)[0] == (harbour.crew, {Verb.READ, Verb.UPDATE, Verb.DELETE})


def test_rows_are_added_moved_removed_and_put_back(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL)
    page = editor.do("add object:boat", **{"add-object-boat.text": "deck hands"})
    assert page.rows() == ["Crew", "Deck hands", "All employees"]
    assert editor.do(f"up object:boat {harbour.deck}").rows() == ["Deck hands", "Crew", "All employees"]
    page = editor.do(f"place object:boat {harbour.everyone} 0")
    assert page.rows() == ["All employees", "Deck hands", "Crew"]
    assert "All employees: from row 2 to row 1" in page.text
    page = editor.do(f"remove object:boat {harbour.crew}")
    assert page.rows() == ["All employees", "Deck hands"]
    assert "Crew: row removed, it said read" in page.text
    assert editor.do(f"back object:boat {harbour.crew}").rows() == ["Crew", "All employees", "Deck hands"]
    assert editor.do("undo").rows() == ["All employees", "Deck hands"]
    assert editor.do("undo").rows() == ["All employees", "Deck hands", "Crew"]
    assert editor.do("revert 0").rows() == ["Crew", "All employees"]
    page = editor.do("undo")
    assert page.rows() == ["All employees", "Deck hands", "Crew"]
    assert editor.do("discard").rows() == ["Crew", "All employees"]
    assert "Nothing unsaved" in editor.page.text


def test_a_role_is_named_by_its_name_or_refused_by_its_field(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL)
    for text, message in (
        ("", "Write the name of a role or person"),
        ("Nobody's", "No role or person has exactly this name"),
        ("Crew", "There is a row for it already"),
    ):
        page = editor.do("add object:boat", **{"add-object-boat.text": text})
        assert (page.status, message in page.text) == (422, True)
        assert 'aria-invalid="true"' in page.html
    with inside(harbour.home) as ctx:
        other = access.create_person(ctx, login="deck", name="Deck hands", email="")
    page = editor.do("add object:boat", **{"add-object-boat.text": "Deck hands"})
    assert page.status == 422
    assert "Deck hands · Functional role" in page.text
    with inside(harbour.home) as ctx:
        access.set_active(ctx, other, active=False)
    exact = {"add-object-boat.text": "Deck hands · Functional role"}
    assert editor.do("add object:boat", **exact).rows() == ["Crew", "Deck hands", "All employees"]


def test_what_changed_meanwhile_is_said_and_not_overwritten(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL)
    editor.do(f"verb object:boat {harbour.crew} update")
    editor.preview()
    with inside(harbour.home) as ctx:
        rows = [(harbour.crew, {Verb.READ, Verb.DELETE}), (harbour.everyone, set())]
        access.set_object_rows(ctx, harbour.boat.id, rows)
    refused = editor.save()
    assert refused.status == 409
    assert "Nothing was saved: roles or rights were changed meanwhile" in refused.text
    assert "Boat · object rows: Crew: read → read and delete" in refused.text
    assert "Crew: read and delete → read and update" in refused.text  # what saving would do now
    assert stored(harbour)[0] == (harbour.crew, {Verb.READ, Verb.DELETE})
    assert editor.save().status == 302
    assert stored(harbour)[0] == (harbour.crew, {Verb.READ, Verb.UPDATE})


def test_a_change_elsewhere_shows_the_new_preview_too(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL)
    editor.do(f"verb object:boat {harbour.crew} update")
    editor.preview()
    with inside(harbour.home) as ctx:
        access.mark_role(ctx, harbour.pilots, not_inherited=False)
    refused = editor.save()
    assert (refused.status, "Nothing that you changed was touched" in refused.text) == (409, True)
    assert editor.save().status == 302


def test_overlaps_and_rows_that_never_decide_are_marked(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL)
    page = editor.do("add object:boat", **{"add-object-boat.text": "Deck hands"})
    assert "Overlaps row 1" not in page.text  # both say the same
    page = editor.do(f"verb object:boat {harbour.deck} delete")
    assert "Overlaps row 1" in page.text  # Ann is in both
    page = editor.do("add object:boat", **{"add-object-boat.text": "Pilots"})
    assert "Never decides: row 1 does" in page.text  # whoever is a pilot is of the crew
    page = editor.do(f"place object:boat {harbour.everyone} 0")
    assert page.text.count("Never decides: row 1 does") == 2
    assert "Members follow row 1" in page.text  # a manager may still be decided by it


def test_others_are_refused(harbour: Harbour, sites: tuple[Site, Site]) -> None:
    admin, ann = sites
    editor = open_editor(admin, URL)
    editor.do(f"verb object:boat {harbour.crew} update")
    theirs = Editor(ann, URL, editor.page)
    assert ann.get(URL).status == 403
    assert ann.get("/rights/units").status == 403
    token = {"csrfmiddlewaretoken": ann.cookies["ostiary_csrf"]}
    assert theirs.do("undo", **token).status == 403
    theirs.page.fields |= token
    assert (theirs.preview().status, theirs.save().status) == (403, 403)
    assert b"/rights/objects" not in ann.get("/preferences").body
    assert editor.page.status == 200


@pytest.mark.parametrize(
    "words",
    ["verb", "verb object:boat", "verb object:boat x read", "verb object:ship {crew} read",
     "verb object:boat {crew} write", "level object:boat {crew} edit", "answer object:boat {crew}",
     "verb column:boat:name {crew} read", "place object:boat {crew} -1", "place object:boat {crew} 123456",
     "back object:boat {deck}", "revert 7", "add", "up operation:CanFly {crew}", "fly"],
)  # fmt: skip
def test_words_that_mean_nothing_are_refused(harbour: Harbour, admin: Site, words: str) -> None:
    editor = open_editor(admin, URL)
    assert editor.do(words.format(crew=harbour.crew, deck=harbour.deck)).status == 404
    assert editor.do(f"verb object:boat {harbour.crew} update").status == 200


@pytest.mark.parametrize(
    "draft",
    ["{", "[]", "{}", '{"epoch": 1, "entries": [], "steps": [], "more": 1}',
     '{"epoch": "1", "entries": [], "steps": []}', '{"epoch": 1, "entries": [{}], "steps": []}',
     '{"epoch": 1, "entries": [{"base": [], "change": []}], "steps": []}',
     '{"epoch": 1, "entries": [], "steps": [{"before": [{"change": "set_object_rows", "object": "ship"}]}]}',
     " " * 1_000_001],
)  # fmt: skip
def test_a_forged_draft_is_refused(harbour: Harbour, admin: Site, draft: str) -> None:
    editor = open_editor(admin, URL)
    assert editor.do("undo", draft=draft).status == 422
    assert editor.do("undo").status == 200


def test_units_that_are_not_there_are_refused(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL)
    page: Page = editor.do(f"verb object:boat {harbour.crew} update")
    forged = page.fields["draft"].replace(str(harbour.crew), str(harbour.boat.id))
    editor.page.fields["draft"] = forged
    assert editor.preview().status == 422
    assert "is not there" in editor.page.text


def test_options_are_found_by_a_part_of_the_name(harbour: Harbour, admin: Site) -> None:
    found = admin.get("/rights/units", QUERY_STRING="for=f&f.text=hand").body.decode()
    assert 'value="Deck hands · Functional role"' in found
    assert "Crew" not in found
    assert admin.get("/rights/units", QUERY_STRING=f"for=f&f.text={'x' * 101}").status == 404


def test_why_a_role_has_its_row_stands_beside_it(harbour: Harbour, admin: Site) -> None:
    target = str(harbour.boat.id)
    with inside(harbour.home) as ctx:
        reason = assurance.Reason("Sails them every day")
        assurance.set_grant_reason(ctx, harbour.crew, assurance.GrantKind.OBJECT, target, reason)
    try:
        page = open_editor(admin, URL).page
        assert page.text.count("Sails them every day") == 1
        assert f"/role-matrix/roles/{harbour.crew}" in page.html
    finally:
        with inside(harbour.home) as ctx:
            none = assurance.Reason()
            assurance.set_grant_reason(ctx, harbour.crew, assurance.GrantKind.OBJECT, target, none)
