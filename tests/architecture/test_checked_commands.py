"""People, roles and keys lie below `access`: who stands above it changes them by its checked commands."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "ostiary"
CHANGES = re.compile(
    r"(create|change|add|remove|set|move|mark|link|unlink|rename|merge|delegate|elevate|seed|revoke)(_\w+)?"
)
# Who may change without a check: `access` checks, `project` makes a tenant before anybody could hold a right.
KEEPERS = frozenset({"identity", "access", "project"})
# Stores rights as they are given; `records` checks who may share, `project` writes a tenant's first rows.
STORES = re.compile(r"store_\w+")
STORERS = frozenset({"access", "records", "project"})


def unchecked_changes(source: str, context: str) -> Iterator[str]:
    """Uses of unchecked commands that `context` is not meant to have."""
    for node in ast.walk(ast.parse(source)):
        uses: list[tuple[str, str]] = []
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            uses = [(node.value.id, node.attr)]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.endswith(".public"):
            uses = [(node.module.split(".")[-2], alias.name) for alias in node.names]
        for face, name in uses:
            if face == "identity" and context not in KEEPERS and CHANGES.fullmatch(name):
                yield f"{face}.{name}"
            if face == "settings" and context != "access" and name == "store":
                yield f"{face}.{name}"
            if face == "access" and context not in STORERS and STORES.fullmatch(name):
                yield f"{face}.{name}"


def test_changes_below_access_are_made_by_its_checked_commands() -> None:
    found = {
        str(path.relative_to(SOURCE)): uses
        for path in sorted(SOURCE.rglob("*.py"))
        if (uses := list(unchecked_changes(path.read_text(), path.relative_to(SOURCE).parts[0])))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("access.add_member(ctx, person, role)", "identity.add_member(ctx, person, role)"),
        ("identity.check_password(ctx, login, password)", "identity.set_password(ctx, person, password)"),
        ("from ostiary.identity.public import find_unit", "from ostiary.identity.public import create_role"),
        ("access.set_object_rows(ctx, o, rows)", "access.store_operation_rows(ctx, o, rows)"),
        ("access.set_setting(ctx, code, value)", "settings.store(ctx, code, value)"),
    ],
)
def test_samples(good: str, bad: str) -> None:
    assert list(unchecked_changes(good, "web")) == []
    assert len(list(unchecked_changes(bad, "web"))) == 1
    assert (list(unchecked_changes(bad, "project")) == []) is not bad.startswith("settings.")
