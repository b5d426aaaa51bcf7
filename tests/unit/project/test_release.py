"""The number of a release is raised when its migrations change, and released migrations never change."""

import ast
import hashlib
from pathlib import Path

import pytest

from ostiary.project import _release

SOURCE = Path(__file__).parents[3] / "src" / "ostiary"


def migrations_of(context: str) -> list[str]:
    return sorted(path.stem for path in (SOURCE / context / "migrations").glob("[0-9]*.py"))


def last_migrations() -> dict[str, str]:
    """The last migration of each context, by the files."""
    contexts = sorted(path.parent.name for path in SOURCE.glob("*/migrations"))
    return {context: names[-1] for context in contexts if (names := migrations_of(context))}


def digest(last: dict[str, str]) -> str:
    """Of what the migrations up to these do; spaces and comments are left out."""
    found = hashlib.sha256()
    for context, final in sorted(last.items()):
        for name in migrations_of(context):
            if name <= final:
                text = (SOURCE / context / "migrations" / f"{name}.py").read_text()
                found.update(f"{context}.{name}\n{ast.unparse(ast.parse(text))}\n".encode())
    return found.hexdigest()


def number_for(last: dict[str, str]) -> int:
    """What RELEASE must be with these migrations."""
    newest = max(_release.RELEASED)
    return newest if last == _release.RELEASED[newest].last else newest + 1


def test_new_migrations_raise_the_release() -> None:
    assert number_for(last_migrations()) == _release.RELEASE


def test_a_planted_migration_would_raise_it() -> None:
    newest = max(_release.RELEASED)
    unchanged = _release.RELEASED[newest].last
    assert number_for(dict(unchanged)) == newest
    assert number_for({**unchanged, "access": "9999_planted"}) == newest + 1
    assert number_for({**unchanged, "planted": "0001_initial"}) == newest + 1


@pytest.mark.parametrize("number", sorted(_release.RELEASED))
def test_what_was_released_is_still_there_and_does_the_same(number: int) -> None:
    released = _release.RELEASED[number]
    for context, name in released.last.items():
        assert name in migrations_of(context)
    assert digest(dict(released.last)) == released.digest


def test_the_window_is_this_release_and_the_one_before() -> None:
    assert _release.OLDEST_SERVED == _release.RELEASE - 1
    assert sorted(_release.RELEASED) == list(range(len(_release.RELEASED)))
