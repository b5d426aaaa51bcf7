"""The fixed tables as one script, made at release (`make schema`): a new tenant replays it.

The script's first line carries the fingerprint of the migrations that it was made from. Where that is not the
fingerprint of the migrations at hand, it is not used, and the tenant is migrated step by step (ADR 0019).
"""

import hashlib
from pathlib import Path

from django.apps import apps

TEMPLATE = Path(__file__).with_name("schema_template.sql")
HEAD = "-- fingerprint of the migrations: "


def fingerprint() -> str:
    """SHA-256 over names and contents of the migrations of every installed context."""
    digest = hashlib.sha256()
    for config in sorted(apps.get_app_configs(), key=lambda config: str(config.label)):
        for path in sorted(Path(config.path, "migrations").glob("[0-9]*.py")):
            content = path.read_bytes()
            digest.update(f"{config.label}/{path.name} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def find_template(path: Path = TEMPLATE) -> str | None:
    """The script with `@.` for the schema, or None: there is none for exactly these migrations."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    return text if text.startswith(f"{HEAD}{fingerprint()}\n") else None
