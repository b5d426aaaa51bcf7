"""Installing a package: compare with what is there, plan, then catalogue and DDL in one transaction."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.ids import ColumnId, ObjectId, RecordId, new_id
from ostiary.objects import _catalogue, _store
from ostiary.objects._apply import changed, close_columns
from ostiary.objects._ddl import Step, steps_for_column, steps_for_objects
from ostiary.objects._errors import PackageRefused
from ostiary.objects._model import Catalogue, Column, ColumnType, Object
from ostiary.objects._package import Package
from ostiary.objects._register import Held, Place, Register, load_register
from ostiary.tenancy import public as tenancy

# What a package may not change on a column that has data: it would need a rewrite, or a check of every row.
_FIXED = ("type", "scale", "target", "pattern", "unique")
_FIXED_ON_OBJECT = ("display", "is_lookup", "has_owner")


@dataclass(frozen=True, slots=True)
class Plan:
    """What installing a package will do: `steps`, the DDL in order; `objects`, new and changed."""

    steps: tuple[Step, ...]
    objects: tuple[Object, ...]
    new_objects: tuple[str, ...]
    new_columns: tuple[tuple[str, str], ...]  # (object, column) of objects that were there
    workplaces_changed: bool

    @property
    def changes_nothing(self) -> bool:
        """Whether the package is already installed as it is."""
        return not self.objects and not self.workplaces_changed

    def lines(self) -> tuple[str, ...]:
        """The plan in words, for a dry run."""
        return tuple(step.describe() for step in self.steps)


def plan_package(installed: Catalogue, package: Package, *, role: str) -> Plan:
    """Compare a package with a catalogue. Raises PackageRefused for what cannot be changed in place.

    Nothing is ever dropped: objects and columns that the package no longer names stay.
    """
    fresh: list[Object] = []
    changed: list[Object] = []
    new_columns: list[tuple[str, str]] = []
    steps: list[Step] = []
    tables = {o.code: o.table for o in installed.objects.values()}
    for declared in package.objects.values():
        before = installed.objects.get(declared.code)
        if before is None:
            fresh.append(_with_ids(declared))
            continue
        after = _merge(before, declared)
        for column in after.columns.values():
            if column.code not in before.columns:
                new_columns.append((after.code, column.code))
                steps += steps_for_column(after, column, role, tables)
        if after != before:
            changed.append(after)
    return Plan(
        steps=(*steps_for_objects(fresh, role, tables), *steps),
        objects=(*fresh, *changed),
        new_objects=tuple(o.code for o in fresh),
        new_columns=tuple(new_columns),
        workplaces_changed=any(w not in installed.workplaces for w in package.workplaces),
    )


def install_package(
    tenant: tenancy.Tenant,
    ctx: Context,
    package: Package,
    *,
    then: Callable[[Context, Plan], None] | None = None,
    dry_run: bool = False,
    within: tenancy.OwnerTransaction | None = None,
) -> Plan:
    """Install a package, or bring it up to date, in one transaction of the owner's role.

    Installing what is already there changes nothing and records nothing. New columns are closed by one row,
    "All employees: none". `ctx` names who does it; they need CanManageSolution, and for those rows
    CanManageAdministration. Its own transaction is not used, and must not hold locks on catalogue, units or
    epoch. `then` is called in the same transaction, to add what belongs to new objects (rights, values).
    within: the owner's transaction to do it in, where it is a part of something larger (an upgrade).
    Raises: AccessDenied; PackageRefused; the database's error when a lock is not had within 4 s.
    """
    # of its own, so that a denial is recorded for good
    with tenancy.transaction(tenant) if within is None else nullcontext(within) as asked:
        access.ensure_operation(ctx.within(asked), access.Operation.MANAGE_SOLUTION)
    try:
        with tenancy.owner_transaction(tenant) if within is None else nullcontext(within) as db:
            inside = ctx.within(db)
            _store.lock(db)  # two installations of one tenant go one after the other
            register = load_register(db)
            installed = register.catalogue(0)
            _refuse_foreign(package, _store.packages(db))
            plan = plan_package(installed, package, role=tenant.role)
            if dry_run or plan.changes_nothing:
                return plan
            for step in plan.steps:
                db.ddl(step.sql())
            order = {code: i for i, code in enumerate(package.objects)}
            _store.write_objects(
                inside,
                [Held(o, package.code, order[o.code], 1) for o in plan.objects],
                package_version=package.version,
            )
            _write_places(inside, package, register)
            changed(inside)
            close_columns(inside, _fresh(plan))
            audit.append(
                inside, "objects.package.installed", parts=[audit.Part("package", _summary(package, plan))]
            )
            if then is not None:
                then(inside, plan)
    finally:
        # what this transaction read of itself may have been rolled back
        _catalogue.forget(ctx.tenant_id)
    return plan


def set_lookup_defaults(ctx: Context, defaults: Mapping[tuple[str, str], RecordId]) -> None:
    """Name the default values of lookup columns, (object, column) -> record; in `then` of an installation."""
    objects = _catalogue.load_catalogue(ctx.db, 0).objects
    for (code, column_code), record in defaults.items():
        column = objects[code].columns[column_code]
        if column.type is not ColumnType.LOOKUP:
            raise PackageRefused(f"{code}: column {column_code} is no lookup")
        _store.write_default(ctx.db, column.id, str(record))
    if defaults:
        changed(ctx)


def _write_places(ctx: Context, package: Package, register: Register) -> None:
    places = [Place(w, package.code, i, 1) for i, w in enumerate(package.workplaces)]
    wanted = {w.code for w in package.workplaces}
    gone = [code for code, p in register.places.items() if p.package == package.code and code not in wanted]
    _store.write_places(ctx.db, places, gone)


def _fresh(plan: Plan) -> dict[ObjectId, list[ColumnId]]:
    return {
        made.id: [
            column.id
            for column in made.columns.values()
            if column.takes_rows
            and (made.code in plan.new_objects or (made.code, column.code) in plan.new_columns)
        ]
        for made in plan.objects
    }


def _summary(package: Package, plan: Plan) -> dict[str, object]:
    return {
        "package": package.code,
        "version": package.version,
        "objects": list(plan.new_objects),
        "columns": [f"{code}.{column}" for code, column in plan.new_columns],
    }


def _refuse_foreign(package: Package, owners: Mapping[str, str]) -> None:
    for code in package.objects:
        if owners.get(code, package.code) != package.code:
            raise PackageRefused(f"{code}: an object with this code belongs to package {owners[code]}")


def _with_ids(declared: Object) -> Object:
    columns = {c.code: replace(c, id=ColumnId(new_id())) for c in declared.columns.values()}
    return replace(declared, id=ObjectId(new_id()), columns=columns)


def _merge(before: Object, declared: Object) -> Object:
    """The installed object as the package wants it; columns of others stay, after its own."""
    for name in _FIXED_ON_OBJECT:
        if getattr(before, name) != getattr(declared, name):
            raise PackageRefused(
                f"{declared.code}: {name} is {getattr(before, name)!r} where it is installed "
                f"and cannot become {getattr(declared, name)!r}"
            )
    columns = {c.code: _merge_column(before, c) for c in declared.columns.values()}
    others = {code: c for code, c in before.columns.items() if code not in columns}
    return replace(declared, id=before.id, columns={**columns, **others})


def _merge_column(before: Object, declared: Column) -> Column:
    old = before.columns.get(declared.code)
    if old is None:
        return replace(declared, id=ColumnId(new_id()))
    for problem in _column_problems(old, declared):
        raise PackageRefused(f"{before.code}: column {declared.code}: {problem}")
    # the default of a lookup is a record, which only the tenant knows
    default = old.default if declared.type is ColumnType.LOOKUP else declared.default
    return replace(declared, id=old.id, default=default)


def _column_problems(old: Column, new: Column) -> Iterator[str]:
    for name in _FIXED:
        if getattr(old, name) != getattr(new, name):
            yield (
                f"{name} is {getattr(old, name)!s} where it is installed and cannot become "
                f"{getattr(new, name)!s}: declare a new column and move the values"
            )
    gone = {c.code for c in old.choices} - {c.code for c in new.choices}
    if gone:
        yield f"choices {', '.join(sorted(gone))} may be in use and cannot be taken away"
