"""`ostiary tenant`."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command, add_group

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands


def add_to(commands: "Commands") -> None:
    """Declare the commands about tenants."""
    verbs = add_group(commands, "tenant", "create and list tenants")
    create = add_command(
        verbs,
        "create",
        _create,
        "a tenant with its schema, role and first administrator",
        event="tenancy.tenant.created",
    )
    create.add_argument("slug", help="short name: a lower-case letter, then letters and digits")
    create.add_argument("--name", required=True, help="name to show")
    create.add_argument("--host", action="append", required=True, help="host name; may be repeated")
    create.add_argument("--login", required=True, help="sign-in name of the first administrator")
    create.add_argument("--person", required=True, help="name of the first administrator")
    create.add_argument("--email", required=True, help="address of the first administrator")
    create.add_argument("--crm", action="store_true", help="install the CRM package too")
    create.add_argument("--password-stdin", action="store_true", help="read the password, do not ask")
    add_command(verbs, "list", _list, "every tenant: slug, name, state", event=None)


def _create(options: argparse.Namespace) -> int:
    from ostiary.project import _tenant_command

    return _tenant_command.create(options)


def _list(_: argparse.Namespace) -> int:
    from ostiary.project import _tenant_command

    return _tenant_command.list_all()
