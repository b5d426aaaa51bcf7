"""The directory of tenants, in the installation's own database: found by requests, changed by the owner."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg

from ostiary.kernel.errors import FieldError, Invalid, Misconfigured, NotFound
from ostiary.kernel.ids import TenantId, new_id
from ostiary.kernel.ports import Row
from ostiary.tenancy._connection import Tenant, as_uuid, owner_connection
from ostiary.tenancy._placement import Kind, Placement

SLUG = re.compile(r"[a-z][a-z0-9]{0,30}")
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
DIRECTORY_AGE = timedelta(seconds=5)  # how long a node may believe what it read of the directory
MAX_KEPT = 10_000  # answers of one kind: forged hosts must not fill memory
_COLUMNS = "id, slug, name, schema, role, suspended, release, placement, own_login, drop_after"


@dataclass(frozen=True, slots=True)
class Placed:
    """A further database of the installation. server: system identifier, one for all its databases."""

    name: str
    kind: Kind
    server: str


class Directory:
    """What is known of tenants. Reading needs the app's login alone; commands need the owner's."""

    def __init__(self, main: Placement) -> None:
        self._main = main
        self._kept: dict[str, dict[object, tuple[datetime, Tenant | None]]] = {}

    # -- finding

    def find(self, column: str, value: object) -> Tenant | None:
        """The tenant whose `host`, `slug` or `id` this is, or None; up to DIRECTORY_AGE old."""
        kept = self._kept.setdefault(column, {})
        now = datetime.now(UTC)
        known = kept.get(value)
        if known is not None and now - known[0] < DIRECTORY_AGE:
            return known[1]
        found = self._read(f"WHERE {column} = %(value)s", {"value": value})
        tenant = found[0] if found else None
        if len(kept) >= MAX_KEPT:
            kept.clear()
        kept[value] = (now, tenant)
        return tenant

    def list_tenants(self) -> list[Tenant]:
        """Every tenant, by slug."""
        return self._read("", {})

    def _read(self, where: str, params: dict[str, object]) -> list[Tenant]:
        rows = self._main.database.rows(
            f"SELECT DISTINCT {_COLUMNS} FROM public.tenant_entry {where} ORDER BY slug", params
        )
        return [_tenant(row) for row in rows]

    def forget(self) -> None:
        """Read everything again."""
        self._kept.clear()

    # -- making

    @contextmanager
    def reserved(self, slug: str) -> Iterator[None]:
        """Nobody else makes or restores a tenant of this name meanwhile: both begin by clearing its schema.

        Raises: Invalid: another command does just that.
        """
        with owner_connection(self._main.owner) as connection:
            held = connection.execute(
                "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (f"ostiary.tenant.{slug}",)
            ).fetchone()
            if held != (True,):
                raise Invalid([FieldError("slug", "taken", f"Another command is making {slug} just now")])
            yield

    def plan(
        self, slug: str, name: str, hosts: Sequence[str], *, placement: str = "", own_login: bool = False
    ) -> Tenant:
        """The tenant as it will be entered. Nothing is changed.

        Raises: Invalid: slug, host or placement malformed, taken or unknown.
        """
        errors = []
        if not SLUG.fullmatch(slug):
            errors.append(FieldError("slug", "malformed", "Use a lower-case letter, then letters and digits"))
        errors += [
            FieldError("host", "malformed", f"{host!r} is not a host name")
            for host in hosts
            if not HOST.fullmatch(host)
        ]
        if not errors:
            errors = [*self._taken(slug, hosts), *self._unplaceable(placement)]
        if errors:
            raise Invalid(errors)
        return Tenant(
            TenantId(new_id()),
            slug,
            name,
            schema=f"t_{slug}",
            role=f"t_{slug}",
            placement=placement,
            own_login=own_login,
        )

    def _taken(self, slug: str, hosts: Sequence[str]) -> list[FieldError]:
        with owner_connection(self._main.owner) as connection:
            known = connection.execute("SELECT 1 FROM public.tenant WHERE slug = %s", (slug,)).fetchone()
            rows = connection.execute(
                "SELECT host FROM public.tenant_host WHERE host = ANY(%s) ORDER BY host", (list(hosts),)
            ).fetchall()
        errors = [FieldError("slug", "taken", f"There is a tenant {slug} already")] if known else []
        return errors + [FieldError("host", "taken", f"{r[0]} belongs to another tenant") for r in rows]

    def _unplaceable(self, name: str) -> list[FieldError]:
        if not name:
            return []
        place = self.find_placement(name)
        if place is None:
            return [FieldError("placement", "unknown", f"There is no database {name}: add it first")]
        held = any(t.placement == name for t in self.list_tenants())
        if place.kind is Kind.DATABASE and held:
            return [FieldError("placement", "taken", f"The database {name} is another tenant's own")]
        return []

    def enter(self, tenant: Tenant, hosts: Sequence[str]) -> None:
        """Make the tenant known, so that requests can find it. Raises Invalid: slug or host is taken."""
        with owner_connection(self._main.owner) as connection, connection.transaction():
            try:
                self._ensure_room(connection, tenant.placement)
                connection.execute(
                    "INSERT INTO public.tenant (id, slug, name, schema, role, release, placement, own_login)"
                    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                    (
                        tenant.id,
                        tenant.slug,
                        tenant.name,
                        tenant.schema,
                        tenant.role,
                        tenant.release,
                        tenant.placement,
                        tenant.own_login,
                    ),
                )
                for host in hosts:
                    connection.execute(
                        "INSERT INTO public.tenant_host (host, tenant_id) VALUES (%s, %s)", (host, tenant.id)
                    )
            except psycopg.errors.UniqueViolation as error:
                field = "host" if error.diag.table_name == "tenant_host" else "slug"
                raise Invalid([FieldError(field, "taken", "It belongs to another tenant")]) from None
        self.forget()

    @staticmethod
    def _ensure_room(connection: psycopg.Connection[Row], name: str) -> None:
        """Two tenants made at once must not both find the same database empty, nor one that is forgotten."""
        if not name:
            return
        row = connection.execute(
            "SELECT kind FROM public.placement WHERE name = %s FOR UPDATE", (name,)
        ).fetchone()
        held = connection.execute("SELECT 1 FROM public.tenant WHERE placement = %s", (name,)).fetchone()
        if row is None or (row[0] == Kind.DATABASE and held):
            raise Invalid([FieldError("placement", "taken", f"The database {name} was taken or forgotten")])

    # -- changing: the owner's commands

    def suspend(self, tenant: Tenant, reason: str = "") -> None:
        """Refuse every request of the tenant from now on. `reason` is for operators."""
        self._set(tenant, "suspended = true, suspended_for = %(reason)s", {"reason": reason})

    def resume(self, tenant: Tenant) -> None:
        """Serve the tenant again."""
        self._set(tenant, "suspended = false, suspended_for = NULL", {})

    def schedule_drop(self, tenant: Tenant, after: datetime) -> None:
        """Note that the tenant goes after that instant; until then it is refused and can come back.

        Raises: Invalid: dropping it has begun.
        """
        if not self._set(tenant, "drop_after = %(after)s", {"after": after}, where="NOT drop_begun"):
            raise Invalid([FieldError("slug", "state", f"dropping {tenant.slug} has begun")])

    def cancel_drop(self, tenant: Tenant) -> None:
        """Keep the tenant, as active or suspended as it was. Raises Invalid: dropping has begun."""
        if not self._set(tenant, "drop_after = NULL", {}, where="NOT drop_begun"):
            raise Invalid([FieldError("slug", "state", f"dropping {tenant.slug} has begun")])

    def begin_drop(self, tenant: Tenant, now: datetime) -> None:
        """From here on the tenant can only go. Raises Invalid: its time has not come."""
        if not self._set(tenant, "drop_begun = true", {"now": now}, where="drop_after <= %(now)s"):
            raise Invalid([FieldError("slug", "state", f"the time of {tenant.slug} has not come")])

    def set_release(self, tenant: Tenant, release: int) -> None:
        """Note which release's fixed tables the tenant has."""
        self._set(tenant, "release = %(release)s", {"release": release})

    def close_hosts(self, tenant: Tenant) -> None:
        """No host leads to the tenant any more."""
        with owner_connection(self._main.owner) as connection:
            connection.execute("DELETE FROM public.tenant_host WHERE tenant_id = %s", (tenant.id,))
        self.forget()

    def remove(self, tenant: Tenant) -> None:
        """Forget the tenant. The last step of dropping it: until then the row says what is left to do."""
        with owner_connection(self._main.owner) as connection:
            connection.execute("DELETE FROM public.tenant WHERE id = %s", (tenant.id,))
        self.forget()

    def _set(self, tenant: Tenant, change: str, params: dict[str, object], *, where: str = "true") -> bool:
        """Whether the tenant is as `where` says, and so was changed. Raises NotFound."""
        with owner_connection(self._main.owner) as connection:
            found = connection.execute(
                f"UPDATE public.tenant SET {change} WHERE id = %(id)s AND {where} RETURNING true",
                {**params, "id": tenant.id},
            ).fetchone()
            known = connection.execute("SELECT 1 FROM public.tenant WHERE id = %s", (tenant.id,)).fetchone()
        self.forget()
        if known is None:
            raise NotFound(f"there is no tenant {tenant.slug} any more")
        return found is not None

    def hosts(self) -> dict[UUID, list[str]]:
        """Host names by tenant."""
        found: dict[UUID, list[str]] = {}
        for tenant_id, host in self._main.database.rows(
            "SELECT id, host FROM public.tenant_entry WHERE host <> %(none)s ORDER BY host", {"none": ""}
        ):
            found.setdefault(as_uuid(tenant_id), []).append(host)
        return found

    # -- placements

    def add_placement(self, placed: Placed) -> None:
        """Note a prepared database. Raises Invalid: the name is malformed or taken by another one."""
        self.ensure_name(placed.name)
        known = self.find_placement(placed.name)
        if known is not None and known != placed:
            raise Invalid([FieldError("name", "taken", f"{placed.name} is another database already")])
        with owner_connection(self._main.owner) as connection:
            connection.execute(
                "INSERT INTO public.placement (name, kind, server) VALUES (%s, %s, %s)"
                " ON CONFLICT DO NOTHING",
                (placed.name, placed.kind.value, placed.server),
            )

    def ensure_name(self, name: str) -> None:
        """Raises Invalid: a database cannot be called that; the name is part of a path, too."""
        if not NAME.fullmatch(name):
            raise Invalid([FieldError("name", "malformed", "Use a lower-case letter, then letters, digits")])

    def list_placements(self) -> list[Placed]:
        """Every further database, by name; the installation's own has no name and is not among them."""
        with owner_connection(self._main.owner) as connection:
            rows = connection.execute(
                "SELECT name, kind, server FROM public.placement WHERE %s ORDER BY name", (True,)
            ).fetchall()
        return [Placed(name, Kind(kind), server) for name, kind, server in rows]

    def find_placement(self, name: str) -> Placed | None:
        """The database of this name, or None."""
        return next((placed for placed in self.list_placements() if placed.name == name), None)

    def remove_placement(self, name: str) -> None:
        """Forget a database. Raises Misconfigured: tenants live there."""
        held = [t.slug for t in self.list_tenants() if t.placement == name]
        if held:
            raise Misconfigured(f"{len(held)} tenants live in {name}: {', '.join(held[:5])}")
        with owner_connection(self._main.owner) as connection, connection.transaction():
            connection.execute("SELECT 1 FROM public.placement WHERE name = %s FOR UPDATE", (name,))
            gone = connection.execute(
                "DELETE FROM public.placement p WHERE p.name = %s"
                " AND NOT EXISTS (SELECT FROM public.tenant t WHERE t.placement = p.name)",
                (name,),
            )
        if gone.rowcount != 1:
            raise Misconfigured(f"a tenant was placed in {name} just now")


def _tenant(row: Row) -> Tenant:
    """A tenant that is to be dropped is refused like a suspended one."""
    found = Tenant(TenantId(as_uuid(row[0])), *row[1:])
    return replace(found, suspended=True) if found.drop_after is not None else found
