"""Every text of the interface has its translation, with the same placeholders."""

import importlib.util
import re
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PLACEHOLDER = re.compile(r"%\((\w+)\)([sd])")
UNTRANSLATED: frozenset[str] = frozenset()  # messages that may lack a translation for now: none
LANGUAGES = ("de",)


@cache
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages", ROOT / "tools" / "messages.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def written() -> dict[object, str]:
    """Every message of the sources, with a place where it stands."""
    return {message: place for place, message in tool().found_messages()}


def translations(language: str) -> dict[object, tuple[str, ...]]:
    path = tool().LOCALE / language / "LC_MESSAGES" / "ostiary.po"
    found: dict[object, tuple[str, ...]] = {}
    for message in tool().read(path):
        if message.id and not message.fuzzy:
            string = message.string or ""
            key = message.id if isinstance(message.id, str) else tuple(message.id)
            found[key] = (string,) if isinstance(string, str) else tuple(string)
    return found


def placeholders(text: str) -> set[tuple[str, str]]:
    return set(PLACEHOLDER.findall(text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_has_a_translation(language: str) -> None:
    known = translations(language)
    singular = {message[0]: strings for message, strings in known.items() if isinstance(message, tuple)}
    missing = sorted(
        f"{place}: {message!r}"
        for message, place in written().items()
        if message not in UNTRANSLATED and not all(known.get(message) or singular.get(message, ("",)))
    )
    gone = sorted(repr(message) for message in known if message not in written())
    listed = "\n".join(missing)
    assert not missing, f"run `make messages` and translate into {language}:\n{listed}"
    assert not gone, f"no text any more, `make messages` takes them out: {gone}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_placeholders_of_its_message(language: str) -> None:
    wrong = []
    for message, strings in translations(language).items():
        forms = message if isinstance(message, tuple) else (message,)
        allowed = [placeholders(str(form)) for form in forms]  # the form for one may leave the number out
        if len(strings) != len(forms) or any(placeholders(s) not in allowed for s in strings if s):
            wrong.append(f"{message!r} -> {strings!r}")
    assert wrong == []


def test_what_is_marked_in_any_way_is_found() -> None:
    texts = set(written())
    assert {
        "Sign in",
        "Not found",
        "Opportunities",
        "View any data",
        "Created",
    } <= texts  # Python, errors, values
    assert "Skip to content" in texts  # a template
    assert ("%(num)d rule", "%(num)d rules") in texts
    assert "%(field)s: %(problem)s" in texts


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise Invalid([FieldError("name", "taken", "This is taken")])', ["This is taken"]),
        ('words = "One thing" if x else "Another thing"', ["One thing", "Another thing"]),
        ('raise ValueError("not for people")', []),
        ('FieldError("name", "taken", f"{x} is taken")', []),
    ],
)
def test_refusals_are_read_from_the_source(source: str, found: list[str]) -> None:
    assert list(tool().refusals(source)) == found
