"""Texts and numbers that come with a request."""

from django.http import HttpRequest

from ostiary.kernel.errors import NotFound

_LONGEST = 200
_DIGITS = 10


def typed_in(request: HttpRequest, *names: str) -> str:
    """The text, as `q` or under the name of the field that sends it. Raises NotFound: far too long."""
    text: str = next((request.GET[name] for name in ("q", *names) if name in request.GET), "")
    if len(text) > _LONGEST:
        raise NotFound
    return text


def number_in(text: str) -> int:
    """A version as a form carries it; 0 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _DIGITS else 0
