"""A context is entered by its `public` module alone; `kernel` and `ui` are public throughout."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
OPEN = frozenset({"kernel", "ui"})
PRIVATE_PATH = re.compile(r"ostiary\.(\w+)(?:\.\w+)*\._\w+(?:\.\w+)*")


def context_of(module: str) -> str:
    """`ostiary.records._query` belongs to `records`; the bare package to nobody."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imported_modules(tree: ast.AST, module: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """(line, dotted target) of each import, and of each string that names somebody's private module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")[: len(module.split(".")) - node.level + is_package]
                base = ".".join([*parents, base]).rstrip(".")
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and PRIVATE_PATH.fullmatch(node.value)
        ):
            yield node.lineno, node.value


def back_doors(source: Path) -> list[str]:
    """Every import below `source` that enters another context beside its public face."""
    found = []
    for path in sorted(source.rglob("*.py")):
        module = ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        own = context_of(module)
        tree = ast.parse(path.read_text())
        for line, target in imported_modules(tree, module, is_package=path.name == "__init__.py"):
            if not target.startswith("ostiary."):
                continue
            other = context_of(target)
            face = f"ostiary.{other}.public"
            if other not in OPEN | {own} and target != face and not target.startswith(f"{face}."):
                found.append(f"{module}:{line} -> {target}")
    return found


def test_contexts_meet_at_public_faces_only() -> None:
    assert back_doors(SOURCE) == []


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        ("from ostiary.records import public as records", "from ostiary.records import _storage"),
        ("from ostiary.records.public import Page", "from ostiary.records._query import Page"),
        ("import ostiary.records.public", "import ostiary.records._storage"),
        ("from ..records import public", "from ..records._storage import select"),
        ("from ostiary.kernel import clock", "from ostiary.access.core import decide_object"),
        ("from ostiary.kernel.ids import new_id", "from ostiary.identity.models import Person"),
        ("APP = 'ostiary.records'", "PATH = 'ostiary.records._storage.select'"),
        ("from ostiary.api import _views", "def lazily():\n    from ostiary.records import _storage"),
    ],
)
def test_a_planted_back_door_is_found(tmp_path: Path, allowed: str, refused: str) -> None:
    module = tmp_path / "ostiary" / "api" / "_views.py"
    module.parent.mkdir(parents=True)
    module.write_text(f"{allowed}\n")
    assert back_doors(tmp_path) == []
    module.write_text(f"{refused}\n")
    assert len(back_doors(tmp_path)) == 1
