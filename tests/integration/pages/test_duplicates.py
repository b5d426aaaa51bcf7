"""Pages about duplicates: the warning before saving, records side by side, groups of a search."""

from collections.abc import Mapping, Sequence

import pytest

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.kernel.ids import RecordId
from ostiary.pages import public as pages
from ostiary.records import _duplicate_search
from ostiary.records import public as records
from tests.integration.pages._readers import FRAME, person, reader

Posted = Mapping[str, Sequence[str]]


def account(ctx: Context, name: str, **more: object) -> RecordId:
    return records.create_record(ctx, "account", {"name": name, **more}).id


def refused(result: pages.Saved | pages.Refused) -> pages.FormView:
    assert isinstance(result, pages.Refused)
    assert (result.status, isinstance(result.view, pages.FormView)) == (422, True)
    assert isinstance(result.view, pages.FormView)
    return result.view


def test_a_form_shows_what_exists_before_it_saves_and_saves_anyway(admin: Context) -> None:
    one, form = account(admin, "Halden", phone="+49 30 5550101"), {"name": ["halden"], "phone": [""]}
    view = refused(pages.submit_new(reader(admin), "account", form))
    assert view.alike is not None
    assert [(row.id, row.by) for row in view.alike.rows] == [(str(one), "same or like: Name")]
    text = pages.render(view, FRAME)
    assert "Looks like one that exists" in text
    assert f'href="/o/account/{one}"' in text
    assert "Save anyway" in text
    other = account(admin, "Haldenwerk", phone="0049 30 5550101")
    again = {**form, "insist": [view.alike.seen], "phone": ["+49 30 5550101"]}
    seen = refused(pages.submit_new(reader(admin), "account", again)).alike
    assert seen is not None
    assert {row.id for row in seen.rows} == {str(one), str(other)}  # one that was not shown yet
    saved = pages.submit_new(reader(admin), "account", {**again, "insist": [seen.seen]})
    assert isinstance(saved, pages.Saved)
    edit = {"name": ["Haldenwerk"], "base": ['{"name": "halden"}'], "version": ["1"]}
    edited = refused(pages.submit_edit(reader(admin), "account", RecordId(saved.record_id), edit))
    assert edited.alike is not None
    done = pages.submit_edit(
        reader(admin), "account", RecordId(saved.record_id), {**edit, "insist": [edited.alike.seen]}
    )
    assert isinstance(done, pages.Saved)


def test_records_side_by_side_become_one(admin: Context) -> None:
    old = account(admin, "Helios", city="Berlin", phone="+49 30 5550101")
    new = account(admin, "Helios Labs", phone="+49 30 5550101", web="https://helios.example")
    file = records.attach(admin, "account", new, "offer.txt", [b"offer"])
    alone = pages.merge_form(reader(admin), "account", {"id": [str(new)]})
    assert [row.id for row in alone.found] == [str(old)]
    asked = {"id": [str(new), str(old)]}
    view = pages.merge_form(reader(admin), "account", asked)
    assert [(record.name, record.stays) for record in view.records] == [
        ("Helios", True),
        ("Helios Labs", False),
    ]
    chosen = {f.name: [v.chosen for v in f.values] for f in view.fields}
    assert chosen == {"name": [True, False], "web": [False, True], "city": [True, False]}
    assert "Phone" in view.same
    text = pages.render(view, FRAME)
    assert "stay those of Helios, the oldest" in text
    posted: dict[str, list[str]] = {**asked, "take.name": [str(new)]}
    late = {f"version.{old}": ["1"], f"version.{new}": ["7"]}
    not_merged = pages.submit_merge(reader(admin), "account", {**posted, **late})
    assert isinstance(not_merged, pages.NotMerged)
    assert not_merged.status == 409
    seen = {f"version.{record.id}": [str(record.version)] for record in view.records}
    merged = pages.submit_merge(reader(admin), "account", {**posted, **seen})
    assert isinstance(merged, pages.Saved)
    kept = records.get_record(admin, "account", old).data
    assert (kept["name"], kept["city"], kept["web"]) == ("Helios Labs", "Berlin", "https://helios.example")
    assert records.get_record(admin, "account_file", file.id).data["parent"]["id"] == str(old)
    with pytest.raises(NotFound):
        pages.merge_form(reader(admin), "account", asked)


def test_who_may_not_merge_is_told_why_and_gets_no_button(admin: Context) -> None:
    lead, clerk = person(admin, "lena", "sales_managers"), person(admin, "carl", "finance")
    old, new = account(lead, "Helios"), account(lead, "Helios")
    theirs = account(admin, "Helios")
    asked = {"id": [str(old), str(new)]}
    assert pages.merge_form(reader(lead), "account", asked).possible
    with pytest.raises(AccessDenied):
        pages.merge_form(reader(clerk), "account", asked)
    for ids, error in (
        ([], NotFound),
        (["x"], NotFound),
        ([str(old), str(RecordId(old))[:-1] + "0"], NotFound),
    ):
        with pytest.raises(error):
            pages.merge_form(reader(lead), "account", {"id": ids})
    many = [str(account(lead, f"H{n}")) for n in range(4)]
    with pytest.raises(Invalid):
        pages.merge_form(reader(lead), "account", {"id": many})
    deal = records.create_record(admin, "opportunity", {"name": "Hidden", "account": str(new)}).id
    assert deal not in records.list_records(lead, records.RecordQuery("opportunity")).ids
    versions = {f"version.{id_}": ["1"] for id_ in (old, new)}
    stopped = pages.submit_merge(reader(lead), "account", {**asked, **versions})
    assert isinstance(stopped, pages.NotMerged)
    assert "you may not see or change all of them" in stopped.view.general
    records.share_record(admin, "account", theirs, lead.actor, access.Verb.READ)
    view = pages.merge_form(reader(lead), "account", {"id": [str(old), str(theirs)]})
    assert (view.possible, [bool(record.why) for record in view.records]) == (False, [False, True])
    assert "Merge</button>" not in pages.render(view, FRAME)


def test_groups_lead_to_merging_or_are_said_to_be_none(admin: Context) -> None:
    ids = [account(admin, "Zeta Werke", city="Ulm"), account(admin, "Zeta Werke")]
    empty = pages.duplicates_view(reader(admin), "account", {})
    assert "No search yet" in pages.render(empty, FRAME)
    assert (
        pages.submit_duplicates(reader(admin), "account", {"do": ["search"]})
        == "/o/account/duplicates?done=searching"
    )
    search = records.find_search(admin, "account")
    assert search is not None
    _duplicate_search._search(admin, search.id)
    view = pages.duplicates_view(reader(admin), "account", {})
    group = next(g for g in view.groups if {r.id for r in g.records} == set(map(str, ids)))
    assert group.by == "same or like: Name"
    assert "Zeta Werke" in pages.render(view, FRAME)
    posted = {"id": [str(id_) for id_ in ids]}
    on = pages.submit_duplicates(reader(admin), "account", {**posted, "do": ["merge"]})
    assert on == f"/o/account/merge?id={ids[0]}&id={ids[1]}"
    assert (
        pages.submit_duplicates(reader(admin), "account", {**posted, "do": ["apart"]})
        == "/o/account/duplicates?done=apart"
    )
    after = pages.duplicates_view(reader(admin), "account", {})
    assert not any(set(map(str, ids)) == {r.id for r in g.records} for g in after.groups)
    wrong = pages.submit_duplicates(reader(admin), "account", {"id": posted["id"][:1], "do": ["apart"]})
    assert isinstance(wrong, pages.NotDismissed)
    assert wrong.status == 422
