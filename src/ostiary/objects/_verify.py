"""What must fit together: codes, display columns, layouts, lookups between objects, workplaces."""

from collections.abc import Callable, Mapping

from ostiary.kernel.errors import OstiaryError
from ostiary.objects._errors import PackageRefused
from ostiary.objects._model import (
    FILE_COLUMNS,
    SYSTEM_COLUMNS,
    TEXT_SORTED,
    Column,
    ColumnType,
    Mask,
    Object,
    Workplace,
)
from ostiary.objects._names import is_object_code

MASKS = {
    Mask.LAST_4: TEXT_SORTED,
    Mask.FIRST: TEXT_SORTED,
    Mask.DOMAIN: frozenset({ColumnType.EMAIL}),
    Mask.YEAR: frozenset({ColumnType.DATE, ColumnType.INSTANT}),
}
Refuse = Callable[[str], OstiaryError]
_UNSORTABLE = {ColumnType.LONG_TEXT, ColumnType.LOOKUP, ColumnType.OWNER}
_MAX_COLUMNS = 300


def verify_object(made: Object, refuse: Refuse) -> None:
    """Refuse an object that contradicts itself."""
    if not is_object_code(made.code):
        raise refuse("a code is a lower-case letter and up to 40 more of a-z, 0-9 and single _")
    if not made.columns or len(made.columns) > _MAX_COLUMNS:
        raise refuse(f"an object has between 1 and {_MAX_COLUMNS} columns")
    display = made.columns.get(made.display)
    if display is None or display.type not in TEXT_SORTED | {ColumnType.AUTO_NUMBER}:
        raise refuse(f"display {made.display!r} is no text or auto-number column of this object")
    if display.type is not ColumnType.AUTO_NUMBER and not display.required:
        raise refuse(f"display {made.display!r} must be required: it names the record")
    if made.master and (made.master_column is None or made.master_column.target is None):
        raise refuse(f"master {made.master!r} is no lookup of this object")
    for column in made.columns.values():
        _verify_filled(made, column, refuse)
    if made.content:
        _verify_content(made, refuse)
    if made.log and (made.master_column is None or not made.master_column.required):
        raise refuse("a log has a required master: what it is about")
    _verify_layout(made, refuse)


def _verify_filled(made: Object, column: Column, refuse: Refuse) -> None:
    if column.mask is not Mask.ALL and column.type not in MASKS[column.mask]:
        raise refuse(f"{column.code}: the mask {column.mask.value} does not fit {column.type.value}")
    if column.sealed and (column.required or column.code == made.display):
        raise refuse(f"{column.code} is sealed, so nobody could fill it: it cannot be required")
    if column.computed and column.required and not made.content:
        raise refuse(f"{column.code} is computed, so nobody could fill it: it cannot be required")


def _verify_content(made: Object, refuse: Refuse) -> None:
    """A file is told by its columns and guarded by them, so none may be missing, or typed by somebody."""
    if made.master_column is None or not made.master_column.required:
        raise refuse("an object with content has a required master: what its files belong to")
    by_name = {column.name: column for column in made.columns.values()}
    for name, kind in FILE_COLUMNS.items():
        column = by_name.get(name)
        if column is None or column.type is not kind or not column.required:
            raise refuse(f"an object with content has a required column {name} of type {kind}")
        if column.computed != (name != "name"):
            raise refuse(f"{name} of an object with content is {'typed' if name == 'name' else 'computed'}")


def _verify_layout(made: Object, refuse: Refuse) -> None:
    layout, shown = made.layout, {**SYSTEM_COLUMNS, **made.columns}
    if not layout.list_columns or not layout.default_sort:
        raise refuse("layout needs list and sort")
    for place, codes in (("list", layout.list_columns), ("facts", layout.facts)):
        _verify_codes(place, codes, shown, refuse)
    _verify_codes("groups", tuple(c for _, codes in layout.groups for c in codes), made.columns, refuse)
    keys = tuple(key.removeprefix("-") for key in layout.default_sort)
    _verify_codes("sort", keys, shown, refuse)
    for key in keys:
        if shown[key].type in _UNSORTABLE:
            raise refuse(f"layout: sort: {key} is a {shown[key].type} column, which has no order of its own")
    if layout.stage is not None:
        stage = made.columns.get(layout.stage)
        if stage is None or stage.type not in {ColumnType.CHOICE, ColumnType.LOOKUP}:
            raise refuse(f"layout: stage {layout.stage!r} is no choice or lookup column")


def _verify_codes(place: str, codes: tuple[str, ...], shown: Mapping[str, object], refuse: Refuse) -> None:
    for code in codes:
        if code not in shown:
            raise refuse(f"layout: {place}: unknown column {code!r}")
        if codes.count(code) > 1:
            raise refuse(f"layout: {place}: column {code!r} is given twice")


def verify_package(
    objects: Mapping[str, Object], workplaces: tuple[Workplace, ...], known: frozenset[str]
) -> None:
    """Refuse lookups, details and sections that lead nowhere."""
    for made in objects.values():
        for column in made.columns.values():
            if column.target is not None and column.target not in known | objects.keys():
                raise PackageRefused(
                    f"{made.code}: column {column.code}: target {column.target!r} is not in this package"
                )
        _verify_details(made, objects)
    verify_masters(objects)
    if len({w.code for w in workplaces}) < len(workplaces):
        raise PackageRefused("package.yaml: two workplaces have the same code")
    for workplace in workplaces:
        for code in (code for _, sections in workplace.groups for code in sections):
            if code not in known | objects.keys():
                raise PackageRefused(f"package.yaml: workplace {workplace.code}: unknown object {code!r}")


MOST_MASTERS = 4


def verify_masters(
    objects: Mapping[str, Object], refuse: Callable[[str], OstiaryError] = PackageRefused
) -> None:
    """Refuse chains of master records that are longer than 4 or run in a circle (semantics 3, leg 8)."""
    for code, object_ in objects.items():
        made, chain = object_, [code]
        while (above := _master_of(made)) in objects:
            chain.append(above)
            if above in chain[:-1]:
                raise refuse(f"{code}: masters run in a circle: {' -> '.join(chain)}")
            if len(chain) > MOST_MASTERS + 1:
                raise refuse(f"{code}: masters are more than {MOST_MASTERS} deep: {' -> '.join(chain)}")
            made = objects[above]


def _master_of(made: Object) -> str:
    column = made.master_column
    return "" if column is None or column.target is None else column.target


def verify_extensions(
    extensions: Mapping[str, tuple[Column, ...]], objects: Mapping[str, Object], known: frozenset[str]
) -> None:
    """Refuse columns for objects that are not there, and lookups that lead nowhere."""
    for code, columns in extensions.items():
        if code not in known:
            raise PackageRefused(f"package: extend {code}: there is no such object")
        for column in columns:
            if column.target is not None and column.target not in known | objects.keys():
                raise PackageRefused(f"package: extend {code}: {column.code}: no object {column.target!r}")


def _verify_details(made: Object, objects: Mapping[str, Object]) -> None:
    for caption, code, column in made.layout.details:
        child = objects.get(code)
        link = child.columns.get(column) if child else None
        if link is None or link.target != made.code:
            raise PackageRefused(
                f"{made.code}: layout: detail {caption!r}: {code}.{column} is no lookup to {made.code}"
            )
