"""What every editor of rights does: show a draft, change it, preview it, save it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect

from ostiary import ui
from ostiary.assurance import public as assurance
from ostiary.kernel.errors import Invalid, NotFound, VersionConflict
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Field, Head
from ostiary.web._frame import frame_of
from ostiary.web._impact_view import impact_view
from ostiary.web._rights_carried import CARRIED_EDITS
from ostiary.web._rights_columns import COLUMN_EDITS
from ostiary.web._rights_desk import UNITS_URL, Desk, Editor, desk_of
from ostiary.web._rights_edits import ROW_EDITS, Edit, add_name
from ostiary.web._rights_rules import RULE_EDITS
from ostiary.web._rights_words import Difference, differences, lines_between, title_of

_CONFLICT = 409


@dataclass(frozen=True, slots=True)
class Bar:
    """The unsaved changes and what can be done with them."""

    text: str
    count: int
    differences: tuple[Difference, ...]
    digest: str
    may_undo: bool
    url: str
    is_previewed: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A page to be rendered. current: its entry in the navigation."""

    template: str
    head: Head
    current: str
    url: str
    values: Mapping[str, object]


EDITS: Mapping[str, Edit] = {**ROW_EDITS, **COLUMN_EDITS, **RULE_EDITS, **CARRIED_EDITS}
Build = Callable[[Editor], Page]


def show_list(request: HttpRequest, build: Callable[[Desk], Page]) -> HttpResponseBase:
    """A page without a form."""
    page = build(desk_of(request))
    html = ui.render(page.template, frame=frame_of(request, page.current), head=page.head, **page.values)
    response = HttpResponse(html)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def show(request: HttpRequest, build: Build) -> HttpResponseBase:
    """The page as stored."""
    return _response(request, Editor(desk_of(request), request.GET.dict()), build)


def change(request: HttpRequest, build: Build) -> HttpResponseBase:
    """The page after the edit that its form asks for."""
    desk, posted = desk_of(request), request.POST.dict()
    try:
        editor = Editor(desk.edited(edit(desk, posted)), posted)
    except Invalid as refused:
        editor = Editor(desk, posted, {error.field: said(error.message) for error in refused.errors})
    return _response(request, editor, build, 422 if editor.errors else 200)


def add_field(editor: Editor, target: str) -> Field:
    """The field that names the unit of a new row."""
    name = add_name(target)
    error = editor.errors.get(name, "")
    return Field(
        name,
        _("Add a role or person"),
        "lookup",
        editor.posted.get(f"{name}.text", "") if error else "",
        editor.posted.get(name, "") if error else "",
        placeholder=_("Find a role or person"),
        error=error,
        lookup_url=f"{UNITS_URL}?for={name}",
    )


def edit(desk: Desk, posted: Mapping[str, str]) -> assurance.Draft:
    """The draft after what the pressed button asks for. Raises Invalid: names the field; NotFound."""
    name, *words = posted.get("do", "").split(" ")
    if name not in EDITS:
        raise NotFound
    return EDITS[name](desk, words, posted)


def preview(request: HttpRequest, build: Build) -> HttpResponseBase:
    """The page with what saving would do."""
    return _previewed(request, desk_of(request), build)


def save(request: HttpRequest, build: Build, back: str) -> HttpResponseBase:
    """Saves what was previewed; what was not, or not as things are now, is previewed instead."""
    desk = desk_of(request)
    if request.POST.get("previewed") != _digest(desk):
        return _previewed(request, desk, build)
    try:
        assurance.save_draft(desk.ctx, desk.draft.changes, desk.draft.epoch)
    except VersionConflict:
        return _previewed(request, desk_of(request), build, _CONFLICT)
    return _redirect(request, f"{back}{'&' if '?' in back else '?'}done=rights")


def _previewed(request: HttpRequest, desk: Desk, build: Build, status: int = 200) -> HttpResponseBase:
    posted, moved = request.POST.dict(), _moved(desk)
    if desk.draft.epoch != desk.policy.epoch:
        desk = desk.edited(desk.draft.rebased(desk.policy))
    try:
        impact = assurance.preview(desk.ctx, desk.draft.changes)
    except Invalid as refused:
        errors = {error.field: said(error.message) for error in refused.errors}
        return _response(request, Editor(desk, posted, errors, moved=moved), build, 422)
    return _response(request, Editor(desk, posted, impact=impact, moved=moved), build, status)


def _moved(desk: Desk) -> tuple[str, ...]:
    """What was changed since the draft began, where it concerns the draft; else that something was."""
    if desk.draft.epoch == desk.policy.epoch:
        return ()
    said = [
        f"{title_of(desk, now)}: {'; '.join(lines_between(desk, entry.base, now))}"
        for entry, now in desk.draft.moved(desk.policy)
    ]
    return tuple(said) or (_("Nothing that you changed was touched."),)


def _response(request: HttpRequest, editor: Editor, build: Build, status: int = 200) -> HttpResponse:
    desk, page = editor.desk, build(editor)
    html = ui.render(
        page.template,
        frame=frame_of(request, page.current),
        head=page.head,
        bar=_bar(editor, page.url),
        editor=editor,
        view=None if editor.impact is None else impact_view(desk.ctx, desk.catalogue, editor.impact),
        **page.values,
    )
    response = HttpResponse(html, status=status)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def _bar(editor: Editor, url: str) -> Bar:
    desk = editor.desk
    found = differences(desk)
    return Bar(
        desk.text,
        sum(len(each.lines) for each in found),
        found,
        _digest(desk),
        bool(desk.draft.steps),
        url,
        editor.impact is not None,
    )


def _digest(desk: Desk) -> str:
    """Names what was previewed, so that nothing else is saved by the button beside it."""
    return hashlib.sha256(desk.text.encode()).hexdigest()


def _redirect(request: HttpRequest, url: str) -> HttpResponseBase:
    """On to a whole page, also where a part of one was asked for."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=200, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
