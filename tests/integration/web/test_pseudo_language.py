"""No text escapes translation: with every message in brackets, only data stands outside of them."""

import gettext
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from string import ascii_letters

import pytest

from ostiary.access import public as access
from ostiary.dashboards import public as dashboards
from ostiary.records import public as records
from ostiary.settings import public as settings
from ostiary.ui import i18n
from ostiary.web._preferences_views import LANGUAGES
from tests._site import Answer, Site
from tests._tenants import Installation
from tests.integration.web._desk import Desk, opened

PSEUDO = "qps"  # a code for private use
SHOWN = frozenset({"title", "aria-label", "placeholder", "alt", "content"})
LETTERS = re.compile(r"[^\W\d_]{2,}")
# What is no text: dates, sizes, codes of operations and of things, keys, and the product's own name.
NO_TEXT = re.compile(
    r"\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b"
    r"|\d [kM]?B\b|\bCan[A-Z]\w+|\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b|(?:GET|POST)[ ,].*|/\S*|\b\w+(?:[._-]\w+)+\b"
    r"|\b[A-Z]{2}\b|\b(?:Ctrl|Esc|PDF|XLSX|CSV|Ostiary)\b"
)


class Brackets(gettext.NullTranslations):
    """Every message as it is, in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


class Visible(HTMLParser):
    """What a reader sees or hears of a page: text, and attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style", "svg", "textarea")
        self.texts += [value for name, value in attrs if name in SHOWN and tag != "meta" and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style", "svg", "textarea")

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.texts.append(data.strip())


def outside(text: str) -> str:
    """What stands outside of the outermost brackets."""
    depth, kept = 0, []
    for character in text:
        depth += character == "⟦"
        if not depth:
            kept.append(character)
        depth -= character == "⟧"
    return "".join(kept)


def escaped(answer: Answer, data: list[str]) -> set[str]:
    """Words of a page that are neither a message nor data."""
    parser = Visible()
    parser.feed(answer.body.decode())
    found = set()
    for text in parser.texts:
        left = outside(text)
        for name in data:
            left = left.replace(name, "")
        if LETTERS.search(NO_TEXT.sub("", left)):
            found.add(text)
    return found


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Iterator[Desk]:
    with opened("pseudolanguage") as made:
        yield made


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "_translations", lambda language: Brackets())
    monkeypatch.setattr(i18n, "speak", lambda language: None)
    monkeypatch.setattr(i18n, "negotiate", lambda header: PSEUDO)


def data_of(desk: Desk) -> list[str]:
    """Names and values that the tenant holds, the longest first."""
    with desk.inside() as ctx:
        units = ctx.db.rows("select name, coalesce(code, '') from @.identity_unit")
        names = [text for row in units for text in row if text]
        names += [row[0] for row in ctx.db.rows("select login from @.identity_person")]
        names += [row[0] for row in ctx.db.rows("select email from @.identity_person")]
        for code, view in records.object_views(ctx).items():
            if view.object.is_lookup:
                page = records.list_records(ctx, records.RecordQuery(code, (view.object.display,)))
                names += [str(record[view.object.display]) for record in page.records()]
    chosen = [choice for setting in settings.list_settings() for choice in setting.choices or ()]
    legs = access.leg_names(frozenset(ascii_letters))
    languages = [name for _code, name in LANGUAGES]
    return sorted(
        {*names, *chosen, *legs, *languages, "Harbour", "Helios", "Big deal", "UTC"}, key=len, reverse=True
    )


def addresses(desk: Desk) -> Iterator[str]:
    with desk.inside() as ctx:
        account = records.create_record(ctx, "account", {"name": "Helios"})
        widget = dashboards.Widget(dashboards.Kind.FIGURE, "Helios", "account")
        made = dashboards.create_dashboard(ctx, "Big deal", [widget])
        deal = records.create_record(ctx, "opportunity", {"name": "Big deal", "amount": 1200})
    yield from ("/", "/o/account/", "/o/account/?view=mine", "/o/opportunity/", "/o/lead/", "/o/activity/")
    yield from (f"/o/opportunity/?panel={p}" for p in ("columns", "sort", "group", "view", "filter"))
    yield "/o/opportunity/?group=stage"
    yield from ("/o/account/?builder=1", "/o/account/?q=nothing", "/o/opportunity/new", "/preferences")
    for part in ("", "/edit", "/delete", "?panel=share", "?panel=who", "?tab=files", "?tab=notes"):
        yield f"/o/account/{account.id}{part}"
    yield f"/o/opportunity/{deal.id}"
    yield from ("/o/nothing/", "/people", "/people?q=zzz", "/people/new", "/roles", "/roles/functional")
    for part in ("", "?tab=roles", "?tab=standing", "?tab=attributes", "/edit", "/roles", "/elevate"):
        yield desk.url("ann", part)
    yield from (desk.url("ann", "/delegate?way=give"), desk.url("north"), desk.url("north", "/members"))
    yield from (
        desk.url("sales"),
        desk.url("north", "/merge"),
        desk.url("north", "/links"),
        "/roles/new?kind=org",
    )
    yield from ("/rights/objects", "/rights/roles", "/rights/operations", "/rights/wizard", "/role-matrix")
    for tab in ("operations", "object", "records", "columns"):
        yield f"/rights/objects/account?layer={tab}"
    yield f"/rights/operations/{access.Operation.EXPORT_LIST.value}"
    yield f"/rights/roles/{desk.units['sales']}"
    yield from ("/role-matrix?tab=operations", "/role-matrix?tab=columns", "/role-matrix/findings")
    yield f"/role-matrix/roles/{desk.units['sales']}"
    yield from ("/explain", f"/explain?object=account&verb=update&record={account.id}")
    yield f"/explain?object=account&verb=update&record={account.id}&person={desk.units['ann']}"
    yield from (
        "/dashboards/new",
        f"/dashboards/{made}",
        f"/dashboards/{made}/edit",
        f"/dashboards/{made}/share",
    )
    yield from (
        f"/dashboards/{made}/widgets/new",
        f"/dashboards/{made}/widgets/0",
        "/search?q=Helios",
        "/search?q=zz",
    )
    yield from ("/jobs", "/settings", "/settings/ListPageSize", "/settings/UserSessionTimeout")


def test_no_text_escapes_translation(desk: Desk, pseudo: None) -> None:
    data, found = data_of(desk), {}
    for url in addresses(desk):
        answer = desk.admin.get(url)
        assert answer.status in (200, 404), (url, answer.status)
        if escapes := escaped(answer, data):
            found[url] = escapes
    stranger = Site(desk.admin.site.handler, desk.admin.site.host).get("/sign-in")
    if escapes := escaped(stranger, data):
        found["/sign-in"] = escapes
    lines = [f"{url}: {sorted(texts)}" for url, texts in found.items()]
    assert not lines, "texts that are no message:\n" + "\n".join(lines)


def test_a_text_outside_of_brackets_is_noticed() -> None:
    page = (
        b'<p title="Titel">\xe2\x9f\xa6Saved\xe2\x9f\xa7 Helios 14 Dec 2026</p>'
        b"<p>\xe2\x9f\xa6a\xe2\x9f\xa7 Loose</p>"
    )
    assert escaped(Answer(200, {}, {}, page), ["Helios"]) == {"Titel", "⟦a⟧ Loose"}
