"""Readers of pages in a transaction that is undone, and the list that they see."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.pages import public as pages
from ostiary.tenancy import public as tenancy
from ostiary.ui.values import Frame

FRAME = Frame("ui/fragment.html", "Halden")


def person(ctx: Context, login: str, *codes: str) -> Context:
    unit = access.create_person(ctx, login=login, name=login.title(), email=f"{login}@example.com")
    for code in codes:
        role = identity.find_unit(ctx, code)
        assert role is not None
        access.add_member(ctx, unit, role)
    return ctx.acting_as(unit)


def reader(ctx: Context, zone: str = "UTC") -> pages.Reader:
    return pages.make_reader(ctx, pages.Urls(), ZoneInfo(zone))


def listed(ctx: Context, query: str = "", code: str = "opportunity") -> pages.ListView:
    state = pages.read_state(parse_qs(query, keep_blank_values=True))
    return pages.list_view(reader(ctx), code, state)


def names(view: pages.ListView) -> list[str]:
    return [row.name.text for row in view.rows]


def heads(view: pages.ListView) -> list[str]:
    return [head.label for head in view.columns]


def html(view: pages.ListView) -> str:
    return pages.render(view, FRAME)


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts of all statements that are asked inside, whoever asks them; events are gathered elsewhere."""
    asked: list[str] = []

    def noting(known: Callable[..., object]) -> Callable[..., object]:
        def ask(self: object, sql: str, *values: object, **more: object) -> object:
            if "audit_" not in sql:
                asked.append(sql)
            return known(self, sql, *values, **more)

        return ask

    with monkeypatch.context() as patch:
        for name in ("rows", "row", "run", "raw"):
            patch.setattr(tenancy.Transaction, name, noting(getattr(tenancy.Transaction, name)))
        yield asked
