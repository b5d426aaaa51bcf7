"""Habits of style sheets and templates that the page policy and the design ask for."""

import json
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[3] / "src/ostiary"
ASSETS = SOURCE / "ui/assets"
TEMPLATES = sorted(SOURCE.glob("*/templates/**/*.html"))
SHEETS = sorted((ASSETS / "css").glob("*.css"))
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(")
# what a strict policy forbids, and expressions that htmx would evaluate
INLINE = re.compile(
    r"<style|\bstyle=|<script(?![^>]*\bsrc=)|\son\w+=|\bhx-on|\bhx-vals=|javascript:", re.IGNORECASE
)
ICON = re.compile(r"icon\(\s*\"([a-z0-9-]+)\"")


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda p: p.name)
def test_only_tokens_name_colours(sheet: Path) -> None:
    if sheet.name != "tokens.css":
        assert COLOUR.findall(sheet.read_text()) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda p: f"{p.parts[-3]}-{p.name}")
def test_templates_have_nothing_inline(template: Path) -> None:
    assert INLINE.findall(template.read_text()) == []


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ('<script type="module" src="x.js">', "<script>go()</script>"),
        ('<a href="/x">', '<a href="javascript:x">'),
        ('<p class="style">', '<p style="color:red">'),
        ('<button type="button">', '<button onclick="x()">'),
    ],
)
def test_samples_of_inline_code(good: str, bad: str) -> None:
    assert INLINE.search(good) is None
    assert INLINE.search(bad) is not None


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    known = {name for names in json.loads((ASSETS / "icons.json").read_text()).values() for name in names}
    named = {name for template in TEMPLATES for name in ICON.findall(template.read_text())}
    assert named
    assert named <= known


def test_packages_are_pinned() -> None:
    package = json.loads((ASSETS / "package.json").read_text())
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert [name for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
