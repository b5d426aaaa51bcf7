"""Packages with what belongs to them: objects, roles and rights for new ones, values of lists as records."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId
from ostiary.objects import public as objects
from ostiary.records._create import create_record
from ostiary.records._filters import Compare, Op
from ostiary.records._query import RecordQuery
from ostiary.records._read import list_records
from ostiary.tenancy import public as tenancy

MOST_VALUES = 1_000  # of one list


def install_package(
    tenant: tenancy.Tenant,
    ctx: Context,
    package: objects.Package,
    *,
    rights: objects.Rights | None = None,
    dry_run: bool = False,
    within: tenancy.OwnerTransaction | None = None,
) -> objects.Plan:
    """`objects.install_package`, and in its transaction rights for what is new, and values that are new.

    What is there keeps what its administrators made of it; a value that exists by its name is not doubled.
    """

    def finish(inside: Context, plan: objects.Plan) -> None:
        if rights is not None:
            objects.write_rights(inside, plan, rights)
        _fill_lists(inside, plan, package)

    return objects.install_package(tenant, ctx, package, then=finish, dry_run=dry_run, within=within)


def import_package(
    tenant: tenancy.Tenant, ctx: Context, content: bytes, *, dry_run: bool = False
) -> objects.Plan:
    """Install a package file. Raises PackageRefused, AccessDenied; otherwise as `objects.install_package`."""
    access.ensure_operation(ctx, access.Operation.MANAGE_SOLUTION)
    known = objects.get_catalogue(ctx).objects
    package = objects.read_package_file(content, known=known)
    rights = None if package.rights is None else objects.rights_of(package)
    return install_package(tenant, ctx, package, rights=rights, dry_run=dry_run)


def _fill_lists(ctx: Context, plan: objects.Plan, package: objects.Package) -> None:
    """Create the values that are new as records, and name the defaults among those of new lists."""
    made: dict[tuple[str, str], RecordId] = {}
    for code, rows in plan.new_values.items():
        for row in rows:
            if code in plan.new_objects or not _exists(ctx, code, str(row["name"])):
                made[code, str(row["name"])] = create_record(ctx, code, row).id
    defaults = {}
    for (code, column), name in package.lookup_defaults.items():
        if code in plan.new_objects or (code, column) in plan.new_columns:
            record = made.get((str(package.objects[code].columns[column].target), name))
            if record is not None:
                defaults[code, column] = record
    objects.set_lookup_defaults(ctx, defaults)


def _exists(ctx: Context, code: str, name: str) -> bool:
    query = RecordQuery(code, ("name",), Compare("name", Op.EQ, name), limit=1)
    return bool(list_records(ctx, query).ids)


def export_package(
    ctx: Context, code: str, caption: str, version: str, *, chosen: Iterable[str], places: Iterable[str] = ()
) -> bytes:
    """Objects as a package file: own ones, columns that were added to others', values of lists, workplaces.

    chosen: codes of objects. Those that a package brought give only the columns that were added to them here.
    The same metadata gives the same bytes, on any tenant. Needs CanManageSolution; values are read by rights.
    Raises: AccessDenied; NotFound; PackageRefused: it would name an object that it does not bring.
    """
    access.ensure_operation(ctx, access.Operation.MANAGE_SOLUTION)
    package = objects.package_of(ctx, code, caption, version, tuple(chosen), tuple(places))
    values, names = {}, {}
    for list_code in (o.code for o in package.objects.values() if o.is_lookup):
        rows = _values(ctx, list_code)
        names.update({str(row["id"]): str(row["name"]) for row in rows})
        values[list_code] = objects.sorted_values(
            {key: value for key, value in row.items() if key not in ("id", *_SYSTEM) and value is not None}
            for row in rows
        )
    defaults = {
        (o.code, c.code): names[str(c.default)]
        for o in package.objects.values()
        for c in o.columns.values()
        if c.target is not None and str(c.default) in names
    }
    content = objects.write_package(replace(package, values=values, lookup_defaults=defaults))
    audit.append(
        ctx,
        "objects.package.exported",
        parts=[audit.Part("package", {"package": code, "objects": sorted(package.objects)})],
    )
    return content


_SYSTEM = ("version", "created_at", "modified_at", "author", "restricted", "owner")


def _values(ctx: Context, code: str) -> list[Mapping[str, Any]]:
    page = list_records(ctx, RecordQuery(code, limit=MOST_VALUES))
    if page.next is not None:
        raise objects.PackageRefused(
            f"{code} has more than {MOST_VALUES} values: they are data, not metadata"
        )
    return list(page.records())
