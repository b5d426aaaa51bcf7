"""`ostiary doctor`: what is wrong with this installation."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands


def add_to(commands: "Commands") -> None:
    """Declare the commands."""
    doctor = add_command(
        commands,
        "doctor",
        _doctor,
        "what is wrong with this installation, and what to do; exit code 0, 1 (warnings), 2 (errors)",
        event=None,
    )
    doctor.add_argument("--only", action="append", default=[], help="a check or group; may be repeated")
    doctor.add_argument("--json", action="store_true", help="as one JSON object")
    doctor.add_argument("--quiet", action="store_true", help="only what is wrong")
    doctor.add_argument("--list", action="store_true", help="name the checks and look at nothing")


def _doctor(options: argparse.Namespace) -> int:
    from ostiary.project import _doctor_command

    if options.list:
        return _doctor_command.list_checks()
    return _doctor_command.run(options.only, as_json=options.json, quiet=options.quiet)
