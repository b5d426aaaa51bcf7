"""Write the reference pages that are made from the code (`make docs`). `--check` only compares."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ostiary.project.settings")


def main() -> int:
    """Write, or say which pages are stale; exit code 1 then."""
    import django

    django.setup()
    from ostiary.project import _reference_pages

    stale = [name for name, text in _reference_pages.pages().items() if _read(name) != text]
    if "--check" in sys.argv[1:]:
        print(*(f"stale: {name}; run `make docs`" for name in stale), sep="\n")
        return 1 if stale else 0
    for name, text in _reference_pages.pages().items():
        (ROOT / "docs" / "reference" / name).write_text(text)
    return 0


def _read(name: str) -> str:
    path = ROOT / "docs" / "reference" / name
    return path.read_text() if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
