"""System operations: found by words, their rows, what they carry, where they are used."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ostiary.access import public as access
from ostiary.access.public import Operation, Verb
from tests._site import Site
from tests.integration.objects._worlds import inside
from tests.integration.rights._editor import Harbour, open_editor

LIST, URL = "/rights/operations", "/rights/operations/CanExportGrid"


@pytest.fixture
def restored(harbour: Harbour) -> Iterator[Harbour]:
    """What the test decides about operations is undone."""
    with inside(harbour.home) as ctx:
        before = access.view_policy(ctx)
    yield harbour
    with inside(harbour.home) as ctx:
        for operation in (Operation.EXPORT_LIST, Operation.MANAGE_RIGHTS):
            rows = before.operations.get(operation.value, ())
            access.set_operation_rows(ctx, operation, [(row.unit, row.allowed) for row in rows])
        access.set_carried_right(ctx, Operation.EXPORT_LIST, harbour.boat.id, set())


def test_the_list_is_grouped_and_found_by_words(harbour: Harbour, admin: Site) -> None:
    page = admin.get(LIST).body.decode()
    for operation in Operation:
        assert f'href="{LIST}/{operation.value}"' in page
    assert page.index("Any data") < page.index("People and rights") < page.index("Running the workspace")
    found = admin.get(LIST, QUERY_STRING="q=export+lists").body.decode()
    assert "CanExportGrid" in found
    assert "CanManageJobs" not in found
    assert "No such operation" in admin.get(LIST, QUERY_STRING="q=fly").body.decode()
    assert admin.get(f"{LIST}/CanFly").status == 404


def test_rows_and_carried_rights_are_saved_together(restored: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL)
    assert "GET, POST /o/<slug:code>/export" in editor.page.text
    page = editor.do("add operation:CanExportGrid", **{"add-operation-CanExportGrid.text": "Crew"})
    assert "Operation Export lists" in page.text
    assert editor.do("carry CanExportGrid").status == 422
    page = editor.do("carry CanExportGrid", **{"carry-object": "boat"})
    assert "Export lists carries on Boats" in page.text
    editor.do("carried CanExportGrid boat update")
    page = editor.preview()
    assert "use the operation CanExportGrid" in page.text
    assert editor.save().status == 302
    with inside(restored.home) as ctx:
        policy = access.view_policy(ctx)
    rows = policy.operations["CanExportGrid"]
    assert (rows[-1].unit, rows[-1].allowed) == (restored.crew, True)
    assert policy.object(restored.boat.id).carried["CanExportGrid"] == {Verb.READ, Verb.UPDATE}
    other = open_editor(admin, "/rights/objects/boat", "layer=operations")
    assert "4 apply to all, 1 here" in other.page.text
    page = other.do("carried-off CanExportGrid boat")
    assert "Put back" in page.text
    assert "Nothing unsaved" in other.do("carried-back CanExportGrid boat").text
    assert other.do("carry boat", **{"carry-operation": "CanManageJobs"}).status == 200
    editor = open_editor(admin, URL)
    page = editor.do(f"answer operation:CanExportGrid {restored.crew}")
    assert "Crew: yes → no" in page.text


def test_whoever_may_not_change_operations_sees_them_and_saves_nothing(
    restored: Harbour, sites: tuple[Site, Site]
) -> None:
    admin, ann = sites
    assert ann.get(LIST).status == 403
    with inside(restored.home) as ctx:
        rows = access.view_policy(ctx).operations[Operation.MANAGE_RIGHTS.value]
        pairs = [(row.unit, row.allowed) for row in rows]
        access.set_operation_rows(ctx, Operation.MANAGE_RIGHTS, [*pairs, (restored.ann, True)])
    editor = open_editor(ann, URL)
    assert "Changing it needs the operation" in editor.page.text
    assert (
        'value="add operation'
        not in editor.page.html.replace("hidden></button>", "", 1).partition("<table")[2]
    )
    editor.do(f"remove operation:CanExportGrid {restored.crew}")
    assert (editor.preview().status, editor.save().status) == (403, 403)
    through = open_editor(ann, "/rights/objects/boat", "layer=operations")
    through.do("carry boat", **{"carry-operation": "CanExportGrid"})
    assert through.preview().status == 403
    assert replace(editor, site=admin).page.status == 200
