"""What an attacker can ask the surfaces: the interface for programs, and the pages."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from django.core.handlers.wsgi import WSGIHandler

from ostiary.kernel.errors import OstiaryError
from ostiary.pages import public as pages
from ostiary.tenancy import public as tenancy
from ostiary.ui.values import Frame
from tests._site import Site
from tests.property.access._inference import Guessed, Probe
from tests.property.access._probes import COLUMNS, PATHS, RECORDS, SYSTEM, Named, value_for

FRAME = Frame("ui/fragment.html", "Guesses")
BASE = "/api/v1/records"


def surface_probes(w: Guessed) -> dict[str, Probe]:
    """Every question over HTTP, and every page."""
    parts = (_lists, _questions, _members, _writes, _many, _record_pages, _explanations, _list_pages, _forms)
    return dict(pair for part in parts for pair in part(w))


@cache
def _handler() -> WSGIHandler:
    return WSGIHandler()


@contextmanager
def _inside(w: Guessed) -> Iterator[Site]:
    """The real handler, whose transactions are savepoints of the world's."""

    @contextmanager
    def transaction(_: tenancy.Tenant) -> Iterator[object]:
        with w.ctx.db.savepoint():
            yield w.ctx.db

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tenancy, "transaction", transaction)
        yield Site(_handler(), w.table.host)


def _asked(w: Guessed, method: str, path: str, body: object = None, **headers: str) -> Probe:
    address, _, query = path.partition("?")
    text = b"" if body is None else json.dumps(body).encode()
    key = w.table.keys[w.attacker]
    given = {"HTTP_AUTHORIZATION": f"Bearer {key}", "CONTENT_TYPE": "application/json", **headers}

    def probe() -> object:
        with _inside(w) as site:
            answer = site.ask(
                method, f"{BASE}/{address}".replace("/records/..", ""), text, QUERY_STRING=query, **given
            )
        return [answer.status, sorted(answer.headers.items()), answer.body]

    return probe


def _lists(w: Guessed) -> Named:
    for code in ("vault", "place", "slip"):
        yield f"GET {code}", _asked(w, "GET", f"{code}?count=exact&limit=2")
        yield f"GET {code} count", _asked(w, "GET", f"{code}/count?mode=capped")
    for path in (*COLUMNS, *SYSTEM, *PATHS):
        condition = quote(json.dumps({"field": path, "op": "ge", "value": value_for(w, path)}))
        yield f"GET filter {path}", _asked(w, "GET", f"vault?filter={condition}")
        equal = condition.replace("%22ge%22", "%22eq%22")
        yield f"GET count {path}", _asked(w, "GET", f"vault/count?filter={equal}")
    for column in (*COLUMNS, *SYSTEM):
        yield f"GET sort {column}", _asked(w, "GET", f"vault?sort=-{column}&limit=2")
        yield f"GET columns {column}", _asked(w, "GET", f"vault?columns={column}")


def _ids(w: Guessed) -> Iterator[tuple[str, str]]:
    for name in RECORDS:
        yield name, str(w.ids[name])


def _members(w: Guessed) -> Named:
    for name, id_ in _ids(w):
        for method in ("GET", "HEAD", "DELETE", "PUT"):
            yield f"{method} {name}", _asked(w, method, f"vault/{id_}")
        yield f"GET {name} amount", _asked(w, "GET", f"vault/{id_}?columns=amount,title")
        yield f"DELETE late {name}", _asked(w, "DELETE", f"vault/{id_}", HTTP_IF_MATCH='"9"')
        yield f"GET {name} as place", _asked(w, "GET", f"place/{id_}")


def _writes(w: Guessed) -> Named:
    for name, id_ in _ids(w):
        for column in ("title", "amount", "seal", "nick", "stage"):
            body = {column: value_for(w, column)}
            for version in ('"1"', '"0"'):
                call = _asked(w, "PATCH", f"vault/{id_}", body, HTTP_IF_MATCH=version)
                yield f"PATCH {name} {column} {version}", call
        yield f"PATCH {name}", _asked(w, "PATCH", f"vault/{id_}", {"title": "New"})
        again = _asked(w, "PATCH", f"vault/{id_}", {"title": "N", "version": 1}, HTTP_IDEMPOTENCY_KEY="k")
        yield f"PATCH again {name}", again
        yield f"POST slip {name}", _asked(w, "POST", "slip", {"title": "Fresh", "vault": id_})
    yield "POST taken", _asked(w, "POST", "vault", {"title": "Fresh", "code": "Q7"})
    for column in COLUMNS:
        yield f"POST {column}", _asked(w, "POST", "vault", {"title": "Fresh", column: value_for(w, column)})


def _page(w: Guessed, make: Callable[..., Any], *asked: object) -> Probe:
    """A page as HTML, also where it refuses."""

    def probe() -> object:
        reader = pages.make_reader(w.ctx, pages.Urls(), ZoneInfo("UTC"))
        try:
            found = make(reader, *asked)
        except OstiaryError as refusal:
            return refusal
        if isinstance(found, pages.Refused | pages.NotMerged):
            return [found.status, pages.render(found.view, FRAME)]
        return found if isinstance(found, (str, pages.Saved)) else pages.render(found, FRAME)

    return probe


