"""By which columns records of an object are taken for the same: what is shipped, what a tenant made of it.

A rule names columns by their stored names, as an object names its master. What names a dropped column, or one
of a type that cannot be compared, has no effect.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, Unavailable
from ostiary.kernel.messages import worded
from ostiary.kernel.tables import has_table
from ostiary.objects import public as objects
from ostiary.objects.public import ColumnType
from ostiary.records._read import readable_view

TABLE = "records_duplicate_rule"
MOST_RULES = 10
MOST_PARTS = 4
CHANGED = "records.duplicate_rules.changed"
OPERATION = access.Operation.MANAGE_SOLUTION
SIMILAR_TYPES = frozenset({ColumnType.TEXT})
SAME_TYPES = objects.TEXT_SORTED | {
    ColumnType.CHOICE,
    ColumnType.LOOKUP,
    ColumnType.DATE,
    ColumnType.INTEGER,
}


class How(StrEnum):
    """How two values are compared.

    same: after folding; of telephone numbers the digits, of web addresses the host. similar: by trigrams.
    """

    SAME = "same"
    SIMILAR = "similar"


@dataclass(frozen=True, slots=True)
class DuplicatePart:
    """One column and how it is compared. column: its stored name."""

    column: str
    how: How = How.SAME


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """Records are taken for the same where all parts agree; a blank agrees with nothing."""

    parts: tuple[DuplicatePart, ...]


Rules = tuple[DuplicateRule, ...]


@dataclass(frozen=True, slots=True)
class KeptRules:
    """The rules of an object. shipped: nobody decided here; else who did, and when."""

    rules: Rules
    shipped: bool
    changed_by: UUID | None = None
    changed_at: datetime | None = None


_shipped: dict[str, Rules] = {}


def ship_duplicate_rules(object_name: str, rules: Sequence[Mapping[str, str]]) -> None:
    """What a package says of an object by its stored name; each rule is column -> how. Once, at start-up."""
    if object_name in _shipped:
        raise ValueError(f"{object_name}: rules are shipped twice")
    _shipped[object_name] = tuple(
        DuplicateRule(tuple(DuplicatePart(column, How(how)) for column, how in rule.items()))
        for rule in rules
    )


def rules_in_effect(ctx: Context, made: objects.Object) -> Rules:
    """The rules of an object that can be kept today: columns are there and of a type that is compared."""
    known = {column.name: column for column in made.columns.values()}
    kept = _kept_rules(ctx, made).rules
    return tuple(rule for rule in kept if all(_fits(known.get(p.column), p.how) for p in rule.parts))


def has_duplicate_rules(ctx: Context, made: objects.Object) -> bool:
    """Whether anything is taken for the same among the records of an object."""
    return bool(rules_in_effect(ctx, made))


def _kept_rules(ctx: Context, made: objects.Object) -> KeptRules:
    row = None
    if has_table(ctx.db, TABLE):
        row = ctx.db.row(
            "select rules, changed_by, changed_at from @.records_duplicate_rule where object = %(o)s",
            {"o": made.id},
        )
    if row is None:
        return KeptRules(_shipped.get(made.name, ()), shipped=True)
    return KeptRules(_from_data(row[0]), shipped=False, changed_by=row[1], changed_at=row[2])


def _from_data(data: Sequence[Sequence[Sequence[str]]]) -> Rules:
    return tuple(DuplicateRule(tuple(DuplicatePart(c, How(how)) for c, how in rule)) for rule in data)


def _data(rules: Rules) -> list[list[list[str]]]:
    return [[[part.column, part.how.value] for part in rule.parts] for rule in rules]


def get_duplicate_rules(ctx: Context, object_code: str) -> KeptRules:
    """The rules of an object, for whoever may change them. Raises: NotFound, AccessDenied."""
    access.ensure_operation(ctx, OPERATION)
    return _kept_rules(ctx, readable_view(ctx, object_code).object)


def comparable(made: objects.Object) -> list[tuple[objects.Column, tuple[How, ...]]]:
    """The columns that a rule may name, each with the ways in which it can be compared."""
    found = ((c, tuple(how for how in How if _fits(c, how))) for c in made.columns.values())
    return [(column, ways) for column, ways in found if ways]


def _fits(column: objects.Column | None, how: How) -> bool:
    if column is None or column.sealed:
        return False
    return column.type in (SAME_TYPES if how is How.SAME else SIMILAR_TYPES)


def set_duplicate_rules(ctx: Context, object_code: str, rules: Rules | None) -> None:
    """Decide by what records are taken for the same; None: as the package ships it, now and later.

    Raises: NotFound; AccessDenied: operation, layer 2; Invalid: names the rule that does not hold together.
    """
    access.ensure_operation(ctx, OPERATION)
    if not has_table(ctx.db, TABLE):
        raise Unavailable("This is being updated; try again in a few minutes", retry_after_s=60)
    made = readable_view(ctx, object_code).object
    if rules is not None:
        _ensure_sound(made, rules)
    before = _kept_rules(ctx, made)
    _store(ctx, made, rules)
    after = _kept_rules(ctx, made)
    if after.rules != before.rules or after.shipped != before.shipped:
        facts: dict[str, Any] = {
            "object": made.id,
            "before": _data(before.rules),
            "after": _data(after.rules),
        }
        audit.append(ctx, CHANGED, object_type=made.name, parts=[audit.Part("rules", facts)])


def _store(ctx: Context, made: objects.Object, rules: Rules | None) -> None:
    ctx.db.run("delete from @.records_duplicate_rule where object = %(o)s", {"o": made.id})
    if rules is not None:
        ctx.db.run(
            "insert into @.records_duplicate_rule (object, rules, changed_by, changed_at)"
            " values (%(o)s, %(rules)s::jsonb, %(by)s, now())",
            {"o": made.id, "rules": orjson.dumps(_data(rules)).decode(), "by": ctx.actor},
        )


def _ensure_sound(made: objects.Object, rules: Rules) -> None:
    errors = list(_faults(made, rules))
    if len(rules) > MOST_RULES:
        errors.append(FieldError("rules", "too_many", worded("At most %(most)s rules", most=MOST_RULES)))
    if errors:
        raise Invalid(errors)


def _faults(made: objects.Object, rules: Rules) -> Iterator[FieldError]:
    known = {column.name: column for column in made.columns.values()}
    for number, rule in enumerate(rules):
        names = [part.column for part in rule.parts]
        place = f"rule.{number}"
        if not names or len(names) > MOST_PARTS or len(set(names)) != len(names):
            words = worded("A rule names one to %(most)s fields, each once", most=MOST_PARTS)
            yield FieldError(place, "malformed", words)
        elif not all(_fits(known.get(part.column), part.how) for part in rule.parts):
            yield FieldError(place, "not_offered", "This field cannot be compared in this way")
        elif sum(part.how is How.SIMILAR for part in rule.parts) > 1:
            yield FieldError(place, "malformed", "Only one field of a rule is compared by likeness")
