"""`ostiary database`."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command, add_group

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands

KINDS = ("shared", "database", "citus")


def add_to(commands: "Commands") -> None:
    """Declare the commands about the installation's databases."""
    verbs = add_group(commands, "database", "the installation's database, and further ones for tenants")
    add_command(
        verbs,
        "prepare",
        _prepare,
        "make its roles and directory; safe to repeat",
        event="tenancy.database.prepared",
    )
    add = add_command(
        verbs,
        "add",
        _add,
        "prepare a further database; its administrator's DSN comes by standard input",
        event="tenancy.database.added",
        withheld=("dsn_file",),
    )
    add.add_argument("name", help="what `tenant create --placement` will call it")
    add.add_argument(
        "--kind",
        choices=KINDS,
        default="shared",
        help="shared: many tenants; database: one alone; citus: a cluster that distributes schemas",
    )
    add.add_argument("--dsn-file", metavar="FILE", help="read the DSN from this file")
    add_command(verbs, "list", _list, "every further database: name, kind, tenants", event=None)
    remove = add_command(
        verbs, "remove", _remove, "forget one that no tenant lives in", event="tenancy.database.removed"
    )
    remove.add_argument("name")


def _prepare(_: argparse.Namespace) -> int:
    from ostiary.project import _database_command

    return _database_command.prepare()


def _add(options: argparse.Namespace) -> int:
    from ostiary.project import _database_command

    return _database_command.add(options)


def _list(_: argparse.Namespace) -> int:
    from ostiary.project import _database_command

    return _database_command.list_all()


def _remove(options: argparse.Namespace) -> int:
    from ostiary.project import _database_command

    return _database_command.remove(options)
