"""What surrounds every page: navigation from the workplaces, the person, theme and density."""

import re
from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest
from django.middleware.csrf import get_token

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.objects.public import Catalogue, Workplace
from ostiary.pages import public as pages
from ostiary.tenancy import public as tenancy
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Contrast, Density, Frame, Group, Link, Theme, Undo

THEME, CONTRAST, DENSITY = "ostiary-theme", "ostiary-contrast", "ostiary-density"
KEYS, WORKPLACE = "ostiary-keys", "ostiary-workplace"
URLS = pages.Urls()
JOBS_URL, SETTINGS_URL, EXPLAIN_URL = "/jobs", "/settings", URLS.bench
PEOPLE_URL, ROLES_URL = "/people", "/roles"
RIGHTS_URL, OPERATIONS_URL, WIZARD_URL = "/rights/objects", "/rights/operations", "/rights/wizard"
MATRIX_URL = "/role-matrix"
HOME_URL = "/"
PREFERENCES_URL, GALLERY_URL = "/preferences", "/design"
FILES_URL = "/files"
DUPLICATES_URL = "/duplicates"
_CHANGE = re.compile(r"([a-z][a-z0-9_]{0,62}):([0-9a-f-]{36}):(\d{1,9})")  # object, record, version after it
_THEMES: Mapping[str, Theme] = {"light": "light", "dark": "dark"}
_BOTTOM = 4  # sections in the bottom bar of phones; the fifth place is More
_NOTICES = {
    "added": lambda: _("Added."),
    "saved": lambda: _("Saved."),
    "undone": lambda: _("Taken back."),
    "decided": lambda: _("Saved. It is in effect now."),
    "reviewed": lambda: _("Noted that you reviewed it."),
    "reset": lambda: _("Back to the default."),
    "view_saved": lambda: _("View saved."),
    "view_deleted": lambda: _("View deleted."),
    "pinned": lambda: _("Pinned. It stands in Search everything."),
    "unpinned": lambda: _("No longer pinned."),
    "deleted": lambda: _("Deleted."),
    "rights": lambda: _("Rights saved. They are in effect now."),
    "requested": lambda: _("Asked for. It is listed here and can be downloaded when it is done."),
    "merged": lambda: _("Merged. What referred to the others refers to this record."),
    "searching": lambda: _("The search goes on in the background."),
    "apart": lambda: _("Noted that these are not the same."),
    "queued": lambda: _("Back in the queue."),
    "discarded": lambda: _("Discarded."),
    "none": lambda: _("Nothing is selected."),
    "lost": lambda: _("Saved. You may no longer see this record."),
}


def reader_of(request: HttpRequest) -> pages.Reader:
    """The reader of this request, in the time zone of the person; made once for each request."""
    if not hasattr(request, "reader"):
        request.reader = pages.make_reader(request.ctx, URLS, _zone(request))
    reader: pages.Reader = request.reader
    return reader


def person_of(request: HttpRequest) -> identity.Person:
    """Who is signed in; read once for each request."""
    if not hasattr(request, "person"):
        request.person = identity.get_person(request.ctx, request.ctx.actor)
    person: identity.Person = request.person
    return person


