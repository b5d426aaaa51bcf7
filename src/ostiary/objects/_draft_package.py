"""A package applied to a draft: what is new arrives, what was changed here stays."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from ostiary.kernel.ids import ColumnId, ObjectId, new_id
from ostiary.objects._ddl import steps_for_column, steps_for_objects
from ostiary.objects._draft import Draft, column_name
from ostiary.objects._errors import PackageRefused
from ostiary.objects._evolve_objects import tables
from ostiary.objects._merge import (
    Told,
    merge_column,
    merge_object,
    merge_place,
    translated,
    translated_place,
)
from ostiary.objects._model import Column, ColumnType, Object
from ostiary.objects._package import Package
from ostiary.objects._register import Held, Place, without_columns

Rows = tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class Named:
    """What a package's object, or what it adds to another's, is here. columns: ids by the package's codes."""

    id: ObjectId
    columns: Mapping[str, ColumnId]


@dataclass(frozen=True, slots=True)
class Base:
    """What a package shipped when it was last installed, and what its things are here."""

    package: Package
    names: Mapping[str, Named]
    extensions: Mapping[str, Named]


@dataclass(slots=True)
class Merged:
    """What became of a package in a draft."""

    told: Told = field(default_factory=Told)
    fresh: list[Object] = field(default_factory=list)
    new_columns: list[tuple[str, str]] = field(default_factory=list)
    names: dict[str, Named] = field(default_factory=dict)
    extensions: dict[str, Named] = field(default_factory=dict)
    values: dict[str, Rows] = field(default_factory=dict)


def draft_package(draft: Draft, package: Package, base: Base | None) -> Merged:
    """Install a package in the draft, or bring it up to date. Raises PackageRefused, ChangeRefused.

    base: None where it was never installed, or before bases were kept: then its word counts everywhere.
    """
    merged = Merged()
    names = dict(base.names) if base else dict(_by_code(draft, package))
    codes = {
        code: held.object.code
        for code, named in names.items()
        if (held := draft.held.get(named.id)) is not None and held.dropped is None
    }
    for position, declared in enumerate(package.objects.values()):
        named = names.get(declared.code)
        if named is None:
            _add_object(draft, package, declared, position, codes, merged)
        elif declared.code not in codes:
            merged.told.kept.append(f"{declared.code} stays dropped")
            merged.names[declared.code] = named
        else:
            before = base.package.objects.get(declared.code) if base else None
            _merge_one(draft, named, before, declared, codes, merged)
    draft.first += steps_for_objects(merged.fresh, draft.role, tables(draft))
    for code, columns in package.extensions.items():
        _extend(draft, code, columns, base, merged)
    _merge_places(draft, package, base, codes, merged)
    _collect_values(package, base, codes, merged)
    return merged


def _by_code(draft: Draft, package: Package) -> Iterator[tuple[str, Named]]:
    """What was installed before bases were kept: everything still has the code that it came with."""
    for held in draft.held.values():
        if held.package == package.code and held.object.code in package.objects:
            columns = {x.code: x.id for x in held.object.columns.values()}
            yield held.object.code, Named(held.object.id, columns)


def _add_object(
    draft: Draft, package: Package, declared: Object, position: int, codes: dict[str, str], merged: Merged
) -> None:
    for held in draft.held.values():
        if held.object.code == declared.code:
            raise PackageRefused(
                f"{declared.code}: an object with this code belongs to package {held.package}"
                f"{'' if held.dropped is None else ', dropped and kept'}"
            )
    ids = {x.code: ColumnId(new_id()) for x in declared.columns.values()}
    made = translated(declared, {}, codes)
    name = draft.object_name(made.code)
    made = replace(
        made,
        id=ObjectId(new_id()),
        born_as="" if name == made.code else name,
        columns={x.code: replace(x, id=ids[x.code]) for x in made.columns.values()},
    )
    draft.put(Held(made, package.code, position, 1))
    draft.closed[made.id] = [x.id for x in made.columns.values() if x.takes_rows]
    codes[declared.code] = made.code
    merged.fresh.append(made)
    merged.names[declared.code] = Named(made.id, ids)


def _merge_one(
    draft: Draft,
    named: Named,
    before: Object | None,
    declared: Object,
    codes: Mapping[str, str],
    merged: Merged,
) -> None:
    held = draft.held[named.id]
    local = held.object
    here = {x.id: x.code for x in local.columns.values()}
    renamed = {code: here[id_] for code, id_ in named.columns.items() if id_ in here}
    gone = frozenset(code for code, id_ in named.columns.items() if id_ not in here)
    merged.told.kept += [
        f"{local.code}.{code} stays dropped" for code in sorted(gone & declared.columns.keys())
    ]
    new = translated(_without(declared, gone), renamed, codes)
    old = None if before is None else translated(_without(before, gone), renamed, codes)
    ids = dict(named.columns)
    # the columns first: the layout may name new ones
    after = _merge_columns(draft, held, new.columns, old.columns if old else {}, ids, renamed, merged)
    after = merge_object(old or local, after, new, merged.told)
    merged.names[declared.code] = Named(named.id, ids)
    if after != local:
        draft.put_object(held, after)


def _without(made: Object, gone: frozenset[str]) -> Object:
    columns = {code: x for code, x in made.columns.items() if code not in gone}
    return replace(made, columns=columns, layout=without_columns(made.layout, gone))


