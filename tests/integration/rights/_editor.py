"""A browser at the editors of rights: what the form of a page holds is posted back, as a browser does."""

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlencode

from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant
from tests._site import Answer, Site

HIDDEN = re.compile(r'<input type="hidden" (?:id="[^"]*" )?name="([^"]+)" value="([^"]*)">')
FORM = re.compile(r'<form class="editor".*?</form>', re.DOTALL)
TAGS = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Harbour:
    """A tenant with boats. crew: a role of Ann's; pilots: a role below it; deck: another one of Ann's."""

    home: NewTenant
    host: str
    boat: objects.Object
    ann: UnitId
    everyone: UnitId
    crew: UnitId
    pilots: UnitId
    deck: UnitId


class Page:
    """A page as it was answered."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.html = answer.body.decode()
        form = FORM.search(self.html)
        self.fields = {unescape(k): unescape(v) for k, v in HIDDEN.findall(form[0] if form else self.html)}

    @property
    def text(self) -> str:
        """What is read of it, on one line."""
        return " ".join(unescape(TAGS.sub(" ", self.html)).split())

    def rows(self) -> list[str]:
        """Names of the rows, topmost first."""
        return re.findall(r'<tr data-unit="[^"]*"[^>]*>.*?class="med"[^>]*>([^<]+)<', self.html, re.DOTALL)


@dataclass
class Editor:
    """One page of an editor in one browser."""

    site: Site
    url: str
    page: Page

    def do(self, words: str, **fields: str) -> "Page":
        """Press a button with these words."""
        return self._post("edit", do=words, **fields)

    def preview(self) -> "Page":
        return self._post("preview")

    def save(self, **fields: str) -> "Page":
        return self._post("save", **fields)

    def _post(self, part: str, **fields: str) -> "Page":
        body = urlencode(self.page.fields | fields).encode()
        answer = self.site.post(f"{self.url}/{part}", body, HTTP_ORIGIN=f"http://{self.site.host}")
        page = Page(answer)
        if "draft" in page.fields:
            self.page = page
        return page


def open_editor(site: Site, url: str, query: str = "") -> Editor:
    page = Page(site.get(url, QUERY_STRING=query))
    assert page.status == 200, page.text[:500]
    return Editor(site, url, page)
