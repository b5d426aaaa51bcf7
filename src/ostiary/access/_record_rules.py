"""Changes of layer 3: switches, default rules, scope rules, denies, shares. Each leaves an event."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ostiary.access._administration import changed, ensure_operation
from ostiary.access._ground import MOST_HOPS, Grounds, steps_of
from ostiary.access.core import (
    AUTHOR,
    AUTHOR_MANAGERS,
    MASTER,
    OWNER,
    OWNER_MANAGERS,
    RECORD_VERBS,
    RULES,
    SCOPES,
    SHARES,
    Grant,
    Operation,
    Verb,
)
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import ObjectId, RecordId, UnitId, new_id
from ostiary.kernel.messages import worded
from ostiary.kernel.tables import has_table

LEGS = {
    "author": AUTHOR,
    "author_managers": AUTHOR_MANAGERS,
    "owner": OWNER,
    "owner_managers": OWNER_MANAGERS,
    "rules": RULES,
    "scopes": SCOPES,
    "shares": SHARES,
    "master": MASTER,
}
ALL_LEGS = frozenset(LEGS)


def leg_names(letters: frozenset[str]) -> frozenset[str]:
    """Legs by the names that `set_switches` takes."""
    return frozenset(name for name, letter in LEGS.items() if letter in letters)


@dataclass(frozen=True, slots=True)
class Grants:
    """What a rule gives for each verb."""

    read: Grant = Grant.NONE
    update: Grant = Grant.NONE
    delete: Grant = Grant.NONE

    @property
    def values(self) -> dict[str, int]:
        return {"r": int(self.read), "u": int(self.update), "d": int(self.delete)}

    @property
    def names(self) -> list[str]:
        return [self.read.name, self.update.name, self.delete.name]


def set_switches(
    ctx: Context,
    object_id: ObjectId,
    *,
    records: bool,
    legs: Iterable[str] = ALL_LEGS,
    denies: bool = False,
) -> None:
    """Turn layer 3 of an object, single legs of it, and denies on and off.

    Args: legs: names of those that are on, out of `ALL_LEGS`. Raises Invalid: one has no such name.
    """
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    wanted = frozenset(legs)
    if unknown := sorted(wanted - ALL_LEGS):
        raise Invalid(
            [FieldError("legs", "unknown", worded("There is no leg %(legs)s", legs=", ".join(unknown)))]
        )
    letters = "".join(letter for name, letter in LEGS.items() if name in wanted)
    values = {"o": object_id, "r": records, "l": letters, "d": denies}
    if has_table(ctx.db, "access_deny"):
        ctx.db.run(
            "insert into @.access_switches (object_id, records, legs, denies)"
            " values (%(o)s, %(r)s, %(l)s, %(d)s)"
            " on conflict (object_id) do update set records = excluded.records, legs = excluded.legs,"
            " denies = excluded.denies",
            values,
        )
    else:
        ctx.db.run(
            "insert into @.access_switches (object_id, records, legs) values (%(o)s, %(r)s, %(l)s)"
            " on conflict (object_id) do update set records = excluded.records, legs = excluded.legs",
            values,
        )
    changed(ctx, "switches", object_id, {"records": records, "legs": sorted(wanted), "denies": denies})


def add_default_rule(
    ctx: Context,
    object_id: ObjectId,
    author: UnitId,
    grantee: UnitId,
    *,
    read: Grant = Grant.NONE,
    update: Grant = Grant.NONE,
    delete: Grant = Grant.NONE,
) -> None:
    """Leg 5: give `grantee` the records whose author had `author` in the own set.

    Replaces what the pair had.
    """
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    grants = Grants(read, update, delete)
    ctx.db.run(
        "insert into @.access_default_rule (id, object_id, author_id, grantee_id, read, update, delete)"
        " values (%(id)s, %(o)s, %(a)s, %(g)s, %(r)s, %(u)s, %(d)s)"
        " on conflict (object_id, author_id, grantee_id) do update"
        " set read = excluded.read, update = excluded.update, delete = excluded.delete",
        {"id": new_id(), "o": object_id, "a": author, "g": grantee, **grants.values},
    )
    data = {"author": str(author), "grantee": str(grantee), "grants": grants.names}
    changed(ctx, "rule", object_id, data)


def remove_default_rule(ctx: Context, object_id: ObjectId, author: UnitId, grantee: UnitId) -> None:
    """Take a default rule away. Raises NotFound."""
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    _gone(
        ctx.db.run(
            "delete from @.access_default_rule where object_id = %(o)s and author_id = %(a)s"
            " and grantee_id = %(g)s",
            {"o": object_id, "a": author, "g": grantee},
        )
    )
    changed(ctx, "rule", object_id, {"author": str(author), "grantee": str(grantee), "removed": True})


def _gone(rows: int) -> None:
    if not rows:
        raise NotFound


@dataclass(frozen=True, slots=True)
class Scope:
    """What is compared: the value at a path of column ids (or `owner`, `author`) with an attribute."""

    path: tuple[str, ...]
    attribute: str


def add_scope_rule(
    ctx: Context,
    grounds: Grounds,
    object_id: ObjectId,
    grantee: UnitId,
    scope: Scope,
    grants: Grants,
) -> None:
    """Leg 6: give `grantee` the records whose value at the path is among the grantee's own attribute.

    Replaces what the same three had. Raises Invalid: the path leads nowhere, the attribute is no name.
    """
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    if steps_of(grounds, object_id, scope.path) is None:
        raise Invalid(
            [
                FieldError(
                    "path",
                    "leads_nowhere",
                    worded(
                        "A path has 1 to %(most)s lookups; the last may be owner or author", most=MOST_HOPS
                    ),
                )
            ]
        )
    if not scope.attribute.isidentifier() or len(scope.attribute) > 60:
        raise Invalid([FieldError("attribute", "malformed", "This is no name of an attribute")])
    ctx.db.run(
        "insert into @.access_scope_rule"
        " (id, object_id, grantee_id, path, attribute, read, update, delete)"
        " values (%(id)s, %(o)s, %(g)s, %(p)s, %(a)s, %(r)s, %(u)s, %(d)s)"
        " on conflict (object_id, grantee_id, path, attribute) do update"
        " set read = excluded.read, update = excluded.update, delete = excluded.delete",
        {
            "id": new_id(),
            "o": object_id,
            "g": grantee,
            "p": ".".join(scope.path),
            "a": scope.attribute,
            **grants.values,
        },
    )
    changed(ctx, "scope_rule", object_id, {**_told(grantee, scope), "grants": grants.names})


def remove_scope_rule(ctx: Context, object_id: ObjectId, grantee: UnitId, scope: Scope) -> None:
    """Take a scope rule away. Raises NotFound."""
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    _gone(
        ctx.db.run(
            "delete from @.access_scope_rule where object_id = %(o)s and grantee_id = %(g)s"
            " and path = %(p)s and attribute = %(a)s",
            {"o": object_id, "g": grantee, "p": ".".join(scope.path), "a": scope.attribute},
        )
    )
    changed(ctx, "scope_rule", object_id, {**_told(grantee, scope), "removed": True})


def _told(grantee: UnitId, scope: Scope) -> dict[str, object]:
    return {"grantee": str(grantee), "path": list(scope.path), "attribute": scope.attribute}


def set_deny_rule(
    ctx: Context, object_id: ObjectId, author: UnitId, unit: UnitId, verbs: Iterable[Verb]
) -> None:
    """Deny `unit` these verbs on records whose author had `author` in the own set; none: no deny any more."""
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    letters = _letters(verbs)
    ctx.db.run(
        "delete from @.access_deny_rule where object_id = %(o)s and author_id = %(a)s and unit_id = %(u)s",
        {"o": object_id, "a": author, "u": unit},
    )
    if letters:
        ctx.db.run(
            "insert into @.access_deny_rule (id, object_id, author_id, unit_id, verbs)"
            " values (%(id)s, %(o)s, %(a)s, %(u)s, %(v)s)",
            {"id": new_id(), "o": object_id, "a": author, "u": unit, "v": letters},
        )
    changed(ctx, "deny_rule", object_id, {"author": str(author), "unit": str(unit), "verbs": letters})


def _letters(verbs: Iterable[Verb]) -> str:
    wanted = frozenset(verbs)
    if not wanted.issubset(RECORD_VERBS):
        raise Invalid([FieldError("verbs", "not_deniable", "Read, update and delete can be denied")])
    return "".join(sorted(verb.letter for verb in wanted))


def store_denies(
    ctx: Context, object_id: ObjectId, record_id: RecordId, unit: UnitId, verbs: Iterable[Verb]
) -> None:
    """Deny a unit these verbs on one record; none: no deny any more. `records.deny_record` checks."""
    letters = _letters(verbs)
    ctx.db.run(
        "delete from @.access_deny where record_id = %(r)s and unit_id = %(u)s", {"r": record_id, "u": unit}
    )
    ctx.db.run(
        "insert into @.access_deny (id, object_id, record_id, unit_id, verb)"
        " select i, %(o)s, %(r)s, %(u)s, v from unnest(%(ids)s::uuid[], %(verbs)s::text[]) as d(i, v)",
        {
            "ids": [new_id() for _ in letters],
            "o": object_id,
            "r": record_id,
            "u": unit,
            "verbs": list(letters),
        },
    )
    audit.append(
        ctx,
        "access.record.denied",
        object_type="record",
        object_ref=record_id,
        parts=[audit.Part("rights", {"unit": str(unit), "verbs": letters})],
    )


def set_carried_right(ctx: Context, operation: Operation, object_id: ObjectId, verbs: Iterable[Verb]) -> None:
    """Let an operation carry verbs on an object (layer 2); none: it carries nothing there any more."""
    ensure_operation(ctx, Operation.CHANGE_OPERATIONS)
    letters = "".join(sorted(verb.letter for verb in frozenset(verbs)))
    ctx.db.run(
        "delete from @.access_carried_right where operation = %(p)s and object_id = %(o)s",
        {"p": operation.value, "o": object_id},
    )
    if letters:
        ctx.db.run(
            "insert into @.access_carried_right (id, operation, object_id, verbs)"
            " values (%(id)s, %(p)s, %(o)s, %(v)s)",
            {"id": new_id(), "p": operation.value, "o": object_id, "v": letters},
        )
    changed(ctx, "carried_right", object_id, {"operation": operation.value, "verbs": letters})


def store_share(  # noqa: PLR0913  what a share is made of
    ctx: Context,
    object_id: ObjectId,
    record_id: RecordId,
    unit: UnitId,
    verb: Verb,
    grant: Grant = Grant.GRANTED,
    *,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
) -> None:
    """Leg 7: one record, one unit, one verb. `records.share_record` checks that the sharer may give it."""
    if verb is Verb.CREATE or grant is Grant.NONE:
        raise Invalid([FieldError("verb", "not_shareable", "Read, update and delete can be shared")])
    ctx.db.run(
        "insert into @.access_share (id, object_id, record_id, unit_id, verb, level, valid_from, valid_to)"
        " values (%(id)s, %(o)s, %(r)s, %(u)s, %(v)s, %(l)s, %(from)s, %(to)s)"
        " on conflict (record_id, verb, unit_id) do update set level = excluded.level,"
        " valid_from = excluded.valid_from, valid_to = excluded.valid_to",
        {
            "id": new_id(),
            "o": object_id,
            "r": record_id,
            "u": unit,
            "v": verb.letter,
            "l": int(grant),
            "from": valid_from,
            "to": valid_to,
        },
    )
    audit.append(
        ctx,
        "access.record.shared",
        object_type="record",
        object_ref=record_id,
        parts=[audit.Part("rights", {"unit": str(unit), "verb": verb.value, "grant": grant.name})],
    )


def remove_share(ctx: Context, record_id: RecordId, unit: UnitId, verb: Verb) -> None:
    """Take a share back. `records.unshare_record` checks. Raises NotFound: there is none."""
    _gone(
        ctx.db.run(
            "delete from @.access_share where record_id = %(r)s and unit_id = %(u)s and verb = %(v)s",
            {"r": record_id, "u": unit, "v": verb.letter},
        )
    )
    audit.append(
        ctx,
        "access.record.unshared",
        object_type="record",
        object_ref=record_id,
        parts=[audit.Part("rights", {"unit": str(unit), "verb": verb.value})],
    )
