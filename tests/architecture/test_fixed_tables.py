"""Fixed tables are described by Django models and read by SQL: no ORM at run time (ADR 0004)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "ostiary"
RUNNER = SOURCE / "project" / "_migrations.py"
DESCRIPTIONS = frozenset({"models.py", "apps.py"})
MANAGERS = frozenset({"objects", "_default_manager", "_base_manager"})


def orm_uses(source: str) -> Iterator[tuple[int, str]]:
    """Imports of Django's database layer, and managers taken from a class."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, n.name) for n in names if n.name.startswith("django.db"))
            case ast.ImportFrom(module=str(module)) if module.startswith("django.db"):
                yield node.lineno, module
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if attr in MANAGERS and name[:1].isupper():
                yield node.lineno, f"{name}.{attr}"


def may_describe(path: Path) -> bool:
    """Models and migrations describe; one module runs them."""
    return path.name in DESCRIPTIONS or path.parent.name == "migrations" or path == RUNNER


def test_the_orm_is_not_used_at_run_time() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line} {what}"
        for path in sorted(SOURCE.rglob("*.py"))
        if not may_describe(path)
        for line, what in orm_uses(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("catalogue.objects.values()", "Person.objects.get(pk=1)"),
        ("from django.http import HttpResponse", "from django.db import connection"),
        ("import django.http", "import django.db.models"),
    ],
)
def test_samples(good: str, bad: str) -> None:
    assert list(orm_uses(good)) == []
    assert len(list(orm_uses(bad))) == 1
