"""Events about many objects: a chunk of a bulk change is one event, found at each object with its part of it.

What is personal stands in a part of its own for each object, so that it can be erased alone; the rest of many
objects shares parts. A leaf holds some seventy commitments, so `divide` says how many events it takes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from ostiary.audit._event import Outcome, Part, build
from ostiary.audit._leaf import checked_code
from ostiary.audit._store import ABOUT, insert_events, insert_places
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Unavailable
from ostiary.kernel.ids import EventId
from ostiary.kernel.tables import has_table

_MOST_OWN, _MOST_SHARED = 40, 24  # parts of one event
_SHARED_BYTES = 1 << 18  # from here on another shared part begins
RECORDS = "records"  # in a shared part: what it tells of each object


@dataclass(frozen=True, slots=True)
class About:
    """One of the objects of an event about many. shared: what is not personal; own: what is."""

    object_type: str
    object_ref: UUID
    shared: Mapping[str, object] | None = None
    own: Mapping[str, object] | None = None


def divide(abouts: Sequence[About]) -> list[list[About]]:
    """The objects by the events that they fit into, in order: one, unless much is personal or long."""
    events: list[list[About]] = []
    own, size = _MOST_OWN, 0
    for about in abouts:
        length = 0 if about.shared is None else _length(about.shared)
        if own >= _MOST_OWN or size + length > _SHARED_BYTES * (_MOST_SHARED // 2):
            events.append([])
            own, size = 0, 0
        events[-1].append(about)
        own, size = own + (about.own is not None), size + length
    return events


def _length(data: Mapping[str, object]) -> int:
    """About how many bytes it is: more than enough to stay below what a part holds."""
    return len(orjson.dumps(data, default=str))


def append_many(
    ctx: Context,
    type_: str,
    abouts: Sequence[About],
    *,
    kind: str = "changes",
    object_type: str | None = None,
    outcome: str = Outcome.SUCCESS,
    event_id: EventId | None = None,
) -> EventId:
    """Record one event about objects that `divide` put together, or some of them; `kind`: of their parts.

    `list_events` finds it at each of them, with what is told of it alone.
    Raises: ValueError: as `append`; also nothing that it is about, or one object twice. Unavailable: the
    tenant's tables are those of a release that had no such events.
    """
    if not abouts or len({a.object_ref for a in abouts}) != len(abouts):
        raise ValueError("an event about many names each once, and at least one")
    if not has_table(ctx.db, ABOUT):
        raise Unavailable("This is being updated; try again in a few minutes", retry_after_s=60)
    parts, places = _parts(abouts, kind)
    refs = [a.object_ref for a in abouts]
    built = build(ctx, type_, Outcome(outcome), object_type, None, parts, event_id, objects=refs)
    insert_events(ctx.db, f"[{built.json.decode()}]")
    insert_places(ctx.db, built.id, orjson.dumps(places).decode())
    return built.id


def _parts(abouts: Sequence[About], kind: str) -> tuple[list[Part], list[dict[str, object]]]:
    """The parts, numbered behind the technical one, and for each object which of them tell of it."""
    parts: list[Part] = []
    places: list[dict[str, object]] = []
    shared: list[dict[str, object]] = []
    place, size = -1, _SHARED_BYTES
    for about in abouts:
        told: dict[str, object] = {"t": checked_code(about.object_type), "r": about.object_ref}
        record = str(about.object_ref)
        if about.shared is not None:
            length = _length(about.shared)
            if size + length > _SHARED_BYTES:
                shared, size = [], 0
                place = 1 + len(parts)
                parts.append(Part(kind, {RECORDS: shared}))
            shared.append({**about.shared, "record": record})
            size += length
            told["s"] = place
        if about.own is not None:
            told["o"] = 1 + len(parts)
            parts.append(Part(kind, {**about.own, "record": record}, data_subject=about.object_ref))
        places.append(told)
    return parts, places
