"""Locks are complete and agree, and no file that git knows says where it was made."""

import re
import socket
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PLACES = re.compile(
    r"/(?:root|home/[a-z][\w-]*|Users/\w+)/"  # somebody's home folder
    r"|/work/"
    r"|//(?:registry\.npmjs\.org|pypi\.org/simple|files\.pythonhosted\.org)"
    r"|(?:index-url|extra-index-url|find-links|trusted-host)\s*[ =]"
)
SAMPLES = ("/root/.cache", "see /home/ada/clone", "https://registry.npmjs.org/x", "--index-url https://x")


def pinned(lock: str) -> dict[str, str]:
    """Package name -> version."""
    line = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
    found = line.findall((ROOT / lock).read_text())
    return {_name(name): version for name, version in found}


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def declared(*groups: str) -> set[str]:
    """Names that pyproject.toml asks for."""
    lines = list(PROJECT["dependencies"])
    for group in groups:
        lines += PROJECT["optional-dependencies"][group]
    return {_name(re.split(r"[^\w.-]", line)[0]) for line in lines}


@pytest.mark.parametrize(
    ("lock", "groups"),
    [
        ("requirements.lock", ()),
        ("requirements-build.lock", ("build",)),
        ("requirements-test.lock", ("build", "test")),
    ],
)
def test_a_lock_holds_everything_that_is_declared(lock: str, groups: tuple[str, ...]) -> None:
    assert declared(*groups) - set(pinned(lock)) == set()


def test_larger_locks_hold_the_smaller_ones() -> None:
    run, build, test = (pinned(f"requirements{part}.lock") for part in ("", "-build", "-test"))
    assert run.items() <= build.items() <= test.items()


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    host = socket.gethostname()
    found = []
    for name in filter(None, names.stdout.split("\0")):
        path = ROOT / name
        if not path.is_file() or path == Path(__file__).resolve():
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        match = PLACES.search(text)
        if match or (len(host) > 8 and host in text):
            found.append(f"{name}: {match.group() if match else host}")
    assert found == []


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_planted_place_is_found(sample: str) -> None:
    assert PLACES.search(sample)
