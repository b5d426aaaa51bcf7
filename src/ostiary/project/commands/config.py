"""`ostiary config`: what this installation decided."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command, add_group

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands


def add_to(commands: "Commands") -> None:
    """Declare the commands about the installation's options."""
    verbs = add_group(commands, "config", "the installation's own options")
    show = add_command(
        verbs,
        "show",
        _show,
        "each option as it stands, and whether environment, file or nobody decided it",
        event=None,
    )
    show.add_argument("--json", action="store_true", help="as one JSON object")


def _show(options: argparse.Namespace) -> int:
    from ostiary.project import _config_command

    return _config_command.show(as_json=options.json)
