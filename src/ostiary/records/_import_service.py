"""The import's ports filled: rows by the calls of every other surface, people by checked commands."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, OstiaryError
from ostiary.kernel.ids import UnitId
from ostiary.objects.public import Object
from ostiary.records._bulk_create import create_records
from ostiary.records._bulk_update import RowUpdate, update_each
from ostiary.records._create import create_record
from ostiary.records._describe import describe
from ostiary.records._duplicates import find_duplicates
from ostiary.records._filters import MAX_VALUES, And, Compare, Op
from ostiary.records._import_door import Json
from ostiary.records._import_mapping import ImportPlan
from ostiary.records._import_run import ImportOptions, ImportReport, Opener, run_import
from ostiary.records._query import MAX_LIMIT, RecordQuery
from ostiary.records._read import list_records


def import_rows(
    opener: Opener, plan: ImportPlan, folder: Path, options: ImportOptions | None = None
) -> ImportReport:
    """Import the files of `folder` as `plan` says, in the name of the principal of the opener's contexts.

    Every row is decided by itself, as by `create_record` and `update_record`; the transaction that the opener
    gives is committed every few hundred rows. See `run_import` for arguments and errors.
    """
    return run_import(opener, plan, folder, options or ImportOptions(), RecordsDoor(), CheckedOrganisation())


class RecordsDoor:
    """The data plane as the import's port."""

    def rights(self, ctx: Context, code: str) -> tuple[Object, frozenset[access.Verb], frozenset[str]]:
        """See `Door.rights`."""
        view = describe(ctx, code)
        updates = access.Verb.UPDATE in view.verbs
        return view.object, view.verbs, view.creatable & view.editable if updates else view.creatable

    def find(
        self, ctx: Context, code: str, columns: Sequence[str], wanted: Mapping[str, Collection[Any]]
    ) -> list[Json]:
        """See `Door.find`."""
        first, *others = wanted.items()
        rest = tuple(Compare(path, Op.IN, list(values)) for path, values in others)
        found: list[Json] = []
        for values in _batches(first[1], MAX_VALUES):
            test = Compare(first[0], Op.IN, values)
            query = RecordQuery(code, tuple(columns), And((test, *rest)) if rest else test, limit=MAX_LIMIT)
            found += _all_pages(ctx, query)
        return found

    def named(self, ctx: Context, code: str, column: str, names: Collection[str]) -> list[Json]:
        """See `Door.named`: comparing text in a filter is without regard to case and accents."""
        return self.find(ctx, code, (column,), {column: names})

    def alike(self, ctx: Context, code: str, rows: Sequence[Json]) -> list[list[tuple[str, str]]]:
        """See `Door.alike`."""
        found = find_duplicates(ctx, code, rows)
        return [[(str(candidate.id), candidate.name) for candidate in each] for each in found]

    def create(self, ctx: Context, code: str, values: Json) -> str:
        """See `Door.create`."""
        return str(create_record(ctx, code, values).id)

    def create_many(self, ctx: Context, code: str, rows: Sequence[Json]) -> list[str | OstiaryError]:
        """See `Door.create_many`."""
        try:
            result = create_records(ctx, code, rows)
        except AccessDenied as refusal:  # layer 2: no row may
            return [refusal for _ in rows]
        return [row.refusal or str(row.id) for row in result.rows]

    def update_many(
        self, ctx: Context, code: str, rows: Sequence[tuple[str, Json, int]]
    ) -> list[int | OstiaryError]:
        """See `Door.update_many`."""
        asked = [RowUpdate(UUID(record), values, version) for record, values, version in rows]
        return [row.refusal or row.version or 0 for row in update_each(ctx, code, asked).rows]

    def people(self, ctx: Context, match: str, texts: Collection[str]) -> list[tuple[str, str]]:
        """See `Door.people`."""
        found = identity.find_logins(ctx, texts) if match == "login" else identity.find_people(ctx, texts)
        return [(str(person), text) for person, text in found]


def _batches(values: Collection[Any], size: int) -> Iterator[list[Any]]:
    left = iter(values)
    while batch := list(islice(left, size)):
        yield batch


def _all_pages(ctx: Context, query: RecordQuery) -> Iterator[Json]:
    after = None
    while True:
        page = list_records(
            ctx, RecordQuery(query.object, query.columns, query.filter, limit=query.limit, after=after)
        )
        yield from page.records()
        after = page.next
        if after is None:
            return


class CheckedOrganisation:
    """Administration commands of `access`, each checking its operation, as the import's port."""

    def find_unit(self, ctx: Context, code: str) -> UnitId | None:
        return identity.find_unit(ctx, code)

    def find_login(self, ctx: Context, login: str) -> UnitId | None:
        return identity.find_login(ctx, login)

    def roles_of(self, ctx: Context, principal: UnitId) -> frozenset[UnitId]:
        return identity.roles_of(ctx, principal)

    def name_of(self, ctx: Context, unit: UnitId) -> str:
        return identity.names_of(ctx, [unit]).get(unit, "")

    def create_person(
        self, ctx: Context, *, login: str, name: str, email: str, language: str, time_zone: str
    ) -> UnitId:
        return access.create_person(
            ctx, login=login, name=name, email=email, language=language, time_zone=time_zone
        )

    def create_unit(self, ctx: Context, name: str, *, code: str, parent: UnitId | None) -> UnitId:
        return access.create_role(ctx, identity.UnitKind.ORG, name, code=code, parent=parent)

    def create_manager_role(self, ctx: Context, name: str, *, code: str, manages: UnitId) -> UnitId:
        return access.create_role(ctx, identity.UnitKind.MANAGER, name, code=code, manages=manages)

    def add_members(self, ctx: Context, pairs: Iterable[tuple[UnitId, UnitId]]) -> None:
        access.add_members(ctx, list(pairs))

    def remove_member(self, ctx: Context, principal: UnitId, role: UnitId) -> None:
        access.remove_member(ctx, principal, role)

    def set_password(self, ctx: Context, person: UnitId, password: str) -> None:
        access.set_password(ctx, person, password)
