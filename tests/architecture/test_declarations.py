"""Whatever holds data says what it holds: every packaged column, and every model of a fixed table."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostiary.objects import public as objects

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "ostiary"
TABLES = ROOT / "docs" / "reference" / "fixed-tables.md"
CELLS = 4  # table, what it holds, personal data, retention


def packaged_columns() -> list[tuple[str, objects.Column]]:
    """(object.column, column) of every package that comes with the product."""
    found = []
    for head in sorted(SOURCE.glob("*/package/package.yaml")):
        for object_ in objects.read_package(head.parent).objects.values():
            found += [(f"{object_.code}.{column.code}", column) for column in object_.columns.values()]
    return found


def test_every_packaged_column_declares_its_data_policy() -> None:
    columns = packaged_columns()
    assert columns
    for name, column in columns:
        assert isinstance(column.data_class, objects.DataClass), name
        assert column.personal_data, name
        assert column.retention.months > 0 or column.retention.then == "keep", name


def test_what_names_a_person_is_never_public() -> None:
    """A column that holds personal data is at least internal."""
    public = [
        name
        for name, column in packaged_columns()
        if column.personal_data != "none" and column.data_class is objects.DataClass.PUBLIC
    ]
    assert public == []


def test_a_column_without_a_policy_is_refused(tmp_path: Path) -> None:
    declaration = (
        "object: car\ncaption: Car\nplural: Cars\nicon: car\ndisplay: name\n"
        "columns:\n  - {{column: name, type: text, required: true{policy}}}\n"
        "layout: {{list: [name], sort: [name], facts: [], groups: []}}\n"
    )
    stated = ", class: internal, personal_data: none, retention: {months: 0, after: created, then: keep}"
    (tmp_path / "package.yaml").write_text(
        'package: cars\ncaption: Cars\nversion: "1"\nfiles: [car.yaml]\nworkplaces: []\n'
    )
    (tmp_path / "car.yaml").write_text(declaration.format(policy=stated))
    assert "name" in objects.read_package(tmp_path).objects["car"].columns
    (tmp_path / "car.yaml").write_text(declaration.format(policy=""))
    with pytest.raises(objects.PackageRefused, match="personal_data"):
        objects.read_package(tmp_path)


def fixed_tables() -> Iterator[str]:
    """Names of the tables that models describe: `db_table` of Meta, else context and class."""
    for path in sorted(SOURCE.glob("*/models.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and any(
                ast.unparse(base) == "models.Model" for base in node.bases
            ):
                yield _table_name(node) or f"{path.parent.name}_{node.name.lower()}"


def _table_name(model: ast.ClassDef) -> str | None:
    metas = (node for node in model.body if isinstance(node, ast.ClassDef) and node.name == "Meta")
    for assignment in (node for meta in metas for node in meta.body if isinstance(node, ast.Assign)):
        if ast.unparse(assignment.targets[0]) == "db_table":
            return str(ast.literal_eval(assignment.value))
    return None


def test_every_fixed_table_says_what_it_holds() -> None:
    lines = [line for line in TABLES.read_text().splitlines() if line.startswith("| `")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row for row in rows if len(row) != CELLS or not all(row)] == []
    assert sorted(row[0].strip("`") for row in rows) == sorted(fixed_tables())
