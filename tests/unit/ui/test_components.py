"""Components take plain values and escape them."""

import pytest
from jinja2 import UndefinedError

from ostiary import ui
from ostiary.ui.environment import _environment
from ostiary.ui.values import Action, Field, Frame, Head, Option

BAD = "<script>alert('x')</script>"


def component(call: str, **values: object) -> str:
    name = call.partition("(")[0]
    module = {"action": "button", "tag": "pill"}.get(name, name)
    source = f'{{% from "ui/{module}.html" import {name} %}}{{{{ {call} }}}}'
    return _environment().from_string(source).render(values)


def test_every_template_compiles() -> None:
    names = _environment().list_templates()
    assert {"ui/shell.html", "ui/field.html"} <= set(names)
    for name in names:
        _environment().get_template(name)


@pytest.mark.parametrize(
    "call",
    ["pill(x)", "tag(x)", "chip(x, x, x)", "note(x)", "toast(x)", "why(x, 'id')", "button(x)"],
)
def test_values_are_escaped(call: str) -> None:
    html = component(call, x=BAD)
    assert "<script" not in html
    assert component(call, x="Helios Labs")


def test_an_action_is_a_link_or_says_why_not() -> None:
    allowed = component("action(a, 'id')", a=Action("Export", "/x"))
    refused = component("action(a, 'id')", a=Action("Export", "/x", why="You may not."))
    assert 'href="/x"' in allowed
    assert "/x" not in refused
    assert 'aria-disabled="true"' in refused
    assert "You may not." in refused


def test_an_error_is_tied_to_its_field() -> None:
    plain = component("field(f)", f=Field("due", "Due", "date"))
    wrong = component("field(f)", f=Field("due", "Due", "date", value="x", error="No date.", hint="When"))
    assert "aria-invalid" not in plain
    assert 'aria-describedby="f-due-e f-due-h"' in wrong
    assert 'id="f-due-e">No date.' in wrong


@pytest.mark.parametrize(
    "kind",
    [
        "text",
        "long_text",
        "email",
        "tel",
        "url",
        "integer",
        "decimal",
        "date",
        "instant",
        "boolean",
        "choice",
        "lookup",
    ],
)
def test_every_kind_of_field_has_a_label_and_a_control(kind: str) -> None:
    options = (Option("a", "A"), Option("b", "B", selected=True))
    html = component(
        "field(f)", f=Field("x", "Caption", kind, value="v", options=options, lookup_url="/lookup/o/x")
    )
    assert '<label class="label" for="f-x">Caption' in html
    assert 'id="f-x"' in html
    assert 'name="x"' in html


def test_a_missing_value_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        ui.render("ui/fragment.html", head=Head("Title"))
    assert "Title" in ui.render(
        "ui/fragment.html", head=Head("Title"), frame=Frame("ui/fragment.html", "Halden")
    )


def test_built_files_are_found_by_their_hashed_names_alone() -> None:
    name = ui.asset("app.css").removeprefix("/static/")
    plain, packed = ui.find_file(name), ui.find_file(name, "gzip, br")
    assert plain is not None
    assert packed is not None
    assert (plain.encoding, packed.encoding) == ("", "br")
    assert len(packed.content) < len(plain.content)
    for other in ("app.css", "manifest.json", f"{name}.gz", "../../__init__.py", ""):
        assert ui.find_file(other) is None


def test_an_unknown_icon_has_a_stand_in() -> None:
    assert "#briefcase" in ui.icon("briefcase")
    assert "#box" in ui.icon("no-such-icon")
    assert 'aria-label="Delete &lt;it&gt;"' in ui.icon("trash", label="Delete <it>")
