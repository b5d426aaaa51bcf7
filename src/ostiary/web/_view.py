"""What a view declares about itself: its methods, what guards it, which event each method leaves."""

from collections.abc import Callable

from django.http import HttpResponseBase
from django.views.decorators.http import require_http_methods

from ostiary.kernel.entries import Entry, Guard, Kind, Silent, declare

View = Callable[..., HttpResponseBase]
READ, FORM, WRITE = ("GET", "HEAD"), ("GET", "HEAD", "POST"), ("POST",)


def answers(
    methods: tuple[str, ...],
    *,
    guard: Guard,
    reads: str | Silent | None = None,
    writes: str | Silent | None = None,
    operation: str | None = None,
) -> Callable[[View], View]:
    """Any other method gets 405. An open view also answers before signing in, where others are stopped.

    reads, writes: event of GET and of POST, or why there is none. operation: needed beside the guard.
    Raises: ValueError: a method without an event.
    """
    events: dict[str, str | Silent] = {}
    for names, event in ((("GET", "HEAD"), reads), (("POST",), writes)):
        for name in names:
            if (name in methods) != (event is not None):
                raise ValueError(f"{name}: a view says which event each of its methods leaves, and no other")
            if event is not None:
                events[name] = event

    def mark(view: View) -> View:
        checked: View = require_http_methods(methods)(view)
        if guard.kind is Kind.OPEN:
            checked.login_required = False  # type: ignore[attr-defined]  # Django's mark of login_not_required
        return declare(checked, Entry(guard, events, operation))

    return mark


def lists_of(query: object) -> dict[str, list[str]]:
    """Django's QueryDict as plain values."""
    return {key: list(values) for key, values in query.lists()}  # type: ignore[attr-defined]  # Django has no types
