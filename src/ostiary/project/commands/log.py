"""`ostiary log`: what was recorded about the installation."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command, add_group

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands


def add_to(commands: "Commands") -> None:
    """Declare the commands about the installation's own log."""
    verbs = add_group(commands, "log", "what operators did")
    operator = add_command(
        verbs,
        "operator",
        _operator,
        "commands that were given, newest first: when, what, how it ended, by whom",
        event="project.operator_log.viewed",
    )
    operator.add_argument("--since", help="an instant or a day, such as 2026-11-23")
    operator.add_argument("--limit", type=int, default=50, help="at most so many (default: %(default)s)")
    operator.add_argument("--json", action="store_true", help="one JSON object a line")


def _operator(options: argparse.Namespace) -> int:
    from ostiary.project import _log_command

    return _log_command.operator(options.since, options.limit, as_json=options.json)
