"""Installing a package: merged with what is there, planned, then catalogue and DDL in one transaction."""

import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId
from ostiary.kernel.ports import Db
from ostiary.objects import _catalogue, _store
from ostiary.objects._apply import changed
from ostiary.objects._ddl import Step
from ostiary.objects._defaults import close_columns
from ostiary.objects._draft import Draft
from ostiary.objects._draft_package import (
    Base,
    Merged,
    Named,
    Rows,
    draft_package,
    named_document,
    read_named,
)
from ostiary.objects._errors import PackageRefused
from ostiary.objects._facts import Facts
from ostiary.objects._later import defer_all
from ostiary.objects._model import ColumnType, Object
from ostiary.objects._package import Package
from ostiary.objects._package_file import package_document, read_package_document
from ostiary.objects._register import load_register
from ostiary.objects._settings import recovery
from ostiary.tenancy import public as tenancy


@dataclass(frozen=True, slots=True)
class Plan:
    """What installing a package will do: `steps`, the DDL in order; `objects`, new and changed.

    kept: what was changed here and stays. conflicts: what both changed, where it stays as well. new_values:
    rows of lists to create, by object code.
    """

    steps: tuple[Step, ...]
    objects: tuple[Object, ...]
    new_objects: tuple[str, ...]
    new_columns: tuple[tuple[str, str], ...]  # (object, column) of objects that were there
    workplaces_changed: bool
    kept: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    new_values: Mapping[str, Rows] = field(default_factory=dict)

    @property
    def changes_nothing(self) -> bool:
        """Whether the package is already installed as it is."""
        return not (self.objects or self.workplaces_changed or self.new_values)

    def lines(self) -> tuple[str, ...]:
        """The plan in words, for a dry run."""
        values = (f"create {len(rows)} values of {code}" for code, rows in self.new_values.items())
        return (
            *(step.describe() for step in self.steps),
            *values,
            *(f"kept: {words}" for words in self.kept),
            *(f"conflict: {words}" for words in self.conflicts),
        )


def plan_package(draft: Draft, package: Package, base: Base | None) -> tuple[Plan, Merged]:
    """Merge a package into a draft. Raises PackageRefused for what cannot be changed in place.

    Nothing is ever dropped: objects and columns that the package no longer names stay.
    """
    merged = draft_package(draft, package, base)
    plan = Plan(
        steps=(*draft.first, *draft.last),
        objects=tuple(draft.held[i].object for i in draft.written),
        new_objects=tuple(o.code for o in merged.fresh),
        new_columns=tuple(merged.new_columns),
        workplaces_changed=bool(draft.placed or draft.unplaced),
        kept=tuple(merged.told.kept),
        conflicts=tuple(merged.told.conflicts),
        new_values=merged.values,
    )
    return plan, merged


def load_base(db: Db, code: str) -> Base | None:
    """What a package shipped last, or None."""
    row = db.row("select declared, names from @.objects_package where code = %(code)s", {"code": code})
    if row is None:
        return None
    declared, names = row
    return Base(
        read_package_document(declared),
        {key: read_named(value) for key, value in names["objects"].items()},
        {key: read_named(value) for key, value in names["extensions"].items()},
    )


def keep_base(db: Db, package: Package, merged: Merged) -> None:
    """Remember what a package ships, for the next time."""

    def listed(names: Mapping[str, Named]) -> dict[str, object]:
        return {code: named_document(named) for code, named in names.items()}

    names = {"objects": listed(merged.names), "extensions": listed(merged.extensions)}
    db.run(
        "insert into @.objects_package as p (code, caption, version, declared, names)"
        " values (%(code)s, %(caption)s, %(version)s, %(declared)s::jsonb, %(names)s::jsonb)"
        " on conflict (code) do update set caption = excluded.caption, version = excluded.version,"
        " declared = excluded.declared, names = excluded.names, installed_at = now()"
        " where (p.version, p.declared, p.names) is distinct from"
        " (excluded.version, excluded.declared, excluded.names)",
        {
            "code": package.code,
            "caption": package.caption,
            "version": package.version,
            "declared": json.dumps(package_document(package)),
            "names": json.dumps(names),
        },
    )


def remember_package(db: Db, package: Package) -> None:
    """Keep a package that is installed as it is as its own base: later local changes show against it.

    For what was installed before bases were kept. Nothing where something differs, or a base is there.
    """
    if load_base(db, package.code) is not None:
        return
    draft = Draft.of(load_register(db), Facts(db, None), "nobody", timedelta(0), None)
    draft.package = package.code
    plan, merged = plan_package(draft, package, None)
    if plan.changes_nothing:
        keep_base(db, package, merged)


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

    What was changed here since it was installed last stays, and the plan says so. Installing what is already
    there changes nothing and records nothing. New columns are closed by one row,
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
            draft = Draft.of(
                load_register(db), Facts(db, inside), tenant.role, recovery(inside), ctx.principal
            )
            draft.package = package.code
            plan, merged = plan_package(draft, package, load_base(db, package.code))
            if dry_run:
                return plan
            keep_base(db, package, merged)
            if plan.changes_nothing:
                return plan
            _write(inside, db, package, draft)
            audit.append(
                inside, "objects.package.installed", parts=[audit.Part("package", _summary(package, plan))]
            )
            if then is not None:
                then(inside, plan)
            defer_all(inside, draft.later, ())
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


def _write(ctx: Context, db: tenancy.OwnerTransaction, package: Package, draft: Draft) -> None:
    for step in (*draft.first, *draft.last):
        db.ddl(step.sql())
    _store.write_objects(
        ctx,
        [draft.held[i] for i in draft.written],
        package_version=package.version,
        summary=f"package {package.code} {package.version}",
    )
    _store.write_places(db, [draft.places[code] for code in draft.placed], draft.unplaced)
    changed(ctx)
    close_columns(ctx, draft.closed)


def _summary(package: Package, plan: Plan) -> dict[str, object]:
    return {
        "package": package.code,
        "version": package.version,
        "objects": list(plan.new_objects),
        "columns": [f"{code}.{column}" for code, column in plan.new_columns],
    }
