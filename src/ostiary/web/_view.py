"""What a view declares about itself: the methods it answers, and whether everybody may see it."""

from collections.abc import Callable

from django.http import HttpResponseBase
from django.views.decorators.http import require_http_methods

View = Callable[..., HttpResponseBase]
READ, FORM, WRITE = ("GET", "HEAD"), ("GET", "HEAD", "POST"), ("POST",)


def answers(methods: tuple[str, ...], *, everybody: bool = False) -> Callable[[View], View]:
    """Any other method gets 405. everybody: also before signing in, where the middleware stops others."""

    def mark(view: View) -> View:
        checked: View = require_http_methods(methods)(view)
        if everybody:
            checked.login_required = False  # type: ignore[attr-defined]  # Django's mark of login_not_required
        return checked

    return mark


def lists_of(query: object) -> dict[str, list[str]]:
    """Django's QueryDict as plain values."""
    return {key: list(values) for key, values in query.lists()}  # type: ignore[attr-defined]  # Django has no types
