"""The packaged objects keep the promises that every object must keep; a walk over each column and layout."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ostiary.access import public as access
from ostiary.crm import public as crm
from ostiary.objects import public as objects

PACKAGE = crm.read()
RIGHTS = crm.read_rights(crm.FOLDER / "rights.yaml", PACKAGE)
BUSINESS = {"account", "contact", "lead", "opportunity", "opportunity_product", "activity", "case", "product"}
CONTACT_TYPES = {objects.ColumnType.EMAIL, objects.ColumnType.PHONE}


def packaged_columns() -> Iterator[tuple[str, objects.Column]]:
    for made in PACKAGE.objects.values():
        for column in made.columns.values():
            yield made.code, column


COLUMNS = tuple(packaged_columns())


def label(value: object) -> str:
    return value.code if isinstance(value, objects.Column) else str(value)


@pytest.mark.parametrize(("code", "column"), COLUMNS, ids=label)
def test_every_column_declares_its_data_policy(code: str, column: objects.Column) -> None:
    assert column.data_class
    assert column.personal_data
    assert column.retention.then in {"keep", "anonymise", "delete"}
    assert (column.retention.months == 0) == (column.retention.then == "keep")


@pytest.mark.parametrize(("code", "column"), COLUMNS, ids=label)
def test_every_column_has_rows_and_closed_classes_have_few_readers(code: str, column: objects.Column) -> None:
    if not column.takes_rows:
        return
    rows = RIGHTS.objects[code].rows_for(column)
    readers = {unit for unit, level in rows if level > access.ColumnLevel.NONE}

    assert rows
    if column.data_class is objects.DataClass.RESTRICTED:
        assert "all_employees" not in readers
        assert len(readers) <= 2
    if column.data_class is objects.DataClass.CONFIDENTIAL and code != "activity":
        assert "all_employees" not in readers


@pytest.mark.parametrize("code", ["contact", "lead"])
def test_ways_to_reach_a_person_are_confidential(code: str) -> None:
    reach = [c for c in PACKAGE.objects[code].columns.values() if c.type in CONTACT_TYPES]

    assert reach
    assert {c.data_class for c in reach} == {objects.DataClass.CONFIDENTIAL}
    assert {c.personal_data for c in reach} == {"contact_detail"}
    assert PACKAGE.objects["contact"].columns["birth_date"].data_class is objects.DataClass.RESTRICTED


@pytest.mark.parametrize("code", sorted(BUSINESS))
def test_every_column_of_a_business_object_is_on_its_page(code: str) -> None:
    made = PACKAGE.objects[code]
    shown = {column for _, columns in made.layout.groups for column in columns}

    assert made.columns.keys() - shown == set()


def test_the_package_holds_what_it_should() -> None:
    assert PACKAGE.objects.keys() >= BUSINESS
    assert {w.code for w in PACKAGE.workplaces} == {"sales", "service"}
    lookups = [o for o in PACKAGE.objects.values() if o.is_lookup]
    assert [o.code for o in lookups if not PACKAGE.values[o.code]] == []
    assert [o.code for o in lookups if RIGHTS.objects[o.code].records] == []
    assert not RIGHTS.objects["product"].records
    assert [o for o in BUSINESS - {"product"} if not RIGHTS.objects[o].records] == []


def test_stages_behave_by_flags() -> None:
    for code in ("opportunity_stage", "lead_stage", "case_status", "activity_status"):
        values = PACKAGE.values[code]
        assert any(v.get("is_final") for v in values), code
        assert any(not v.get("is_final") for v in values), code
    assert [v["name"] for v in PACKAGE.values["opportunity_stage"] if v.get("is_successful")] == [
        "Closed won"
    ]


def test_nobody_but_managers_and_administrators_exports() -> None:
    assert set(RIGHTS.operations[access.Operation.EXPORT_LIST]) == {
        "system_administrators",
        "sales_managers",
        "service_managers",
    }


def test_no_rule_opens_deals_between_teams() -> None:
    """Two managers may share an office; neither sees the other's team, so no rule may lead to sales."""
    grantees = {rule.grantee for rule in RIGHTS.objects["opportunity"].rules}

    assert grantees.isdisjoint({"sales", "sales_managers", "all_employees"})
    assert "sales" in {rule.grantee for rule in RIGHTS.objects["account"].rules}


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("verbs: crud", "verbs: crux", ["verbs 'crux'"]),
        ("grantee: sales, read: granted", "grantee: sails, read: granted", ["there is no role 'sails'"]),
        ("read: granted", "read: always", ["read 'always'"]),
        ("level: edit", "level: write", ["level 'write'"]),
        ("  - object: lead\n", "  - object: leads\n", ["rights and objects differ: lead, leads"]),
        (
            "- column: walk_away_price",
            "- column: walk_away",
            ["opportunity: except: unknown column walk_away"],
        ),
        ("CanExportGrid", "CanExportGrids", ["operation 'CanExportGrids'"]),
        (
            "        - {unit: service_managers, level: edit}\n",
            "",
            ["case: column compensation: nobody is named"],
        ),
        ("    records: false\n    rows:", "    records: false\n    rws: 1\n    rows:", ["unknown key 'rws'"]),
    ],
)
def test_rights_are_read_strictly(tmp_path: Path, old: str, new: str, names: list[str]) -> None:
    text = (crm.FOLDER / "rights.yaml").read_text()
    assert old in text
    changed = text.replace(old, new)
    if new == "":
        changed = changed.replace(
            "      restricted:\n      except:\n        - column: description",
            "      except:\n        - column: description",
        )
    path = tmp_path / "rights.yaml"
    path.write_text(changed)
    assert yaml.safe_load(changed)

    with pytest.raises(objects.PackageRefused) as refused:
        crm.read_rights(path, PACKAGE)

    assert [name for name in names if name not in refused.value.message] == []