def _questions(w: Guessed) -> Named:
    for column in (*COLUMNS, *SYSTEM):
        yield f"GET totals {column}", _asked(w, "GET", f"vault/aggregate?groups={column}")
        yield f"GET sum {column}", _asked(w, "GET", f"vault/aggregate?measures=sum({column})")
        yield f"GET options {column}", _asked(w, "GET", f"vault/options/{column}?search=a")
        yield f"GET export {column}", _asked(w, "GET", f"vault/export?columns={column}")
    for name, id_ in _ids(w):
        yield f"GET related {name}", _asked(w, "GET", f"vault/{id_}/related")


def _many(w: Guessed) -> Named:
    ids = [id_ for _, id_ in _ids(w)]
    for column in COLUMNS:
        values = {column: value_for(w, column)}
        every = {"field": column, "op": "eq", "value": value_for(w, column)}
        yield f"POST many {column}", _asked(w, "POST", "vault/bulk/update", {"ids": ids, "values": values})
        yield f"POST found {column}", _asked(w, "POST", "vault/bulk/delete", {"filter": every})
        look = {"verb": "update", "ids": ids, "columns": [column]}
        yield f"POST look {column}", _asked(w, "POST", "vault/bulk/preview", look)
    yield "POST delete many", _asked(w, "POST", "vault/bulk/delete", {"ids": ids})
    for name, id_ in _ids(w):
        others = {"version": 1, "others": [{"id": other} for other in ids if other != id_][:2]}
        yield f"POST merge {name}", _asked(w, "POST", f"vault/{id_}/merge", others)


def _record_pages(w: Guessed) -> Named:
    for name in RECORDS:
        id_ = w.ids[name]
        for tab in ("", "history", "slips", "details"):
            state = pages.read_panel({"tab": [tab]})
            yield f"page {name} {tab}", _page(w, pages.record_view, "vault", id_, state)
        for panel in ("share", "who"):
            state = pages.read_panel({"panel": [panel]})
            yield f"page {name} {panel}", _page(w, pages.record_view, "vault", id_, state)
        yield f"edit page {name}", _page(w, pages.edit_form, "vault", id_)
        yield f"delete page {name}", _page(w, pages.delete_form, "vault", id_)
    for name in ("near", "spare", "far"):
        yield f"page place {name}", _page(w, pages.record_view, "place", w.ids[name])


def _explanations(w: Guessed) -> Named:
    """Why oneself may or may not: on the page, by REST, of each record and column."""
    for name in RECORDS:
        id_ = w.ids[name]
        for verb in ("read", "update", "delete"):
            asked = {"object": ["vault"], "verb": [verb], "record": [str(id_)]}
            yield f"why {verb} {name}", _page(w, pages.bench_view, pages.read_bench(asked))
            path = f"../explain?object=vault&verb={verb}&record={id_}"
            yield f"GET why {verb} {name}", _asked(w, "GET", path)
        for column in COLUMNS:
            asked = {"object": ["vault"], "verb": ["read"], "record": [str(id_)], "column": [column]}
            yield f"why {column} {name}", _page(w, pages.bench_view, pages.read_bench(asked))
        yield f"GET shares {name}", _asked(w, "GET", f"vault/{id_}/shares")
    for text in ("Da", "a", "o"):
        yield f"records called {text}", _page(w, pages.render_records, "vault", text)


def _list_pages(w: Guessed) -> Named:
    queries: list[Mapping[str, list[str]]] = [{}, {"q": ["Da"]}, {"view": ["mine"]}, {"page": ["2"]}]
    for column in COLUMNS:
        value = [str(value_for(w, column))]
        queries += [{"sort": [column]}, {"f": [column], "o": ["eq"], "v": value, "builder": ["1"]}]
    for code in ("vault", "place", "slip"):
        for query in queries if code == "vault" else queries[:4]:
            state = pages.read_state(query)
            asked = query.get("f", []) or [f"{key} {value[0]}" for key, value in query.items()]
            yield f"list page {code} {' '.join(asked)}", _page(w, pages.list_view, code, state)
    for column in COLUMNS:
        yield f"options page {column}", _page(w, pages.render_options, "vault", column, "a")


def _forms(w: Guessed) -> Named:
    for column in COLUMNS:
        posted = {"title": ["New"], column: [str(value_for(w, column))], "version": ["1"], "base": [""]}
        for version in ("1", "0"):
            given = {**posted, "version": [version]}
            yield f"save {column} {version}", _page(w, pages.submit_edit, "vault", w.ids["mine"], given)
        yield f"save new {column}", _page(w, pages.submit_new, "vault", posted)
    for name in RECORDS:
        id_ = w.ids[name]
        yield f"merge page {name}", _page(w, pages.merge_form, "vault", {"id": [str(id_)]})
        both = {"id": [str(id_), str(w.ids["mine"])]}
        yield f"merge by page {name}", _page(w, pages.submit_merge, "vault", both)
        yield f"delete by page {name}", _page(w, pages.submit_delete, "vault", id_, {"version": ["1"]})
