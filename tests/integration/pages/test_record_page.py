"""The page of a record: what happened, two states compared, the record in short; all under today's rights."""

from html import unescape

import pytest

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, NotFound
from ostiary.kernel.ids import RecordId
from ostiary.pages import public as pages
from ostiary.records import public as records
from tests.integration.pages._readers import FRAME, reader
from tests.integration.records._viewers import Viewers, give_level, make_viewers


@pytest.fixture
def viewers(admin: Context) -> Viewers:
    return make_viewers(admin)


def deal(viewers: Viewers) -> RecordId:
    """Made by one, changed by one and by the lead."""
    made = records.create_record(viewers.one, "opportunity", {"name": "Pumps", "amount": 10}).id
    records.update_record(viewers.one, "opportunity", made, {"name": "Pumps and pipes", "amount": 20}, 1)
    records.update_record(viewers.lead, "opportunity", made, {"amount": 30}, 2)
    return made


def shown(ctx: Context, code: str, record_id: RecordId, **asked: str) -> pages.RecordView:
    panel = pages.read_panel({key.rstrip("_"): [value] for key, value in asked.items()})
    return pages.record_view(reader(ctx), code, record_id, panel)


def test_two_states_stand_side_by_side(viewers: Viewers) -> None:
    made = deal(viewers)
    history = shown(viewers.one, "opportunity", made, tab="history").history
    assert history is not None
    assert [v.entry.actor for v in history.versions] == ["Lead", "One", "One"]
    newest, _middle, first = (v.id for v in history.versions)
    view = shown(viewers.one, "opportunity", made, tab="history", old=first, new=newest)
    assert view.history is not None
    rows = {row.label: (row.before, row.after, row.changed) for row in view.history.compared}
    assert rows["Name"] == ("Pumps", "Pumps and pipes", True)
    assert rows["Amount"] == ("10", "30", True)
    assert not rows["Owner"][2]
    turned = shown(viewers.one, "opportunity", made, tab="history", old=newest, new=first).history
    assert turned is not None
    assert turned.compared == view.history.compared
    html = pages.render(view, FRAME)
    assert html.count("data-changed") == sum(changed for *_words, changed in rows.values())
    give_level(viewers.admin, "opportunity", "amount", viewers.one, ColumnLevel.MASKED)
    closed = shown(viewers.one, "opportunity", made, tab="history", old=first, new=newest)
    assert closed.history is not None
    assert "Amount" not in {row.label for row in closed.history.compared}
    assert "Amount" not in {c.label for version in closed.history.versions for c in version.entry.changes}
    with pytest.raises(NotFound):
        shown(viewers.two, "opportunity", made, tab="history")


def test_the_history_is_narrowed_by_person_field_and_day(viewers: Viewers) -> None:
    made = deal(viewers)

    def count(**asked: str) -> int:
        history = shown(viewers.lead, "opportunity", made, tab="history", **asked).history
        assert history is not None
        return len(history.versions)

    assert count() == 3
    assert count(actor=str(viewers.one.actor)) == 2
    assert (count(field="name"), count(field="amount")) == (2, 3)
    assert count(from_="2099-01-01") == 0
    assert count(to="2099-01-01", from_="no date") == 3
    assert count(actor="nobody", old="forged", new="x") == 0


def test_what_happened_tells_what_was_added_and_is_narrowed(viewers: Viewers) -> None:
    made = records.create_record(viewers.one, "account", {"name": "Helios"}).id
    note = records.describe(viewers.one, "account_note").object
    given = {note.display: "Called back", note.master_column.code: str(made)}  # type: ignore[union-attr]  # notes have a master
    records.create_record(viewers.one, "account_note", given)
    records.attach(viewers.one, "account", made, "plan.txt", [b"plan"])
    owner = str(viewers.two.actor)
    records.create_record(
        viewers.two, "activity", {"title": "Hidden call", "account": str(made), "owner": owner}
    )

    def told(ctx: Context, kind: str = "") -> list[str]:
        entries = shown(ctx, "account", made, kind=kind).stream.entries
        return [entry.link.label for entry in entries if entry.link]

    assert told(viewers.one) == ["plan.txt", "Called back"]
    assert told(viewers.one, "notes") == ["Called back"]
    assert told(viewers.one, "files") == ["plan.txt"]
    assert told(viewers.one, "activities") == []
    assert told(viewers.admin, "activities") == ["Hidden call"]
    assert told(viewers.one, "changes") == []
    labels = [link.label for link in shown(viewers.one, "account", made).stream.kinds]
    assert labels == ["Everything", "Changes", "Notes", "Activities", "Files"]


def test_a_record_in_short_shows_no_more_than_its_page(viewers: Viewers) -> None:
    made = records.create_record(
        viewers.admin,
        "account",
        {"name": "Quiet", "web": "https://q.example", "owner": str(viewers.one.actor)},
    ).id
    give_level(viewers.admin, "account", "web", viewers.one, ColumnLevel.NONE)
    html = unescape(pages.render_preview(reader(viewers.one), "account", made))
    assert "Quiet" in html
    assert "q.example" not in html
    assert f"/o/account/{made}" in html
    hidden = records.create_record(viewers.two, "opportunity", {"name": "Hidden"}).id
    with pytest.raises(NotFound):
        pages.render_preview(reader(viewers.one), "opportunity", hidden)
    thing = records.describe(viewers.admin, "account").object
    access.set_object_rows(viewers.admin, thing.id, [(viewers.two.actor, {access.Verb.READ})])
    with pytest.raises(AccessDenied):
        pages.render_preview(reader(viewers.one), "account", made)


