"""The installation's databases: its own, which has the directory, and further ones that tenants live in."""

import threading

from ostiary.kernel.errors import Misconfigured
from ostiary.tenancy._connection import Tenant
from ostiary.tenancy._directory import Directory
from ostiary.tenancy._placement import Credentials, EmptyVault, Kind, Placement, Vault


class Databases:
    """Every placement of the installation; further ones are opened when a tenant first needs them."""

    def __init__(self, credentials: Credentials, *, max_size: int, vault: Vault | None) -> None:
        self._vault = vault or EmptyVault()
        self._max_size = max_size
        self.main = Placement(credentials, max_size=max_size, vault=self._vault)
        self.directory = Directory(self.main)
        self._further: dict[str, Placement] = {}
        self._lock = threading.Lock()

    def named(self, name: str) -> Placement:
        """The placement of this name, "" for the installation's own. Raises Misconfigured: not known here."""
        if not name:
            return self.main
        found = self._further.get(name)
        if found is not None:
            return found
        with self._lock:
            if name not in self._further:
                credentials = self._vault.credentials(name)
                if credentials is None:
                    raise Misconfigured(f"the connection of the database {name} is not known on this node")
                self._further[name] = Placement(
                    credentials, name=name, max_size=self._max_size, vault=self._vault
                )
            return self._further[name]

    def kind_of(self, tenant: Tenant) -> Kind:
        """The kind of database that the tenant lives in."""
        placed = self.directory.find_placement(tenant.placement) if tenant.placement else None
        return Kind.SHARED if placed is None else placed.kind

    def remove(self, name: str) -> None:
        """Forget a further database. Raises Misconfigured: tenants live there."""
        self.directory.remove_placement(name)
        with self._lock:
            placement = self._further.pop(name, None)
        if placement is not None:
            placement.close()

    def close(self) -> None:
        """Close every pooled connection."""
        for placement in (self.main, *self._further.values()):
            placement.close()
