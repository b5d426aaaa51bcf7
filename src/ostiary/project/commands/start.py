"""`ostiary demo`, `up` and `serve`."""

import argparse
from typing import TYPE_CHECKING

from ostiary.project.commands._declare import add_command

if TYPE_CHECKING:
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
    serve.add_argument("--bind", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    serve.add_argument("--port", type=int, help="port to listen at (default: PORT or 8000)")
    serve.add_argument("--workers", type=int, default=2, help="processes that answer (default: %(default)s)")


def _demo(options: argparse.Namespace) -> int:
    from ostiary.project import _demo_command

    return _demo_command.reset() if options.reset else _demo_command.run(reload=False)


def _up(_: argparse.Namespace) -> int:
    from ostiary.project import _demo_command

    return _demo_command.run(reload=True)


def _serve(options: argparse.Namespace) -> int:
    from ostiary.project import _serve_command

    return _serve_command.run(options.bind, options.port, options.workers)
