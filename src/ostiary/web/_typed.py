"""Texts that come with a request."""

from django.http import HttpRequest

from ostiary.kernel.errors import NotFound

_LONGEST = 200


def typed_in(request: HttpRequest, *names: str) -> str:
    """The text, as `q` or under the name of the field that sends it. Raises NotFound: far too long."""
    text: str = next((request.GET[name] for name in ("q", *names) if name in request.GET), "")
    if len(text) > _LONGEST:
        raise NotFound
    return text
