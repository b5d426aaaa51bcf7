"""Values of a person by which scope rules compare: chosen among records that the reader may read."""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase

from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound
from ostiary.kernel.ids import UnitId
from ostiary.records import public as records
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Option
from ostiary.web._choosing import Choosing, choose
from ostiary.web._frame import PEOPLE_URL, reader_of
from ostiary.web._impact import Asked
from ostiary.web._people_views import GUARD, person_crumbs
from ostiary.web._view import FORM, answers


@answers(FORM, guard=GUARD, reads="identity.person.viewed", writes="identity.attribute.changed")
def attribute_page(request: HttpRequest, person_id: UUID, name: str) -> HttpResponseBase:
    """GET, POST /people/<id>/attributes/<name>: values added and taken away."""
    ctx = request.ctx
    person = access.view_person(ctx, UnitId(person_id))
    attribute = attribute_of(request, person.id, name)
    here = f"{PEOPLE_URL}/{person.id}"
    choosing = Choosing(
        _("%(attribute)s of %(name)s") % {"attribute": name, "name": person.name},
        f"{here}/attributes/{name}",
        f"{here}?tab=attributes",
        person_crumbs(person),
        PEOPLE_URL,
        value_options(request, attribute, sorted(attribute.values)),
        lambda ids: value_options(request, attribute, ids),
        lambda text: _find(request, attribute, text),
        _("Values now: tick what to take away"),
        _("Values to add"),
        _("Name of a record"),
        note=_("Scope rules that compare with this give records with one of these values."),
    )

    def asked(give: Sequence[UnitId], take: Sequence[UnitId]) -> Asked:
        wanted = frozenset((attribute.values | set(give)) - set(take))
        return Asked(
            _("Change %(attribute)s of %(name)s?") % {"attribute": name, "name": person.name},
            [assurance.SetAttribute(person.id, name, wanted)],
            back=f"{here}?tab=attributes",
            done=f"{here}?tab=attributes&done=saved",
            crumbs=person_crumbs(person),
            current=PEOPLE_URL,
        )

    return choose(request, choosing, asked)


def attribute_of(request: HttpRequest, person: UnitId, name: str) -> access.AttributeView:
    """One that the person has or that scope rules name. Raises NotFound."""
    grounds = reader_of(request).catalogue.grounds
    for attribute in access.view_attributes(request.ctx, grounds, person):
        if attribute.name == name:
            return attribute
    raise NotFound


def value_options(request: HttpRequest, attribute: access.AttributeView, ids: Sequence[UUID]) -> list[Option]:
    """The values by name; of records that the reader may not read, by id alone."""
    if not ids:
        return []
    names: dict[str, str] = {}
    for code in _codes(request, attribute):
        made = reader_of(request).catalogue.objects[code]
        wanted = records.parse_filter({"field": "id", "op": "in", "value": [str(i) for i in ids]})
        query = records.RecordQuery(code, columns=(made.display,), filter=wanted, limit=500)
        for found in records.list_records(request.ctx, query).records():
            names[str(found["id"])] = str(found.get(made.display) or found["id"])
    units = identity.names_of(request.ctx, [UnitId(i) for i in ids])
    return [Option(str(i), names.get(str(i)) or units.get(UnitId(i)) or str(i)) for i in ids]


def _find(request: HttpRequest, attribute: access.AttributeView, text: str) -> list[Option]:
    codes = _codes(request, attribute)
    try:
        hits = records.search_records(request.ctx, text, codes, 50) if codes else ()
    except Invalid:  # nothing in it that could be searched for
        return []
    return [Option(str(hit.id), hit.display or str(hit.id)) for of in hits for hit in of.hits]


def _codes(request: HttpRequest, attribute: access.AttributeView) -> list[str]:
    """The objects whose records the values are, as far as the reader may read them."""
    reader = reader_of(request)
    known = [made.code for made in reader.catalogue.objects.values() if made.id in attribute.objects]
    return [code for code in known if _readable(request, code)]


def _readable(request: HttpRequest, code: str) -> bool:
    try:
        return access.Verb.READ in records.describe(request.ctx, code).verbs
    except (AccessDenied, NotFound):
        return False
