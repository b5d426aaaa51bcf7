"""Making a tenant: role and schema, fixed tables, first roles and operations, the first administrator."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import UnitId
from ostiary.project._migrations import INSERT_ONLY_TABLES, READ_ONLY_TABLES, migrate_schema
from ostiary.project._release import RELEASE
from ostiary.project._schema_template import find_template
from ostiary.tenancy import public as tenancy


@dataclass(frozen=True, slots=True)
class NewTenant:
    """A tenant and its first administrator."""

    tenant: tenancy.Tenant
    administrator: UnitId


def create_tenant(  # noqa: PLR0913  what an operator says about a tenant and its first administrator
    slug: str,
    name: str,
    hosts: Sequence[str],
    *,
    login: str,
    person: str,
    email: str,
    password: str | None,
    placement: str = "",
    own_login: bool = False,
) -> NewTenant:
    """Make a tenant with one administrator, reachable at `hosts`.

    placement: name of the database that it lives in, "" for the installation's own. own_login: its role gets
    a login of its own, and the app's login cannot take it.
    Raises: Invalid: slug, host, placement, login or password refused; the tenant is then unknown to requests.
    """
    directory = tenancy.directory()
    with directory.reserved(slug):
        planned = directory.plan(slug, name, hosts, placement=placement, own_login=own_login)
        tenant = replace(planned, release=RELEASE)
        place, kind = tenancy.placement(placement), tenancy.placement_kind(tenant)
        try:
            tenancy.make_role(place, tenant, kind)
            with _fixed_tables(place, tenant, kind) as db:
                tenancy.grant_tables(db, tenant, read_only=READ_ONLY_TABLES, insert_only=INSERT_ONLY_TABLES)
                jobs.admit(db, tenant)
                administrator = _seed(tenant, db, login=login, person=person, email=email, password=password)
            directory.enter(tenant, hosts)
        except BaseException:
            place.vault.forget_login(tenant)
            raise
    return NewTenant(tenant, administrator)


@contextmanager
def _fixed_tables(
    place: tenancy.Placement, tenant: tenancy.Tenant, kind: tenancy.Kind
) -> Iterator[tenancy.OwnerTransaction]:
    """The owner's transaction in which the tenant's fixed tables are there, empty.

    They are replayed inside of it (ADR 0019), so that everything of a tenant commits together. Where the
    script made at release is not for the migrations at hand, these run before.
    """
    template = find_template()
    if template is None:
        with place.owner_transaction(tenant) as db:
            tenancy.make_schema(db, tenant, kind)
        migrate_schema(place.owner, tenant.schema)
    with place.owner_transaction(tenant) as db:
        if template is not None:
            tenancy.make_schema(db, tenant, kind)
            db.ddl(template)
        yield db


def _seed(
    tenant: tenancy.Tenant,
    db: tenancy.Transaction,
    *,
    login: str,
    person: str,
    email: str,
    password: str | None,
) -> UnitId:
    """The first rows. They come before anybody could hold an operation, so they are stored without one."""
    nobody = Context(tenant.id, db, None, Channel.CLI, purpose="set-up")
    roles = identity.seed(nobody)
    administrator = identity.create_person(nobody, login=login, name=person, email=email)
    identity.add_member(nobody, administrator, roles[identity.SYSTEM_ADMINISTRATORS])
    ctx = nobody.acting_as(administrator)
    for operation in access.Operation:
        access.store_operation_rows(ctx, operation, [(roles[identity.SYSTEM_ADMINISTRATORS], True)])
    access.store_system_accounts(ctx)
    if password is not None:
        identity.set_password(ctx, administrator, password)
    audit.append(ctx, "tenancy.tenant.created", parts=[audit.Part("tenant", {"slug": tenant.slug})])
    return administrator
