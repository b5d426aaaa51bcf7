"""Secrets that no web process may read lie in one folder, so that it can be hidden from web nodes as a whole.

A file that is hidden by itself comes back into view when it is replaced; a folder stays hidden whatever is
written there.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ostiary.kernel.errors import Misconfigured

FOLDER = "owner"
_ALONE = ("owner.dsn", "database-owner", "postgres-superuser")
_OF_PLACEMENTS = ("owner.dsn", "admin.dsn")


def gather(secrets: Path) -> None:
    """Move what releases before left beside the others' secrets; safe to repeat, from several processes too.

    What is in the folder already is newer and stays.
    Raises: Misconfigured: it cannot be moved.
    """
    for path in list(_misplaced(secrets)):
        target = secrets / FOLDER / path.relative_to(secrets)
        try:
            for folder in reversed(target.relative_to(secrets).parents[:-1]):
                (secrets / folder).mkdir(mode=0o700, exist_ok=True)
            with suppress(FileNotFoundError):  # another process was faster
                path.unlink() if target.exists() else path.rename(target)
        except OSError as error:
            raise Misconfigured(f"{path} cannot be moved to {target}: {error.strerror}") from None


def _misplaced(secrets: Path) -> Iterator[Path]:
    places = [secrets / name for name in _ALONE]
    places += [found for name in _OF_PLACEMENTS for found in secrets.glob(f"placements/*/{name}")]
    return (path for path in places if path.is_file() and not path.is_symlink())
