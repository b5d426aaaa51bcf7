"""What stops an import before its first row. A row that is refused is no error: its fate is in the result."""

from collections.abc import Sequence

from ostiary.kernel.errors import OstiaryError


class ImportRefused(OstiaryError):
    """The mapping or a file cannot be used; nothing was changed. The message names file, line and column."""

    code = "records.import_refused"


SHOWN_FAULTS = 20


def refuse_all(faults: Sequence[str]) -> None:
    """Raise one ImportRefused that lists `faults`, if there are any."""
    if not faults:
        return
    shown = list(faults[:SHOWN_FAULTS])
    if len(faults) > SHOWN_FAULTS:
        shown.append(f"... and {len(faults) - SHOWN_FAULTS} more")
    raise ImportRefused("\n".join(shown), faults=tuple(faults))
