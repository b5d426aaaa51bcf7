"""`ostiary database`."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command, add_group

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands


def add_to(commands: "Commands") -> None:
    """Declare the commands about the installation's database."""
    verbs = add_group(commands, "database", "the installation's database")
    add_command(
        verbs,
        "prepare",
        _prepare,
        "make its roles and directory; safe to repeat",
        event="tenancy.database.prepared",
    )


def _prepare(_: argparse.Namespace) -> int:
    from ostiary.project import _database
    from ostiary.project._state import default_state

    state = default_state()
    with _database.open_database(state) as admin_dsn:
        _database.prepare(state, admin_dsn)
    print("the database is prepared")
    return 0
