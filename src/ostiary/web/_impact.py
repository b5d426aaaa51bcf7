"""The step before a change of rights is saved: a page that says who gains and who loses what.

For every editor of rights. A view makes `assurance` changes of its form and hands them over:

    @answers(FORM, guard=_GUARD, reads=..., writes="access.object.changed")
    def rows_page(request, code):
        if request.method != "POST":
            return _form(request)
        changes = [assurance.SetObjectRows(...)]
        asked = Asked(_("Change who may use accounts?"), changes, back=here, done=f"{here}?done=saved")
        return confirm(request, asked, form=lambda errors: _form(request, errors))

The first POST answers with the preview, on a page where everything that was posted stands again in hidden
fields; Save posts them once more with the epoch that the preview was of, and saves if it still is. Else the
page comes again, with what saving would do now. Back leads to `form` with the values (or to `back` by a link
without one), and so does a refusal, as 422. Works without script.

The preview itself is for holders of CanManageAdministration. Whoever may save without holding it is told so.
The panel alone: `{% from "web/impact.html" import impact %}` and `impact_view`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect

from ostiary import ui
from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.errors import FieldError, Invalid, VersionConflict
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Head, Link
from ostiary.web._frame import frame_of, reader_of
from ostiary.web._impact_view import impact_view

SEEN, BACK = "seen_epoch", "back_to_form"
_OWN = frozenset({SEEN, BACK, "csrfmiddlewaretoken"})
Form = Callable[[Sequence[FieldError]], HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked to save.

    title: what it is, as a question. lines: what will be saved, in words. back, done: addresses for Back
    and after saving. current: the entry of the navigation. save: the word on the button; danger: it takes
    something away for good.
    """

    title: str
    changes: Sequence[assurance.RightsChange]
    back: str
    done: str
    lines: tuple[str, ...] = ()
    crumbs: tuple[Link, ...] = ()
    current: str = ""
    save: str = ""
    danger: bool = False


def confirm(request: HttpRequest, asked: Asked, form: Form | None = None) -> HttpResponseBase:
    """Preview the changes, or save those that were previewed. form: the editor's page, with errors or none.

    Raises: AccessDenied: an operation that the changes need. NotFound; Invalid, without a form.
    """
    if form is not None and BACK in request.POST:
        return form(())
    try:
        if _saved(request, asked):
            return HttpResponseRedirect(asked.done)
        return _preview(request, asked, with_form=form is not None)
    except Invalid as refused:
        if form is None:
            raise
        return form(refused.errors)


def _saved(request: HttpRequest, asked: Asked) -> bool:
    """Whether the changes were looked at, and are made now."""
    given = request.POST.get(SEEN, "")
    if not given.isascii() or not given.isdigit() or len(given) > 19:
        return False
    seen = int(given)
    if not _may_preview(request):
        assurance.apply_changes(request.ctx, asked.changes)
        return True
    try:
        assurance.save_changes(request.ctx, asked.changes, seen)
    except VersionConflict:
        return False
    return True


def _may_preview(request: HttpRequest) -> bool:
    return access.may_operate(request.ctx, access.Operation.MANAGE_RIGHTS)


def _preview(request: HttpRequest, asked: Asked, *, with_form: bool) -> HttpResponse:
    view, epoch = None, identity.current_epoch(request.ctx)
    if _may_preview(request):
        found = assurance.preview(request.ctx, asked.changes)
        view, epoch = impact_view(request.ctx, reader_of(request).catalogue, found), found.epoch
    else:
        assurance.check_changes(request.ctx, asked.changes)
    html = ui.render(
        "web/confirm_change.html",
        frame=frame_of(request, asked.current),
        head=Head(asked.title, crumbs=asked.crumbs),
        asked=asked,
        view=view,
        save=asked.save or _("Save"),
        changed_meanwhile=SEEN in request.POST,
        fields=[*_posted(request), (SEEN, str(epoch))],
        back=BACK if with_form else "",
    )
    response = HttpResponse(html)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def _posted(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """Every field as it was posted, in order."""
    for name, values in request.POST.lists():
        if name not in _OWN:
            yield from ((name, value) for value in values)
