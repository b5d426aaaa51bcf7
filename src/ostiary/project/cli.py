"""The command `ostiary`: how an installation is started, prepared and administered by its operator.

A subcommand imports its module when it is called, so that help and refusals come at once.
"""

import argparse
import sys
from collections.abc import Sequence

from ostiary.kernel.errors import Invalid, OstiaryError
from ostiary.project.commands import (
    backup,
    config,
    database,
    doctor,
    jobs,
    key,
    keys,
    log,
    migrate,
    objects,
    rights,
    setting,
    start,
    tenant,
)
from ostiary.project.commands._declare import Handler

REFUSED = 2  # exit code of everything that the user can put right
_DECLARED = frozenset({"handler", "event", "withheld", "command"})
GROUPS = (
    start,
    tenant,
    objects,
    rights,
    setting,
    key,
    keys,
    jobs,
    config,
    database,
    migrate,
    backup,
    log,
    doctor,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words[:1] == ["import"]:  # it has a parser of its own
            return _import(words[1:])
        return _run(make_parser().parse_args(words))
    except OstiaryError as error:
        print(f"error: {error.message}", file=sys.stderr)
        for refused in error.errors if isinstance(error, Invalid) else ():
            print(f"  {refused.field}: {refused.message}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130


def make_parser() -> argparse.ArgumentParser:
    """Every subcommand with its options."""
    parser = argparse.ArgumentParser(prog="ostiary", description="Start and administer an installation.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for group in GROUPS:
        group.add_to(commands)
    commands.add_parser("import", help="load CSV files by a mapping, each row through the door")
    return parser


def _run(options: argparse.Namespace) -> int:
    """The command's work; one that changes something is recorded in the operator's log, however it ends."""
    handler: Handler = options.handler
    if options.event is None:
        return handler(options)
    from ostiary.project import _operator_log

    said = {k: v for k, v in vars(options).items() if k not in _DECLARED}
    parts = {"command": options.command, "options": _operator_log.shown(said, options.withheld)}
    return _operator_log.recorded(lambda: handler(options), options.event, parts)


def _import(words: Sequence[str]) -> int:
    from ostiary.project import _operator_log, import_command

    if "-h" in words or "--help" in words:
        return import_command.main(words)
    parts = {"command": "ostiary import", "options": _operator_log.shown({"words": words}, frozenset())}
    return _operator_log.recorded(lambda: import_command.main(words), "records.file.imported", parts)
