"""The role's side: everything that names it, changed in place, and what it inherits."""

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, Grant, Verb
from ostiary.identity.public import UnitKind
from tests._site import Site
from tests.integration.objects._worlds import inside
from tests.integration.rights._editor import Harbour, open_editor


def url(role: object) -> str:
    return f"/rights/roles/{role}"


def test_roles_are_found_by_a_part_of_their_name(harbour: Harbour, admin: Site) -> None:
    page = admin.get("/rights/roles", QUERY_STRING="q=pilo").body.decode()
    assert url(harbour.pilots) in page
    assert url(harbour.crew) not in page
    with inside(harbour.home) as ctx:
        many = [access.create_role(ctx, UnitKind.FUNC, f"Zebra {n:02}") for n in range(access.MOST_FOUND + 1)]
    first = admin.get("/rights/roles", QUERY_STRING="q=zebra").body.decode()
    assert "Zebra 19" in first
    assert "Zebra 20" not in first
    second = admin.get("/rights/roles", QUERY_STRING=f"q=zebra&after={many[19]}").body.decode()
    assert "Zebra 20" in second
    assert "No match" in admin.get("/rights/roles", QUERY_STRING="q=unicorn").body.decode()
    assert admin.get("/rights/roles", QUERY_STRING="after=x").status == 404


def test_rows_are_changed_where_the_role_stands_in_them(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, url(harbour.crew))
    assert "1 of 2" in editor.page.text
    editor.do(f"verb object:boat {harbour.crew} create")
    page = editor.do(f"down object:boat {harbour.crew}")
    assert "2 of 2" in page.text
    editor.do("show columns")
    page = editor.do("show columns boat")
    assert "Name" in page.text
    editor.do(f"level column:boat:name {harbour.crew} edit")
    page = editor.preview()
    assert "Crew: read → create and read" in page.text
    assert "Boat · Name" in page.text
    saved = editor.save()
    assert saved.headers["Location"] == f"{url(harbour.crew)}?layer=columns&done=rights"
    with inside(harbour.home) as ctx:
        rows = access.list_object_rows(ctx, harbour.boat.id)
        levels = access.list_column_rows(ctx, harbour.boat.id)
    assert rows == [(harbour.everyone, frozenset()), (harbour.crew, {Verb.CREATE, Verb.READ})]
    assert levels[harbour.boat.columns["name"].id] == [(harbour.crew, ColumnLevel.EDIT)]


def test_a_role_gets_a_row_where_it_had_none_and_loses_it(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, url(harbour.deck))
    assert "No object names this role." in editor.page.text
    assert "Boats" in editor.page.text  # by All employees
    assert editor.do(f"name {harbour.deck} object").status == 422
    page = editor.do(f"name {harbour.deck} object", **{"name-object": "boat"})
    assert "2 of 3" in page.text
    assert editor.do(f"name {harbour.deck} object", **{"name-object": "boat"}).status == 422
    page = editor.do(f"remove object:boat {harbour.deck}")
    assert "Nothing unsaved" in page.text
    editor.do("show operations")
    page = editor.do(f"name {harbour.deck} operation", **{"name-operation": "CanExportGrid"})
    assert "Deck hands: new row 2, yes" in page.text
    for words in (f"name {harbour.deck}", f"name {harbour.deck} thing", "name x object"):
        assert editor.do(words, **{"name-object": "boat"}).status == 404


def test_what_a_role_inherits_is_told_with_the_row_that_decides(harbour: Harbour, admin: Site) -> None:
    page = open_editor(admin, url(harbour.pilots)).page
    assert "inherits from All employees , Crew" in page.text
    assert "Boats read Crew" in page.text
    fields = open_editor(admin, url(harbour.pilots), "layer=columns").page
    assert "Read 1, None 1" in fields.text


def test_rules_that_name_the_role_are_changed_in_place(harbour: Harbour, admin: Site) -> None:
    with inside(harbour.home) as ctx:
        access.add_default_rule(ctx, harbour.boat.id, harbour.crew, harbour.deck, read=Grant.GRANTED)
    editor = open_editor(admin, url(harbour.deck), "layer=records")
    assert "Crew" in editor.page.text
    page = editor.do(f"rule-off boat {harbour.crew} {harbour.deck}")
    assert "records of Crew for Deck hands: read → nothing" in page.text
    editor.preview()
    assert editor.save().status == 302
    assert "No rule names this role." in open_editor(admin, url(harbour.deck), "layer=records").page.text


def test_what_is_no_role_has_no_page(harbour: Harbour, sites: tuple[Site, Site]) -> None:
    admin, ann = sites
    assert admin.get(url(harbour.ann)).status == 404
    assert admin.get(url(harbour.boat.id)).status == 404
    for page in ("/rights/roles", "/rights/objects", url(harbour.crew)):
        assert admin.get(page).status == 200
        assert ann.get(page).status == 403


def test_objects_are_listed_by_kind_and_word(harbour: Harbour, admin: Site) -> None:
    for query in ("", "kind=details", "q=boats"):
        assert "/rights/objects/boat" in admin.get("/rights/objects", QUERY_STRING=query).body.decode()
    for query in ("kind=lookups", "kind=sections", "q=ship"):
        assert "/rights/objects/boat" not in admin.get("/rights/objects", QUERY_STRING=query).body.decode()
    assert admin.get("/rights/objects", QUERY_STRING="kind=ships").status == 404
    assert "1 closed" in admin.get("/rights/objects").body.decode()
