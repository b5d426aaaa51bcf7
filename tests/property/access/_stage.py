"""The committed ground on which worlds are built: two objects and every unit that a world can name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects
from ostiary.project._tenants import create_tenant
from ostiary.tenancy import public as tenancy
from tests.oracle.model import ADA, ADMINISTRATORS, EXTERNALS, ROOT, Unit

ORGS = ("o1", "o2", "o3", "o4", "o5")
FUNCS = ("f1", "f2", "f3")
PERSONS = ("p1", "p2", "p3", "p4", "p5")
OUTSIDE_ORGS, OUTSIDE_FUNCS, OUTSIDE_PERSONS = ("e1", "e2"), ("ef1",), ("x1", "x2")


@dataclass(frozen=True)
class Stage:
    """What all worlds share. Its units have no edges yet: a world's transaction adds them and is rolled back.

    Units that a world does not name change no answer: no row can name them, no principal is a member of them,
    and persons among them are members of All employees alone, which its manager is as well.
    """

    tenant: tenancy.Tenant
    units: Mapping[Unit, UnitId]
    catalogue: objects.Catalogue

    @property
    def objects(self) -> Mapping[str, objects.Object]:
        return self.catalogue.objects

    def context(self, db: tenancy.Transaction) -> Context:
        """The administrator's context in a transaction."""
        return Context(self.tenant.id, db, self.units[ADA], Channel.CLI)


def make_stage(slug: str) -> Stage:
    """A tenant of its own, for the objects and units would be in the way of other tests."""
    new = create_tenant(
        slug, "Worlds", [f"{slug}.test"], login="ada", person="Ada", email="ada@example.com", password=None
    )
    with tenancy.transaction(new.tenant) as db:
        ctx = Context(new.tenant.id, db, new.administrator, Channel.CLI)
        units = {ADA: new.administrator, **_make_units(ctx)}
    with tenancy.transaction(new.tenant) as db:
        ctx = Context(new.tenant.id, db, new.administrator, Channel.CLI)
        objects.install_package(new.tenant, ctx, objects.read_package(Path(__file__).parent / "package"))
    with tenancy.transaction(new.tenant) as db:
        catalogue = objects.get_catalogue(Context(new.tenant.id, db, new.administrator, Channel.CLI))
    _let_seal(new.tenant)
    return Stage(new.tenant, units, catalogue)


def _let_seal(tenant: tenancy.Tenant) -> None:
    """A column is sealed by its metadata, which the tenant's role may only read; worlds change it, though."""
    with tenancy.owner_transaction(tenant) as db:
        db.ddl(f"grant update on @.objects_column, @.objects_object, @.objects_revision to {tenant.role}")


def _make_units(ctx: Context) -> dict[Unit, UnitId]:
    units: dict[Unit, UnitId] = {}
    for name, code in (
        (ROOT, identity.ALL_EMPLOYEES),
        (EXTERNALS, identity.ALL_EXTERNALS),
        (ADMINISTRATORS, identity.SYSTEM_ADMINISTRATORS),
    ):
        found = identity.find_unit(ctx, code)
        assert found is not None
        units[name] = found
    kinds = identity.UnitKind
    units |= {name: identity.create_role(ctx, kinds.ORG, name) for name in ORGS}
    units |= {name: identity.create_role(ctx, kinds.FUNC, name) for name in FUNCS}
    units |= {name: identity.create_role(ctx, kinds.ORG, name, external=True) for name in OUTSIDE_ORGS}
    units |= {name: identity.create_role(ctx, kinds.FUNC, name, external=True) for name in OUTSIDE_FUNCS}
    for unit in (*ORGS, ROOT, *OUTSIDE_ORGS, EXTERNALS):
        manager = f"m_{unit}"
        units[manager] = identity.create_role(ctx, kinds.MANAGER, manager, manages=units[unit])
    for name in (*PERSONS, *OUTSIDE_PERSONS):
        units[name] = identity.create_person(
            ctx, login=name, name=name, email=f"{name}@example.com", external=name in OUTSIDE_PERSONS
        )
    units["s1"] = identity.create_service_account(ctx, login="s1", name="s1")
    return units
