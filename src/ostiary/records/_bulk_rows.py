"""Many rows locked, their references checked, their changes told by one event."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound, OstiaryError, VersionConflict
from ostiary.kernel.ids import EventId, RecordId, new_id
from ostiary.kernel.messages import worded
from ostiary.records._changes import by_subject
from ostiary.records._lock import Before, lock_statement, read_locked, refusal_of
from ostiary.records._references import REFERENCES, closed_masters, found_references
from ostiary.records._view import Stale, View, ensure_object

Locked = Mapping[RecordId, tuple[bool, Before]]  # whether layer 3 permits the verb, what is stored


def lock_records(ctx: Context, view: View, ids: Iterable[UUID], verb: access.Verb) -> Locked:
    """Lock rows in the order of their ids. Those that are absent or hidden are missing. Raises Stale."""
    found: dict[RecordId, tuple[bool, Before]] = {}
    wanted = sorted(set(ids))
    if wanted and view.may(access.Verb.READ):
        known = lock_statement(ctx, view, verb, "r.id = any({ids}::uuid[])")
        for row in known.statement.run(ctx, {**known.values, "ids": wanted}):
            record_id, allowed, before = read_locked(view, row)
            found[record_id] = (allowed, before)
    if not found and access.current_rights(ctx) is not view.rights:
        raise Stale  # no row told the epoch
    return found


def ensure_allowed(
    view: View, locked: Locked, record_id: RecordId, verb: access.Verb, version: int | None
) -> Before:
    """Decide on one locked row. Raises NotFound, AccessDenied, VersionConflict: without values."""
    if record_id not in locked:
        raise NotFound
    allowed, before = locked[record_id]
    ensure_object(view, verb)
    if not allowed:
        raise refusal_of(view, record_id, verb)
    if version is not None and version != before.version:
        raise VersionConflict(
            "Someone else saved this record first", version=before.version, yours={}, theirs={}
        )
    return before


def missing_references(
    ctx: Context,
    view: View,
    rows: Sequence[Mapping[str, Any]],
    given: Sequence[frozenset[str]] | None = None,
    before: Sequence[Mapping[str, Any]] | None = None,
) -> list[OstiaryError | None]:
    """For each row the refusal of its references, one statement for each column; None: all are found.

    given: of each row, the columns whose value must be readable; of the others it only has to exist.
    before: the values of rows that were there, since a master record is asked where it is a new one.
    """
    errors: list[list[FieldError]] = [[] for _ in rows]
    for code, column in view.object.columns.items():
        if column.code != code or column.type not in REFERENCES:
            continue
        for checked in (True, False):
            values = {
                number: row[code]
                for number, row in enumerate(rows)
                if row.get(code) is not None and checked is (given is None or code in given[number])
            }
            if not values:
                continue
            there = found_references(ctx, view, column, frozenset(values.values()), checked=checked)
            for number, value in values.items():
                if value not in there:
                    errors[number].append(
                        FieldError(code, "not_found", worded("%(field)s: not found", field=column.caption))
                    )
    refused = closed_masters(ctx, view, rows, before)
    return [Invalid(found) if found else refused.get(number) for number, found in enumerate(errors)]


@dataclass(frozen=True, slots=True)
class Changed:
    """One record with (before, after) of what changed."""

    id: RecordId
    values: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Told:
    """What the event of a chunk will say of each record, decided before anything is written.

    The record names its event, and a chunk takes more than one where much of it is personal.
    """

    abouts: Mapping[RecordId, audit.About]
    events: Mapping[RecordId, EventId]

    def by_event(self, done: Iterable[RecordId]) -> Iterable[tuple[EventId, list[audit.About]]]:
        """What was done of it, by its events."""
        found: dict[EventId, list[audit.About]] = {}
        for record_id in done:
            found.setdefault(self.events[record_id], []).append(self.abouts[record_id])
        return found.items()

    def with_facts(self, record_id: RecordId, facts: Mapping[str, object]) -> "Told":
        """The same, with more facts about one record."""
        known = self.abouts[record_id]
        more = replace(known, shared={"changes": [], **(known.shared or {}), **facts})
        return replace(self, abouts={**self.abouts, record_id: more})


def tell(view: View, changed: Sequence[Changed]) -> Told:
    """Give each changed record its event."""
    return tell_all([about(view, each) for each in changed])


def tell_all(abouts: Sequence[audit.About]) -> Told:
    """Give each object its event."""
    events: dict[RecordId, EventId] = {}
    for together in audit.divide(abouts):
        event = EventId(new_id())
        events.update({RecordId(a.object_ref): event for a in together})
    return Told({RecordId(a.object_ref): a for a in abouts}, events)


def append_changes(ctx: Context, event: str, view: View, told: Told, done: Iterable[RecordId]) -> None:
    """Record what was done of it; the history of each record finds the event with its own part."""
    for event_id, abouts in told.by_event(done):
        audit.append_many(ctx, event, abouts, object_type=view.object.name, event_id=event_id)


def about(view: View, changed: Changed, facts: Mapping[str, object] | None = None) -> audit.About:
    """What an event about many says of one record: what is personal by itself, the rest with `facts`."""
    personal, other = by_subject(view, changed.values)
    told = other or facts or not personal
    return audit.About(
        view.object.name,
        changed.id,
        {"changes": other, **(facts or {})} if told else None,
        {"changes": personal} if personal else None,
    )
