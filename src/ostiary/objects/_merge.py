"""Three-way merging of a package: what it shipped last, what is there now, what it ships now.

Where nobody changed anything here, the package's new word counts. Where somebody did, it stays, and is told:
as kept where the package says what it said before, as a conflict where both changed it. More closed wins over
more open without asking.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ostiary.objects._errors import PackageRefused
from ostiary.objects._facts import Facts
from ostiary.objects._model import Choice, Column, ColumnType, Layout, Object, Workplace

T = TypeVar("T")
# What a package may not change on a column that has data: it would need a rewrite, or a check of every row.
_FIXED = ("type", "scale", "target", "pattern", "unique", "computed")
_FIXED_ON_OBJECT = ("is_lookup", "has_owner", "content", "log")
_OBJECT_PARTS = ("caption", "plural", "icon", "description", "display", "rules")
_COLUMN_PARTS = (
    "caption",
    "help",
    "minimum",
    "maximum",
    "tags",
    "personal_data",
    "retention",
    "indexed",
    "formula",
)
_LAYOUT_PARTS = ("list_columns", "default_sort", "facts", "stage")


@dataclass(slots=True)
class Told:
    """What a merge did not take from the package. kept: changed here alone. conflicts: both changed it."""

    kept: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    def choose(self, what: str, base: T, local: T, new: T) -> T:
        """The value of one thing."""
        if local in (base, new):
            return new
        if new == base:
            self.kept.append(f"{what} stays {_shown(local)}")
        else:
            self.conflicts.append(f"{what} stays {_shown(local)}; the package says {_shown(new)} now")
        return local


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str | int | bool | None) else "as it was changed here"
    return text if len(text) < 60 else f"{text[:57]}..."


def merge_object(base: Object, local: Object, new: Object, told: Told) -> Object:
    """The installed object after the package's new word; columns excepted."""
    for name in _FIXED_ON_OBJECT:
        if getattr(local, name) != getattr(new, name):
            raise PackageRefused(
                f"{local.code}: {name} is {getattr(local, name)!r} where it is installed "
                f"and cannot become {getattr(new, name)!r}"
            )
    chosen = _chosen(f"{local.code}.", _OBJECT_PARTS, (base, local, new), told)
    chosen["layout"] = _merge_layout(local.code, base.layout, local.layout, new.layout, told)
    return replace(local, **chosen)


def _chosen(what: str, names: Iterable[str], three: tuple[Any, Any, Any], told: Told) -> dict[str, Any]:
    """The chosen value of each of these attributes of base, local and new."""
    return {name: told.choose(f"{what}{name}", *(getattr(each, name) for each in three)) for name in names}


def _merge_layout(code: str, base: Layout, local: Layout, new: Layout, told: Told) -> Layout:
    chosen = _chosen(f"{code}: ", _LAYOUT_PARTS, (base, local, new), told)
    chosen["groups"] = merge_groups(f"{code}: groups", base.groups, local.groups, new.groups, told)
    chosen["details"] = (
        new.details
        if local.details == base.details
        else (*local.details, *(d for d in new.details if d not in (*base.details, *local.details)))
    )
    return Layout(**chosen)


Groups = tuple[tuple[str, tuple[str, ...]], ...]


def merge_groups(what: str, base: Groups, local: Groups, new: Groups, told: Told) -> Groups:
    """Groups of columns or sections: local ones stand, what the package adds comes last in its group."""
    if local in (base, new):
        return new
    known = {code for groups in (base, local) for _, codes in groups for code in codes}
    merged = {caption: list(codes) for caption, codes in local}
    for caption, codes in new:
        added = [code for code in codes if code not in known]
        if added:
            merged.setdefault(caption, []).extend(added)
    told.kept.append(f"{what} stay as they were changed here")
    return tuple((caption, tuple(codes)) for caption, codes in merged.items())


