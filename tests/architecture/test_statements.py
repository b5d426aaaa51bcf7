"""Statements without bound parameters and changes of role are in one module.

A statement sent without parameters travels by the simple protocol, which takes several statements at once:
a bare `SET ROLE` could be smuggled in (ADR 0005). The database shuts the other way: `set_config` is revoked.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "ostiary"
CONNECTION = SOURCE / "tenancy" / "_connection.py"
MIGRATIONS = SOURCE / "project" / "_migrations.py"
PLACEMENT = SOURCE / "tenancy" / "_placement.py"
BACKUP = SOURCE / "project" / "backup" / "_copy.py"  # a schema is read and rebuilt with itself as the path
QUEUE = SOURCE / "jobs" / "_engine.py"  # procrastinate names no schema; its connection is its own
ROLE_CHANGE = re.compile(
    r"\b(set\s+(local\s+|session\s+)?(role|session\s+authorization)|reset\s+role)\b"
    r"|\bset_config\s*\((?!\s*text\b)",  # its signature, to grant and revoke it, is no call
    re.IGNORECASE,
)
SEARCH_PATH = re.compile(r"\bsearch_path\b(?!\s*=\s*'')", re.IGNORECASE)  # to empty it is fine
LOW_LEVEL = frozenset({"exec_", "exec_params", "send_query", "executescript"})


def is_nothing(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str | bytes)
    return isinstance(node, ast.JoinedStr)


def unbound_statements(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Calls that would send text without bound parameters."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        bound = [*node.args[1:2], *(keywords[k] for k in ("params", "vars") if k in keywords)]
        if name in LOW_LEVEL:
            yield node.lineno, f".{name}()"
        elif name == "execute" and (not bound or is_nothing(bound[0])):
            yield node.lineno, ".execute() without parameters"
        elif name == "copy" and node.args and is_text(node.args[0]) and not bound:
            yield node.lineno, ".copy() without parameters"


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """String values, documentation left out."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def forbidden_statements(source: str) -> list[str]:
    """What only the connection module may contain."""
    tree = ast.parse(source)
    found = [f"{line}: {what}" for line, what in unbound_statements(tree)]
    return found + [f"{line}: {text!r}" for line, text in texts(tree) if ROLE_CHANGE.search(text)]


def test_only_the_connection_module_sends_bare_statements_or_changes_the_role() -> None:
    assert CONNECTION.exists()
    found = {
        str(path.relative_to(SOURCE)): lines
        for path in sorted(SOURCE.rglob("*.py"))
        if path != CONNECTION and (lines := forbidden_statements(path.read_text()))
    }
    assert found == {}


def test_the_search_path_is_emptied_for_the_app_and_set_for_migrations_only() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line}"
        for path in sorted(SOURCE.rglob("*.py"))
        if path not in (MIGRATIONS, PLACEMENT, QUEUE, BACKUP)
        for line, text in texts(ast.parse(path.read_text()))
        if SEARCH_PATH.search(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("c.execute('select 1 where %s', (True,))", "c.execute('select 1')"),
        ("c.execute(sql, params=values)", "c.execute(sql, None)"),
        ("c.execute(sql, [])", "c.execute(sql, params=None)"),
        ("c.execute(sql, values, prepare=True)", "c.execute(query=sql, prepare=True)"),
        ("c.copy('copy t from stdin where %s', (1,))", "c.copy(f'copy {t} from stdin')"),
        ("copied = copy.copy(value)", "connection.pgconn.exec_(b'select 1')"),
        ("x = 'alter role app set plan_cache_mode = auto'", "x = 'set role tenant_b'"),
        ('"""It does SET LOCAL ROLE first."""', "x = 'SET  LOCAL\\nROLE ' + role"),
        ("x = 'grant a to b with set true'", "x = f'reset role; select {y}'"),
        (
            "x = 'revoke execute on function pg_catalog.set_config(text, text, boolean) from public'",
            "x = \"select set_config('role', 'b', true)\"",
        ),
        ("x = 'session'", "x = 'set session authorization b'"),
    ],
)
def test_samples(good: str, bad: str) -> None:
    assert forbidden_statements(good) == []
    assert forbidden_statements(bad) != []
