"""Which column of a file goes where: found by name, remembered, chosen, and made a step of the import."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ostiary.access import public as access
from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.objects.public import Column, ColumnType, Object
from ostiary.records._bulk_walk import meaning
from ostiary.records._describe import ObjectView
from ostiary.records._import_door import fold
from ostiary.records._import_kept import FilePlan
from ostiary.records._import_mapping import ColumnSource, Duplicates, Missing, Repeats, RowsStep
from ostiary.records._import_settle import NUMBERS
from ostiary.records._sealed import Place, register
from ostiary.records._view import view_of

DATES = ("", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
SPECIMENS = ("", "1,234.56", "1.234,56", "1 234,56")
_PLACE = Place(
    "records_import_choice",
    "choice",
    UUID("6f737469-6172-4a75-8045-000000000000"),
    UUID("6f737469-6172-4a75-8046-000000000000"),
)
register(_PLACE)
_REMEMBERED = ("columns", "key", "duplicates", "blanks", "missing", "dates", "numbers")
_KEYLESS = frozenset({Duplicates.CREATE, Duplicates.RULES})
_UNKEYED = frozenset({ColumnType.LONG_TEXT, ColumnType.BOOLEAN})


@dataclass(frozen=True, slots=True)
class ImportChoice:
    """What somebody decides about a file; the fields are those of `FilePlan`."""

    columns: Mapping[int, str]
    key: Sequence[str] = ()
    duplicates: str = Duplicates.UPDATE.value
    blanks: bool = False
    missing: str = Missing.REFUSE.value
    dates: str = ""
    numbers: str = ""


def choice_of(plan: FilePlan) -> ImportChoice:
    """What was decided before."""
    return ImportChoice(**{name: getattr(plan, name) for name in _REMEMBERED})


def with_choice(plan: FilePlan, choice: ImportChoice) -> FilePlan:
    """The plan as somebody wants it, whether or not that makes sense."""
    return replace(plan, **{name: getattr(choice, name) for name in _REMEMBERED})


def offered(view: ObjectView) -> list[Column]:
    """The columns that a file may fill: those that the person may write on creating and on changing."""
    writable = view.creatable
    if access.Verb.UPDATE in view.verbs:
        writable &= view.editable
    return [column for code, column in view.object.columns.items() if code in writable]


def can_be_key(column: Column) -> bool:
    """Whether a record can be recognised by the column."""
    return column.type not in _UNKEYED


def proposed(ctx: Context, view: ObjectView, plan: FilePlan) -> FilePlan:
    """The plan with the mapping of the last file of this header, or with what its columns' names say."""
    columns = {column.code: column for column in offered(view)}
    kept = _remembered(ctx, view.object, plan)
    if kept is not None:
        mapped = {place: code for place, code in kept.columns.items() if code in columns}
        return replace(kept, columns=mapped, key=[code for code in kept.key if code in mapped.values()])
    mapped = _by_name(columns, plan.header)
    key = _probable_key(view.object, columns, set(mapped.values()))
    return replace(plan, columns=mapped, key=key, salt=os.urandom(16).hex())


def _probable_key(thing: Object, columns: Mapping[str, Column], mapped: set[str]) -> list[str]:
    """What is unique, or else what names a record."""
    unique = [code for code, column in columns.items() if column.unique and code in mapped]
    return unique[:1] or [code for code in (thing.display,) if code in mapped and can_be_key(columns[code])]


def _by_name(columns: Mapping[str, Column], header: Sequence[str]) -> dict[int, str]:
    names = {_plain(name): code for code, c in columns.items() for name in (code, c.caption)}
    found: dict[int, str] = {}
    for place, name in enumerate(header):
        code = names.get(_plain(name))
        if code is not None and code not in found.values():
            found[place] = code
    return found


def _plain(name: str) -> str:
    return "".join(sign for sign in fold(name) if sign.isalnum())


def chosen(ctx: Context, view: ObjectView, plan: FilePlan, choice: ImportChoice) -> FilePlan:
    """The plan as it was chosen, remembered for the next file. Raises Invalid: names what does not fit."""
    columns = {column.code: column for column in offered(view)}
    errors = list(_faults(columns, plan, choice))
    if errors:
        raise Invalid(errors)
    meant = meaning(view_of(ctx, view.object.code), choice.columns.values(), None)
    made = replace(with_choice(plan, choice), meant=meant, salt=plan.salt or os.urandom(16).hex())
    _remember(ctx, view.object, made)
    return made


