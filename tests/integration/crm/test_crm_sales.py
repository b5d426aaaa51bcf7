"""The sample of a real CRM: imported by the shipped mapping, and what 44 people see of it.

What each person must see is computed from the CSV files alone by `Expected`, which knows nothing of the
product: agents their own deals, managers their team's, heads of office those of both teams.
"""

import csv
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
import yaml
from django.core.handlers.wsgi import WSGIHandler

from ostiary.access import public as access
from ostiary.crm import public as crm
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import UnitId
from ostiary.project._tenants import create_tenant
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._site import Site
from tests._tenants import Installation

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("OSTIARY_SHARED", ROOT.parent / "shared")).resolve()
DATA = SHARED / "data" / "crm-sales"
MAPPING = ROOT / "src" / "ostiary" / "crm" / "mappings" / "crm-sales.yaml"
HOST = "crm-sales.test"

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason=f"needs the sample data in {DATA} (OSTIARY_SHARED)"),
]


def read_csv(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class Deals:
    """What somebody must see."""

    ids: frozenset[str]
    total: Decimal


@dataclass
class Expected:
    """By person's name, from the CSV files; the heads' names are the mapping's own."""

    heads: Mapping[str, str]
    deals: list[dict[str, str]] = field(default_factory=lambda: read_csv("sales_pipeline.csv"))
    team: list[dict[str, str]] = field(default_factory=lambda: read_csv("sales_teams.csv"))

    def of_agents(self, agents: set[str]) -> Deals:
        mine = [deal for deal in self.deals if deal["sales_agent"] in agents]
        return Deals(
            frozenset(deal["opportunity_id"] for deal in mine),
            sum((Decimal(deal["close_value"]) for deal in mine if deal["close_value"]), Decimal(0)),
        )

    def people(self) -> dict[str, Deals]:
        found = {row["sales_agent"]: self.of_agents({row["sales_agent"]}) for row in self.team}
        for key, names in (("manager", {}), ("regional_office", self.heads)):
            for value in {row[key] for row in self.team}:
                agents = {row["sales_agent"] for row in self.team if row[key] == value}
                found[names.get(value, value)] = self.of_agents(agents)
        return found


@dataclass(frozen=True)
class Imported:
    """A tenant with the sample in it."""

    tenant: tenancy.Tenant
    administrator: UnitId
    report: records.ImportReport | None = None
    fates: list[dict[str, str]] = field(default_factory=list)

    @contextmanager
    def context(self, principal: UnitId | None = None) -> Iterator[Context]:
        with tenancy.transaction(self.tenant) as db:
            yield Context(self.tenant.id, db, principal or self.administrator, Channel.IMPORT)

    def run(self, folder: Path, result: Path, *, dry_run: bool = False) -> list[dict[str, str]]:
        options = records.ImportOptions(dry_run=dry_run, result=result)
        records.import_rows(self.context, records.read_mapping(MAPPING), folder, options)
        return read_result(result)


def read_result(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def imported(installation: Installation, tmp_path: Path) -> Imported:
    made = create_tenant(
        f"sales{installation.worker}",
        "Hardware seller",
        [f"{installation.worker}.{HOST}"],
        login="import",
        person="Ines Import",
        email="import@example.com",
        password=None,
    )
    with tenancy.transaction(made.tenant) as db:
        crm.install(made.tenant, Context(made.tenant.id, db, made.administrator, Channel.CLI))
    empty = Imported(made.tenant, made.administrator)
    result = tmp_path / "result.csv"
    report = records.import_rows(
        empty.context, records.read_mapping(MAPPING), DATA, records.ImportOptions(result=result)
    )
    return replace(empty, report=report, fates=read_result(result))


@pytest.fixture
def expected() -> Expected:
    steps = yaml.safe_load(MAPPING.read_text())["steps"]
    return Expected(next(step["heads"] for step in steps if "heads" in step))


@dataclass(frozen=True)
class Api:
    """The REST interface as one person's program uses it."""

    site: Site
    key: str

    def get(self, url: str, **query: str) -> dict[str, Any]:
        answer = self.site.get(url, QUERY_STRING=urlencode(query), HTTP_AUTHORIZATION=f"Bearer {self.key}")
        assert answer.status == 200, answer.body
        found: dict[str, Any] = orjson.loads(answer.body)
        return found

    def pages(self, code: str, **query: str) -> Iterator[dict[str, Any]]:
        after: dict[str, str] = {}
        while True:
            page = self.get(f"/api/v1/records/{code}", limit="500", **query, **after)
            yield page
            if page["next"] is None:
                return
            after = {"after": page["next"]}

    def all(self, code: str, **query: str) -> list[dict[str, Any]]:
        return [record for page in self.pages(code, **query) for record in page["records"]]


@pytest.fixture
def apis(imported: Imported, expected: Expected, installation: Installation) -> dict[str, Api]:
    """Everybody's, by name; a login is the name in lower case with dots."""
    found = {}
    with imported.context() as ctx:
        for name in expected.people():
            person = identity.find_login(ctx, name.lower().replace(" ", "."))
            assert person is not None, name
            site = Site(WSGIHandler(), f"{installation.worker}.{HOST}")
            found[name] = Api(site, access.create_api_key(ctx, person, "compare"))
    return found


def amount_of(records_: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(str(r["close_value"])) for r in records_ if r["close_value"] is not None), Decimal(0))


def ensure_44_people_see_what_the_files_say(apis: dict[str, Api], expected: Expected) -> None:
    wrong = {}
    for name, deals in expected.people().items():
        seen = apis[name].all("opportunity", columns="external_number,close_value,owner")
        count = apis[name].get("/api/v1/records/opportunity/count")
        found = Deals(frozenset(r["external_number"] for r in seen), amount_of(seen))
        if (found, len(seen), count) != (deals, len(deals.ids), {"count": len(deals.ids), "capped": False}):
            wrong[name] = (len(seen), count, found.total, len(deals.ids), deals.total)
    sys.stdout.write(f"{len(apis) - len(wrong)} of {len(apis)} equal\n")
    assert (wrong, len(apis)) == ({}, 44)


def ensure_the_sample_is_what_it_is_said_to_be(expected: Expected) -> None:
    people = expected.people()
    agents = {row["sales_agent"] for row in expected.team}
    managers = {row["manager"] for row in expected.team}
    assert (len(agents), len(managers), len(expected.heads), len(people)) == (35, 6, 3, 44)
    assert sum(len(people[name].ids) for name in agents) == 8_800
    assert sum(people[name].total for name in managers) == sum(people[name].total for name in agents)


def ensure_nobody_sees_a_deal_of_others_by_its_id(apis: dict[str, Api], expected: Expected) -> None:
    """Two managers of one office: each reads the own team's deal, for the other it is not there."""
    first, second = sorted({row["manager"] for row in expected.team if row["regional_office"] == "East"})
    for mine, theirs in ((first, second), (second, first)):
        url = f"/api/v1/records/opportunity/{apis[mine].all('opportunity', columns='name')[0]['id']}"
        assert apis[mine].get(url)["owner"]["display"] in {
            row["sales_agent"] for row in expected.team if row["manager"] == mine
        }
        answer = apis[theirs].site.get(url, HTTP_AUTHORIZATION=f"Bearer {apis[theirs].key}")
        assert answer.status == 404


def ensure_an_agent_reads_accounts_and_products_behind_the_deals(
    apis: dict[str, Api], expected: Expected
) -> None:
    name = "Moses Frase"
    source = {deal["opportunity_id"]: deal for deal in expected.deals if deal["sales_agent"] == name}
    for deal in apis[name].all("opportunity", columns="external_number,account,product,stage,owner,name"):
        row = source[deal["external_number"]]
        assert deal["owner"]["display"] == name
        assert (deal["account"] or {}).get("display", "") == row["account"]
        assert deal["product"]["display"] == row["product"].replace("GTXPro", "GTX Pro")
        assert deal["product"]["display"] in deal["name"]


def ensure_accounts_are_complete_clean_and_know_their_parents(apis: dict[str, Api]) -> None:
    wanted = {row["account"]: row for row in read_csv("accounts.csv")}
    found = {record["name"]: record for record in apis["Moses Frase"].all("account")}
    assert found.keys() == wanted.keys()
    for name, record in found.items():
        row = wanted[name]
        assert (record["parent"] or {}).get("display", "") == row["subsidiary_of"]
        assert record["industry"]["display"].lower() == row["sector"].replace("technolgy", "technology")
        assert record["country"]["display"] == row["office_location"].replace("Philipines", "Philippines")
        assert Decimal(str(record["annual_revenue"])) == Decimal(row["revenue"])
        assert (record["employees"], record["year_established"]) == (
            int(row["employees"]),
            int(row["year_established"]),
        )


def ensure_the_result_says_what_was_missing_and_what_was_read_differently(
    imported: Imported, expected: Expected
) -> None:
    fates = [fate for fate in imported.fates if fate["step"] == "opportunities"]
    assert Counter(fate["fate"] for fate in imported.fates) == {"created": 44 + 7 + 85 + 8_800}
    names = {"account": "account", "engage_date": "engaged_on", "close_date": "closed_on"}
    names["close_value"] = "close_value"
    for deal, fate in zip(expected.deals, fates, strict=True):
        assert fate["key"] == deal["opportunity_id"]
        assert fate["missing"] == ", ".join(names[c] for c in names if not deal[c])
        corrected = "product: 'GTXPro' read as 'GTX Pro'"
        assert fate["notes"] == (corrected if deal["product"] == "GTXPro" else "")
    assert imported.report is not None
    assert imported.report.counts["opportunities"].incomplete == 2_089


def ensure_a_second_run_changes_nothing(imported: Imported, tmp_path: Path) -> None:
    again = imported.run(DATA, tmp_path / "again.csv")
    assert Counter(fate["fate"] for fate in again) == {"unchanged": 44 + 7 + 85 + 8_800}
    kept = {fate["key"]: fate["record"] for fate in imported.fates if fate["step"] != "organisation"}
    assert {fate["key"]: fate["record"] for fate in again if fate["step"] != "organisation"} == kept


def test_the_sample_is_imported_and_everybody_sees_their_part_of_it(
    imported: Imported, apis: dict[str, Api], expected: Expected, tmp_path: Path
) -> None:
    """One test: its tenant takes half a minute to fill, and parallel workers would each fill their own."""
    ensure_the_sample_is_what_it_is_said_to_be(expected)
    ensure_44_people_see_what_the_files_say(apis, expected)
    ensure_nobody_sees_a_deal_of_others_by_its_id(apis, expected)
    ensure_an_agent_reads_accounts_and_products_behind_the_deals(apis, expected)
    ensure_accounts_are_complete_clean_and_know_their_parents(apis)
    ensure_the_result_says_what_was_missing_and_what_was_read_differently(imported, expected)
    ensure_a_second_run_changes_nothing(imported, tmp_path)
