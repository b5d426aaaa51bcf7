"""Imports through the real door: what the importing user may not, an import may not either."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied
from ostiary.records import public as records

MAPPING = """
name: sample
steps:
  - kind: rows
    name: deals
    file: deals.csv
    object: opportunity
    key: [external_number]
    columns:
      external_number: id
      name: title
      stage: {from: stage, default: Prospecting}
      account: {from: account, expected: true}
      close_value: {from: value, expected: true}
"""
TEAM = """
name: team
steps:
  - kind: organisation
    name: team
    file: team.csv
    columns: {member: agent, manager: manager, office: office}
    parent: {code: field_sales, name: Field sales}
    office_name: "{office} office"
    team_name: Team {manager}
    functional_role: sales
    functional_role_of_managers: sales_managers
    email: "{login}@example.com"
"""
HEADER = "id,title,stage,account,value"


def opener(ctx: Context) -> Callable[[], AbstractContextManager[Context]]:
    """Transactions as savepoints of the test's own, which is rolled back in the end."""

    @contextmanager
    def opened() -> Iterator[Context]:
        with ctx.db.savepoint():
            yield ctx

    return opened


class Desk:
    """Someone's folder of files to import."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.result = folder / "result.csv"

    def write(self, *rows: str, name: str = "deals.csv", header: str = HEADER) -> "Desk":
        (self.folder / name).write_text("\n".join((header, *rows)) + "\n", "utf-8")
        return self

    def run(self, ctx: Context, mapping: str = MAPPING, **options: Any) -> list[dict[str, str]]:
        (self.folder / "mapping.yaml").write_text(mapping, "utf-8")
        plan = records.read_mapping(self.folder / "mapping.yaml")
        chosen = replace(records.ImportOptions(result=self.result), **options)
        self.report = records.import_rows(opener(ctx), plan, self.folder, chosen)
        return self.fates()

    def fates(self) -> list[dict[str, str]]:
        return list(csv.DictReader(self.result.read_text("utf-8").splitlines()))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def person(ctx: Context, login: str, *roles: str) -> Context:
    unit = access.create_person(ctx, login=login, name=login.title(), email=f"{login}@example.com")
    for code in roles:
        role = identity.find_unit(ctx, code)
        assert role is not None
        access.add_member(ctx, unit, role)
    return ctx.acting_as(unit)


def allow_import(ctx: Context, *units: Context) -> None:
    administrators = identity.find_unit(ctx, identity.SYSTEM_ADMINISTRATORS)
    assert administrators is not None
    rows = [(administrators, True), *((unit.actor, True) for unit in units)]
    access.set_operation_rows(ctx, access.Operation.IMPORT, rows)


def deals(ctx: Context) -> dict[str, dict[str, Any]]:
    page = records.list_records(ctx, records.RecordQuery("opportunity", limit=1_000))
    return {str(record["external_number"]): record for record in page.records()}


def test_a_row_is_created_updated_left_or_refused(admin: Context, desk: Desk) -> None:
    desk.write("d1,First,,,10", "d2,Second,proPOSAL,,", "d3,Third,Nowhere,,1", "d4,Fourth,,,-1", "d5,,,,1")
    fates = desk.run(admin)
    assert [fate["fate"] for fate in fates] == ["created", "created", "refused", "refused", "refused"]
    assert [fate["columns"] for fate in fates[2:]] == ["stage", "close_value", "name"]
    assert fates[3]["reason"] == "close_value: at least 0"
    assert fates[1]["missing"] == "account, close_value"
    found = deals(admin)
    assert found.keys() == {"d1", "d2"}
    assert found["d1"]["stage"]["display"] == "Prospecting"
    desk.write("d1,First,,,10", "d2,Renamed,,,5")
    fates = desk.run(admin)
    assert [fate["fate"] for fate in fates] == ["unchanged", "updated"]
    assert fates[1]["columns"] == "close_value, name"
    assert deals(admin)["d2"]["stage"]["display"] == "Proposal"
    assert [deals(admin)[key]["version"] for key in ("d1", "d2")] == [1, 2]


def test_an_import_needs_its_operation(admin: Context, desk: Desk) -> None:
    agent = person(admin, "agent", "sales")
    desk.write("d1,First,,,10")
    with pytest.raises(AccessDenied) as denied:
        desk.run(agent)
    assert denied.value.layer == "operation"
    assert deals(admin) == {}
    allow_import(admin, agent)
    assert [fate["fate"] for fate in desk.run(agent)] == ["created"]
    assert deals(agent)["d1"]["author"]["display"] == "Agent"


def test_a_record_that_the_user_cannot_see_is_neither_found_nor_changed(admin: Context, desk: Desk) -> None:
    first, second = person(admin, "first", "sales"), person(admin, "second", "sales")
    allow_import(admin, first, second)
    desk.write("d1,Mine,,,10").run(first)
    desk.write("d1,Stolen,,,99", "d2,Own,,,1")
    refused, made = desk.run(second)
    assert (refused["fate"], refused["columns"]) == ("refused", "external_number")
    assert (refused["reason"], refused["record"]) == ("external_number: this value is taken", "")
    assert made["fate"] == "created"
    assert deals(first)["d1"]["name"] == "Mine"
    assert deals(second).keys() == {"d2"}


def test_a_column_that_the_user_may_not_write_stops_the_import(admin: Context, desk: Desk) -> None:
    agent = person(admin, "agent", "sales")
    allow_import(admin, agent)
    mapping = MAPPING.replace("close_value: {from", "margin: {from")
    desk.write("d1,First,,,10")
    with pytest.raises(records.ImportRefused, match="column margin: you may not edit it"):
        desk.run(agent, mapping)
    assert [fate["fate"] for fate in desk.run(agent)] == ["created"]


def test_a_dry_run_says_the_same_and_keeps_nothing(admin: Context, desk: Desk) -> None:
    desk.write("d1,First,,,10", "d2,Second,Nowhere,,")
    tried = desk.run(admin, dry_run=True)
    assert deals(admin) == {}
    done = desk.run(admin)
    assert [{**fate, "record": ""} for fate in done] == tried
    assert deals(admin).keys() == {"d1"}


def test_a_dry_run_of_an_organisation_leaves_no_unit_behind(admin: Context, desk: Desk) -> None:
    desk.write("Al Fox,Di Roe,Central", name="team.csv", header="agent,manager,office")
    assert Counter(f["fate"] for f in desk.run(admin, TEAM, dry_run=True)) == {"created": 2}
    assert identity.find_login(admin, "al.fox") is None
    assert identity.find_unit(admin, "field_sales") is None
    assert Counter(f["fate"] for f in desk.run(admin, TEAM)) == {"created": 2}
    assert identity.find_login(admin, "al.fox") is not None


def test_an_organisation_needs_the_right_to_manage_users(admin: Context, desk: Desk) -> None:
    agent = person(admin, "agent", "sales")
    allow_import(admin, agent)
    desk.write("Al Fox,Di Roe,Central", name="team.csv", header="agent,manager,office")
    with pytest.raises(AccessDenied):
        desk.run(agent, TEAM)
    assert identity.find_unit(admin, "field_sales") is None


def test_an_interrupted_run_keeps_its_chunks_and_goes_on_by_the_key(admin: Context, desk: Desk) -> None:
    desk.write(*(f"d{n},Deal {n},,,{n}" for n in range(10)))

    def interrupt(progress: records.Progress) -> None:
        if progress.done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        desk.run(admin, chunk=2, on_progress=interrupt)
    assert len(deals(admin)) == 4
    assert Counter(fate["fate"] for fate in desk.fates()) == {"created": 4}
    fates = desk.run(admin, chunk=2)
    assert [fate["fate"] for fate in fates] == ["unchanged"] * 4 + ["created"] * 6


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (("d1,First,,,10", "d2,Second"), "deals.csv: line 3: 2 cells where 5 are expected: none for 'stage'"),
        (
            ("d1,First,,,10", f"d2,{'x' * 100_001},,,"),
            "deals.csv: line 3: column 'title': 100,001 characters",
        ),
    ],
)
def test_a_bad_file_is_refused_before_its_first_row(
    admin: Context, desk: Desk, rows: tuple[str, ...], says: str
) -> None:
    with pytest.raises(records.ImportRefused) as refused:
        desk.write(*rows).run(admin)
    assert says in refused.value.message
    assert deals(admin) == {}


def test_columns_of_the_file_are_all_mapped_or_ignored(admin: Context, desk: Desk) -> None:
    desk.write("d1,First,,,10,x", header=f"{HEADER},colour")
    with pytest.raises(records.ImportRefused, match="line 1: column 'colour' is unknown to deals"):
        desk.run(admin)
    assert len(desk.run(admin, MAPPING.replace("    columns:", "    ignore: [colour]\n    columns:"))) == 1
    desk.write("d1,First,,10", header="id,title,stage,value")
    with pytest.raises(
        records.ImportRefused, match="line 1: column 'account' is needed by deals and not there"
    ):
        desk.run(admin)


def test_a_run_leaves_one_event_with_its_counts_and_each_record_its_own(admin: Context, desk: Desk) -> None:
    desk.write("d1,First,,,10", "d2,Second,Nowhere,,")
    desk.run(admin)
    (event,) = audit.list_events(admin, "import", desk.report.run)
    assert (event.type, event.outcome, event.actor) == ("records.record.imported", "success", admin.actor)
    (step,) = event.parts[0]["steps"]
    assert (step["object"], step["rows"], step["created"], step["refused"]) == ("opportunity", 2, 1, 1)
    made = audit.list_events(admin, "opportunity", UUID(deals(admin)["d1"]["id"]))
    assert ("records.record.created", "import") in [(e.type, e.technical["channel"]) for e in made]
