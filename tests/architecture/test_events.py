"""Every type of event is documented. Log lines have names of the same form and are left out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTEXTS = (
    "access|api|assurance|audit|crm|crypto|dashboards|identity|jobs|objects|pages|portal|project|records|settings"
    "|tenancy|web"
)
TYPE = re.compile(rf"({CONTEXTS})\.[a-z_]+\.[a-z_]+")
LOGGERS = frozenset({"log", "logger"})


def event_types(source: str) -> Iterator[str]:
    """Strings of the form of a type that are no argument of a logger."""
    tree = ast.parse(source)
    logged = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in LOGGERS
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in logged:
            continue
        if isinstance(node.value, str) and TYPE.fullmatch(node.value):
            yield node.value


def test_every_event_type_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "events.md").read_text()
    sources = sorted((ROOT / "src").rglob("*.py"))
    found = {name for path in sources for name in event_types(path.read_text())}
    assert found
    assert sorted(name for name in found if f"`{name}`" not in page) == []


def test_log_lines_are_no_events() -> None:
    assert list(event_types("audit.append(ctx, 'identity.session.opened')")) == ["identity.session.opened"]
    assert list(event_types("log.info('identity.session.opened')")) == []
