"""Habits of the house that a line of text can show: sizes, names, open ends, silenced tools, lock files."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 600  # lines; a typical file stays under 400
SHORTEST_REASON = 2  # words
NAMELESS = frozenset({"utils.py", "helpers.py", "managers.py", "misc.py", "common.py"})
TEXT = frozenset({".py", ".html", ".css", ".js", ".md", ".yaml", ".yml", ".toml", ".sql", ".jinja", ".sh"})

# An open end names its issue; a way around the door has no name here because there is none.
FORBIDDEN = {
    "open end without an issue": re.compile(r"\bTODO\b(?!\(#\d+\))"),
    "open end": re.compile(r"\b(FIXME|XXX|HACK)\b"),
    "way around the door": re.compile(
        r"\b(skip|ignore|bypass|without)_(permissions?|access|rights|checks?)\b"
    ),
    "unsafe markup": re.compile(r"\|\s*safe\b|\bmark_safe\("),
}
SILENCED = re.compile(
    r"#\s*(?:noqa|type:\s*ignore)(?P<rule>:?\s*\[?[\w-]+(?:,\s*[\w-]+)*\]?)?(?P<reason>.*)$"
)


def tracked() -> list[Path]:
    """Files that git knows, this one left out because it names what it looks for."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    paths = (ROOT / name for name in names if name)
    return [path for path in paths if path.exists() and path != Path(__file__).resolve()]


def forbidden_words(text: str) -> list[str]:
    """`line: why` for each forbidden word."""
    return [
        f"{number}: {why}"
        for number, line in enumerate(text.splitlines(), 1)
        for why, pattern in FORBIDDEN.items()
        if pattern.search(line)
    ]


def silenced_without_reason(text: str) -> list[int]:
    """Lines that switch a tool off without naming the rule and saying why."""
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        match = SILENCED.search(line)
        if match and not (
            match["rule"] and len(re.findall(r"[a-z]{2,}", match["reason"])) >= SHORTEST_REASON
        ):
            lines.append(number)
    return lines


def test_no_file_has_outgrown_its_reader() -> None:
    sources = [path for path in tracked() if path.suffix in {".py", ".css", ".js", ".html"}]
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources}
    assert {name: lines for name, lines in long.items() if lines > LONGEST} == {}


def test_every_module_is_named_after_what_it_holds() -> None:
    assert [str(path.relative_to(ROOT)) for path in tracked() if path.name in NAMELESS] == []


def test_no_forbidden_words() -> None:
    found = {
        str(path.relative_to(ROOT)): words
        for path in tracked()
        if path.suffix in TEXT and (words := forbidden_words(path.read_text()))
    }
    assert found == {}


def test_a_silenced_tool_carries_its_reason() -> None:
    found = {
        str(path.relative_to(ROOT)): lines
        for path in tracked()
        if path.suffix == ".py" and (lines := silenced_without_reason(path.read_text()))
    }
    assert found == {}


def test_lock_files_pin_by_hash_and_name_no_address() -> None:
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert locks
    for lock in locks:
        text = lock.read_text()
        assert "://" not in text, lock.name
        pinned = re.findall(r"^[A-Za-z0-9][\w.\[\],-]*==", text, re.MULTILINE)
        hashed = re.findall(
            r"^[A-Za-z0-9][^\n]*\\\n(?:\s+--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", text, re.MULTILINE
        )
        assert len(pinned) == len(hashed) > 0, lock.name
    for lock in (path for path in tracked() if path.name == "package-lock.json"):
        assert '"resolved"' not in lock.read_text()


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("# TODO(#12): widen", "# TODO: widen"),
        ("# a fixture", "# FIXME"),
        ("check_permissions = 1", "skip_permissions = True"),
        ("{{ value }} is safe", "{{ value | safe }}"),
    ],
)
def test_samples_of_words(good: str, bad: str) -> None:
    assert forbidden_words(good) == []
    assert len(forbidden_words(bad)) == 1


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("x = 1  # noqa: S105  a table name, not a secret", "x = 1  # noqa"),
        (
            "y = f()  # type: ignore[no-any-return]  the driver is untyped",
            "y = f()  # type: ignore[no-any-return]",
        ),
        ("z = 1  # the reason why", "z = 1  # noqa: S105"),
    ],
)
def test_samples_of_silence(good: str, bad: str) -> None:
    assert silenced_without_reason(good) == []
    assert silenced_without_reason(bad) == [1]
