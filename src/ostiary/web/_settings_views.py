"""System settings of the tenant: every one with its value, and the page that decides one."""

from dataclasses import dataclass
from itertools import groupby

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect

from ostiary import ui
from ostiary.access import public as access
from ostiary.audit.public import EventView
from ostiary.identity import public as identity
from ostiary.kernel.entries import needs
from ostiary.kernel.errors import Invalid, NotFound
from ostiary.kernel.ids import UnitId
from ostiary.settings import public as settings
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Empty, Field, Head, Link, Option, Search
from ostiary.web._frame import SETTINGS_URL, frame_of, reader_of
from ostiary.web._view import FORM, READ, answers

_GUARD = needs(settings.SYSTEM_SETTINGS)
_LONGEST_SEARCH = 100
_KINDS = {
    settings.Kind.BOOLEAN: "boolean",
    settings.Kind.INTEGER: "integer",
    settings.Kind.DECIMAL: "decimal",
    settings.Kind.CHOICE: "choice",
}


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting as the list shows it. changed: when, empty while nobody decided."""

    caption: str
    description: str
    url: str
    value: str
    is_default: bool
    changed: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change: when, by whom, from what to what."""

    at: str
    by: str
    before: str
    after: str


@answers(READ, guard=_GUARD, reads="settings.value.listed")
def list_page(request: HttpRequest) -> HttpResponseBase:
    """GET /settings?q=."""
    asked = request.GET.get("q", "").strip()
    if len(asked) > _LONGEST_SEARCH:
        raise NotFound
    found = [kept for kept in access.list_settings(request.ctx) if _matches(kept.setting, asked)]
    groups = [
        (_(name), [_row(request, kept) for kept in of_group])
        for name, of_group in groupby(found, key=lambda kept: kept.setting.group)
    ]
    title = _("System settings")
    empty = Empty(_("No such setting"), _("No setting has these words in its name or text."), "search")
    head = Head(title, search=Search(SETTINGS_URL, _("Search settings"), asked))
    return _page(request, "web/settings.html", head, groups=groups, empty=None if groups else empty)


@answers(FORM, guard=_GUARD, reads="settings.value.viewed", writes="settings.value.changed")
def setting_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """GET, POST /settings/<code>. Deciding needs the operation that the setting names."""
    kept, changes = access.view_setting(request.ctx, code)
    if request.method != "POST":
        return _setting_page(request, kept, changes)
    if "reset" in request.POST:
        access.set_setting(request.ctx, code, None)
        return HttpResponseRedirect(f"{SETTINGS_URL}/{code}?done=reset")
    text = request.POST.get("value", "")
    if kept.setting.kind is settings.Kind.BOOLEAN:
        text = "true" if text == "yes" else "false"
    try:
        access.set_setting(request.ctx, code, settings.parse(kept.setting, text))
    except Invalid as refused:
        message = said(next((error.message for error in refused.errors), refused.message))
        return _setting_page(request, kept, changes, text, message)
    return HttpResponseRedirect(f"{SETTINGS_URL}/{code}?done=decided")


def _setting_page(
    request: HttpRequest,
    kept: settings.Kept,
    changes: list[EventView],
    typed: str | None = None,
    error: str = "",
) -> HttpResponse:
    setting = kept.setting
    return _page(
        request,
        "web/setting.html",
        Head(_(setting.caption), crumbs=(Link(_("System settings"), SETTINGS_URL),)),
        422 if error else 200,
        description=_(setting.description),
        url=f"{SETTINGS_URL}/{setting.code}",
        back_url=SETTINGS_URL,
        field=_field(kept, typed, error),
        facts=_facts(setting),
        is_default=kept.is_default,
        may=access.may_operate(request.ctx, access.Operation(setting.operation)),
        operation=setting.operation,
        changes=_changes(request, changes),
    )


def _page(
    request: HttpRequest, template: str, head: Head, status: int = 200, **values: object
) -> HttpResponse:
    html = ui.render(template, frame=frame_of(request, SETTINGS_URL), head=head, **values)
    response = HttpResponse(html, status=status)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def _matches(setting: settings.Setting, asked: str) -> bool:
    text = f"{setting.code} {_(setting.caption)} {_(setting.description)}".casefold()
    return all(word in text for word in asked.casefold().split())


def _row(request: HttpRequest, kept: settings.Kept) -> SettingRow:
    reader = reader_of(request)
    return SettingRow(
        _(kept.setting.caption),
        _(kept.setting.description),
        f"{SETTINGS_URL}/{kept.setting.code}",
        _shown(kept.setting, kept.value),
        kept.is_default,
        "" if kept.changed_at is None else words.moment(kept.changed_at, reader.now, reader.zone),
    )


def _shown(setting: settings.Setting, value: settings.Value) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return settings.shown(setting, value)


def _field(kept: settings.Kept, typed: str | None, error: str) -> Field:
    setting = kept.setting
    value = typed if typed is not None else kept.shown
    if setting.kind is settings.Kind.SECRET:
        value = ""
    options = tuple(Option(c, c, selected=c == value) for c in setting.choices)
    return Field(
        "value",
        _("Value"),
        _KINDS.get(setting.kind, "text"),
        ("yes" if value == "true" else "") if setting.kind is settings.Kind.BOOLEAN else value,
        hint=_hint(setting),
        error=error,
        options=options if setting.kind is settings.Kind.CHOICE else (),
    )


def _hint(setting: settings.Setting) -> str:
    low, high = settings.bound_text(setting.minimum), settings.bound_text(setting.maximum)
    parts = []
    if setting.kind is settings.Kind.DURATION:
        parts.append(_("A number with s, min, h or d, such as 15 min."))
    if setting.kind is settings.Kind.CHOICES:
        parts.append(_("By commas, from: %(choices)s.") % {"choices": ", ".join(setting.choices)})
    if setting.kind is settings.Kind.SECRET:
        parts.append(_("Kept encrypted and never shown again."))
    elif low and high:
        parts.append(_("From %(low)s to %(high)s.") % {"low": low, "high": high})
    return " ".join(parts)


def _facts(setting: settings.Setting) -> list[tuple[str, str]]:
    default = _shown(setting, setting.default)
    facts = [
        (_("Default"), default),
        (_("Code"), setting.code),
        (_("Needs the operation"), setting.operation),
    ]
    return [fact for fact in facts if fact[1]]


def _changes(request: HttpRequest, events: list[EventView]) -> list[ChangeRow]:
    reader = reader_of(request)
    people = [UnitId(event.actor) for event in events if event.actor is not None]
    names = identity.names_of(request.ctx, people)
    rows = []
    for event in events:
        said = event.parts[0] if event.parts else {}
        secret = "changed" in said
        rows.append(
            ChangeRow(
                words.moment(event.occurred_at, reader.now, reader.zone),
                names.get(UnitId(event.actor), "") if event.actor else "",
                "" if secret else str(said.get("before", _("default"))),
                _("(not shown)") if secret else str(said.get("after", _("default"))),
            )
        )
    return rows
