"""Why somebody may or may not, asked by codes and told with names, reach and who may change it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from ostiary.access import public as access
from ostiary.assurance._crowds import People, people_of
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects

_UNTOLD = 1_000_000  # whoever has a role, of which the asker may not know how many there are


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked about, by codes. operation, at: as in `access.Asked`."""

    object: str
    verb: access.Verb
    record_id: UUID | None = None
    column: str = ""
    operation: access.Operation | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """The same with what the codes stand for."""

    inquiry: Inquiry
    object: objects.Object
    column: objects.Column | None
    asked: access.Asked
    grounds: access.Grounds


class Width(IntEnum):
    """How far a change goes beyond the question, the least first."""

    RECORD = 1  # this record
    PRINCIPAL = 2  # whatever else that role, delegation or activity brings to this principal
    COLUMN = 3  # this column of every record
    AUTHORS = 4  # records that the rule is about
    OBJECT = 5  # every record of the object that layer 3 lets through
    OPERATION = 6  # whatever the operation permits


@dataclass(frozen=True, slots=True)
class Remedy:
    """Changes that turn the verdict together. people: whom they concern; None: not to be told.

    may: names of the units whose members may make them; empty where the asker may not know.
    """

    changes: access.Flip
    width: Width
    people: People | None
    may: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """An explanation with its remedies, smallest first. whole: nothing is left out of it."""

    matter: Matter
    explanation: access.Explanation
    remedies: tuple[Remedy, ...]
    whole: bool


def resolve(ctx: Context, inquiry: Inquiry) -> Matter:
    """What the codes stand for now.

    Raises: NotFound: no such object. Invalid: no such column, or one that has no rights of its own.
    """
    catalogue = objects.get_catalogue(ctx)
    found = catalogue.objects.get(inquiry.object)
    if found is None:
        raise NotFound
    column = _column(found, inquiry)
    asked = access.Asked(
        found.id,
        inquiry.verb,
        inquiry.record_id,
        None if column is None else column.id,
        inquiry.operation,
        inquiry.at,
    )
    return Matter(inquiry, found, column, asked, catalogue.grounds)


def _column(found: objects.Object, inquiry: Inquiry) -> objects.Column | None:
    """The column; None: none is asked about, or one that is read with the record."""
    code = inquiry.column
    if not code:
        return None
    if code in found.columns:
        return found.columns[code]
    if code in objects.SYSTEM_COLUMNS and inquiry.verb is access.Verb.READ:
        return None
    words = "This field is never written by hand" if code in objects.SYSTEM_COLUMNS else "No such field"
    raise Invalid([FieldError("column", "unknown", words)])


def explain(
    ctx: Context, inquiry: Inquiry, principal: UnitId | None = None, *, suggest: bool = True
) -> Explained:
    """Explain a principal's verdict, by default the asker's own, which is free; `suggest` what would turn it.

    That of others needs CanManageAdministration. Raises: as `resolve` and `access.explain`.
    """
    matter = resolve(ctx, inquiry)
    who = UnitId(ctx.actor) if principal is None else principal
    found = access.explain(ctx, matter.grounds, who, matter.asked, suggest=suggest)
    whole = found.question is not None
    return Explained(matter, found, _remedies(ctx, found), whole)


def _remedies(ctx: Context, found: access.Explanation) -> tuple[Remedy, ...]:
    people = _people(ctx, found)
    may = _holders(ctx, found)
    remedies = [
        Remedy(
            flip,
            max(_width(change) for change in flip),
            _most(found, flip, people),
            tuple(dict.fromkeys(name for c in flip for name in may.get(c.operation.value, ()))),
        )
        for flip in found.flips
    ]
    return tuple(sorted(remedies, key=_size))


def _size(remedy: Remedy) -> tuple[int, int]:
    return (_UNTOLD if remedy.people is None else remedy.people.count, remedy.width)


def _width(change: access.FlipChange) -> Width:
    match change:
        case access.Sharing() | access.Denying():
            return Width.RECORD
        case access.RuleChange() | access.DenyRuleChange():
            return Width.AUTHORS
        case access.RowChange(access.COLUMN_ROWS):
            return Width.COLUMN
        case access.RowChange(access.OBJECT_ROWS) | access.CarriedChange():
            return Width.OBJECT
        case access.RowChange():
            return Width.OPERATION
        case _:
            return Width.PRINCIPAL


def _concerned(found: access.Explanation, change: access.FlipChange) -> UnitId | None:
    """The unit whose members a change concerns; None: whoever holds an operation."""
    match change:
        case access.Sharing(unit=unit) | access.Denying(unit=unit) | access.RowChange(unit=unit):
            return unit
        case access.RuleChange(rule=rule):
            return rule.grantee
        case access.DenyRuleChange(rule=denying):
            return denying.unit
        case access.CarriedChange():
            return None
        case _:
            return found.principal


def _people(ctx: Context, found: access.Explanation) -> Mapping[UnitId, People]:
    """How many people each change concerns; of roles only for whoever may know everything."""
    units = {_concerned(found, change) for flip in found.flips for change in flip} - {None}
    if found.question is None:
        units &= {found.principal}
    return people_of(ctx, [unit for unit in units if unit is not None])


def _most(found: access.Explanation, flip: access.Flip, people: Mapping[UnitId, People]) -> People | None:
    """Of several changes together, the one that concerns most."""
    counts = []
    for change in flip:
        unit = _concerned(found, change)
        if unit is None or unit not in people:
            return None
        counts.append(people[unit])
    return max(counts, key=lambda members: members.count)


def _holders(ctx: Context, found: access.Explanation) -> Mapping[str, list[str]]:
    """Names of the units that may execute the operations that the changes need."""
    if found.question is None:
        return {}
    rows = found.question.matter.operations
    codes = {change.operation.value for flip in found.flips for change in flip}
    units = {code: [row.unit for row in rows.get(code, ()) if row.allowed] for code in codes}
    names = identity.names_of(ctx, sorted(set(_flat(units.values()))))
    return {code: [names[unit] for unit in listed if unit in names] for code, listed in units.items()}


def _flat(lists: Iterable[list[UnitId]]) -> list[UnitId]:
    return [unit for listed in lists for unit in listed]
