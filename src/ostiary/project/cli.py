"""The command `ostiary`: how an installation is started, prepared and administered by its operator.

A subcommand imports its module when it is called, so that help and refusals come at once.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ostiary.kernel.errors import Invalid, OstiaryError

REFUSED = 2  # exit code of everything that the user can put right
Handler = Callable[[argparse.Namespace], int]

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 has no public name


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
    _add_starts(commands)
    _add_tenant(commands)
    _add_key(commands)
    _add_database(commands)
    commands.add_parser("import", help="load CSV files by a mapping, each row through the door")
    return parser


def _add_starts(commands: "Commands") -> None:
    demo = commands.add_parser("demo", help="database, demo tenant with data, server on 127.0.0.1:PORT")
    demo.add_argument("--reset", action="store_true", help="remove the private database, keys and secrets")
    demo.set_defaults(handler=_demo)
    up = commands.add_parser("up", help="the same for developing: starts again when a source file changes")
    up.set_defaults(handler=_up)
    serve = commands.add_parser("serve", help="database and server, without a demo tenant")
    serve.add_argument("--bind", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    serve.add_argument("--port", type=int, help="port to listen at (default: PORT or 8000)")
    serve.add_argument("--workers", type=int, default=2, help="processes that answer (default: %(default)s)")
    serve.set_defaults(handler=_serve)


def _add_tenant(commands: "Commands") -> None:
    tenant = commands.add_parser("tenant", help="create and list tenants")
    verbs = tenant.add_subparsers(required=True, metavar="VERB")
    create = verbs.add_parser("create", help="a tenant with its schema, role and first administrator")
    create.add_argument("slug", help="short name: a lower-case letter, then letters and digits")
    create.add_argument("--name", required=True, help="name to show")
    create.add_argument("--host", action="append", required=True, help="host name; may be repeated")
    create.add_argument("--login", required=True, help="sign-in name of the first administrator")
    create.add_argument("--person", required=True, help="name of the first administrator")
    create.add_argument("--email", required=True, help="address of the first administrator")
    create.add_argument("--crm", action="store_true", help="install the CRM package too")
    create.add_argument("--password-stdin", action="store_true", help="read the password, do not ask")
    create.set_defaults(handler=_tenant_create)
    listed = verbs.add_parser("list", help="every tenant: slug, name, state")
    listed.set_defaults(handler=_tenant_list)


def _add_key(commands: "Commands") -> None:
    key = commands.add_parser("key", help="API keys")
    verbs = key.add_subparsers(required=True, metavar="VERB")
    create = verbs.add_parser("create", help="a key with the rights of one person or service account")
    create.add_argument("--tenant", required=True, help="slug of the tenant")
    create.add_argument("--login", required=True, help="sign-in name of whose rights it carries")
    create.add_argument("--name", required=True, help="what it is for")
    create.add_argument("--days", type=int, default=90, help="days until it expires (default: %(default)s)")
    create.set_defaults(handler=_key_create)


def _add_database(commands: "Commands") -> None:
    database = commands.add_parser("database", help="the installation's database")
    verbs = database.add_subparsers(required=True, metavar="VERB")
    prepare = verbs.add_parser("prepare", help="make its roles and directory; safe to repeat")
    prepare.set_defaults(handler=_database_prepare)


def _demo(options: argparse.Namespace) -> int:
    from ostiary.project import _demo_command

    return _demo_command.reset() if options.reset else _demo_command.run(reload=False)


def _up(_: argparse.Namespace) -> int:
    from ostiary.project import _demo_command

    return _demo_command.run(reload=True)


def _serve(options: argparse.Namespace) -> int:
    from ostiary.project import _serve_command

    return _serve_command.run(options.bind, options.port, options.workers)


def _tenant_create(options: argparse.Namespace) -> int:
    from ostiary.project import _tenant_command

    return _tenant_command.create(options)


def _tenant_list(_: argparse.Namespace) -> int:
    from ostiary.project import _tenant_command

    return _tenant_command.list_all()


def _key_create(options: argparse.Namespace) -> int:
    from ostiary.project import _key_command

    return _key_command.create(options.tenant, options.login, options.name, options.days)


def _database_prepare(_: argparse.Namespace) -> int:
    from ostiary.project import _database
    from ostiary.project._state import default_state

    state = default_state()
    with _database.open_database(state) as admin_dsn:
        _database.prepare(state, admin_dsn)
    print("the database is prepared")
    return 0


def _import(words: Sequence[str]) -> int:
    from ostiary.project import import_command

    return import_command.main(words)
