"""Connection strings of further databases and of tenants' own logins: files of the state folder, 0600 each.

`secrets/placements/NAME/app.dsn`, `secrets/owner/placements/NAME/{owner,admin}.dsn` and
`secrets/tenants/ID.dsn`. A process reads those of its duty alone: a web process needs no access to the folder
`secrets/owner`.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from ostiary.kernel.errors import Misconfigured
from ostiary.project._private_files import write_secret
from ostiary.project._state import State
from ostiary.tenancy import public as tenancy

ORPHAN_S = 3600.0
ADMINISTRATION = ("app", "owner", "admin")
WORK = ("app", "owner")
REQUESTS = ("app",)


@dataclass(frozen=True, slots=True)
class StateVault:
    """The vault of one state folder. duties: whose connection strings this process may have."""

    state: State
    duties: tuple[str, ...] = REQUESTS

    def credentials(self, placement: str) -> tenancy.Credentials | None:
        """Those of a further database that this process may have, or None: not all are kept on this node."""
        paths = {duty: self._placement(placement, duty) for duty in self.duties}
        if not all(path.is_file() for path in paths.values()):
            return None
        return tenancy.Credentials(**{duty: path.read_text() for duty, path in paths.items()})

    def login(self, tenant: tenancy.Tenant) -> str | None:
        """The connection string of the tenant's own login, or None."""
        path = self._login(tenant.id)
        return path.read_text() if path.is_file() else None

    def keep_credentials(self, placement: str, credentials: tenancy.Credentials) -> None:
        """Keep those of a further database. Raises Misconfigured: not this process's duty."""
        self._ensure_administration()
        for duty, dsn in (  # by the app's the database is known here, so it comes last
            ("owner", credentials.owner),
            ("admin", credentials.admin),
            ("app", credentials.app),
        ):
            if dsn is not None:
                path = self._placement(placement, duty)
                for folder in (path.parent.parent, path.parent):
                    folder.mkdir(mode=0o700, exist_ok=True)
                write_secret(path, dsn)

    def forget_credentials(self, placement: str) -> None:
        """Remove those of a further database; harmless when there are none."""
        self._ensure_administration()
        paths = [self._placement(placement, duty) for duty in ADMINISTRATION]
        for path in paths:
            path.unlink(missing_ok=True)
        for folder in {path.parent for path in paths}:
            if folder.is_dir():
                folder.rmdir()

    def keep_login(self, tenant: tenancy.Tenant, dsn: str) -> None:
        """Keep the connection string of the tenant's own login."""
        self._ensure_administration()
        path = self._login(tenant.id)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_secret(path, dsn)

    def forget_login(self, tenant: tenancy.Tenant) -> None:
        """Remove the tenant's own login; harmless when there is none."""
        self._ensure_administration()
        self._login(tenant.id).unlink(missing_ok=True)

    def forget_logins_but(self, known: Iterable[UUID]) -> None:
        """Remove what interrupted commands left: logins of tenants that are not in the directory.

        Those of the last hour stay: a tenant that is being made has a login before it is in the directory.
        """
        self._ensure_administration()
        kept = {f"{tenant_id}.dsn" for tenant_id in known}
        for path in (self.state.secrets / "tenants").glob("*.dsn"):
            with suppress(FileNotFoundError):
                if path.name not in kept and time.time() - path.stat().st_mtime > ORPHAN_S:
                    path.unlink()

    def _ensure_administration(self) -> None:
        if "admin" not in self.duties:
            raise Misconfigured("connection strings are kept by the command line alone")

    def _placement(self, name: str, duty: str = "app") -> Path:
        top = self.state.secrets if duty in REQUESTS else self.state.owner_secrets
        return top / "placements" / name / f"{duty}.dsn"

    def _login(self, tenant_id: UUID) -> Path:
        return self.state.secrets / "tenants" / f"{tenant_id}.dsn"
