"""`ostiary demo`, `up`, `serve`, `web` and `database-server`."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command

if TYPE_CHECKING:
    from ostiary.project._serve import Listening
    from ostiary.project.commands._declare import Commands


def add_to(commands: "Commands") -> None:
    """Declare the commands that start servers."""
    demo = add_command(
        commands, "demo", _demo, "database, demo tenant with data, server on 127.0.0.1:PORT", event=None
    )
    demo.add_argument("--reset", action="store_true", help="remove the private database, keys and secrets")
    add_command(
        commands,
        "up",
        _up,
        "the same for developing: starts again when a source file changes",
        event=None,
    )
    serve = add_command(commands, "serve", _serve, "database and server, without a demo tenant", event=None)
    _add_listening(serve)
    serve.add_argument("--no-worker", action="store_true", help="without a worker for background work")
    web = add_command(
        commands, "web", _web, "one web node beside others: needs a database that runs by itself", event=None
    )
    _add_listening(web)
    add_command(
        commands,
        "database-server",
        _database_server,
        "the private PostgreSQL by itself, for several nodes on one machine",
        event=None,
    )


def _add_listening(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bind", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, help="port to listen at (default: PORT or 8000)")
    parser.add_argument("--workers", type=int, default=2, help="processes that answer (default: %(default)s)")
    parser.add_argument("--admin", metavar="ADDRESS:PORT", help="for the operator alone: metrics and details")
    parser.add_argument(
        "--drain",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="asked to stop: be unready, but answer so long, until the proxy has noticed (default: 0)",
    )
    parser.add_argument(
        "--grace",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="then let requests in progress end within this time (default: 10)",
    )


def _listening(options: argparse.Namespace) -> "Listening":
    from ostiary.project import _serve

    return _serve.Listening(
        bind=options.bind,
        port=_serve.port_from_environment() if options.port is None else options.port,
        workers=options.workers,
        admin=None if options.admin is None else _serve.parse_address(options.admin),
        drain_s=options.drain,
        grace_s=options.grace,
    )


def _demo(options: argparse.Namespace) -> int:
    from ostiary.project import _demo_command

    return _demo_command.reset() if options.reset else _demo_command.run(reload=False)


def _up(_: argparse.Namespace) -> int:
    from ostiary.project import _demo_command

    return _demo_command.run(reload=True)


def _serve(options: argparse.Namespace) -> int:
    from ostiary.project import _serve_command

    return _serve_command.run(_listening(options), worker=not options.no_worker)


def _web(options: argparse.Namespace) -> int:
    from ostiary.project import _serve_command

    return _serve_command.run_web(_listening(options))


def _database_server(_: argparse.Namespace) -> int:
    from ostiary.project import _serve_command

    return _serve_command.run_database()
