"""Worlds as text: what once disagreed stays as a named case beside the generated ones.

A failing run writes its smallest world to `cases/failing_<worker>.world`; to keep it, give the file a name
that says what was wrong. The text is one call over the names of `tests.oracle.model`, after comment lines.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path

from tests.oracle import model
from tests.oracle.model import World

CASES = Path(__file__).parent / "cases"


def text_of(value: object) -> str:
    """Text that makes the value again."""
    if is_dataclass(value) and not isinstance(value, type):
        given = [(f.name, getattr(value, f.name)) for f in fields(value) if f.init]
        return f"{type(value).__name__}({', '.join(f'{name}={text_of(v)}' for name, v in given)})"
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{text_of(k)}: {text_of(v)}' for k, v in value.items())}}}"
    if isinstance(value, frozenset):
        return f"frozenset([{', '.join(sorted(map(text_of, value)))}])"
    if isinstance(value, tuple):
        return f"({''.join(f'{text_of(v)}, ' for v in value)})"
    return repr(value)


def save_case(world: World, differs: str, name: str) -> Path:
    """Write a world with a note of what differs. The last failing world of a run is its smallest."""
    note = "".join(f"# {line}\n" for line in differs.splitlines()[:20])
    text = re.sub(r"(?=\b(Graph|Object|Record|Share)\()|(?<=, )(?=objects=|shares=)", "\n  ", text_of(world))
    CASES.mkdir(exist_ok=True)
    path = CASES / f"{name}.world"
    path.write_text(f"{note}{text}\n")
    return path


def read_case(text: str) -> World:
    """The world of a case's text."""
    text = "".join(line for line in text.splitlines() if not line.startswith("#"))
    names = {name: value for name, value in vars(model).items() if not name.startswith("_")}
    world = eval(text, {"__builtins__": {"frozenset": frozenset}}, names)  # noqa: S307  our own test data
    assert isinstance(world, World)
    return world


def all_cases() -> list[Path]:
    """The kept cases by name."""
    return sorted(CASES.glob("*.world"))
