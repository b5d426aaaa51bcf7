"""How pages look and speak: of this browser its theme, contrast, density and keys; of the person the rest."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from ostiary.access import public as access
from ostiary.kernel.entries import OWN, Silent
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.settings import public as settings
from ostiary.ui import i18n
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Field, Option
from ostiary.web import _forms as forms
from ostiary.web._frame import (
    CONTRAST,
    DENSITY,
    KEYS,
    PREFERENCES_URL,
    THEME,
    contrast_of,
    density_of,
    has_keys,
    person_of,
    theme_of,
)
from ostiary.web._view import FORM, answers

_YEAR_S = 31_536_000
_COOKIES = ((THEME, "theme"), (CONTRAST, "contrast"), (DENSITY, "density"), (KEYS, "keys"))
# Languages of people, by their own names. The interface speaks some; what is sent to people may be in any.
LANGUAGES = (
    *i18n.NAMES.items(),
    *(("fr", "français"), ("es", "español"), ("it", "italiano"), ("nl", "Nederlands"), ("pl", "polski")),
    *(("pt", "português"), ("sv", "svenska"), ("da", "dansk"), ("nb", "norsk bokmål"), ("fi", "suomi")),
    *(("cs", "čeština"), ("ja", "日本語"), ("zh", "中文")),
)


def own_address(given: str) -> str:
    """An address of our own to go on to; anything else is the start page."""
    safe = given.startswith("/") and url_has_allowed_host_and_scheme(given, allowed_hosts=None)
    return given if safe else "/"


def remember(request: HttpRequest, response: HttpResponseBase, name: str, value: str) -> None:
    """Keep in this browser how pages look, or which workplace was open: no secret and nothing personal."""
    response.set_cookie(
        name, value, max_age=_YEAR_S, secure=request.is_secure(), httponly=True, samesite="Lax"
    )


@answers(FORM, guard=OWN, reads=Silent("one's own choices"), writes="identity.person.changed")
def preferences(request: HttpRequest) -> HttpResponseBase:
    """GET, POST /preferences. How pages look stays in this browser; words and times are the person's.

    Only what is posted changes; a post of what stays in this browser alone leaves no event.
    """
    if request.method != "POST":
        return _page(request)
    try:
        _change_locale(request)
    except Invalid as refused:
        return _page(request, refused.errors)
    response = HttpResponseRedirect(own_address(request.POST.get("next", "")))
    for cookie, field in _COOKIES:
        if field in request.POST:
            remember(request, response, cookie, request.POST[field][:20])
    return response


def _change_locale(request: HttpRequest) -> None:
    posted = request.POST
    if "language" not in posted and "time_zone" not in posted:
        return
    person = person_of(request)
    language = posted.get("language", person.language)
    if language not in (*i18n.languages(), person.language):
        raise forms.refuse("language", "unknown", _("This language is not spoken here."))
    access.change_own_locale(
        request.ctx, language=language, time_zone=posted.get("time_zone", person.time_zone)
    )


def _page(request: HttpRequest, errors: Sequence[FieldError] = ()) -> HttpResponseBase:
    person, posted = person_of(request), request.POST
    locale = locale_fields(
        i18n.spoken(), posted.get("language", person.language), posted.get("time_zone", person.time_zone)
    )
    intro = _(
        "Words, dates and times of every page follow your choice. How pages look is kept in this browser."
    )
    form = forms.Form(
        _("Preferences"), PREFERENCES_URL, (*locale, *_look_fields(request)), "/", _("Save"), intro=intro
    )
    return forms.form_page(request, form, errors)


def _look_fields(request: HttpRequest) -> tuple[Field, ...]:
    keys = "on" if has_keys(request) else "off"
    themes = (("system", _("System")), ("light", _("Light")), ("dark", _("Dark")))
    contrasts = (("system", _("System")), ("more", _("High")))
    densities = (("comfortable", _("Comfortable")), ("compact", _("Compact")))
    return (
        _choice("theme", _("Theme"), themes, theme_of(request)),
        _choice("contrast", _("Contrast"), contrasts, contrast_of(request)),
        _choice("density", _("Rows"), densities, density_of(request)),
        _choice("keys", _("Keys without Ctrl"), (("on", _("On")), ("off", _("Off"))), keys),
    )


def _choice(name: str, label: str, offered: Sequence[tuple[str, str]], chosen: str) -> Field:
    options = tuple(Option(value, text, value == chosen) for value, text in offered)
    return Field(name, label, "choice", options=options)


def language_name(code: str) -> str:
    """A language by its own name; one that is not known here by its code."""
    return dict(LANGUAGES).get(code, code)


def locale_fields(languages: Sequence[tuple[str, str]], language: str, time_zone: str) -> tuple[Field, Field]:
    """Language and time zone to choose. languages: (code, name) each; the present one is added."""
    offered = dict(languages)
    offered.setdefault(language, language_name(language))
    zones = settings.get_setting("DefaultTimeZone").choices
    return (
        Field(
            "language",
            _("Language"),
            "choice",
            language,
            options=tuple(Option(code, name, code == language) for code, name in offered.items()),
        ),
        Field(
            "time_zone",
            _("Time zone"),
            "choice",
            time_zone,
            options=tuple(Option(name, name, name == time_zone) for name in zones),
        ),
    )
