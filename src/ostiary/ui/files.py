"""The built files (style sheet, script, fonts, icon sprite), by their hashed names from manifest.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ostiary.kernel.errors import Misconfigured

_DIST = Path(__file__).parent / "static" / "dist"
_PREFIX = "/static/"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One file as it is sent. `encoding` is "" when the content is not compressed."""

    content: bytes
    content_type: str
    encoding: str


@dataclass(frozen=True, slots=True)
class _Manifest:
    files: Mapping[str, str]
    icons: frozenset[str]


@cache
def manifest() -> _Manifest:
    """Logical name -> hashed name, and the icons of the sprite. Raises Misconfigured: nothing was built."""
    path = _DIST / "manifest.json"
    if not path.exists():
        raise Misconfigured("The interface has not been built: run tools/build_assets.py")
    data = json.loads(path.read_text())
    return _Manifest(data["files"], frozenset(data["icons"]))


@cache
def asset(name: str) -> str:
    """Address of a built file, `app.css` -> `/static/app.1A2B3C4D.css`. Raises KeyError: no such name."""
    return _PREFIX + manifest().files[name]


@cache
def _load(name: str, encoding: str) -> BuiltFile | None:
    suffix = {"br": ".br", "gzip": ".gz", "": ""}[encoding]
    path = _DIST / f"{name}{suffix}"
    if not path.exists():
        return None
    return BuiltFile(path.read_bytes(), _TYPES[Path(name).suffix], encoding)


def find_file(name: str, accept_encoding: str = "") -> BuiltFile | None:
    """The built file with this hashed name in the smallest form the browser accepts; None if there is none.

    Only names that the manifest lists are looked up, so a name can reach no other file.
    """
    if name not in set(manifest().files.values()):
        return None
    for encoding in ("br", "gzip"):
        if encoding in accept_encoding and (found := _load(name, encoding)):
            return found
    return _load(name, "")
