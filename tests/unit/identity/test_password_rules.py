"""What may be a password: long, one's own, anything printable."""

import unicodedata

import pytest

from ostiary.identity._password_rules import ensure_acceptable
from ostiary.kernel.errors import Invalid

ABOUT = ("ada.quist", "Ada Quist", "ada@brightwater.example", "brightwater", "Brightwater Trading")


def refusal(password: str) -> str | None:
    """The code of the refusal, or None."""
    try:
        ensure_acceptable(password, about=ABOUT)
    except Invalid as refused:
        return refused.errors[0].code
    return None


@pytest.mark.parametrize(
    ("allowed", "refused", "code"),
    [
        ("grey kettle snow", "grey kettle sn", "password_too_short"),
        ("river otter " * 10 + "12345678", "river otter " * 10 + "123456789", "password_too_long"),
        ("tall grass\u00a0moves", "tall grass\x07moves", "password_unprintable"),
        ("tall grass moves", "tall grass\ud800moves", "password_unprintable"),
        ("password of seven kings", "Pass-Word-Pass-Word", "password_common"),
        ("kettle and the kettle's lid", "kettle kettle kettle", "password_repetitive"),
        ("abcabcabdabceabcabc", "aaaaaaabbbbbbbbbb", "password_repetitive"),
        ("acegikmoqsuwyacx", "abcdefghijklmnopqr", "password_repetitive"),
        ("Brightwater green lamp", "Brightwater-2026!", "password_about_you"),
        ("Ada owns eleven geese", "ada.quist ada.quist1", "password_about_you"),
    ],
)
def test_the_whole_password_decides(allowed: str, refused: str, code: str) -> None:
    assert refusal(allowed) is None
    assert refusal(refused) == code


@pytest.mark.parametrize(
    "password",
    [
        "only small letters here",
        "482910573648201",
        "?!-;:.,()[]{}%&",
        "пароль из пяти слов да",
        "鳥は東の空を高く飛んで行きました",
        "   three spaces first",
        "🦊🦉🐢🐙🦔🐝🐞🐌🦎🐍🐢🦕🐳🐬🦈",
    ],
)
def test_no_rule_of_composition(password: str) -> None:
    assert refusal(password) is None


def test_one_form_is_kept_and_nothing_is_trimmed() -> None:
    decomposed = unicodedata.normalize("NFD", " Žluťoučký kůň úpěl ")
    assert ensure_acceptable(decomposed, about=()) == " Žluťoučký kůň úpěl "


def test_length_counts_code_points_of_the_kept_form() -> None:
    fourteen = "žluťoučký kůňx"
    assert len(fourteen) == 14
    assert len(unicodedata.normalize("NFD", fourteen)) > 15
    assert refusal(unicodedata.normalize("NFD", fourteen)) == "password_too_short"