def _merge_columns(
    draft: Draft,
    held: Held,
    new: Mapping[str, Column],
    old: Mapping[str, Column],
    ids: dict[str, ColumnId],
    renamed: Mapping[str, str],
    merged: Merged,
) -> Object:
    """The installed object with the package's columns, in its order, before those of others."""
    local = held.object
    theirs = {code: own for own, code in renamed.items()}
    columns: dict[str, Column] = {}
    for column in new.values():
        code = theirs.get(column.code, column.code)
        mine = local.columns.get(column.code)
        if mine is None:
            columns[column.code] = made = _add_column(draft, local, column, merged)
            ids[code] = made.id
            continue
        known = code in ids
        before = old.get(column.code) if known else column  # one of ours by that code: our word stands
        columns[column.code] = merge_column(local, before, mine, column, draft.facts, merged.told)
        ids[code] = mine.id
    others = {code: x for code, x in local.columns.items() if code not in columns}
    return replace(local, columns={**columns, **others})


def _add_column(draft: Draft, local: Object, column: Column, merged: Merged) -> Column:
    draft.free_column_code(local, column.code, f"{local.code}.{column.code}")
    name = column_name(local, column.code)
    made = replace(column, id=ColumnId(new_id()), born_as="" if name == column.code else name)
    if column.type is ColumnType.OWNER:
        raise PackageRefused(f"{local.code}: an object has one owner column, from its creation")
    draft.last += steps_for_column(local, made, draft.role, tables(draft))
    if made.takes_rows:
        draft.closed.setdefault(local.id, []).append(made.id)
    merged.new_columns.append((local.code, made.code))
    return made


def _extend(draft: Draft, code: str, columns: tuple[Column, ...], base: Base | None, merged: Merged) -> None:
    """Columns that a package adds to an object of another one."""
    named = base.extensions.get(code) if base else None
    held = draft.held.get(named.id) if named else draft.visible(code)
    if held is None or held.dropped is not None:
        merged.told.kept.append(f"what is added to {code} is left out: it was dropped")
        return
    here = {x.id: x.code for x in held.object.columns.values()}
    ids = dict(named.columns) if named else {}
    renamed = {c: here[i] for c, i in ids.items() if i in here}
    gone = {c for c, i in ids.items() if i not in here}
    new = {
        renamed.get(x.code, x.code): replace(x, code=renamed.get(x.code, x.code))
        for x in columns
        if x.code not in gone
    }
    before = base.package.extensions.get(code, ()) if base else ()
    old = {renamed.get(x.code, x.code): replace(x, code=renamed.get(x.code, x.code)) for x in before}
    local = held.object
    after = _merge_columns(draft, held, new, old, ids, renamed, merged)
    order = {**{c: after.columns[c] for c in local.columns}, **after.columns}
    merged.extensions[code] = Named(local.id, ids)
    if after.columns != local.columns:
        draft.put_object(held, replace(after, columns=order))


def _merge_places(
    draft: Draft, package: Package, base: Base | None, codes: Mapping[str, str], merged: Merged
) -> None:
    shipped = {w.code: translated_place(w, codes) for w in (base.package.workplaces if base else ())}
    for position, declared in enumerate(package.workplaces):
        wanted = translated_place(declared, codes)
        wanted = replace(wanted, groups=_known_sections(draft, wanted.groups))
        known = draft.places.get(wanted.code)
        if known is None and wanted.code in shipped:
            merged.told.kept.append(f"workplace {wanted.code} stays away")
        elif known is None:
            draft.places[wanted.code] = Place(wanted, package.code, position, 0)
            draft.placed[wanted.code] = None
        elif known.package != package.code:
            merged.told.conflicts.append(f"workplace {wanted.code} stays that of package {known.package}")
        else:
            after = merge_place(shipped.get(wanted.code), known.workplace, wanted, merged.told)
            if after != known.workplace:
                draft.places[wanted.code] = replace(known, workplace=after)
                draft.placed[wanted.code] = None
    wanted_codes = {w.code for w in package.workplaces}
    for code, place in list(draft.places.items()):
        untouched = base is None or shipped.get(code) == place.workplace
        if place.package == package.code and code not in wanted_codes and untouched:
            del draft.places[code]
            draft.unplaced.append(code)


def _known_sections(
    draft: Draft, groups: tuple[tuple[str, tuple[str, ...]], ...]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    there = {h.object.code for h in draft.held.values()}
    left = ((caption, tuple(c for c in codes if c in there)) for caption, codes in groups)
    return tuple((caption, codes) for caption, codes in left if codes)


def _collect_values(package: Package, base: Base | None, codes: Mapping[str, str], merged: Merged) -> None:
    """Rows of new lists, and those that the package did not ship before; what was deleted here stays so."""
    fresh = {made.code for made in merged.fresh}
    for code, rows in package.values.items():
        if code not in codes:
            continue
        if codes[code] in fresh:
            wanted = rows
        elif base is None:
            wanted = ()
        else:
            known = {row["name"] for row in base.package.values.get(code, ())}
            wanted = tuple(row for row in rows if row["name"] not in known)
        if wanted:
            merged.values[codes[code]] = wanted


def named_document(named: Named) -> dict[str, object]:
    """A name as it is kept."""
    return {"id": str(named.id), "columns": {code: str(id_) for code, id_ in named.columns.items()}}


def read_named(kept: Mapping[str, object]) -> Named:
    """A name from what was kept."""
    columns = kept["columns"]
    if not isinstance(columns, dict):
        raise TypeError("names of columns")
    return Named(
        ObjectId(UUID(str(kept["id"]))), {code: ColumnId(UUID(str(i))) for code, i in columns.items()}
    )
