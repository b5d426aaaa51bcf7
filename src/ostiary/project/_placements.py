"""Further databases of the installation: prepared, named in the directory, their logins kept in the vault."""

import secrets
from collections.abc import Sequence

import psycopg
from psycopg import conninfo

from ostiary.kernel.errors import FieldError, Invalid, Misconfigured
from ostiary.project._database import database_scripts
from ostiary.project._vault import StateVault
from ostiary.tenancy import public as tenancy

CITUS = "citus_schema_distribute"


def add(vault: StateVault, name: str, kind: tenancy.Kind, admin_dsn: str) -> None:
    """Prepare the database of `admin_dsn` and make it known as `name`; safe to repeat.

    Raises: Invalid: the name is malformed or taken, the database is the installation's own or another's.
    Misconfigured: it does not answer, is too old, or has no Citus where that was asked for.
    """
    directory = tenancy.directory()
    directory.ensure_name(name)
    server, passwords = _look_at(vault, name, admin_dsn)
    placed = tenancy.Placed(name, kind, server)
    known = directory.find_placement(name)
    if known is not None and known != placed:
        raise Invalid([FieldError("name", "taken", f"{name} is another database already")])
    if kind is tenancy.Kind.CITUS and not _has_citus(admin_dsn):
        raise Misconfigured("the extension citus is missing in this database")
    owner, app = passwords
    credentials = tenancy.prepare_database(
        admin_dsn, owner_password=owner, app_password=app, directory=False, extras=database_scripts()
    )
    vault.keep_credentials(name, credentials)
    directory.add_placement(placed)


def prepare_all(vault: StateVault) -> Sequence[str]:
    """Prepare every further database again, for a new release. Returns their names.

    Raises: Misconfigured: the administrator's connection to one of them is not kept here.
    """
    names = []
    for placed in tenancy.directory().list_placements():
        kept = vault.credentials(placed.name)
        if kept is None or kept.admin is None or kept.owner is None:
            raise Misconfigured(
                f"the connection of the database {placed.name} is not kept here: add it again"
            )
        add(vault, placed.name, placed.kind, kept.admin)
        names.append(placed.name)
    return names


def remove(vault: StateVault, name: str) -> None:
    """Forget a database; nothing in it is touched.

    Raises: Invalid: unknown. Misconfigured: tenants live there.
    """
    if tenancy.directory().find_placement(name) is None:
        raise Invalid([FieldError("name", "unknown", f"There is no database {name}")])
    tenancy.remove_placement(name)
    vault.forget_credentials(name)


def _look_at(vault: StateVault, name: str, admin_dsn: str) -> tuple[str, tuple[str, str]]:
    """The server's identifier, and the passwords of owner and app there.

    Roles belong to a server: those of its other databases must go on working, so their passwords stay.
    """
    try:
        with psycopg.connect(admin_dsn, autocommit=True, connect_timeout=10) as connection:
            server, database = _identity(connection)
            other = connection.execute("SELECT to_regclass(%s)", ("public.tenant",)).fetchone()
    except psycopg.Error as error:
        raise Misconfigured(f"the database does not answer: {str(error).strip()}") from None
    with psycopg.connect(tenancy.placement().admin, autocommit=True) as connection:
        main = _identity(connection)
    if (server, database) == main:
        raise Invalid([FieldError("dsn", "taken", "That is the installation's own database")])
    if other is not None and other[0] is not None:
        raise Invalid([FieldError("dsn", "taken", "That database holds an installation of its own")])
    for placed in tenancy.directory().list_placements():
        kept = vault.credentials(placed.name)
        if placed.server != server or kept is None or kept.owner is None:
            continue
        if placed.name != name and conninfo.conninfo_to_dict(kept.owner).get("dbname") == database:
            raise Invalid([FieldError("dsn", "taken", f"That database is {placed.name} already")])
    return server, _passwords(vault, server, main[0])


def _passwords(vault: StateVault, server: str, main: str) -> tuple[str, str]:
    same = [tenancy.Credentials(tenancy.placement().app, tenancy.placement().owner)] if server == main else []
    for placed in tenancy.directory().list_placements():
        kept = vault.credentials(placed.name)
        if placed.server == server and kept is not None:
            same.append(kept)
    for credentials in same:
        if credentials.owner is not None:
            owner, app = (
                str(conninfo.conninfo_to_dict(dsn)["password"])
                for dsn in (credentials.owner, credentials.app)
            )
            return owner, app
    return secrets.token_urlsafe(32), secrets.token_urlsafe(32)


def _identity(connection: psycopg.Connection[tuple[object, ...]]) -> tuple[str, str]:
    """System identifier of the server, name of the database."""
    row = connection.execute(
        "SELECT system_identifier::text FROM pg_control_system() WHERE %s", (True,)
    ).fetchone()
    if row is None:
        raise Misconfigured("the server does not tell its identifier")
    return str(row[0]), connection.info.dbname


def _has_citus(dsn: str) -> bool:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute("SELECT 1 FROM pg_proc WHERE proname = %s", (CITUS,)).fetchone()
    return row is not None
