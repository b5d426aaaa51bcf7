"""The language of a request. Every text of the interface is a message that `gettext` looks up.

Source of the messages' form: ADR 0037.
"""

import gettext as _gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from ostiary.kernel.messages import Message, Verbatim, later

__all__ = [
    "FALLBACK",
    "NAMES",
    "gettext",
    "grouped",
    "language",
    "languages",
    "later",
    "negotiate",
    "ngettext",
    "said",
    "separators",
    "speak",
    "spoken",
    "use_language",
]

FALLBACK = "en"  # the language that the messages are written in
NAMES = {"en": "English", "de": "Deutsch"}  # each by the name that its speakers know
_SEPARATORS = {"de": (".", ",")}  # of thousands and before decimals; source: Unicode CLDR
_LOCALE = Path(__file__).parent / "locale"
_LONGEST_HEADER = 200
_WEIGHTED = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?")


@cache
def _translations(language: str) -> _gettext.NullTranslations:
    if language == FALLBACK:
        return _gettext.NullTranslations()
    return _gettext.translation("ostiary", str(_LOCALE), languages=[language], fallback=True)


_current: ContextVar[str] = ContextVar("ostiary_ui_language", default=FALLBACK)


@cache
def languages() -> tuple[str, ...]:
    """The languages that the interface speaks: its own, and those with a built catalogue."""
    built = (code for code in NAMES if _gettext.find("ostiary", str(_LOCALE), [code]))
    return tuple(dict.fromkeys((FALLBACK, *built)))


def spoken() -> tuple[tuple[str, str], ...]:
    """(code, name) of each language that the interface speaks."""
    return tuple((code, NAMES[code]) for code in languages())


def language() -> str:
    """The language of this request, as a page says it of itself."""
    return _current.get()


def negotiate(header: str) -> str:
    """The language that a browser's Accept-Language likes best of those spoken here.

    Source: RFC 9110, 12.5.4. What is malformed is passed over.
    """
    wanted: dict[str, float] = {}
    for part in header[:_LONGEST_HEADER].split(","):
        found = _WEIGHTED.fullmatch(part)
        if found is not None:
            wanted.setdefault(found[1].lower(), float(found[2] or 1))
    offered = [code for code in languages() if wanted.get(code, 0) > 0]
    return max(offered, key=lambda code: wanted[code], default=FALLBACK)


def gettext(message: str) -> str:
    """The message in the language of this request; itself where no translation exists."""
    return _translations(_current.get()).gettext(message) if message else message


def ngettext(singular: str, plural: str, number: int) -> str:
    """The message in the form that `number` asks for."""
    return _translations(_current.get()).ngettext(singular, plural, number)


def said(text: str) -> str:
    """A text from below, such as what a refusal says, in the language of this request."""
    if isinstance(text, Message):
        return gettext(text.template) % {name: _told(value) for name, value in text.values.items()}
    return gettext(text)


def _told(value: object) -> object:
    if isinstance(value, str):
        return value if isinstance(value, Verbatim) else said(value)
    return grouped(f"{value:,}") if type(value) is int else value


def separators() -> tuple[str, str]:
    """Between thousands, and before decimals."""
    return _SEPARATORS.get(language(), (",", "."))


def grouped(number: str) -> str:
    """A number as Python writes it ("1,234.5") with the separators of this request's language."""
    group, point = separators()
    return number.translate({ord(","): group, ord("."): point})


def speak(language: str) -> None:
    """From here on this request has the language `language` (a code such as "de-AT"), if it is spoken here.

    Inside `use_language` alone, which takes it back.
    """
    base = language.partition("-")[0].lower()
    _current.set(base if base in languages() else FALLBACK)


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Everything inside speaks `language` (a code such as "en" or "de")."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)
