"""Choosing several people or roles on one page: what is there may be taken away, what is found may be added.

One form, posted for every step: looking for others keeps what is chosen. Works without script.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from ostiary import ui
from ostiary.kernel.errors import FieldError
from ostiary.kernel.ids import UnitId
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Head, Link, Option
from ostiary.web._forms import answer, units_of
from ostiary.web._frame import frame_of
from ostiary.web._impact import BACK, Asked, confirm

FIND = "find"


@dataclass(frozen=True, slots=True)
class Choosing:
    """A page for choosing several.

    have: what is there, to be taken away. named: the options of ids that were chosen to be added.
    find: options for a text. words: of the page, by what they are for.
    """

    title: str
    action: str
    back_url: str
    crumbs: tuple[Link, ...]
    current: str
    have: Sequence[Option]
    named: Callable[[Sequence[UnitId]], list[Option]]
    find: Callable[[str], list[Option]]
    have_title: str
    add_title: str
    search_label: str
    note: str = ""


def added(request: HttpRequest) -> list[UnitId]:
    """The ids chosen to be added. Raises NotFound, Invalid."""
    return units_of(request.POST.getlist("add"))


def removed(request: HttpRequest) -> list[UnitId]:
    """The ids chosen to be taken away. Raises NotFound, Invalid."""
    return units_of(request.POST.getlist("remove"))


def choose(
    request: HttpRequest, choosing: Choosing, asked: Callable[[Sequence[UnitId], Sequence[UnitId]], Asked]
) -> HttpResponseBase:
    """The page for choosing, or what was chosen (to give, to take away) to be confirmed."""

    def form(errors: Sequence[FieldError]) -> HttpResponse:
        return choosing_page(request, choosing, errors)

    if request.method != "POST" or FIND in request.POST or BACK in request.POST:
        return form(())
    give, take = added(request), removed(request)
    if not give and not take:
        return form([FieldError("", "required", _("Nothing is chosen yet."))])
    return confirm(request, asked(give, take), form)


def choosing_page(
    request: HttpRequest, choosing: Choosing, errors: Sequence[FieldError] = ()
) -> HttpResponse:
    """The page with what was chosen so far, and what the text in the box finds."""
    text = request.POST.get("q", "").strip()[:200]
    chosen = choosing.named(added(request))
    there = {o.value for o in choosing.have} | {o.value for o in chosen}
    found = [option for option in choosing.find(text) if option.value not in there] if text else []
    html = ui.render(
        "web/choosing.html",
        frame=frame_of(request, choosing.current),
        head=Head(choosing.title, crumbs=choosing.crumbs),
        choosing=choosing,
        text=text,
        chosen=chosen,
        found=found,
        removed=set(request.POST.getlist("remove")),
        errors=[said(error.message) for error in errors],
        nothing=_("Nothing else is called that.") if text and not found else "",
    )
    return answer(html, 422 if errors else 200)