def frame_of(request: HttpRequest, current: str = "") -> Frame:
    """The shell around a page about the object `current`; for htmx the page's own part alone."""
    reader = reader_of(request)
    catalogue, readable = reader.catalogue, set(reader.views)
    workplaces = [w for w in catalogue.workplaces if sections_of(w, readable)]
    current = _section(catalogue, current)
    chosen = _chosen(workplaces, current, request.COOKIES.get(WORKPLACE, ""))
    groups = _groups(catalogue, chosen, readable, current) if chosen else ()
    insight = Link(_("Dashboards"), URLS.dashboards, "chart-bar", current == URLS.dashboards)
    day = Group(_("Personal"), (Link(_("My day"), HOME_URL, "sun", current == HOME_URL),), bare=True)
    administration = administration_of(request, current)
    groups = (day, *groups, Group(_("Insight"), (insight,)), *administration)
    person = person_of(request)
    only_part = request.headers.get("HX-Request") == "true" and not request.headers.get(
        "HX-History-Restore-Request"
    )
    return Frame(
        template="ui/fragment.html" if only_part else "ui/shell.html",
        tenant=tenant_name(request),
        workplace=chosen.caption if chosen else "",
        workplaces=tuple(
            Link(w.caption, f"/w/{w.code}", current=chosen is not None and w.code == chosen.code)
            for w in workplaces
        ),
        groups=groups,
        bottom=tuple(link for group in groups if not group.folded for link in group.links)[:_BOTTOM],
        person=person.name,
        login=person.login,
        whose=f"{request.ctx.tenant_id}/{request.ctx.actor}",
        csrf=get_token(request),
        here=without_notice(request),
        sign_out_url="/sign-out",
        search_url=URLS.search,
        preferences_url=PREFERENCES_URL,
        files_url=FILES_URL,
        theme=theme_of(request),
        contrast=contrast_of(request),
        density=density_of(request),
        keys=has_keys(request),
        notice=_NOTICES.get(request.GET.get("done", ""), str)(),
        undo=_undo(request, current),
    )


def _undo(request: HttpRequest, current: str) -> Undo | None:
    """How what the notice tells of is taken back: a change of a record, or the deletion of a view."""
    asked = request.GET.get("undo", "")
    if change := _CHANGE.fullmatch(asked):
        code, record_id, version = change.groups()
        fields = (("version", version), ("next", without_notice(request)))
        return Undo(URLS.record(code, record_id, "undo"), fields)
    with suppress(ValueError):
        return Undo(URLS.views(current, str(UUID(asked))), (("do", "restore"),))
    return None


def without_notice(request: HttpRequest) -> str:
    """The address of this page as it is without news."""
    query = request.GET.copy()
    for name in ("done", "undo"):
        query.pop(name, None)
    path: str = request.path
    return f"{path}?{query.urlencode()}" if query else path


def plain_frame(request: HttpRequest) -> Frame:
    """The frame of pages for people who are not signed in."""
    return Frame(
        template="ui/bare.html",
        tenant=tenant_name(request),
        csrf=get_token(request),
        theme=theme_of(request),
        contrast=contrast_of(request),
        density=density_of(request),
    )


def empty_frame(request: HttpRequest) -> Frame:
    """The frame of a page that is made without asking anything: nobody knows whose request it is."""
    return Frame(
        template="ui/bare.html",
        tenant="Ostiary",
        theme=theme_of(request),
        contrast=contrast_of(request),
        density=density_of(request),
    )


def sections_of(workplace: Workplace, readable: set[str]) -> list[str]:
    """Codes of the workplace's sections that the reader may open, in order."""
    return [code for _caption, codes in workplace.groups for code in codes if code in readable]


def section_links(request: HttpRequest) -> list[Link]:
    """The sections of all workplaces that the reader may open, each once; not the lists of values."""
    reader = reader_of(request)
    readable = set(reader.views)
    codes = dict.fromkeys(c for w in reader.catalogue.workplaces for c in sections_of(w, readable))
    things = (reader.catalogue.objects[code] for code in codes)
    return [Link(t.plural, URLS.records(t.code), t.icon) for t in things if not t.is_lookup]


def first_section(request: HttpRequest, workplace: str) -> str | None:
    """Where a workplace begins: its first section that the reader may open; None if there is none at all."""
    reader = reader_of(request)
    readable = set(reader.views)
    for each in sorted(reader.catalogue.workplaces, key=lambda w: w.code != workplace):
        if found := sections_of(each, readable):
            return found[0]
    return None


def theme_of(request: HttpRequest) -> Theme:
    """The theme this browser asked for."""
    return read_theme(request.COOKIES.get(THEME, ""))


def read_theme(text: str) -> Theme:
    """A theme by its name; "" follows the system."""
    return _THEMES.get(text, "")


