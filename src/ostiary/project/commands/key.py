"""`ostiary key`: API keys."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command, add_group

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands


def add_to(commands: "Commands") -> None:
    """Declare the commands about API keys."""
    verbs = add_group(commands, "key", "API keys")
    create = add_command(
        verbs,
        "create",
        _create,
        "a key with the rights of one person or service account",
        event="identity.api_key.created",
    )
    create.add_argument("--tenant", required=True, help="slug of the tenant")
    create.add_argument("--login", required=True, help="sign-in name of whose rights it carries")
    create.add_argument("--name", required=True, help="what it is for")
    create.add_argument("--days", type=int, default=90, help="days until it expires (default: %(default)s)")


def _create(options: argparse.Namespace) -> int:
    from ostiary.project import _key_command

    return _key_command.create(options.tenant, options.login, options.name, options.days)
