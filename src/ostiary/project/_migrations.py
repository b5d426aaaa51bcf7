"""Django's migrations, run in one tenant's schema as the owner role."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connections
from psycopg import conninfo


@contextmanager
def _default_connection(owner: str, schema: str) -> Iterator[None]:
    """Point Django's connection at one schema; web processes leave the settings' dummy in place."""
    parts = conninfo.conninfo_to_dict(owner)
    before = connections.databases["default"]
    options = {
        k: v for k, v in parts.items() if k not in ("dbname", "user", "password", "host", "port", "options")
    }
    options["options"] = f"-c search_path={schema} -c timezone=UTC -c lock_timeout=4s"
    connections.databases["default"] = {
        **before,
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", ""),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": str(parts.get("port", "")),
        "OPTIONS": options,
        "TIME_ZONE": "UTC",
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,
        "AUTOCOMMIT": True,
        "ATOMIC_REQUESTS": False,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
    _forget()
    try:
        yield
    finally:
        _forget()
        connections.databases["default"] = before


def _forget() -> None:
    if hasattr(connections._connections, "default"):  # noqa: SLF001  Django has no public way to drop an alias
        connections["default"].close()
        del connections["default"]


def migrate_schema(owner: str, schema: str) -> None:
    """Bring the fixed tables of a schema up to this release."""
    with _default_connection(owner, schema):
        call_command("migrate", verbosity=0, interactive=False)
