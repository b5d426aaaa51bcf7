"""`ostiary import`: CSV files into a tenant by a mapping, as one of its people."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import OstiaryError
from ostiary.project._administration import acting_as, installation
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy

REFUSED_ROWS = 1  # exit code: the run went through, but not every row did
BETWEEN_LINES_S = 2.0  # how often progress is told where it cannot overwrite itself


class Unusable(OstiaryError):
    """A file that the command was given cannot be used."""

    code = "import.unusable"


def main(words: Sequence[str]) -> int:
    """Run an import. Returns 0, or 1 when rows were refused.

    Raises: OstiaryError: nothing could be imported; the message names file, line and column.
    """
    options = make_parser().parse_args(words)
    plan = records.read_mapping(options.mapping)
    password = _read_password(options.password_file) if options.password_file else None
    with installation():
        tenant = tenancy.get_tenant(options.tenant)
        report = records.import_rows(
            _opener(tenant, options.login),
            plan,
            options.data,
            records.ImportOptions(
                dry_run=options.dry_run, result=options.result, password=password, on_progress=Teller().tell
            ),
        )
    return summarise(report, options)


def make_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = argparse.ArgumentParser(
        prog="ostiary import",
        description="Load CSV files by a mapping. Every row goes through the door as the person named by "
        "--as; a second run goes on where the first ended, by the mapping's keys.",
    )
    parser.add_argument("mapping", type=Path, help="mapping file (YAML)")
    parser.add_argument("--tenant", required=True, help="slug of the tenant")
    parser.add_argument("--data", required=True, type=Path, help="folder of the CSV files")
    parser.add_argument("--as", required=True, dest="login", help="sign-in name of the person who imports")
    parser.add_argument("--dry-run", action="store_true", help="check everything, keep nothing")
    parser.add_argument("--result", type=Path, help="CSV file for every row's fate")
    parser.add_argument(
        "--password-file",
        type=Path,
        help="file with the first password of new people (default: they get none)",
    )
    return parser


def _opener(tenant: tenancy.Tenant, login: str) -> Callable[[], AbstractContextManager[Context]]:
    @contextmanager
    def opened() -> Iterator[Context]:
        with acting_as(tenant, login, purpose="import") as ctx:
            yield replace(ctx, channel=Channel.IMPORT)

    return opened


def _read_password(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError as problem:
        raise Unusable(f"{path}: cannot be read: {problem.strerror}") from problem


class Teller:
    """Shows how far a step is: on a terminal in place, else as a line from time to time."""

    def __init__(self) -> None:
        self._told = 0.0

    def tell(self, progress: records.Progress) -> None:
        """Called after every chunk."""
        text = f"  {progress.step}: {progress.done:,} of {progress.total:,} rows, {progress.rate:,.0f} rows/s"
        ended = progress.done == progress.total
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{text.ljust(72)}" + ("\n" if ended else ""))
        elif ended or time.monotonic() - self._told > BETWEEN_LINES_S:
            sys.stderr.write(f"{text}\n")
            self._told = time.monotonic()
        sys.stderr.flush()


def summarise(report: records.ImportReport, options: argparse.Namespace) -> int:
    """Tell what the run did. Returns the exit code."""
    lines = [f"note: {note}" for note in report.notes]
    refused = 0
    for step, counts in report.counts.items():
        fates = ", ".join(f"{count:,} {fate}" for fate, count in counts.as_data().items() if count)
        lines.append(f"{step}: {fates or 'no rows'}")
        refused += counts.as_data()["refused"]
    total = sum(counts.rows for counts in report.counts.values())
    lines.append(
        f"{total:,} rows in {report.seconds:.1f} s" + (", nothing kept (dry run)" if options.dry_run else "")
    )
    if options.result:
        lines.append(f"every row's fate: {options.result}")
    elif refused:
        lines.append("name a file with --result to see why rows were refused")
    sys.stdout.write("\n".join(lines) + "\n")
    return REFUSED_ROWS if refused else 0
