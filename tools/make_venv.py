"""Makes or refreshes .venv from a lock file with hashes: `make_venv.py run` or `make_venv.py test`.

The environment is made again when its Python is gone or another one; packages are installed again when a lock
changed. The project itself is one .pth line, so that the sources are what runs.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = {"run": "requirements-build.lock", "test": "requirements-test.lock"}  # test holds all that run holds
START = """#!/bin/sh
exec "{python}" -m ostiary.project "$@"
"""


def main(kind: str) -> int:
    """Bring .venv up to date for one purpose."""
    python = VENV / "bin" / "python"
    if not _works(python):
        shutil.rmtree(VENV, ignore_errors=True)
        _timed("environment", lambda: venv.create(VENV, with_pip=True, symlinks=True))
    if _stamp(kind).exists() or (kind == "run" and _stamp("test").exists()):
        return 0
    lock = ROOT / LOCKS[kind]
    _timed(f"packages of {lock.name}", lambda: _install(python, lock))
    _link_project(python)
    for old in VENV.glob(f".installed-{kind}-*"):
        old.unlink()
    _stamp(kind).touch()
    return 0


def _works(python: Path) -> bool:
    """Whether .venv belongs to this folder and this Python; a moved clone or a removed Python fails here."""
    if not python.exists():
        return False
    wanted = f"{sys.version_info.major}.{sys.version_info.minor} {VENV}"
    return _ask(python, "import sys; print('%d.%d' % sys.version_info[:2], sys.prefix)") == wanted


def _stamp(kind: str) -> Path:
    """Named by everything that decides what is installed."""
    told = (ROOT / LOCKS[kind]).read_bytes() + Path(__file__).read_bytes()
    return VENV / f".installed-{kind}-{hashlib.sha256(told).hexdigest()[:16]}"


def _install(python: Path, lock: Path) -> None:
    subprocess.run(
        [
            python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input",
            "--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", lock,
        ],
        check=True,
    )  # fmt: skip


def _link_project(python: Path) -> None:
    packages = _ask(python, "import sysconfig; print(sysconfig.get_path('purelib'))")
    Path(packages, "ostiary.pth").write_text(f"{ROOT / 'src'}\n")
    command = VENV / "bin" / "ostiary"
    command.write_text(START.format(python=python))
    command.chmod(0o755)


def _ask(python: Path, code: str) -> str:
    return subprocess.run([python, "-c", code], check=False, capture_output=True, text=True).stdout.strip()


def _timed(name: str, work: Callable[[], object]) -> None:
    started = time.monotonic()
    print(f"  {name} ...", end="", flush=True)
    work()
    print(f" {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    os.chdir(ROOT)
    try:
        sys.exit(main(sys.argv[1]))
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {Path(error.cmd[0]).name} failed with {error.returncode}; the reason stands above")
