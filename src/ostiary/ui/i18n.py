"""The language of a request. Every text of the interface is a message that `gettext` looks up."""

import gettext as _gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

_LOCALE = Path(__file__).parent / "locale"


@cache
def _translations(language: str) -> _gettext.NullTranslations:
    return _gettext.translation("ostiary", str(_LOCALE), languages=[language], fallback=True)


_current: ContextVar[str] = ContextVar("ostiary_ui_language", default="en")


def gettext(message: str) -> str:
    """The message in the language of this request; itself where no translation exists."""
    return _translations(_current.get()).gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """The message in the form that `number` asks for."""
    return _translations(_current.get()).ngettext(singular, plural, number)


def later(message: str) -> str:
    """The message itself: marks a text that is looked up when it is shown."""
    return message


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Everything inside speaks `language` (a code such as "en" or "de")."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)
