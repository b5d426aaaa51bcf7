"""The language of a request, and texts that are looked up when they are shown."""

import re
from pathlib import Path

import pytest

from ostiary.kernel.messages import later, worded
from ostiary.ui import i18n
from ostiary.ui.environment import _environment

SOURCE = Path(__file__).parents[3] / "src/ostiary"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr;q=1, de;q=0.4, en;q=0.3", "de"),
        ("en;q=0.1, DE-ch;q=0.2", "de"),
        ("de;q=0", "en"),
        ("fr, ja", "en"),
        ("", "en"),
        ("*", "en"),
        ("de;q=high, \x00;, ;;;", "en"),
        ("x" * 10_000 + ",de", "en"),
    ],
)
def test_a_browser_gets_what_it_likes_best(header: str, language: str) -> None:
    assert i18n.negotiate(header) == language


@pytest.mark.parametrize(
    ("asked", "spoken"), [("de", "de"), ("de-CH", "de"), ("fr", "en"), ("", "en"), ("../de", "en")]
)
def test_a_person_gets_a_language_that_is_spoken(asked: str, spoken: str) -> None:
    with i18n.use_language("en"):
        i18n.speak(asked)
        assert i18n.language() == spoken
    assert i18n.language() == "en"


def test_what_is_said_below_is_shown_in_the_language_of_the_request() -> None:
    refusal = worded(
        "%(field)s: %(problem)s", field=later("Amount"), problem=worded("at most %(most)s", most=12_000)
    )
    assert refusal == "Amount: at most 12,000"
    assert i18n.said(refusal) == refusal
    with i18n.use_language("de"):
        assert i18n.said(refusal) == "Betrag: höchstens 12.000"
        assert i18n.said("Not found") == "Nicht gefunden"
        assert i18n.said("Nobody translated this") == "Nobody translated this"
        assert i18n.said("") == i18n.gettext("") == ""


def test_a_language_does_not_outlive_its_request() -> None:
    with i18n.use_language("de"):
        assert i18n.gettext("Sign in") == "Anmelden"
        assert i18n.ngettext("%(num)d rule", "%(num)d rules", 1) == "%(num)d Regel"
    assert i18n.gettext("Sign in") == "Sign in"
    assert i18n.spoken() == (("en", "English"), ("de", "Deutsch"))


def frozen(source: str) -> list[str]:
    """Lines of a template that look up a text outside of any macro: for whoever imports it that is once."""
    outside = re.sub(r"{%-? *macro .*?endmacro *-?%}", "", source, flags=re.DOTALL)
    return [line.strip() for line in outside.splitlines() if re.search(r"\b(_|ngettext)\(", line)]


def test_what_templates_share_looks_its_texts_up_each_time() -> None:
    templates = {path.name: path.read_text() for path in SOURCE.glob("*/templates/**/*.html")}
    shared = {name for text in templates.values() for name in re.findall(r'{%-? *from "\w+/([\w.]+)"', text)}
    assert "class_badge.html" in shared
    assert {name: found for name in sorted(shared) if (found := frozen(templates[name]))} == {}
    assert frozen("{% macro a() %}{{ _('in') }}{% endmacro %}\n{% set x = _('out') %}") == [
        "{% set x = _('out') %}"
    ]


def test_a_shared_component_follows_the_language() -> None:
    source = '{% from "ui/class_badge.html" import class_badge %}{{ class_badge("confidential", full=True) }}'
    template = _environment().from_string(source)
    assert "Confidential" in template.render()
    with i18n.use_language("de"):
        assert "Vertraulich" in template.render()
