"""The column layer: levels in rows, offers for closed fields, rows copied from one field to others."""

from collections.abc import Mapping

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel
from ostiary.kernel.ids import UnitId
from tests._site import Site
from tests.integration.objects._worlds import inside
from tests.integration.rights._editor import Harbour, open_editor

URL = "/rights/objects/boat"
NAME, LENGTH = "column:boat:name", "column:boat:length_m"


def stored(harbour: Harbour) -> Mapping[str, list[tuple[UnitId, ColumnLevel]]]:
    with inside(harbour.home) as ctx:
        rows = access.list_column_rows(ctx, harbour.boat.id)
    return {c.code: rows.get(c.id, []) for c in harbour.boat.columns.values() if c.takes_rows}


def test_a_level_is_set_previewed_and_saved(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL, "layer=columns&column=name")
    assert editor.page.rows() == ["Crew"]
    page = editor.do(f"level {NAME} {harbour.crew} edit")
    assert "Boat · Name" in page.text
    assert "Crew: read → edit" in page.text
    assert 'class="levels changed"' in page.html
    page = editor.do(f"add {NAME}", **{"add-column-boat-name.text": "Deck hands"})
    assert page.rows() == ["Crew", "Deck hands"]
    preview = editor.preview()
    assert "boats, fields Name: from read to edit" in preview.text
    assert editor.save().headers["Location"] == f"{URL}?layer=columns&column=name&done=rights"
    rows = [(harbour.crew, ColumnLevel.EDIT), (harbour.deck, ColumnLevel.READ)]
    assert stored(harbour)["name"] == rows


def test_a_closed_field_is_offered_better_rows(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL, "layer=columns")
    assert "Closed" in editor.page.text
    assert "Offered: the rows of Name, of the same class" in editor.page.text
    page = editor.do("offer boat length_m")
    assert "Offered:" not in page.text
    assert "Crew: new row 1, read" in page.text
    editor.do("undo")
    editor.do("offer boat")  # all at once
    editor.preview()
    assert editor.save().status == 302
    assert stored(harbour)["length_m"] == [(harbour.crew, ColumnLevel.READ)]


def test_without_a_field_of_its_class_the_rows_of_the_object_are_offered(
    harbour: Harbour, admin: Site
) -> None:
    with inside(harbour.home) as ctx:
        closed = [(harbour.everyone, ColumnLevel.NONE)]
        access.set_column_rows(ctx, harbour.boat.id, harbour.boat.columns["name"].id, closed)
    editor = open_editor(admin, URL, "layer=columns")
    assert "Use the offers for 2 closed fields" in editor.page.text
    assert "Offered: what the rows of the object give" in editor.page.text
    page = editor.do("offer boat")
    assert "Crew: new row 1, read" in page.text


def test_rows_are_copied_to_the_fields_that_are_ticked(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL, "layer=columns&column=name")
    refused = editor.do("copy boat name")
    assert (refused.status, "Tick the fields that get these rows" in refused.text) == (422, True)
    page = editor.do("copy boat name", **{"copy-length_m": "yes"})
    assert "Boat · Length m" in page.text
    editor.preview()
    assert editor.save().status == 302
    assert stored(harbour)["length_m"] == stored(harbour)["name"] == [(harbour.crew, ColumnLevel.READ)]


def test_the_last_row_leaves_the_field_as_open_as_the_object_and_says_so(
    harbour: Harbour, admin: Site
) -> None:
    editor = open_editor(admin, URL, "layer=columns&column=name")
    page = editor.do(f"remove {NAME} {harbour.crew}")
    assert "As open as the object" in page.text
    assert "Without rows a field is as open as the object" in page.text
    assert editor.do(f"back {NAME} {harbour.crew}").rows() == ["Crew"]
    for words in (
        "offer ship",
        "offer boat name",
        "copy boat owner",
        "copy boat",
        "level column:boat:owner x edit",
    ):
        assert editor.do(words).status == 404
