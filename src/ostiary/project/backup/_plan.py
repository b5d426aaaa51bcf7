"""Where a backup of a tenant goes: as itself, as another tenant beside its original, or in its place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.ids import TenantId
from ostiary.project._release import RELEASE
from ostiary.project.backup._content import Content, TenantHeader
from ostiary.project.backup._errors import BackupRefused
from ostiary.tenancy import public as tenancy


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator asks for.

    slug, name, hosts: of the restored tenant; nothing: as in the backup. A copy beside its original names its
    slug and hosts of its own. replace_existing: take the place of the suspended tenant of that slug.
    keep_api_keys: let keys of the backup open the tenant again, but never a copy.
    """

    slug: str | None = None
    hosts: Sequence[str] = ()
    name: str | None = None
    placement: str | None = None
    replace_existing: bool = False
    keep_api_keys: bool = False
    reason: str = "restored"


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a backup goes. `tenant` is the tenant as it will be; `replaces` the schema that it takes over."""

    tenant: tenancy.Tenant
    hosts: tuple[str, ...]
    came_from: UUID
    replaces: tenancy.Tenant | None = None
    keep_api_keys: bool = False

    @property
    def is_copy(self) -> bool:
        """The original lives on beside it: another id, other keys."""
        return self.tenant.id != self.came_from


def make_plan(content: Content, wish: Wish) -> Plan:
    """Decide what the tenant will be. Changes nothing. Raises: Invalid, BackupRefused."""
    header = content.header
    if header.release > RELEASE:
        raise BackupRefused(
            f"the backup is of release {header.release}, this is {RELEASE}: restore it with that release"
        )
    plan = _plan_replacement(header, wish) if wish.replace_existing else _plan_new(header, wish)
    anchored = content.structure.anchored
    if anchored and plan.tenant.schema != header.schema:
        raise BackupRefused(
            f"functions name the schema {header.schema} in their bodies ({', '.join(anchored)}):"
            " the backup can only be restored under that name"
        )
    return replace(plan, keep_api_keys=wish.keep_api_keys and not plan.is_copy)


def _plan_new(header: TenantHeader, wish: Wish) -> Plan:
    original = next((t for t in tenancy.list_tenants() if t.id == header.id), None)
    if original is not None and not wish.hosts:
        words = f"The original is here as {original.slug}: a copy beside it needs hosts of its own"
        raise Invalid([FieldError("host", "missing", words)])
    hosts = tuple(wish.hosts) or header.hosts
    placement = header.placement if wish.placement is None else wish.placement
    made = tenancy.directory().plan(
        wish.slug or header.slug,
        wish.name or header.name,
        hosts,
        placement=placement,
        own_login=_own_login(header, original),
    )
    if original is None:
        made = replace(made, id=TenantId(header.id))
    return Plan(replace(made, release=header.release), hosts, header.id)


def _own_login(header: TenantHeader, original: tenancy.Tenant | None) -> bool:
    """Whether the restored tenant's role logs in by itself: as it did, since that shuts out the app's login.

    A backup of an older release does not say; then it is as with the original, if that is here.
    """
    if header.own_login is None:
        return original is not None and original.own_login
    return header.own_login


def _plan_replacement(header: TenantHeader, wish: Wish) -> Plan:
    slug = wish.slug or header.slug
    there = tenancy.find_tenant_by_slug(slug)
    if there is None:
        raise BackupRefused(f"there is no tenant {slug} to replace: restore without replacing")
    if there.id != header.id:
        raise BackupRefused(
            f"the backup is of another tenant ({header.slug}) than {slug}: restore it under a new name"
        )
    if not there.suspended:
        raise BackupRefused(f"{slug} is in use: suspend it first (`ostiary tenant suspend {slug}`)")
    if wish.hosts or wish.placement:
        raise BackupRefused("a tenant that is replaced keeps its hosts and its place")
    return Plan(replace(there, release=header.release), (), header.id, replaces=there)
