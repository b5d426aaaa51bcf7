"""What somebody begins with: work of their own that each may read, and figures that equal their lists."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid, NotFound, VersionConflict
from ostiary.pages import public as pages
from ostiary.records import public as records
from ostiary.ui.values import Link
from tests.integration.pages._readers import FRAME, listed, names, reader, statements
from tests.integration.records._viewers import Viewers, give_level, make_viewers, person, unit

PLACES = (Link("People", "/people", "users"),)
SECTIONS = (Link("Accounts", "/o/account/", "building"),)
MOST_STATEMENTS = 15


def value(ctx: Context, code: str, name: str) -> str:
    only = records.Compare("name", records.Op.EQ, name)
    return str(records.list_records(ctx, records.RecordQuery(code, ("name",), only)).ids[0])


def hours(number: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=number)).isoformat()


def task(ctx: Context, title: str, due: str | None, **more: object) -> records.Record:
    return records.create_record(ctx, "activity", {"title": title, "due_at": due, **more})


@pytest.fixture
def viewers(admin: Context) -> Viewers:
    made = make_viewers(admin)
    access.add_member(admin, made.one.actor, unit(admin, "service"))
    done, result = value(admin, "activity_status", "Completed"), value(admin, "activity_result", "Done")
    task(made.one, "Without a date", None)
    task(made.one, "Tomorrow", hours(24))
    task(made.one, "Late", hours(-24))
    task(made.one, "Was done", hours(-48), status=done, result=result)
    task(made.two, "Of somebody else", hours(-24))
    proposal = value(admin, "opportunity_stage", "Proposal")
    lost = {"stage": value(admin, "opportunity_stage", "Closed lost")}
    lost["close_reason"] = value(admin, "close_reason", "Price")
    for author, name, amount, more in (
        (made.one, "Alpha", 100, {}),
        (made.one, "Beta", 250, {"stage": proposal}),
        (made.one, "Gamma", None, {"stage": proposal}),
        (made.one, "Lost", 999, lost),
        (made.two, "Delta", 4_000, {}),
    ):
        records.create_record(author, "opportunity", {"name": name, "amount": amount, **more})
    account = records.create_record(made.one, "account", {"name": "Helios Labs"})
    records.create_record(made.one, "case", {"subject": "Broken", "account": str(account.id)})
    return made


def day(ctx: Context) -> pages.DayView:
    return pages.day_view(reader(ctx), SECTIONS, PLACES)


def behind(ctx: Context, url: str) -> list[str]:
    """Names in the list that a figure leads to."""
    parts = urlsplit(url)
    state = pages.read_state(parse_qs(parts.query, keep_blank_values=True))
    return names(pages.list_view(reader(ctx), parts.path.split("/")[2], state))


def test_own_open_work_is_shown_and_every_figure_is_that_of_its_list(
    viewers: Viewers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = viewers.one
    day(one)  # rights and catalogue are read
    with statements(monkeypatch) as asked:
        view = day(one)
    assert len(asked) <= MOST_STATEMENTS, asked
    assert view.tasks is not None
    assert view.pipeline is not None
    assert view.terms is not None
    assert [(i.name, i.overdue) for i in view.tasks.items] == [
        ("Late", True),
        ("Tomorrow", False),
        ("Without a date", False),
    ]
    assert (view.tasks.count, behind(one, view.tasks.url)) == ("3", ["Late", "Tomorrow", "Without a date"])
    assert [i.name for i in view.terms.items] == behind(one, view.terms.url) == ["Broken"]
    steps = view.pipeline.steps
    assert [(s.figure.label, s.figure.text, s.beside) for s in steps] == [
        ("Qualification", "100", "1"),
        ("Proposal", "250", "2"),
    ]
    assert [sorted(behind(one, s.figure.url)) for s in steps] == [["Alpha"], ["Beta", "Gamma"]]
    assert view.pipeline.total == "350 in 3 open"
    assert sorted(behind(one, view.pipeline.url)) == ["Alpha", "Beta", "Gamma"]
    assert view.sections == ()
    html = pages.render(view, FRAME)
    assert "Of somebody else" not in html
    assert "Delta" not in html


def test_what_may_not_be_read_has_no_place(viewers: Viewers) -> None:
    admin, one = viewers.admin, viewers.one
    records.get_record(one, "account", records.list_records(one, records.RecordQuery("account")).ids[0])
    assert [link.label for link in day(one).recent][:1] == ["Helios Labs"]
    for code in ("activity", "case", "account"):
        thing = records.describe(admin, code).object.id
        access.set_object_rows(admin, thing, [(one.actor, set()), (admin.actor, set(access.Verb))])
    give_level(admin, "opportunity", "amount", one, ColumnLevel.NONE)
    view = day(one)
    assert (view.tasks, view.terms) == (None, None)
    assert "Helios Labs" not in [link.label for link in view.recent]
    assert view.pipeline is not None
    assert [(s.figure.text, s.beside) for s in view.pipeline.steps] == [("1", ""), ("2", "")]
    assert view.pipeline.total == "3 open"
    hidden = pages.render(view, FRAME)
    assert "350" not in hidden
    nobody = person(admin, "nobody")
    for code in ("opportunity", "activity", "case"):
        thing = records.describe(admin, code).object.id
        access.set_object_rows(admin, thing, [(admin.actor, set(access.Verb))])
    bare = day(nobody)
    assert (bare.tasks, bare.pipeline, bare.terms, bare.sections, bare.places) == (
        None,
        None,
        None,
        SECTIONS,
        PLACES,
    )
    assert bare.empty is None
    assert pages.day_view(reader(nobody), (), ()).empty is not None


def test_a_task_is_done_with_one_click_and_taken_back(viewers: Viewers) -> None:
    one = viewers.one
    item = day(one).tasks.items[0]  # type: ignore[union-attr]  # one may read activities
    assert item.done is not None
    record_id = records.list_records(
        one, records.RecordQuery("activity", ("title",), records.Compare("title", records.Op.EQ, "Late"))
    ).ids[0]
    assert item.done.action == f"/o/activity/{record_id}/edit"
    posted = {name: [text] for name, text in item.done.fields}
    saved = pages.submit_edit(reader(one), "activity", record_id, posted)
    assert isinstance(saved, pages.Saved)
    done = records.get_record(one, "activity", record_id).data
    assert (done["status"]["display"], done["result"]["display"], bool(done["done_at"])) == (
        "Completed",
        "Done",
        True,
    )
    assert "Late" not in [i.name for i in day(one).tasks.items]  # type: ignore[union-attr]  # the same
    back = pages.submit_undo(reader(one), "activity", record_id, saved.version)
    assert back.visible
    again = records.get_record(one, "activity", record_id).data
    assert (again["status"]["display"], again["result"], again["done_at"]) == ("Not started", None, None)
    assert day(one).tasks.items[0].name == "Late"  # type: ignore[union-attr]  # the same


def test_only_ones_own_last_change_is_taken_back_under_the_rights_of_now(viewers: Viewers) -> None:
    one, lead = viewers.one, viewers.lead
    made = records.create_record(one, "opportunity", {"name": "Deal", "amount": 5, "next_step": "Call"})
    changed = records.update_record(one, "opportunity", made.id, {"amount": 7, "next_step": None}, 1)

    def undo(ctx: Context, version: int) -> pages.Saved:
        return pages.submit_undo(reader(ctx), "opportunity", made.id, version)

    for ctx, version, refusal in (
        (lead, changed.version, VersionConflict),  # of somebody else
        (one, changed.version - 1, VersionConflict),  # what another version was made by
        (viewers.two, changed.version, NotFound),
    ):
        with pytest.raises(refusal):
            undo(ctx, version)
    give_level(viewers.admin, "opportunity", "amount", one, ColumnLevel.READ)
    undo(one, changed.version)
    data = records.get_record(one, "opportunity", made.id).data
    assert (data["amount"], data["next_step"]) == (7, "Call")  # what may not be written any more stays
    fresh = records.create_record(one, "opportunity", {"name": "Fresh"})
    with pytest.raises(VersionConflict):
        pages.submit_undo(reader(one), "opportunity", fresh.id, fresh.version)  # making it was no change
    case = records.list_records(one, records.RecordQuery("case")).ids[0]
    at = records.get_record(one, "case", case).version
    closed = {"status": value(one, "case_status", "Cancelled")}
    at = records.update_record(one, "case", case, closed, at).version
    with pytest.raises(Invalid):
        pages.submit_undo(reader(one), "case", case, at)  # a stage that nothing leads out of


def test_a_list_and_a_day_agree_for_whoever_has_nothing(viewers: Viewers) -> None:
    view = day(viewers.lead)
    assert view.tasks is not None
    assert view.tasks.items == ()
    assert view.tasks.empty.actions[0].url == "/o/activity/new"
    assert "Nothing waits for you" in pages.render(view, FRAME)
    assert names(listed(viewers.lead, "view=mine", "activity")) == []
