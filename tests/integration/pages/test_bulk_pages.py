"""Selecting, changing and undoing on the pages of a list, and cells that are changed in their place."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest

from ostiary.access import public as access
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.kernel.ids import RecordId
from ostiary.pages import public as pages
from ostiary.records import public as records
from tests._tenants import TestTenant, rolled_back
from tests.integration.pages._readers import FRAME, html, listed, person, reader
from tests.integration.records._viewers import give_level

CODE = "opportunity"


@pytest.fixture
def admin(crm_tenant: TestTenant) -> Iterator[Context]:
    with rolled_back(crm_tenant.tenant) as db:
        yield Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.WEB)


@pytest.fixture
def ann(admin: Context) -> Context:
    return person(admin, "ann", "sales")


@pytest.fixture
def shared(admin: Context, ann: Context) -> RecordId:
    """A deal that Ann may read and not change."""
    bob = person(admin, "bob", "sales")
    made = records.create_record(bob, CODE, {"name": "Theirs", "amount": 5})
    records.share_record(admin, CODE, made.id, ann.actor, access.Verb.READ)
    return made.id


def deal(ctx: Context, name: str = "Mine", **values: object) -> records.Record:
    return records.create_record(ctx, CODE, {"name": name, **values})


def test_rows_say_whether_they_can_be_selected_and_changed(
    admin: Context, ann: Context, shared: RecordId
) -> None:
    mine = deal(ann, amount=1)
    page = html(listed(ann))
    assert page.count('name=".row"') == 2
    assert f'data-row="/o/{CODE}/{mine.id}"' in page
    assert f'data-row="/o/{CODE}/{shared}"' not in page
    assert 'data-edit="amount"' in page
    give_level(admin, CODE, "amount", ann, access.ColumnLevel.READ)
    assert 'data-edit="amount"' not in html(listed(ann))
    more = pages.render_rows(reader(ann), CODE, pages.read_state({}))
    assert more.count('name=".row"') == 2


def test_the_page_before_says_how_many_and_why_not(ann: Context, admin: Context, shared: RecordId) -> None:
    mine, hidden = deal(ann), deal(person(admin, "far", "sales"), "Hidden")
    rows = [str(mine.id), str(shared), str(hidden.id)]
    view = pages.bulk_form(reader(ann), CODE, {".row": rows, ".do": ["update"]})
    assert view is not None
    assert [count for count, _ in view.tally] == ["3", "1", "2"]
    assert view.submit == "Change 1 record"
    examples = {reason.text: [link.label for link in reason.examples] for reason in view.reasons}
    assert examples == {"You may read this opportunity but not change it": ["Theirs"], "Not found": []}
    assert "Hidden" not in pages.render(view, FRAME)
    whole = pages.bulk_form(reader(ann), CODE, {".all": ["1"], ".do": ["owner"]})
    assert whole is not None
    assert [count for count, _ in whole.tally] == ["2", "1", "1"]
    assert [link.label for reason in whole.reasons for link in reason.examples] == ["Theirs"]
    assert [field.field.name for field in whole.fields] == ["owner"]
    gone = pages.bulk_form(reader(ann), CODE, {".all": ["1"], ".do": ["delete"]})
    assert gone is not None
    assert ([count for count, _ in gone.tally], gone.submit) == (["2", "0", "2"], "")  # layer 2
    bar = listed(ann).bulk
    assert bar is not None
    assert [bool(action.why) for action in bar.actions] == [False, False, True]
    assert pages.bulk_form(reader(ann), CODE, {}) is None
    with pytest.raises(Invalid):
        pages.bulk_form(reader(ann), CODE, {".row": ["no id"]})


def test_what_is_ticked_is_set_and_the_rest_stays(ann: Context, shared: RecordId) -> None:
    mine = deal(ann, amount=1, next_step="Call")
    asked = {".rows": [f"{mine.id} {shared}"], ".do": ["update"], "amount": ["12,5"], "next_step": [""]}
    nothing = pages.submit_bulk(reader(ann), CODE, asked)
    assert isinstance(nothing, pages.NotChanged)
    assert "choose a field" in nothing.view.general
    wrong = pages.submit_bulk(reader(ann), CODE, {**asked, ".set": ["amount"], "amount": ["much"]})
    assert isinstance(wrong, pages.NotChanged)
    assert [label for _, label, _ in wrong.view.problems] == ["Amount"]
    made = pages.submit_bulk(reader(ann), CODE, {**asked, ".set": ["amount"]})
    assert isinstance(made, records.Bulk)
    data = records.get_record(ann, CODE, mine.id).data
    assert (data["amount"], data["next_step"]) == (12.5, "Call")
    result = pages.bulk_result_view(reader(ann), made)
    assert [(row.name, bool(row.why_url)) for row in result.refused] == [("Theirs", True)]
    page = pages.render(result, FRAME)
    assert "Undo 1 change" in page
    back = records.undo_bulk(ann, made.id)
    assert records.get_record(ann, CODE, mine.id).data["amount"] == 1
    assert "The change that it takes back" in pages.render(pages.bulk_result_view(reader(ann), back), FRAME)


def test_all_that_match_is_never_more_than_the_filter_that_was_seen(admin: Context, ann: Context) -> None:
    small, large = deal(ann, "Small", amount=1), deal(ann, "Large", amount=900)
    state = "f=amount&o=gt&v=500"
    asked = {
        ".all": ["1"],
        ".state": [state],
        ".do": ["update"],
        ".set": ["next_step"],
        "next_step": ["Call"],
    }
    seen = listed(ann, state)
    assert seen.bulk is not None
    view = pages.bulk_form(reader(ann), CODE, {**asked, ".state": [seen.bulk.state]})
    assert view is not None
    assert [count for count, _ in view.tally] == ["1", "1"]
    assert isinstance(pages.submit_bulk(reader(ann), CODE, asked), records.Bulk)
    steps = [records.get_record(ann, CODE, each.id).data["next_step"] for each in (small, large)]
    assert steps == [None, "Call"]
    give_level(admin, CODE, "amount", ann, access.ColumnLevel.NONE)  # the condition falls away
    with pytest.raises(Invalid):
        pages.submit_bulk(reader(ann), CODE, asked)
    with pytest.raises(Invalid):
        pages.bulk_form(reader(ann), CODE, {**asked, ".state": ["q=" + "x" * 5_000]})


def cell(ctx: Context, record: UUID, column: str, **posted: str) -> tuple[str, int]:
    given = {key: [value] for key, value in posted.items()}
    part, status = pages.submit_cell(reader(ctx), CODE, RecordId(record), column, given)
    return pages.render_cell(part, "token"), status


def hidden(page: str) -> dict[str, str]:
    found = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
    return {key: value for key, value in found.items() if key != "csrfmiddlewaretoken"}


def test_a_cell_is_saved_by_itself_and_taken_back(ann: Context) -> None:
    mine = deal(ann, amount=1)
    form = pages.render_cell(pages.cell_form(reader(ann), CODE, mine.id, "amount"), "token")
    saved, status = cell(ann, mine.id, "amount", **{**hidden(form), "amount": "1,500"})
    assert status == 200
    assert "1,500" in saved
    assert records.get_record(ann, CODE, mine.id).data["amount"] == 1500
    pages.submit_undo(reader(ann), CODE, mine.id, records.get_record(ann, CODE, mine.id).version)
    assert records.get_record(ann, CODE, mine.id).data["amount"] == 1
    wrong, status = cell(ann, mine.id, "amount", **{**hidden(form), "amount": "much"})
    assert status == 422
    assert "Write a number" in wrong


def test_a_cell_tells_of_a_conflict_in_its_own_field_alone(ann: Context) -> None:
    mine = deal(ann, amount=1)
    form = hidden(pages.render_cell(pages.cell_form(reader(ann), CODE, mine.id, "amount"), "token"))
    records.update_record(ann, CODE, mine.id, {"next_step": "Call"}, mine.version)
    saved, status = cell(ann, mine.id, "amount", **{**form, "amount": "2"})
    assert status == 200
    conflict, status = cell(ann, mine.id, "amount", **{**form, "amount": "3"})
    assert status == 409
    assert "it is 2" in conflict
    assert records.get_record(ann, CODE, mine.id).data["amount"] == 2
    again, status = cell(ann, mine.id, "amount", **{**hidden(conflict), "amount": "3"})
    assert status == 200
    data = records.get_record(ann, CODE, mine.id).data
    assert (data["amount"], data["next_step"]) == (3, "Call")
    assert "Saved" in saved
    assert "Saved" in again


def test_a_cell_that_may_not_be_changed_is_refused(admin: Context, ann: Context, shared: RecordId) -> None:
    mine, far = deal(ann, amount=1), deal(person(admin, "far", "sales"))
    for ask in (
        lambda record, column: pages.cell_form(reader(ann), CODE, record, column),
        lambda record, column: cell(ann, record, column, amount="2"),
    ):
        assert ask(mine.id, "amount")
        with pytest.raises(AccessDenied):
            ask(shared, "amount")
        with pytest.raises(NotFound):
            ask(far.id, "amount")
        with pytest.raises(NotFound):
            ask(mine.id, "nothing")
    give_level(admin, CODE, "amount", ann, access.ColumnLevel.READ)
    with pytest.raises(AccessDenied):
        cell(ann, mine.id, "amount", amount="3")
    give_level(admin, CODE, "amount", ann, access.ColumnLevel.NONE)
    with pytest.raises(NotFound):
        cell(ann, mine.id, "amount", amount="3")
