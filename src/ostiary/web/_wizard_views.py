"""Roles proposed from job functions: what people work on, how closed the data may be, and the difference."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from ostiary import ui
from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.crm import public as crm
from ostiary.kernel.entries import needs
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.objects.public import DataClass
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Field, Head, Link, Option
from ostiary.web._frame import RIGHTS_URL, WIZARD_URL, frame_of, reader_of
from ostiary.web._impact import Asked, confirm
from ostiary.web._view import FORM, answers

_GUARD = needs(access.Operation.MANAGE_RIGHTS.value)
_CLASSES: Mapping[str, Callable[[], str]] = {
    "": lambda: _("Nothing"),
    "public": lambda: _("Public"),
    "internal": lambda: _("Internal and below"),
    "confidential": lambda: _("Confidential and below"),
    "restricted": lambda: _("Restricted: everything"),
}
_RECORDS: Mapping[assurance.Records, Callable[[], str]] = {
    assurance.Records.OWN: lambda: _("Own, managed and shared ones"),
    assurance.Records.READ_ALL: lambda: _("Read those of everybody"),
    assurance.Records.CHANGE_ALL: lambda: _("Read and change those of everybody"),
}


@dataclass(frozen=True, slots=True)
class FunctionForm:
    """One job function with what is asked about it. works_on: captions of objects."""

    code: str
    caption: str
    description: str
    works_on: str
    chosen: bool
    fields: tuple[Field, ...]


@answers(FORM, guard=_GUARD, reads="access.policy.viewed", writes="assurance.change.previewed")
def wizard_page(request: HttpRequest) -> HttpResponseBase:
    """GET, POST /rights/wizard."""
    access.ensure_operation(request.ctx, access.Operation.MANAGE_RIGHTS)
    if request.method != "POST":
        access.view_policy(request.ctx)
        return _form(request, ())
    try:
        proposal = assurance.propose_roles(request.ctx, _choices(request))
    except Invalid as refused:
        return _form(request, refused.errors)
    if not proposal.plan.changes:
        return _form(request, (), nothing=True)
    asked = Asked(
        _("Give these roles?"),
        proposal.plan.changes,
        back=WIZARD_URL,
        crumbs=(Link(_("Object permissions"), RIGHTS_URL),),
        done=f"{WIZARD_URL}?done=decided",
        lines=proposal.plan.lines,
        current=RIGHTS_URL,
    )
    return confirm(request, asked, form=lambda errors: _form(request, errors))


def _choices(request: HttpRequest) -> list[assurance.FunctionChoice]:
    found = []
    for function in crm.job_functions():
        code = function.code
        if request.POST.get(code) == "yes":
            found.append(
                assurance.FunctionChoice(
                    code,
                    _class(request, f"{code}_read"),
                    _class(request, f"{code}_edit"),
                    _records(request, f"{code}_records"),
                    export=request.POST.get(f"{code}_export") == "yes",
                )
            )
    return found


def _class(request: HttpRequest, name: str) -> DataClass | None:
    word = request.POST.get(name, "")
    if word not in _CLASSES:
        raise Invalid([FieldError(name, "unknown", _("Choose one of the classes"))])
    return DataClass[word.upper()] if word else None


def _records(request: HttpRequest, name: str) -> assurance.Records:
    try:
        return assurance.Records(request.POST.get(name, ""))
    except ValueError:
        raise Invalid([FieldError(name, "unknown", _("Choose which records"))]) from None


def _form(request: HttpRequest, errors: Sequence[FieldError], *, nothing: bool = False) -> HttpResponse:
    told = {error.field: said(error.message) for error in errors}
    html = ui.render(
        "web/wizard.html",
        frame=frame_of(request, RIGHTS_URL),
        head=Head(_("Roles from job functions"), crumbs=(Link(_("Object permissions"), RIGHTS_URL),)),
        url=WIZARD_URL,
        functions=[_function(request, function, told) for function in crm.job_functions()],
        error=told.get("function", ""),
        nothing=nothing,
    )
    response = HttpResponse(html, status=422 if errors else 200)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def _function(request: HttpRequest, function: crm.JobFunction, told: dict[str, str]) -> FunctionForm:
    code, posted = function.code, request.POST
    kept = assurance.FunctionChoice(code)
    read, edit = (
        posted.get(f"{code}_{which}", value.name.lower() if value else "")
        for which, value in (("read", kept.read_upto), ("edit", kept.edit_upto))
    )
    records = posted.get(f"{code}_records", kept.records.value)
    fields = (
        _choice(f"{code}_read", _("May read"), read, {k: v() for k, v in _CLASSES.items()}, told),
        _choice(f"{code}_edit", _("May edit"), edit, {k: v() for k, v in _CLASSES.items()}, told),
        _choice(f"{code}_records", _("Records"), records, {k.value: v() for k, v in _RECORDS.items()}, told),
        Field(f"{code}_export", _("Take lists out as files"), "boolean", posted.get(f"{code}_export", "")),
    )
    catalogue = reader_of(request).catalogue
    works_on = ", ".join(catalogue.objects[c].plural for c in function.objects if c in catalogue.objects)
    chosen = posted.get(code) == "yes"
    return FunctionForm(code, _(function.caption), _(function.description), works_on, chosen, fields)


def _choice(name: str, label: str, value: str, words: dict[str, str], told: dict[str, str]) -> Field:
    options = tuple(Option(key, word, selected=key == value) for key, word in words.items())
    return Field(name, label, "choice", value, error=told.get(name, ""), options=options)