def merge_column(
    owner: Object, base: Column | None, local: Column, new: Column, facts: Facts, told: Told
) -> Column:
    """The installed column after the package's new word. Raises PackageRefused: it would need a rewrite."""
    what = f"{owner.code}.{local.code}"
    base = base or local
    for problem in _column_problems(local, new):
        raise PackageRefused(f"{owner.code}: column {local.code}: {problem}")
    chosen = _chosen(f"{what}: ", _COLUMN_PARTS, (base, local, new), told)
    if local.type is not ColumnType.LOOKUP:  # its default is a record, which only the tenant knows
        chosen["default"] = told.choose(f"{what}: default", base.default, local.default, new.default)
    chosen["choices"] = _merge_choices(what, base.choices, local.choices, new.choices, told)
    chosen["data_class"] = _merge_class(what, base, local, new, told)
    chosen["required"] = told.choose(f"{what}: required", base.required, local.required, new.required)
    if chosen["required"] and not local.required and facts.empty(owner, local.name):
        chosen["required"] = False
        told.conflicts.append(f"{what} does not become required: there are records without it")
    length = told.choose(f"{what}: max_length", base.max_length, local.max_length, new.max_length)
    if length < local.max_length and facts.longer(owner, local.name, length):
        told.conflicts.append(f"{what}: max_length stays {local.max_length}: there are longer values")
        length = local.max_length
    return replace(local, **chosen, max_length=length)


def _merge_class(what: str, base: Column, local: Column, new: Column, told: Told) -> Any:
    if new.data_class >= local.data_class and local.data_class >= base.data_class:
        return new.data_class
    if new.data_class != base.data_class or local.data_class != base.data_class:
        kind = told.kept if new.data_class == base.data_class else told.conflicts
        kind.append(
            f"{what} stays {local.data_class.name.lower()}; the package says {new.data_class.name.lower()}"
        )
    return local.data_class


def _merge_choices(
    what: str,
    base: Iterable[Choice],
    local: Iterable[Choice],
    new: Iterable[Choice],
    told: Told,
) -> tuple[Choice, ...]:
    """Choices are never taken away, records may hold them: what the package no longer names is retired."""
    before, wanted = {c.code: c for c in base}, {c.code: c for c in new}
    merged = {c.code: c for c in local}
    for code, choice in wanted.items():
        if code in merged:
            shipped = before.get(code, choice)
            merged[code] = told.choose(f"{what}: choice {code}", shipped, merged[code], choice)
        else:
            merged[code] = choice
    for code in before.keys() - wanted.keys():
        if merged.get(code) == before[code]:
            merged[code] = replace(before[code], retired=True)
    return tuple(merged.values())


def _column_problems(local: Column, new: Column) -> Iterable[str]:
    for name in _FIXED:
        if getattr(local, name) != getattr(new, name):
            yield (
                f"{name} is {getattr(local, name)!s} where it is installed and cannot become "
                f"{getattr(new, name)!s}: declare a new column and move the values"
            )


def merge_place(base: Workplace | None, local: Workplace, new: Workplace, told: Told) -> Workplace:
    """The installed workplace after the package's new word."""
    base = base or local
    caption = told.choose(f"workplace {local.code}: caption", base.caption, local.caption, new.caption)
    groups = merge_groups(f"workplace {local.code}: sections", base.groups, local.groups, new.groups, told)
    return Workplace(local.code, caption, groups)


def translated(made: Object, columns: Mapping[str, str], objects: Mapping[str, str]) -> Object:
    """A package's object in the codes that things have here. columns: of this object; objects: of all."""

    def code(key: str) -> str:
        plain = key.removeprefix("-")
        return f"{'-' * (key != plain)}{columns.get(plain, plain)}"

    layout = made.layout
    renamed = {
        columns.get(x.code, x.code): replace(
            x,
            code=columns.get(x.code, x.code),
            target=None if x.target is None else objects.get(x.target, x.target),
        )
        for x in made.columns.values()
    }
    return replace(
        made,
        code=objects.get(made.code, made.code),
        display=code(made.display),
        columns=renamed,
        layout=replace(
            layout,
            list_columns=tuple(map(code, layout.list_columns)),
            default_sort=tuple(map(code, layout.default_sort)),
            facts=tuple(map(code, layout.facts)),
            groups=tuple((caption, tuple(map(code, codes))) for caption, codes in layout.groups),
            details=tuple((title, objects.get(o, o), link) for title, o, link in layout.details),
            stage=None if layout.stage is None else code(layout.stage),
        ),
    )


def translated_place(place: Workplace, objects: Mapping[str, str]) -> Workplace:
    """A package's workplace in the codes that objects have here."""
    groups = tuple((caption, tuple(objects.get(c, c) for c in codes)) for caption, codes in place.groups)
    return replace(place, groups=groups)
