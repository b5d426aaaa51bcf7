"""What is kept of a widget is checked wherever it comes from."""

from typing import Any

import pytest

from ostiary.dashboards import public as dashboards
from ostiary.dashboards.public import Kind, Shape, Widget
from ostiary.kernel.errors import Invalid
from ostiary.records.public import Function, Group, Measure, Period

GOOD = {"kind": "chart", "caption": "By stage", "object": "opportunity", "group": "stage"}


def test_a_widget_is_read_as_it_was_kept() -> None:
    widget = Widget(
        Kind.CHART,
        "By month",
        "opportunity",
        "view=mine",
        "sum(amount)",
        "closed_on:month",
        "stage",
        Shape.LINE,
        12,
        8,
    )
    assert dashboards.read_widgets([dashboards.widget_values(widget)]) == (widget,)
    assert dashboards.read_measure("sum(amount)") == Measure(Function.SUM, "amount")
    assert dashboards.read_group("closed_on:month") == Group("closed_on", Period.MONTH)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "video"}, "kind"),
        ({"caption": " "}, "caption"),
        ({"caption": "x" * 121}, "caption"),
        ({"object": ""}, "object"),
        ({"filter": "x" * 4_001}, "filter"),
        ({"measure": "sum"}, "measure"),
        ({"measure": "count(amount)"}, "measure"),
        ({"measure": "sum(amount"}, "measure"),
        ({"group": ""}, "group"),
        ({"group": "closed_on:decade"}, "group"),
        ({"split": ":month"}, "split"),
        ({"shape": "cloud"}, "shape"),
        ({"limit": 0}, "limit"),
        ({"limit": True}, "limit"),
        ({"width": 5}, "width"),
        ({"script": "x"}, "script"),
        ({"caption": 5}, "caption"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(change: dict[str, Any], field: str) -> None:
    assert dashboards.read_widgets([GOOD])
    with pytest.raises(Invalid) as refused:
        dashboards.read_widgets([GOOD, GOOD | change])
    assert [error.field for error in refused.value.errors] == [f"widgets.1.{field}"]


def test_there_is_a_bound() -> None:
    assert len(dashboards.read_widgets([GOOD] * dashboards.MOST_WIDGETS)) == dashboards.MOST_WIDGETS
    for values in ([GOOD] * (dashboards.MOST_WIDGETS + 1), "text", [1]):
        with pytest.raises(Invalid):
            dashboards.read_widgets(values)
