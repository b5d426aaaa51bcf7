"""What a dashboard shows: figures under the reader's rights, each equal to the list behind it."""

from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from ostiary.access.public import ColumnLevel
from ostiary.dashboards import public as dashboards
from ostiary.dashboards.public import Kind, Level, Shape, Widget
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid
from ostiary.pages import public as pages
from ostiary.records import public as records
from ostiary.ui.values import Frame
from tests.integration.records._viewers import Viewers, give_level, make_viewers, unit

SUM = Widget(Kind.FIGURE, "All of it", "opportunity", measure="sum(amount)")
BY_STAGE = Widget(Kind.CHART, "By stage", "opportunity", measure="sum(amount)", group="stage")
BY_MONTH = Widget(Kind.CHART, "By month", "opportunity", group="expected_close_on:month", shape=Shape.LINE)
DIVIDED = Widget(Kind.CHART, "Divided", "opportunity", group="stage", split="owner")
FUNNEL = Widget(Kind.FUNNEL, "Funnel", "opportunity", group="stage")
LIST = Widget(Kind.LIST, "Largest", "opportunity", "sort=-amount", limit=2)
WIDGETS = (SUM, BY_STAGE, BY_MONTH, DIVIDED, FUNNEL, LIST)


@pytest.fixture
def viewers(admin: Context) -> Viewers:
    made = make_viewers(admin)
    stages = {
        r["name"]: r["id"]
        for r in records.list_records(admin, records.RecordQuery("opportunity_stage")).records()
    }
    rows = (
        (made.one, "Alpha", 100, "Qualification", "2026-01-10"),
        (made.one, "Beta", 250, "Proposal", "2026-01-31"),
        (made.two, "Gamma", 4_000, "Qualification", "2026-02-01"),
        (made.two, "Delta", 50, "Qualification", None),
    )
    for author, name, amount, stage, day in rows:
        values = {"name": name, "amount": amount, "stage": stages[stage], "expected_close_on": day}
        records.create_record(author, "opportunity", values)
    return made


def reader(ctx: Context) -> pages.Reader:
    return pages.make_reader(ctx, pages.Urls(), ZoneInfo("UTC"))


def shown(ctx: Context, *widgets: Widget) -> pages.DashboardView:
    made = dashboards.create_dashboard(ctx, "Pipeline", widgets)
    return pages.dashboard_view(reader(ctx), made)


def listed(ctx: Context, url: str) -> list[str]:
    """Names of the records behind a figure."""
    parts = urlsplit(url)
    view = pages.list_view(
        reader(ctx), parts.path.split("/")[2], pages.read_state(parse_qs(parts.query, keep_blank_values=True))
    )
    return sorted(row.name.text for row in view.rows)


def test_figures_cover_what_each_reader_may_read(viewers: Viewers) -> None:
    made = dashboards.create_dashboard(viewers.one, "Pipeline", WIDGETS)
    sales = unit(viewers.admin, "sales")
    dashboards.share_dashboard(viewers.one, made, {sales: Level.VIEW})
    texts = [
        pages.dashboard_view(reader(ctx), made).figures[0].figure.text  # type: ignore[union-attr]  # a figure has one
        for ctx in (viewers.one, viewers.two, viewers.lead)
    ]
    assert texts == ["350", "4,050", "4,400"]


def test_every_figure_equals_the_list_behind_it(viewers: Viewers) -> None:
    view = shown(viewers.lead, *WIDGETS)
    assert "As a table" in pages.render(view, Frame("ui/fragment.html", "Halden"))
    assert listed(viewers.lead, view.figures[0].url) == ["Alpha", "Beta", "Delta", "Gamma"]
    by_stage, by_month, divided, funnel, longest = view.cards
    assert [(f.label, f.text, listed(viewers.lead, f.url)) for f in by_stage.figures] == [
        ("Qualification", "4,150", ["Alpha", "Delta", "Gamma"]),
        ("Proposal", "250", ["Beta"]),
    ]
    assert [(f.label, f.text, listed(viewers.lead, f.url)) for f in by_month.figures] == [
        ("empty", "1", ["Delta"]),
        ("Jan 2026", "2", ["Alpha", "Beta"]),
        ("Feb 2026", "1", ["Gamma"]),
    ]
    assert {(f.label, f.series, tuple(listed(viewers.lead, f.url))) for f in divided.figures} == {
        ("Qualification", "One", ("Alpha",)),
        ("Qualification", "Two", ("Delta", "Gamma")),
        ("Proposal", "One", ("Beta",)),
    }
    assert [(s.share, s.beside) for s in funnel.steps] == [(1000, ""), (333, "33 %")]
    assert [row.name.text for row in longest.rows] == ["Gamma", "Beta"]


def test_a_field_that_may_not_be_read_is_a_lock_and_no_figure(viewers: Viewers) -> None:
    give_level(viewers.admin, "opportunity", "amount", viewers.one, ColumnLevel.NONE)
    view = shown(
        viewers.one, SUM, BY_STAGE, FUNNEL, Widget(Kind.FIGURE, "Few", "opportunity", "f=amount&o=gt&v=1000")
    )
    assert [bool(card.closed) for card in (*view.figures, *view.cards)] == [True, False, True, False]
    assert view.cards[0].chart == ""
    assert view.figures[1].note.startswith("1 condition is not open to you")
    assert view.figures[1].figure.text == "2"  # type: ignore[union-attr]  # it has one


def test_an_object_that_may_not_be_read_is_a_lock(viewers: Viewers) -> None:
    view = shown(viewers.one, Widget(Kind.LIST, "Nothing", "no_such_object"))
    assert view.cards[0].closed


def test_a_widget_is_made_from_its_form(viewers: Viewers) -> None:
    here = reader(viewers.one)
    typed = {
        "kind": "chart",
        "caption": "Mine",
        "object": "opportunity",
        "list": "http://halden.example/o/opportunity/?view=mine",
        "measure": "sum(amount)",
        "group": "stage",
        "limit": "5",
    }
    widget = pages.read_widget(here, typed)
    assert (widget.filter, widget.group, widget.limit) == ("mine=1", "stage", 5)
    again = pages.read_widget(here, pages.texts_of(here, widget))
    assert again == widget
    fields = {field.name: field for field in pages.widget_fields(here, typed)}
    assert "sum(amount)" in {option.value for option in fields["measure"].options}
    for change, field in (
        ({"object": "no_such"}, "object"),
        ({"list": "/o/account/"}, "list"),
        ({"limit": "many"}, "limit"),
        ({"group": ""}, "group"),
        ({"caption": ""}, "caption"),
    ):
        with pytest.raises(Invalid) as refused:
            pages.read_widget(here, typed | change)
        assert [error.field for error in refused.value.errors] == [field]


def test_fields_that_may_not_be_read_are_not_offered(viewers: Viewers) -> None:
    give_level(viewers.admin, "opportunity", "amount", viewers.one, ColumnLevel.NONE)
    fields = {f.name: f for f in pages.widget_fields(reader(viewers.one), {"object": "opportunity"})}
    assert "sum(amount)" not in {option.value for option in fields["measure"].options}
