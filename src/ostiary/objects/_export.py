"""Which part of the metadata a package file takes along."""

from dataclasses import replace

from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import ColumnId
from ostiary.objects._errors import PackageRefused
from ostiary.objects._install import load_base
from ostiary.objects._model import UNASSIGNED, Column, Object, Workplace
from ostiary.objects._package import Package
from ostiary.objects._register import Register, load_register
from ostiary.objects._rules_codes import formula_in_codes, rules_in_codes


def package_of(
    ctx: Context, code: str, caption: str, version: str, chosen: tuple[str, ...], places: tuple[str, ...]
) -> Package:
    """Own objects whole, of others' the columns that were added here; without ids, values and rights.

    chosen: codes of objects; places: of workplaces. Details and sections that lead out of it are left out.
    Raises: NotFound; PackageRefused: a lookup leads to an own object that is not chosen.
    """
    register = load_register(ctx.db)
    catalogue = register.catalogue(0)
    own: dict[str, Object] = {}
    extensions: dict[str, tuple[Column, ...]] = {}
    foreign = {h.object.code: h.package for h in register.objects.values()}
    for name in sorted(set(chosen)):
        made = catalogue.objects.get(name)
        if made is None:
            raise NotFound(f"there is no object {name}")
        if foreign[made.code] in ("own", code):
            own[made.code] = made
        else:
            extensions[made.code] = _added(ctx, register, made, foreign[made.code], code)
    outside = {x for x in catalogue.objects if foreign[x] not in ("own", code)}
    for made in own.values():
        for column in made.columns.values():
            if column.target is not None and column.target not in own | dict.fromkeys(outside):
                raise PackageRefused(f"{made.code}: column {column.code}: {column.target} has to come along")
    chosen_places = [w for w in catalogue.workplaces if w.code in places]
    if len(chosen_places) < len(set(places)):
        raise NotFound("there is no such workplace")
    return Package(
        code,
        caption,
        version,
        {name: _bare(made, own) for name, made in own.items()},
        tuple(_sections(place, own) for place in sorted(chosen_places, key=lambda w: w.code)),
        extensions={name: columns for name, columns in extensions.items() if columns},
    )


def _added(ctx: Context, register: Register, made: Object, package: str, own: str) -> tuple[Column, ...]:
    """Columns of an object that its package did not bring."""
    base, mine = load_base(ctx.db, package), load_base(ctx.db, own)
    shipped = set(base.names[made.name].columns.values()) if base and made.name in base.names else set()
    ours = mine.extensions.get(made.code) if mine else None
    taken = set(ours.columns.values()) if ours else set()
    return tuple(
        _plain(x) for x in made.columns.values() if shipped and (x.id in taken or x.id not in shipped)
    )


def _bare(made: Object, own: dict[str, Object]) -> Object:
    details = tuple(d for d in made.layout.details if d[1] in own)
    codes = {x.name: x.code for x in made.columns.values()}
    columns = {
        x.code: replace(_plain(x), formula=formula_in_codes(x.formula, codes)) for x in made.columns.values()
    }
    return replace(
        made,
        columns=columns,
        layout=replace(made.layout, details=details),
        rules=rules_in_codes(made.rules, codes),
        born_as="",
        former=(),
        spent=(),
    )


def _plain(column: Column) -> Column:
    """Without what belongs to this tenant."""
    return replace(column, id=ColumnId(UNASSIGNED), born_as="", former=())


def _sections(place: Workplace, own: dict[str, Object]) -> Workplace:
    groups = ((caption, tuple(c for c in codes if c in own)) for caption, codes in place.groups)
    return replace(place, groups=tuple((caption, codes) for caption, codes in groups if codes))
