"""Installing the package: objects, then roles, rights and values of lookups, all in one transaction."""

from collections.abc import Mapping
from pathlib import Path

from ostiary.access import public as access
from ostiary.crm._rights import ObjectRights, Rights, read_rights
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId, UnitId
from ostiary.objects import public as objects
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy

FOLDER = Path(__file__).parent / "package"


def read() -> objects.Package:
    """The package's declarations. Raises PackageRefused."""
    return objects.read_package(FOLDER)


def install(
    tenant: tenancy.Tenant, ctx: Context, *, within: tenancy.OwnerTransaction | None = None
) -> objects.Plan:
    """Install the package or bring it up to date, as an administrator and through the public commands.

    New objects get the declared rights and values; what is there keeps what its administrators made of it.
    `ctx`'s own transaction is not used and must not hold locks; `within`: see `objects.install_package`.
    """
    package = read()
    rights = read_rights(FOLDER / "rights.yaml", package)

    def finish(inside: Context, plan: objects.Plan) -> None:
        units = _ensure_roles(inside, rights)
        _write_rights(inside, plan, rights, units)
        _fill_lookups(inside, plan, package)

    return objects.install_package(tenant, ctx, package, then=finish, within=within)


def _ensure_roles(ctx: Context, rights: Rights) -> Mapping[str, UnitId]:
    """Ids by code. Operation rows are written with the first role: later they are the administrators' own."""
    units = {}
    first = False
    for code in (identity.ALL_EMPLOYEES, identity.SYSTEM_ADMINISTRATORS, *rights.roles):
        found = identity.find_unit(ctx, code)
        if found is None:
            found = access.create_role(ctx, identity.UnitKind.FUNC, rights.roles[code], code=code)
            first = True
        units[code] = found
    if first:
        for operation, allowed in rights.operations.items():
            access.set_operation_rows(ctx, operation, [(units[unit], True) for unit in allowed])
    return units


def _write_rights(ctx: Context, plan: objects.Plan, rights: Rights, units: Mapping[str, UnitId]) -> None:
    added = {
        code: {column for owner, column in plan.new_columns if owner == code} for code, _ in plan.new_columns
    }
    for made in plan.objects:
        declared = rights.objects[made.code]
        if made.code in plan.new_objects:
            _write_object(ctx, made, declared, units)
            columns = set(made.columns)
        else:
            columns = added.get(made.code, set())
        chosen = [made.columns[code] for code in columns if made.columns[code].takes_rows]
        if chosen:
            access.set_columns_rows(
                ctx,
                made.id,
                {c.id: [(units[unit], level) for unit, level in declared.rows_for(c)] for c in chosen},
            )


def _write_object(
    ctx: Context, made: objects.Object, declared: ObjectRights, units: Mapping[str, UnitId]
) -> None:
    access.set_object_rows(ctx, made.id, [(units[unit], verbs) for unit, verbs in declared.rows])
    access.set_switches(ctx, made.id, records=declared.records)
    for rule in declared.rules:
        access.add_default_rule(
            ctx,
            made.id,
            units[rule.author],
            units[rule.grantee],
            read=rule.read,
            update=rule.update,
            delete=rule.delete,
        )


def _fill_lookups(ctx: Context, plan: objects.Plan, package: objects.Package) -> None:
    """Create the values of new lookups as records, and name the defaults among them."""
    made: dict[tuple[str, str], RecordId] = {}
    for code in plan.new_objects:
        for row in package.values.get(code, ()):
            made[code, str(row["name"])] = records.create_record(ctx, code, row).id
    defaults = {}
    for (code, column), name in package.lookup_defaults.items():
        record = made.get((str(package.objects[code].columns[column].target), name))
        if record is not None:
            defaults[code, column] = record
    objects.set_lookup_defaults(ctx, defaults)
