"""`ostiary tenant`."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command, add_group

if TYPE_CHECKING:
    from ostiary.project.commands._declare import Commands, Verbs


def add_to(commands: "Commands") -> None:
    """Declare the commands about tenants."""
    verbs = add_group(commands, "tenant", "create, list, suspend, export and drop tenants")
    _add_create(verbs)
    add_command(
        verbs,
        "list",
        _list,
        "every tenant: slug, name, state, placement, release, hosts, size",
        event=None,
    )
    suspend = add_command(
        verbs,
        "suspend",
        _suspend,
        "refuse its requests until it is resumed",
        event="tenancy.tenant.suspended",
    )
    suspend.add_argument("slug")
    suspend.add_argument("--reason", required=True, help="for operators, and for the tenant's own log")
    resume = add_command(
        verbs, "resume", _resume, "serve a suspended tenant again", event="tenancy.tenant.resumed"
    )
    resume.add_argument("slug")
    export = add_command(
        verbs,
        "export",
        _export,
        "write everything of it into one encrypted file",
        event="tenancy.tenant.exported",
    )
    export.add_argument("slug")
    export.add_argument("--to", required=True, metavar="FILE", help="a file that is not there yet")
    _add_drop(verbs)
    add_command(
        verbs, "purge", _purge, "drop the tenants whose grace has ended", event="tenancy.tenant.purged"
    )


def _add_create(verbs: "Verbs") -> None:
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
    create.add_argument(
        "--placement", default="", metavar="NAME", help="a further database (`ostiary database list`)"
    )
    create.add_argument(
        "--own-login", action="store_true", help="a database login of its own, which alone reaches its data"
    )


def _add_drop(verbs: "Verbs") -> None:
    drop = add_command(
        verbs,
        "drop",
        _drop,
        "close a tenant now and drop it after a grace, or keep it after all",
        event="tenancy.tenant.drop_decided",
    )
    drop.add_argument("slug")
    drop.add_argument("--confirm", metavar="SLUG", help="the slug again, where nobody can be asked")
    drop.add_argument("--grace-days", type=int, metavar="N", help="days until `purge` may drop it (30)")
    drop.add_argument("--now", action="store_true", help="without any grace: it is gone when this ends")
    drop.add_argument("--cancel", action="store_true", help="keep a tenant that was to be dropped")


def _create(options: argparse.Namespace) -> int:
    from ostiary.project import _tenant_command

    return _tenant_command.create(options)


def _list(_: argparse.Namespace) -> int:
    from ostiary.project import _tenant_command

    return _tenant_command.list_all()


def _suspend(options: argparse.Namespace) -> int:
    from ostiary.project import _tenant_command

    return _tenant_command.suspend(options)


def _resume(options: argparse.Namespace) -> int:
    from ostiary.project import _tenant_command

    return _tenant_command.resume(options)


def _export(options: argparse.Namespace) -> int:
    from ostiary.project import _tenant_command

    return _tenant_command.export(options)


def _drop(options: argparse.Namespace) -> int:
    from ostiary.project import _tenant_command

    return _tenant_command.drop(options)


def _purge(_: argparse.Namespace) -> int:
    from ostiary.project import _tenant_command

    return _tenant_command.purge()
