"""`ostiary log operator`."""

from datetime import UTC, datetime

import orjson

from ostiary.kernel.errors import FieldError, Invalid
from ostiary.project import _operator_log
from ostiary.project._administration import installation


def operator(since: str | None, limit: int, *, as_json: bool) -> int:
    """One line for each command, newest first. Its own reading stands in the log from the next one on."""
    if not 0 < limit <= 500:
        raise Invalid([FieldError("limit", "out_of_range", "From 1 to 500 entries")])
    start = None if since is None else _instant(since)
    with installation():
        for entry in _operator_log.list_entries(since=start, limit=limit):
            print(orjson.dumps(entry).decode() if as_json else _line(entry))
    return 0


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid([FieldError("since", "malformed", f"{text} is no day or instant")]) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _line(entry: _operator_log.Entry) -> str:
    who = entry.operator
    behind = f" (sudo by {who['behind_sudo']})" if who.get("behind_sudo") else ""
    said = entry.parts.get("command", "")
    options = " ".join(f"{name}={value}" for name, value in entry.parts.get("options", {}).items())
    altered = "" if entry.intact else "ALTERED"
    words = [f"{entry.at:%Y-%m-%dT%H:%M:%SZ}", entry.type, entry.outcome, f"{who.get('account')}{behind}"]
    return "\t".join(word for word in [*words, f"{said} {options}".strip(), altered] if word)