def _faults(columns: Mapping[str, Column], plan: FilePlan, choice: ImportChoice) -> list[FieldError]:
    errors: list[FieldError] = []
    targets = list(choice.columns.values())
    for place, code in choice.columns.items():
        if code not in columns or not 0 <= place < len(plan.header):
            errors.append(FieldError(f"to.{place}", "not_offered", "Not a field that you may fill in"))
        elif targets.count(code) > 1:
            errors.append(FieldError(f"to.{place}", "twice", "Two columns of the file go into this field"))
    if not targets:
        errors.append(FieldError("to.0", "missing", "Choose at least one field"))
    if set(choice.key) - set(targets) or any(c in columns and not can_be_key(columns[c]) for c in choice.key):
        errors.append(FieldError("key", "not_mapped", "Records are recognised by fields that the file fills"))
    if choice.duplicates not in set(Duplicates) or choice.missing not in (Missing.REFUSE, Missing.CREATE):
        errors.append(FieldError("duplicates", "malformed", "Choose one of the ways"))
    if choice.duplicates not in _KEYLESS and not choice.key:
        words = "Tick the fields by which a record is recognised, or let every row become a new record"
        errors.append(FieldError("key", "missing", words))
    if choice.dates not in DATES or choice.numbers not in SPECIMENS:
        errors.append(FieldError("dates", "malformed", "Choose one of the ways"))
    return errors


def step_of(plan: FilePlan, thing: Object) -> RowsStep:
    """The step of the import engine that does what was chosen."""
    key = () if plan.duplicates in _KEYLESS else tuple(plan.key)
    return RowsStep(
        name=thing.code,
        file=plan.name,
        object=thing.code,
        key=key,
        columns={
            code: _source(plan, thing.columns[code], plan.header[place])
            for place, code in sorted(plan.columns.items())
            if code in thing.columns
        },
        duplicates=Duplicates(plan.duplicates),
        repeats=Repeats.FOLLOW,
        blanks=plan.blanks,
    )


def _source(plan: FilePlan, column: Column, name: str) -> ColumnSource:
    missing = Missing(plan.missing) if column.type is ColumnType.LOOKUP else Missing.REFUSE
    return ColumnSource(column.code, source=name, format=_format(plan, column), missing=missing)


def _format(plan: FilePlan, column: Column) -> str | None:
    """How values are written; cells of a workbook have a type and need none."""
    if plan.kind == "xlsx":
        return None
    if column.type in NUMBERS:
        return plan.numbers or None
    if column.type is ColumnType.INSTANT:
        return f"{plan.dates} %H:%M" if plan.dates else None
    return plan.dates or None if column.type is ColumnType.DATE else None


def _id(ctx: Context, thing: Object, plan: FilePlan) -> UUID:
    text = "\0".join(plan.header).encode()
    return UUID(bytes=hashlib.sha256(ctx.actor.bytes + thing.id.bytes + text).digest()[:16])


def _remembered(ctx: Context, thing: Object, plan: FilePlan) -> FilePlan | None:
    id_ = _id(ctx, thing, plan)
    row = ctx.db.row("select choice from @.records_import_choice where id = %(id)s", {"id": id_})
    if row is None:
        return None
    data = _PLACE.open(ctx, [id_], row[0])
    columns = {int(place): code for place, code in data["columns"].items()}
    return replace(plan, **{**data, "columns": columns}, salt=os.urandom(16).hex())


def _remember(ctx: Context, thing: Object, plan: FilePlan) -> None:
    data = {name: getattr(plan, name) for name in _REMEMBERED}
    data["columns"] = {str(place): code for place, code in plan.columns.items()}
    id_ = _id(ctx, thing, plan)
    ctx.db.run(
        "insert into @.records_import_choice (id, person, choice, used_at)"
        " values (%(id)s, %(person)s, %(choice)s, %(at)s)"
        " on conflict (id) do update set choice = excluded.choice, used_at = excluded.used_at",
        {"id": id_, "person": ctx.actor, "choice": _PLACE.seal(ctx, [id_], data), "at": now()},
    )
