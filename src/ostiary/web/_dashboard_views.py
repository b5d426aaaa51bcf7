"""Dashboards: looked at, made, changed, shared."""

from collections.abc import Mapping
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect

from ostiary.access import public as access
from ostiary.dashboards import public as dashboards
from ostiary.identity import public as identity
from ostiary.kernel.entries import RECORDS, Silent, needs
from ostiary.kernel.errors import FieldError, Invalid, NotFound, VersionConflict
from ostiary.kernel.ids import UnitId
from ostiary.pages import public as pages
from ostiary.records import public as records
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Field, Link, Option
from ostiary.web._forms import Form, form_page, unit_of
from ostiary.web._frame import URLS, reader_of
from ostiary.web._responses import done, page_response
from ostiary.web._view import FORM, READ, answers, lists_of

_SECTION = URLS.dashboards
_GUARD = needs(access.Operation.MANAGE_ANALYTICS.value)
_FORM = Silent("a form about a dashboard; names of people and roles that the person may know")
_FIRST = Silent("leads on to a dashboard, or says that there is none")
_COLLEAGUES = 200


@answers(READ, guard=RECORDS, reads=_FIRST)
def first_page(request: HttpRequest) -> HttpResponseBase:
    """GET /dashboards: on to the first, or how to make one."""
    found = dashboards.list_dashboards(request.ctx)
    if found:
        return HttpResponseRedirect(URLS.dashboard(found[0].id))
    return page_response(request, pages.no_dashboard_view(reader_of(request)), _SECTION)


@answers(READ, guard=RECORDS, reads="records.record.aggregated")
def page(request: HttpRequest, dashboard_id: UUID) -> HttpResponseBase:
    """GET /dashboards/<id>; each figure and each list is read with an event of its own."""
    return page_response(request, pages.dashboard_view(reader_of(request), dashboard_id), _SECTION)


@answers(FORM, guard=_GUARD, reads=_FORM, writes="dashboards.dashboard.created")
def new_page(request: HttpRequest) -> HttpResponseBase:
    """GET, POST /dashboards/new."""
    texts = _texts(request)
    form = Form(
        _("New dashboard"),
        URLS.dashboard("new"),
        (_name_field(texts.get("name", "")),),
        URLS.dashboard(),
        _("Make it"),
        _crumbs(),
        _SECTION,
        _("It is yours alone until you share it."),
    )
    if request.method != "POST":
        return form_page(request, form)
    try:
        made = dashboards.create_dashboard(request.ctx, texts.get("name", ""), ())
    except Invalid as refused:
        return form_page(request, form, refused.errors)
    return done(URLS.dashboard(made), "added")


@answers(FORM, guard=_GUARD, reads=_FORM, writes="dashboards.dashboard.changed")
def edit_page(request: HttpRequest, dashboard_id: UUID) -> HttpResponseBase:
    """GET, POST /dashboards/<id>/edit: its name, the order of its widgets; or away with it."""
    shown = dashboards.get_dashboard(request.ctx, dashboard_id, dashboards.Level.EDIT)
    texts = _texts(request)
    if texts.get("do") == "delete":
        dashboards.delete_dashboard(request.ctx, dashboard_id)
        return done(URLS.dashboard(), "deleted")
    form = Form(
        _("Edit %(name)s") % {"name": shown.name},
        URLS.dashboard(dashboard_id, "edit"),
        (_name_field(texts.get("name", shown.name)), *_places(shown, texts)),
        URLS.dashboard(dashboard_id),
        _("Save"),
        _crumbs(shown),
        _SECTION,
        hidden=_version(shown),
        danger=_("Delete dashboard") if shown.level is dashboards.Level.OWN else "",
    )
    if request.method != "POST":
        return form_page(request, form)
    order = sorted(range(len(shown.widgets)), key=lambda n: (_place(texts.get(f"place-{n}", ""), n), n))
    widgets = [shown.widgets[n] for n in order if texts.get(f"place-{n}") != ""]
    try:
        _save(request, shown, texts, texts.get("name", ""), widgets)
    except Invalid as refused:
        return form_page(request, form, refused.errors)
    return done(URLS.dashboard(dashboard_id), "saved")


@answers(FORM, guard=_GUARD, reads=_FORM, writes="dashboards.dashboard.changed")
def widget_page(request: HttpRequest, dashboard_id: UUID, number: int | None = None) -> HttpResponseBase:
    """GET, POST /dashboards/<id>/widgets/<number> and /new."""
    shown = dashboards.get_dashboard(request.ctx, dashboard_id, dashboards.Level.EDIT)
    if number is not None and number >= len(shown.widgets):
        raise NotFound
    reader, texts = reader_of(request), _texts(request)
    known = {} if number is None else pages.texts_of(reader, shown.widgets[number])
    given = texts if request.method == "POST" else {**known, **texts}
    form = Form(
        _("Add a widget") if number is None else _("Edit %(name)s") % {"name": known["caption"]},
        URLS.dashboard(dashboard_id, "widgets/new" if number is None else f"widgets/{number}"),
        pages.widget_fields(reader, given),
        URLS.dashboard(dashboard_id),
        _("Add it") if number is None else _("Save"),
        _crumbs(shown),
        _SECTION,
        hidden=_version(shown),
        refresh=pages.REFRESH,
    )
    if request.method != "POST" or texts.get("do") == pages.REFRESH:
        return form_page(request, form)
    widgets = list(shown.widgets)
    try:
        widget = pages.read_widget(reader, texts)
        if number is None:
            widgets.append(widget)
        else:
            widgets[number] = widget
        _save(request, shown, texts, shown.name, widgets)
    except Invalid as refused:
        return form_page(request, form, refused.errors)
    return done(URLS.dashboard(dashboard_id), "saved")


