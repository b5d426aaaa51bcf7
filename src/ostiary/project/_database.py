"""The installation's database: a private cluster, or any PostgreSQL by DSN; and who connects as what.

Passwords of the database's roles are made once and kept in the state folder. A web process reads `app.dsn`
alone; the owner's and the administrator's connection belong to the command line and lie in a folder of their
own, which a web process need not be able to read.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from uuid import UUID

import django
import psycopg

from ostiary.audit import public as audit
from ostiary.crypto import public as crypto
from ostiary.jobs import public as jobs
from ostiary.kernel.errors import Misconfigured, NotFound
from ostiary.project import _owner_secrets, _root_key, _root_record
from ostiary.project._installation import environment, external_database, names_database
from ostiary.project._operator_log import at_end, prepare_log
from ostiary.project._private_files import write_secret
from ostiary.project._state import State
from ostiary.project._vault import ADMINISTRATION, REQUESTS, WORK, StateVault
from ostiary.project.embedded import Cluster, ClusterBusy
from ostiary.tenancy import public as tenancy

PRIVATE_DATABASE = "ostiary"  # its name in the private cluster; an external DSN names its own


@contextmanager
def open_database(state: State) -> Iterator[str]:
    """The administrator's connection string, valid within the block.

    database_url or database_url_file names an external PostgreSQL. Without them the private cluster is used:
    the running one of another process (a demo, say), else it is started for the block.
    """
    if external := external_database():
        ensure_answers(external)
        state.prepare()
        yield external
        return
    cluster = Cluster(state)
    try:
        cluster.start()
    except ClusterBusy:
        ensure_answers(cluster.admin_dsn)
        yield cluster.admin_dsn
        return
    try:
        cluster.keep_alive()
        yield cluster.admin_dsn
    finally:
        at_end(cluster.stop)  # what a command did is recorded before


def ensure_answers(dsn: str) -> None:
    """Raises Misconfigured: no connection, with the server's own words."""
    try:
        psycopg.connect(dsn, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        raise Misconfigured(f"the database does not answer: {str(error).strip()}") from None


def prepare(state: State, admin_dsn: str) -> tenancy.Placement:
    """Make the database's roles and directory, configure this process for administration; safe to repeat."""
    credentials = tenancy.prepare_database(
        admin_dsn,
        owner_password=kept_secret(state.owner_secrets / "database-owner"),
        app_password=kept_secret(state.secrets / "database-app"),
        name=None if names_database() else PRIVATE_DATABASE,
        extras=database_scripts(),
    )
    write_secret(state.secrets / "app.dsn", credentials.app)
    if credentials.owner is not None:
        write_secret(state.owner_secrets / "owner.dsn", credentials.owner)
    placement = _configure(state, credentials, StateVault(state, ADMINISTRATION))
    prepare_log(credentials)
    return placement


def database_scripts() -> tuple[str, ...]:
    """What other contexts keep in each database beside the tenants' schemas; run when it is prepared."""
    from ostiary.project._task_registry import load_tasks  # needs Django's settings

    load_tasks()
    return (jobs.database_script(),)


def configure_web(state: State) -> tenancy.Placement:
    """Configure this process for requests: with the app's credentials and nothing else.

    Raises: Misconfigured: the database was never prepared.
    """
    path = state.secrets / "app.dsn"
    if not path.is_file():
        raise Misconfigured("the database is not prepared: run `ostiary database prepare` first")
    placement = _configure(state, tenancy.Credentials(app=path.read_text()), StateVault(state, REQUESTS))
    audit.configure_spool(state.spool, open_for_spool)
    return placement


def open_for_spool(tenant_id: UUID) -> AbstractContextManager[tenancy.Transaction]:
    """A transaction for events that waited.

    Raises: audit.TenantPurged: unknown to the directory; who is suspended or to be dropped is known.
    """
    try:
        tenant = tenancy.get_tenant_by_id(tenant_id)
    except NotFound:
        raise audit.TenantPurged("the directory has no such tenant") from None
    return tenancy.transaction(tenant)


def configure_worker(state: State, *, max_size: int) -> tenancy.Placement:
    """Configure this process for background work: with the app's and the owner's credentials.

    Raises: Misconfigured: the database was never prepared, or this node does not hold the owner's.
    """
    _owner_secrets.gather(state.secrets)  # a worker may be the first of a new release
    app, owner = state.secrets / "app.dsn", state.owner_secrets / "owner.dsn"
    if not app.is_file() or not owner.is_file():
        raise Misconfigured("the database is not prepared: run `ostiary database prepare` first")
    credentials = tenancy.Credentials(app=app.read_text(), owner=owner.read_text())
    return _configure(state, credentials, StateVault(state, WORK), max_size=max_size)


def _configure(
    state: State, credentials: tenancy.Credentials, vault: StateVault, *, max_size: int = 16
) -> tenancy.Placement:
    set_up(state)
    crypto.configure(_root_record.opener(state, credentials.owner))
    return tenancy.configure(credentials, max_size=max_size, vault=vault)


def set_up(state: State) -> None:
    """Take over what our parent unlocked; set up Django with the installation's secret. Safe to repeat."""
    _root_key.take_over()
    if not environment().get("OSTIARY_SECRET_KEY"):
        os.environ["OSTIARY_SECRET_KEY"] = kept_secret(state.secrets / "cookie-key")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ostiary.project.settings")
    django.setup()


def kept_secret(path: Path, *, invent: Callable[[], str] = secrets.token_urlsafe) -> str:
    """The secret in this file, invented at the first call."""
    if not path.exists():
        write_secret(path, invent())
    return path.read_text()
