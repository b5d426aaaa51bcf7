"""Which backups were made last, for whoever asks whether there is one: a note in the state folder."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from ostiary.kernel import clock
from ostiary.project._private_files import write_private
from ostiary.project._state import State, default_state

INSTALLATION = "installation"
_NOTE = "backups.json"


@dataclass(frozen=True, slots=True)
class LastBackup:
    """The newest backup of something. verified: it was read to its end when it was made."""

    at: datetime
    path: Path
    verified: bool


def last_backup(what: str = INSTALLATION, *, state: State | None = None) -> LastBackup | None:
    """The newest backup of `what` (the slug of a tenant, `installation`, `base`), or None: there was none."""
    said = _read(state or default_state()).get(what)
    if said is None:
        return None
    try:
        return LastBackup(datetime.fromisoformat(said["at"]), Path(said["path"]), bool(said["verified"]))
    except (KeyError, TypeError, ValueError):
        return None


def note_backup(what: str, path: Path, *, verified: bool, state: State | None = None) -> None:
    """Remember that a backup of `what` was made now."""
    state = state or default_state()
    said = _read(state) | {
        what: {"at": clock.now().isoformat(), "path": str(path.absolute()), "verified": verified}
    }
    write_private(state.root / _NOTE, orjson.dumps(said, option=orjson.OPT_INDENT_2))


def _read(state: State) -> dict[str, dict[str, Any]]:
    try:
        said = orjson.loads((state.root / _NOTE).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return said if isinstance(said, dict) else {}