@answers(FORM, guard=_GUARD, reads=_FORM, writes="dashboards.dashboard.shared")
def share_page(request: HttpRequest, dashboard_id: UUID) -> HttpResponseBase:
    """GET, POST /dashboards/<id>/share: one person or role more, another level, or none any more."""
    shown = dashboards.get_dashboard(request.ctx, dashboard_id, dashboards.Level.OWN)
    shares, texts = dashboards.list_shares(request.ctx, dashboard_id), _texts(request)
    form = Form(
        _("Share %(name)s") % {"name": shown.name},
        URLS.dashboard(dashboard_id, "share"),
        tuple(_share_fields(request, shares, texts)),
        URLS.dashboard(dashboard_id),
        _("Save"),
        _crumbs(shown),
        _SECTION,
        _("Sharing shows the figures that each person may read for themselves; it opens no record."),
    )
    if request.method != "POST":
        return form_page(request, form)
    wanted = {unit: level for unit in shares if (level := _level(texts.get(f"level-{unit}", "")))}
    unit, level = unit_of(texts.get("unit", "")), _level(texts.get("level", ""))
    if unit is not None and level is not None:
        wanted[unit] = level
    try:
        dashboards.share_dashboard(request.ctx, dashboard_id, wanted)
    except Invalid as refused:
        return form_page(request, form, refused.errors)
    return done(URLS.dashboard(dashboard_id), "saved")


def _save(
    request: HttpRequest,
    shown: dashboards.Dashboard,
    texts: Mapping[str, str],
    name: str,
    widgets: list[dashboards.Widget],
) -> None:
    """Raises Invalid, also where somebody else saved first."""
    try:
        dashboards.save_dashboard(
            request.ctx, shown.id, name, widgets, pages.version_in(texts.get("version", ""))
        )
    except VersionConflict as conflict:
        told = _("Somebody else changed this dashboard meanwhile. Open it again and repeat your change.")
        raise Invalid([FieldError("", "conflict", told)]) from conflict


def _texts(request: HttpRequest) -> dict[str, str]:
    query = request.POST if request.method == "POST" else request.GET
    return {name: values[-1].strip() for name, values in lists_of(query).items() if values}


def _crumbs(shown: dashboards.Dashboard | None = None) -> tuple[Link, ...]:
    first = Link(_("Dashboards"), URLS.dashboard())
    return (first,) if shown is None else (first, Link(shown.name, URLS.dashboard(shown.id)))


def _name_field(value: str) -> Field:
    return Field("name", _("Name"), "text", value, required=True, max_length=120)


def _version(shown: dashboards.Dashboard) -> tuple[tuple[str, str], ...]:
    return (("version", str(shown.version)),)


def _places(shown: dashboards.Dashboard, texts: Mapping[str, str]) -> list[Field]:
    hint = _("Its place from 1 on; empty takes it away.")
    return [
        Field(f"place-{n}", widget.caption, "integer", texts.get(f"place-{n}", str(n + 1)), hint=hint)
        for n, widget in enumerate(shown.widgets)
    ]


def _place(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else otherwise + 1


def _level(text: str) -> dashboards.Level | None:
    return {"view": dashboards.Level.VIEW, "edit": dashboards.Level.EDIT}.get(text)


def _share_fields(
    request: HttpRequest, shares: Mapping[UnitId, dashboards.Level], texts: Mapping[str, str]
) -> list[Field]:
    names = identity.names_of(request.ctx, sorted(shares))
    fields = [
        Field(
            f"level-{unit}",
            names.get(unit, ""),
            "choice",
            options=_levels(level.name.lower(), _("Not any more")),
        )
        for unit, level in shares.items()
    ]
    known = {str(unit) for unit in shares}
    mine = identity.names_of(request.ctx, sorted(access.own_units(request.ctx)))
    units = [*((str(u), name) for u, name in mine.items()), *records.people(request.ctx, limit=_COLLEAGUES)]
    options = {unit: name for unit, name in units if unit not in {*known, str(request.ctx.actor)}}
    chosen = texts.get("unit", "")
    listed = (Option(unit, name, unit == chosen) for unit, name in options.items())
    return [
        *fields,
        Field("unit", _("Share with"), "choice", options=(Option("", ""), *listed)),
        Field("level", _("So that they may"), "choice", options=_levels("view")),
    ]


def _levels(chosen: str, nothing: str = "") -> tuple[Option, ...]:
    told = (("view", _("look at it")), ("edit", _("change it as well")))
    options = tuple(Option(value, label, value == chosen) for value, label in told)
    return (*options, Option("", nothing)) if nothing else options
