"""`ostiary migrate`: the fixed tables of every tenant, brought up to this release."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands


def add_to(commands: "Commands") -> None:
    """Declare the command."""
    migrate = add_command(
        commands,
        "migrate",
        _migrate,
        "bring the tables of every tenant up to this release",
        event="project.tenants.migrated",
    )
    migrate.add_argument("--tenant", metavar="SLUG", help="this tenant alone")
    migrate.add_argument(
        "--parallel", type=int, default=4, metavar="N", help="tenants at a time (default: %(default)s)"
    )
    migrate.add_argument(
        "--dry-run", action="store_true", help="do it all, show what would change, keep nothing"
    )
    migrate.add_argument(
        "--accept-widening", action="store_true", help="go on where somebody gains rights by it"
    )
    migrate.add_argument("--no-packages", action="store_true", help="leave packages as they are")
    migrate.add_argument("--json", action="store_true", help="the report as JSON")


def _migrate(options: argparse.Namespace) -> int:
    from ostiary.project import _upgrade_command

    return _upgrade_command.run(options)