def terms(viewers: Viewers) -> RecordId:
    """An account with a Confidential field that one reads, and a Restricted one that is closed to them."""
    given = {"name": "Helios", "payment_terms": "net_30", "owner": str(viewers.one.actor)}
    made = records.create_record(viewers.admin, "account", given).id
    give_level(viewers.admin, "account", "payment_terms", viewers.one, ColumnLevel.READ)
    give_level(viewers.admin, "account", "credit_limit", viewers.one, ColumnLevel.NONE)
    return made


def test_a_print_of_closed_fields_is_an_export_and_one_without_them_is_not(viewers: Viewers) -> None:
    made = terms(viewers)
    asked = pages.print_record(reader(viewers.one), "account", made, pages.PrintAsk())
    assert isinstance(asked, pages.PrintForm)
    assert asked.why  # no CanExportGrid
    with pytest.raises(AccessDenied):
        pages.print_record(reader(viewers.one), "account", made, pages.PrintAsk(reason="For the meeting"))
    plain = pages.print_record(reader(viewers.one), "account", made, pages.PrintAsk(plain=True))
    assert isinstance(plain, pages.Paper)
    html = unescape(pages.render(plain, FRAME))
    assert "30 days net" not in html
    assert "Printed by One, " in html
    access.set_operation_rows(viewers.admin, access.Operation.EXPORT_LIST, [(viewers.one.actor, True)])
    none = pages.print_record(reader(viewers.one), "account", made, pages.PrintAsk(reason=" "))
    assert isinstance(none, pages.PrintForm)
    assert (none.status, bool(none.reason.error)) == (422, True)
    paper = pages.print_record(reader(viewers.one), "account", made, pages.PrintAsk(reason="For the meeting"))
    assert isinstance(paper, pages.Paper)
    html = unescape(pages.render(paper, FRAME))
    assert "30 days net" in html
    assert "Credit limit" in html
    assert "Restricted" in html
    (export, *_rest) = records.list_exports(viewers.one)
    assert (export.format, export.total) == (records.ExportFormat.PRINT, 1)
    assert export.classes["confidential"] > 0
    hidden = records.create_record(viewers.two, "opportunity", {"name": "Hidden"}).id
    with pytest.raises(NotFound):
        pages.print_record(reader(viewers.one), "opportunity", hidden, pages.PrintAsk(plain=True))


def test_a_list_is_printed_as_it_is_shown(viewers: Viewers) -> None:
    terms(viewers)
    state = pages.read_state({"c": ["name", "payment_terms", "credit_limit"], "q": ["Helios"]})
    plain = pages.print_list(reader(viewers.one), "account", state, pages.PrintAsk(plain=True))
    assert isinstance(plain, pages.Paper)
    assert [row.name.text for row in plain.rows] == ["Helios"]
    assert [head.label for head in plain.columns] == ["Name"]
    assert "Credit limit" in plain.note
    assert isinstance(
        pages.print_list(reader(viewers.one), "account", state, pages.PrintAsk()), pages.PrintForm
    )


def test_pins_stand_first_as_far_as_they_may_be_read(viewers: Viewers) -> None:
    made = deal(viewers)
    pages.pin_record(reader(viewers.lead), "opportunity", made, pinned=True)

    def groups(ctx: Context) -> dict[str, list[str]]:
        found = pages.find_view(reader(ctx), "", (), whole=True)
        return {group.label: [link.label for link in group.links] for group in found.groups}

    assert groups(viewers.lead)["Pinned"] == ["Pumps and pipes"]
    assert "Pumps and pipes" not in groups(viewers.lead).get("Open lately", [])
    assert "Pinned" not in groups(viewers.one)
    assert shown(viewers.lead, "opportunity", made).pinned is True
    assert shown(viewers.one, "opportunity", made).pinned is False
    with pytest.raises(NotFound):
        pages.pin_record(reader(viewers.two), "opportunity", made, pinned=True)
    thing = records.describe(viewers.admin, "opportunity").object
    access.set_object_rows(viewers.admin, thing.id, [(viewers.one.actor, {access.Verb.READ})])
    assert "Pinned" not in groups(viewers.lead)


def test_the_pin_of_the_longest_standing_falls_off(viewers: Viewers) -> None:
    made = [records.create_record(viewers.one, "account", {"name": f"Pin {n:02}"}).id for n in range(22)]
    for record_id in made:
        pages.pin_record(reader(viewers.one), "account", record_id, pinned=True)
    found = pages.find_view(reader(viewers.one), "", (), whole=True)
    assert len(found.groups[0].links) == 20
    pages.pin_record(reader(viewers.one), "account", made[-1], pinned=False)
    assert shown(viewers.one, "account", made[-1]).pinned is False
