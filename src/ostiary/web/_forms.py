"""Forms of the administration: fields with their errors, and text that names a person or role."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from ostiary import ui
from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import UnitId
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Field, Head, Link, Option
from ostiary.web._frame import frame_of, reader_of

OFFERED = 20
_CLOCK = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class Form:
    """What a page with a form shows. intro: one sentence about it.

    hidden: fields that nobody sees. danger: the word on a button `delete`. refresh: value of the button that
    asks for the form anew, when a choice changes what there is to fill in.
    """

    title: str
    action: str
    fields: tuple[Field, ...]
    cancel_url: str
    submit: str
    crumbs: tuple[Link, ...] = ()
    current: str = ""
    intro: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    danger: str = ""
    refresh: str = ""


def form_page(request: HttpRequest, form: Form, errors: Sequence[FieldError] = ()) -> HttpResponse:
    """The form; with errors as 422, each at its field or above all."""
    told = {error.field: said(error.message) for error in errors}
    fields = [replace(f, error=told.get(f.name, "")) for f in form.fields]
    known = {f.name for f in fields}
    html = ui.render(
        "web/form.html",
        frame=frame_of(request, form.current),
        head=Head(form.title, crumbs=form.crumbs),
        form=form,
        fields=fields,
        general=[said(error.message) for error in errors if error.field not in known],
        problems=[(f.id, f.label, f.error) for f in fields if f.error],
    )
    return answer(html, 422 if errors else 200)


def answer(html: str, status: int = 200) -> HttpResponse:
    """A page that depends on who asks and how."""
    response = HttpResponse(html, status=status)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def crumbs_to(*steps: tuple[str, str]) -> tuple[Link, ...]:
    """(label, address) each."""
    return tuple(Link(label, url) for label, url in steps)


def unit_of(text: str) -> UnitId | None:
    """The id in an address or field. Raises NotFound: it is none."""
    try:
        return UnitId(UUID(text)) if text else None
    except ValueError:
        raise NotFound from None


def units_of(texts: Iterable[str], most: int = 1_000) -> list[UnitId]:
    """The ids that were chosen, each once. Raises NotFound: one is none. Invalid: too many."""
    found = list(dict.fromkeys(unit for text in texts if (unit := unit_of(text)) is not None))
    if len(found) > most:
        raise refuse("", "too_many", _("Too many are chosen at once."))
    return found


def refuse(field: str, code: str, message: str) -> Invalid:
    """The refusal of one field."""
    return Invalid([FieldError(field, code, message)])


def role_option(role: identity.RoleEntry, names: dict[UnitId, str]) -> Option:
    """A role to choose, told apart from others of its name by what is next to it."""
    return Option(str(role.id), f"{role.name} ({role_place(role, names)})")


def role_place(role: identity.RoleEntry, names: dict[UnitId, str]) -> str:
    """What kind of role it is and where it lies."""
    place = {
        identity.UnitKind.ORG: _("organisational"),
        identity.UnitKind.FUNC: _("functional"),
        identity.UnitKind.MANAGER: _("managers"),
    }[role.kind]
    above = names.get(role.manages or role.parent or identity.NO_UNIT)
    if above is None:
        return place
    text = _("managers of %(unit)s") if role.manages else _("%(kind)s, below %(unit)s")
    return text % {"kind": place, "unit": above}


def person_option(person: identity.Principal) -> Option:
    """A person or service account to choose."""
    return Option(str(person.id), f"{person.name} ({person.login})")


def role_options(ctx: Context, text: str, kinds: frozenset[identity.UnitKind]) -> list[Option]:
    """Roles that fit what was typed."""
    found = access.search_roles(ctx, text, kinds=kinds, limit=OFFERED)
    return [role_option(role, dict(found.names)) for role in found.rows]


def person_options(ctx: Context, text: str, kinds: tuple[identity.PrincipalKind, ...]) -> list[Option]:
    """Active people that fit what was typed."""
    query = identity.PeopleQuery(search=text, kinds=kinds, active=True, limit=OFFERED)
    return [person_option(row) for row in access.list_people(ctx, query).rows] if text.strip() else []


PERSONS = (identity.PrincipalKind.EMPLOYEE, identity.PrincipalKind.EXTERNAL)


def unit_options(ctx: Context, text: str) -> list[Option]:
    """Active people and roles that fit what was typed."""
    return [*person_options(ctx, text, PERSONS), *role_options(ctx, text, identity.ROLE_KINDS)]


def typed(request: HttpRequest) -> str:
    """What somebody types into a field, whichever sends it."""
    asked = request.GET
    text = asked.get("q") or next((v for k, v in asked.items() if k.endswith(".text")), "")
    return str(text)[:200]


def options_answer(options: Sequence[Option]) -> HttpResponse:
    """The options of a field, for its list."""
    return answer(ui.render("web/options.html", options=options))


def chosen(request: HttpRequest, field: str, offered: Callable[[str], list[Option]]) -> UnitId | None:
    """The unit of a lookup field: by its id, or by what was typed if that fits one alone; None: empty.

    Raises Invalid: nothing fits, or several do.
    """
    if key := request.POST.get(field, ""):
        return unit_of(key)
    text = request.POST.get(f"{field}.text", "").strip()[:200]
    if not text:
        return None
    found = offered(text.partition(" (")[0])
    exact = [o for o in found if o.label == text] or [
        o for o in found if o.label.partition(" (")[0].casefold() == text.casefold()
    ]
    fits = exact or found
    if not fits:
        raise refuse(field, "unknown", _("Nothing is called %(text)s.") % {"text": text})
    if len(fits) > 1:
        several = ", ".join(option.label for option in fits[:5])
        raise refuse(
            field, "ambiguous", _("Several fit, write one of them: %(several)s") % {"several": several}
        )
    return UnitId(UUID(fits[0].value))


def needed(unit: UnitId | None, field: str) -> UnitId:
    """Raises Invalid: nothing was chosen."""
    if unit is None:
        raise refuse(field, "required", _("Choose one."))
    return unit


def period_of(request: HttpRequest) -> identity.Period:
    """From and until of a form, in the time zone of the reader. Raises Invalid."""
    zone = reader_of(request).zone
    return identity.Period(_instant(request, "valid_from", zone), _instant(request, "valid_to", zone))


def _instant(request: HttpRequest, field: str, zone: tzinfo) -> datetime | None:
    text = request.POST.get(field, "").strip()
    if not text:
        return None
    try:
        return datetime.strptime(text[:16], _CLOCK).replace(tzinfo=zone)
    except ValueError:
        raise refuse(field, "malformed", _("Write a date and time.")) from None


def period_fields(request: HttpRequest) -> tuple[Field, Field]:
    """From and until, with what was posted."""
    posted = request.POST
    hint = _("Empty: from now on.")
    return (
        Field("valid_from", _("From"), "instant", posted.get("valid_from", ""), hint=hint),
        Field("valid_to", _("Until"), "instant", posted.get("valid_to", ""), hint=_("Empty: without end.")),
    )


def lookup_field(request: HttpRequest, name: str, label: str, url: str, hint: str = "") -> Field:
    """A field for one person or role, with what was posted."""
    return Field(
        name,
        label,
        "lookup",
        request.POST.get(f"{name}.text", ""),
        key=request.POST.get(name, ""),
        hint=hint,
        required=True,
        lookup_url=url,
    )
