"""Error pages: what happened, what is safe, what to do next."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from ostiary.kernel.errors import AccessDenied, Invalid, NotFound, OstiaryError
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Action, Head


@dataclass(frozen=True, slots=True)
class ErrorView:
    """Everything that pages/error.html shows. `layer` names what stopped, on a refusal."""

    head: Head
    title: str
    text: str
    icon: str
    layer: str = ""
    actions: tuple[Action, ...] = ()
    request_id: str = ""


def error_view(error: OstiaryError, home_url: str, request_id: UUID | None = None) -> ErrorView:
    """The page for a refusal. Hidden and absent are one page, word for word."""
    home = (Action(_("Go to the start page"), home_url),)
    known = "" if request_id is None else str(request_id)
    if isinstance(error, NotFound):
        text = _(
            "Nothing that you may see is at this address. It may have been deleted, or never been there."
        )
        return ErrorView(Head(_("Not found")), _("Not found"), text, "search", actions=home)
    if isinstance(error, AccessDenied):
        title = _("This is not open to you")
        layer = _("Stopped at %(layer)s.") % {"layer": _layer_words(error.layer)}
        return ErrorView(Head(title), title, said(error.message), "lock", layer, home, known)
    title = _("This did not work")
    text = " ".join(_sentences(error))
    return ErrorView(Head(title), title, text, "plug-connected-x", "", home, known)


def _sentences(error: OstiaryError) -> Iterator[str]:
    """What happened; of bad input, what is wrong with each field."""
    texts = [e.message for e in error.errors] if isinstance(error, Invalid) else []
    for text in texts or [error.message]:
        yield f"{said(text).rstrip('.')}."


def _layer_words(layer: str) -> str:
    return {
        "gate": _("the gate (layer 0)"),
        "operation": _("the operation (layer 1)"),
        "object": _("the object (layer 2)"),
        "record": _("the record (layer 3)"),
        "column": _("the field (layer 4)"),
    }.get(layer, layer)