def contrast_of(request: HttpRequest) -> Contrast:
    """High contrast, if this browser asked for it."""
    return read_contrast(request.COOKIES.get(CONTRAST, ""))


def read_contrast(text: str) -> Contrast:
    """A contrast by its name; "" follows the system."""
    return "more" if text == "more" else ""


def has_keys(request: HttpRequest) -> bool:
    """Whether single keys do something: they may be turned off (WCAG 2.2, 2.1.4)."""
    return bool(request.COOKIES.get(KEYS, "") != "off")


def density_of(request: HttpRequest) -> Density:
    """Compact rows, if this browser asked for them."""
    return "compact" if request.COOKIES.get(DENSITY, "") == "compact" else ""


def tenant_name(request: HttpRequest) -> str:
    """The name of the tenant that answers on this host."""
    tenant = tenancy.find_tenant_by_host(request.get_host().partition(":")[0].lower())
    return tenant.name if tenant else "Ostiary"


def _section(catalogue: Catalogue, current: str) -> str:
    """The section that a page belongs to: what lies under records and is no section belongs to theirs."""
    made = catalogue.objects.get(current)
    master = made.master_column if made else None
    listed = any(current in codes for w in catalogue.workplaces for _caption, codes in w.groups)
    return current if listed or master is None else master.target or current


def _chosen(workplaces: list[Workplace], current: str, preferred: str) -> Workplace | None:
    """The preferred workplace if it holds the current section, else the first that does."""
    holding = [w for w in workplaces if any(current in codes for _caption, codes in w.groups)] or workplaces
    return next((w for w in holding if w.code == preferred), holding[0] if holding else None)


def _groups(
    catalogue: Catalogue, workplace: Workplace, readable: set[str], current: str
) -> tuple[Group, ...]:
    groups = []
    for caption, codes in workplace.groups:
        things = [catalogue.objects[code] for code in codes if code in readable]
        links = tuple(Link(t.plural, URLS.records(t.code), t.icon, t.code == current) for t in things)
        if links:
            groups.append(Group(caption, links, folded=all(t.is_lookup for t in things)))
    return tuple(groups)


def administration_of(request: HttpRequest, current: str = "") -> tuple[Group, ...]:
    """What administers the tenant, for those who may; folded, since few people need it every day."""
    links = []
    if access.may_operate(request.ctx, access.Operation.MANAGE_USERS):
        links.append(Link(_("People"), PEOPLE_URL, "users", current == PEOPLE_URL))
        links.append(Link(_("Roles"), ROLES_URL, "users-group", current == ROLES_URL))
    if access.may_operate(request.ctx, access.Operation.MANAGE_RIGHTS):
        links.append(Link(_("Object permissions"), RIGHTS_URL, "shield-lock", current == RIGHTS_URL))
        links.append(Link(_("System operations"), OPERATIONS_URL, "adjustments", current == OPERATIONS_URL))
        links.append(Link(_("Role matrix"), MATRIX_URL, "table", current == MATRIX_URL))
        links.append(Link(_("Explain"), EXPLAIN_URL, "zoom-question", current == EXPLAIN_URL))
    if access.may_operate(request.ctx, access.Operation.MANAGE_SOLUTION):
        links.append(Link(_("Duplicate rules"), DUPLICATES_URL, "git-merge", current == DUPLICATES_URL))
    if access.may_operate(request.ctx, access.Operation.MANAGE_JOBS):
        links.append(Link(_("Background work"), JOBS_URL, "list-check", current == JOBS_URL))
    if access.may_operate(request.ctx, access.Operation.MANAGE_SYSTEM_SETTINGS):
        links.append(Link(_("System settings"), SETTINGS_URL, "settings", current == SETTINGS_URL))
    return (Group(_("Administration"), tuple(links), folded=True),) if links else ()


def _zone(request: HttpRequest) -> ZoneInfo:
    try:
        return ZoneInfo(person_of(request).time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
