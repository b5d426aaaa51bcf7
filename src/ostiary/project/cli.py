"""The command `ostiary`: how an installation is started, prepared and administered by its operator.

A subcommand imports its module when it is called, so that help and refusals come at once.
"""

import argparse
import sys
from collections.abc import Sequence

from ostiary.kernel.errors import Invalid, OstiaryError
from ostiary.project.commands import (
    backup,
    database,
    doctor,
    jobs,
    key,
    keys,
    migrate,
    objects,
    setting,
    start,
    tenant,
)
from ostiary.project.commands._declare import Handler

REFUSED = 2  # exit code of everything that the user can put right
GROUPS = (start, tenant, objects, setting, key, keys, jobs, database, migrate, backup, doctor)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words[:1] == ["import"]:  # it has a parser of its own
            return _import(words[1:])
        options = make_parser().parse_args(words)
        handler: Handler = options.handler
        return handler(options)
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


def _import(words: Sequence[str]) -> int:
    from ostiary.project import import_command

    return import_command.main(words)
