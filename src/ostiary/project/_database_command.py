"""`ostiary database prepare|add|list|remove`."""

import argparse
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ostiary.kernel.errors import FieldError, Invalid
from ostiary.project._administration import installation
from ostiary.project._state import default_state
from ostiary.project._vault import ADMINISTRATION, StateVault
from ostiary.tenancy import public as tenancy


def prepare() -> int:
    """Make roles and directory, here and in every further database."""
    with _vault() as vault:
        from ostiary.project import _placements

        further = _placements.prepare_all(vault)
    print("the database is prepared" + (f", and {', '.join(further)}" if further else ""))
    return 0


def add(options: argparse.Namespace) -> int:
    """Prepare a further database and name it; its administrator's connection string is never an argument."""
    dsn = _read_dsn(options.dsn_file)
    with _vault() as vault:
        from ostiary.project import _placements

        _placements.add(vault, options.name, tenancy.Kind(options.kind), dsn)
    print(f"database {options.name} is there: `ostiary tenant create --placement {options.name}`")
    return 0


def list_all() -> int:
    """One line for each further database: name, kind, number of tenants."""
    with installation():
        tenants = tenancy.list_tenants()
        for placed in tenancy.directory().list_placements():
            held = sum(t.placement == placed.name for t in tenants)
            print(placed.name, placed.kind, f"{held} tenants", sep="\t")
    return 0


def remove(options: argparse.Namespace) -> int:
    """Forget a database that no tenant lives in; what is in it stays."""
    with _vault() as vault:
        from ostiary.project import _placements

        _placements.remove(vault, options.name)
    print(f"database {options.name} is forgotten")
    return 0


@contextmanager
def _vault() -> Iterator[StateVault]:
    with installation():
        yield StateVault(default_state(), ADMINISTRATION)


def _read_dsn(file: str | None) -> str:
    """From a file, from standard input, or asked for without echo."""
    if file is not None:
        dsn = Path(file).read_text()
    elif sys.stdin.isatty():
        dsn = getpass.getpass("connection string of the administrator: ")
    else:
        dsn = sys.stdin.readline()
    if not dsn.strip():
        raise Invalid([FieldError("dsn", "required", "There is no connection string on standard input")])
    return dsn.strip()
