"""The import contracts of pyproject.toml hold, and each of them really refuses its bad sample."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LINT = "import sys, importlinter.cli as cli; sys.exit(cli.lint_imports(sys.argv[1], no_cache=True))"


def lint_imports(package_root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter with this project's contracts on the package `ostiary` found below `package_root`."""
    return subprocess.run(
        [sys.executable, "-c", LINT, str(ROOT / "pyproject.toml")],
        cwd=package_root, env=os.environ | {"PYTHONPATH": str(package_root)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def layer_names() -> list[str]:
    """Contexts of the layers contract, top to bottom, without the marks for siblings and for absent ones."""
    layers = next(c for c in CONTRACTS if c["type"] == "layers")["layers"]
    return [name.strip().strip("()") for layer in layers for name in layer.replace(":", "|").split("|")]


def make_skeleton(root: Path) -> Path:
    """A package with every module and every import that the contracts name, and nothing else."""
    exceptions = [line.split(" -> ") for contract in CONTRACTS for line in contract.get("ignore_imports", [])]
    modules = {f"ostiary.{name}" for name in layer_names()}
    for contract in CONTRACTS:
        modules |= {name for name in contract.get("source_modules", []) if name.startswith("ostiary.")}
    for name in {"ostiary", *modules, *(name for pair in exceptions for name in pair)}:
        folder = root.joinpath(*name.split("."))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").touch()
    for importer, imported in exceptions:
        (root.joinpath(*importer.split(".")) / "__init__.py").write_text(f"import {imported}\n")
    return root


def test_the_contracts_hold() -> None:
    result = lint_imports(ROOT / "src")
    assert result.returncode == 0, result.stdout


def test_every_context_has_a_place() -> None:
    contract = next(c for c in CONTRACTS if c["type"] == "layers")
    folders = {path.parent.name for path in (ROOT / "src" / "ostiary").glob("*/__init__.py")}
    assert contract["exhaustive"] is True
    assert folders - set(layer_names()) == set()


def run_time_imports(tree: ast.Module) -> Iterator[str]:
    """Dotted names that a module imports when it is run, those for types alone left out."""
    types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_decisions_have_no_clock_no_chance_and_nothing_but_ids() -> None:
    """What a decision depends on comes in as an argument, the time included."""
    pure = re.compile(
        r"(collections|dataclasses|enum|functools|typing|uuid)\b.*|datetime\.datetime"
        r"|ostiary\.(access\.core|kernel\.ids|kernel\.errors)\b.*"
    )
    for path in (ROOT / "src" / "ostiary" / "access" / "core").glob("*.py"):
        names = run_time_imports(ast.parse(path.read_text()))
        assert [name for name in names if not pure.fullmatch(name)] == [], path.name
    typed = ast.parse("if TYPE_CHECKING:\n    import socket\nimport uuid")
    assert list(run_time_imports(typed)) == ["uuid"]


@pytest.mark.parametrize(
    ("module", "refused"),
    [
        ("access", "from ostiary import records"),  # upward
        ("web", "from ostiary import api"),  # sideways
        ("surprise", ""),  # a folder that nobody gave a place
        ("kernel", "import psycopg"),  # I/O in the kernel
        ("kernel", "import socket"),
        ("access.core", "import django.db"),  # I/O in the decision
        ("access.core", "import logging"),
        ("ui", "from ostiary import records"),  # a domain in the components
    ],
)
def test_a_planted_import_breaks_a_contract(tmp_path: Path, module: str, refused: str) -> None:
    """The skeleton passes; the same skeleton with one bad line does not."""
    skeleton = make_skeleton(tmp_path)
    if module != "surprise":  # once is enough for the good case
        (skeleton / "ostiary" / "kernel" / "_fine.py").write_text("import uuid\n")
    else:
        assert lint_imports(skeleton).returncode == 0
    folder = skeleton.joinpath("ostiary", *module.split("."))
    folder.mkdir(exist_ok=True)
    (folder / "_planted.py").write_text(f"{refused}\n")
    (folder / "__init__.py").touch()
    result = lint_imports(skeleton)
    assert "BROKEN" in result.stdout
