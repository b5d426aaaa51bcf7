"""Twelve questions of an administrator about real people and deals: one page answers, its remedy works.

Each is asked at the door first, so that what the page says can only be right; then the smallest remedy is
previewed and saved from that page, and the door answers the other way round.
"""

import csv
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, NotFound
from ostiary.kernel.ids import PrincipalId, RecordId, UnitId
from ostiary.records import public as records
from tests._tenants import Installation, rolled_back
from tests.integration.web._desk import Desk, opened, text_of

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("OSTIARY_SHARED", ROOT.parent / "shared")).resolve()
DATA = SHARED / "data" / "crm-sales"
MAPPING = ROOT / "src" / "ostiary" / "crm" / "mappings" / "crm-sales.yaml"
DEALS = 400
KEY = re.compile(r'name="remedy" value="(\w+)"')

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"needs the sample data in {DATA} (OSTIARY_SHARED)")


@dataclass(frozen=True)
class Question:
    """Why may `who` do that, or why not. of: whose deal it is about; account: about this account."""

    who: str
    verb: str
    object: str
    of: str = ""
    column: str = ""
    allowed: bool = False

    def __str__(self) -> str:
        return f"{self.who} {self.verb} {self.object} {self.of} {self.column}"


QUESTIONS = (
    Question("Anna Snelling", "read", "opportunity", of="Darcel Schlecht"),
    Question("Anna Snelling", "update", "opportunity", of="Cecily Lampkin", column="name"),
    Question("Versie Hillebrand", "delete", "opportunity", of="Versie Hillebrand"),
    Question("Moses Frase", "read", "opportunity", of="Moses Frase", column="walk_away_price"),
    Question("Dustin Brinkmann", "read", "opportunity", of="Anna Snelling", allowed=True),
    Question("Dustin Brinkmann", "read", "opportunity", of="Darcel Schlecht"),
    Question("Ingrid Halvorsen", "update", "opportunity", of="Darcel Schlecht", column="name", allowed=True),
    Question("Marty Freudenburg", "export", "opportunity"),
    Question("Gladys Colclough", "create", "product"),
    Question("Darcel Schlecht", "read", "product", allowed=True),
    Question("Donn Cantrell", "delete", "account", of="account"),
    Question("Kami Bicknell", "create", "lead", allowed=True),
)


@pytest.fixture(scope="module")
def desk(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("sample")
    for path in DATA.glob("*.csv"):
        lines = path.read_text("utf-8").splitlines(keepends=True)
        most = DEALS + 1 if path.name == "sales_pipeline.csv" else len(lines)
        (folder / path.name).write_text("".join(lines[:most]), "utf-8")
    with opened("task") as made:
        options = records.ImportOptions(result=folder / "result.csv")
        records.import_rows(importing(made), records.read_mapping(MAPPING), folder, options)
        with made.inside() as ctx:
            names = {row["sales_agent"] for row in rows_of("sales_teams.csv")} | {q.who for q in QUESTIONS}
            made.units.update({name: unit for unit, name in identity.find_people(ctx, names)})
        yield made


def importing(desk: Desk) -> Callable[..., AbstractContextManager[Context]]:
    """Transactions of the import: of the administrator, and of the person whose record a row is."""

    @contextmanager
    def open_context(principal: UnitId | None = None) -> Iterator[Context]:
        with desk.inside() as ctx:
            yield ctx if principal is None else ctx.acting_as(PrincipalId(principal))

    return open_context


def rows_of(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def record_of(desk: Desk, asked: Question) -> RecordId | None:
    """The first deal of somebody, or an account."""
    if not asked.of:
        return None
    with desk.inside() as ctx:
        where = "true" if asked.of == "account" else "owner_id = %(o)s"
        row = ctx.db.row(
            f"select id from @.rec_{asked.object} where {where} order by id limit 1",
            {"o": desk.units.get(asked.of)},
        )
    assert row, asked
    return RecordId(row[0])


def at_the_door(desk: Desk, asked: Question, record: RecordId | None) -> bool:
    """Whether it works, tried in a transaction that is rolled back."""
    with rolled_back(desk.home.tenant) as db:
        ctx = Context(desk.home.tenant.id, db, PrincipalId(desk.units[asked.who]), Channel.CLI)
        try:
            return DOORS[asked.verb](ctx, asked, record)
        except (AccessDenied, NotFound, records.BulkRefused):
            return False
        finally:
            access.forget(ctx)


def _read(ctx: Context, asked: Question, record: RecordId | None) -> bool:
    if record is None:
        records.list_records(ctx, records.RecordQuery(asked.object))
        return True
    found = records.get_record(ctx, asked.object, record)
    return not asked.column or asked.column not in found.restricted


def _update(ctx: Context, asked: Question, record: RecordId | None) -> bool:
    assert record
    records.update_records(ctx, asked.object, [record], {asked.column: "Another"}, atomic=True)
    return True


def _delete(ctx: Context, asked: Question, record: RecordId | None) -> bool:
    assert record
    return not records.preview_delete(ctx, asked.object, [record]).refused


def _create(ctx: Context, asked: Question, _record: RecordId | None) -> bool:
    return access.Verb.CREATE in records.describe(ctx, asked.object).verbs


def _export(ctx: Context, asked: Question, _record: RecordId | None) -> bool:
    return any(True for _ in records.export_lines(ctx, records.RecordQuery(asked.object)))


DOORS: dict[str, Callable[[Context, Question, RecordId | None], bool]] = {
    "read": _read,
    "update": _update,
    "delete": _delete,
    "create": _create,
    "export": _export,
}


def test_each_question_is_answered_by_one_page_and_its_remedy_works(desk: Desk) -> None:
    for asked in QUESTIONS:
        record = record_of(desk, asked)
        assert at_the_door(desk, asked, record) == asked.allowed, str(asked)
        query = {"object": asked.object, "verb": asked.verb, "person": desk.units[asked.who],
                 "record": record or "", "column": asked.column}  # fmt: skip
        url = f"/explain?{urlencode(query)}"
        page = desk.admin.get(url)
        verdict = "may" if asked.allowed else "may not"
        assert page.status == 200
        assert f"{asked.who} {verdict} " in text_of(page), text_of(page)
        keys = KEY.findall(page.body.decode())
        assert keys, f"{asked}: {text_of(page)}"
        remedy = f"/explain/remedy?{urlencode(query)}"
        said, saved = desk.admin.save(remedy, {"remedy": keys[0]})
        assert (saved.status, "gain" in said or "lose" in said) == (302, True), (str(asked), said)
        assert at_the_door(desk, asked, record) != asked.allowed, (str(asked), said)
        after = "may not" if asked.allowed else "may"
        assert f"{asked.who} {after} " in text_of(desk.admin.get(url))


def test_a_remedy_of_yesterday_is_not_made(desk: Desk) -> None:
    query = {"object": "product", "verb": "delete", "person": desk.units["Anna Snelling"]}
    answer = desk.admin.post(f"/explain/remedy?{urlencode(query)}", {"remedy": "0" * 16})
    assert answer.status == 302, text_of(answer)
    assert answer.headers["Location"].startswith("/explain?")
    page = desk.admin.get(f"/explain?{urlencode(query)}")
    refused = desk.hana.post(
        f"/explain/remedy?{urlencode(query)}", {"remedy": KEY.findall(page.body.decode())[0]}
    )
    assert refused.status == 403
