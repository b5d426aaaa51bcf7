"""The history of a record: its changes, narrowed as one likes, and two of its states side by side.

States are counted back from the record of now through its events, in columns that the reader may read today.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.ids import UnitId
from ostiary.pages._panel_state import HISTORY, PanelState
from ostiary.pages._reader import Reader, readable
from ostiary.pages._timeline import CHANGED, Entry, changes_of, entries_of, hidden_words, value_words
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Record
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Field, Option

_MOST = 500  # events that are looked at
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Version:
    """The record after one event. old, new: it is one of the two that are compared."""

    id: str
    entry: Entry
    old: bool
    new: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """One field in both states."""

    label: str
    before: str
    after: str
    changed: bool


@dataclass(frozen=True, slots=True)
class HistoryView:
    """Everything that pages/history.html shows. old, new: the two states in words; notes: what is missing."""

    action: str
    reset_url: str
    fields: tuple[Field, ...]
    versions: tuple[Version, ...]
    notes: tuple[str, ...]
    old: str = ""
    new: str = ""
    compared: tuple[Compared, ...] = ()


@dataclass(frozen=True, slots=True)
class _State:
    """An event that means something to the reader, and the record after it, in words by column."""

    event: audit.EventView
    entry: Entry
    columns: frozenset[str]
    values: Mapping[str, str] = field(default_factory=dict)


def history_view(reader: Reader, view: ObjectView, record: Record, panel: PanelState) -> HistoryView:
    """The history, and the two states that the address asks for; without, the newest two."""
    events = records.record_events(reader.ctx, view.object.code, record.id, limit=_MOST, types=CHANGED)
    states = list(_states(reader, view, record, events))
    shown = [state for state in states if _fits(reader, state, panel.filters)][:_SHOWN]
    chosen = _chosen(states, panel.filters)
    here = reader.urls.record(view.object.code, record.id)
    made = HistoryView(
        here,
        PanelState(tab=HISTORY).at(here),
        _fields(reader, view, states, panel.filters),
        tuple(_version(state, chosen) for state in shown),
        tuple(_notes(reader, events, states, chosen)),
    )
    if chosen is None:
        return made
    old, new = chosen
    rows = _rows(view, chosen, _touched(states, chosen))
    return replace(made, old=old.entry.full, new=new.entry.full, compared=tuple(rows))


def _states(
    reader: Reader, view: ObjectView, record: Record, events: Sequence[audit.EventView]
) -> Iterator[_State]:
    """Newest first."""
    values = {
        code: value_words(reader, column, record.data.get(code))
        for code, column in view.object.columns.items()
        if readable(view, code) and code == column.code
    }
    for event in events:
        changes = tuple(changes_of(reader, view, event))
        told = entries_of(reader, view, [event])
        if told:
            yield _State(event, told[0], frozenset(code for code, _change in changes), dict(values))
        values |= {code: change.before for code, change in changes}


def _fits(reader: Reader, state: _State, filters: Mapping[str, str]) -> bool:
    day = state.event.occurred_at.astimezone(reader.zone).date()
    first, last = _day(filters.get("from", "")), _day(filters.get("to", ""))
    return (
        filters.get("actor", "") in ("", str(state.event.actor))
        and (not filters.get("field") or filters["field"] in state.columns)
        and (first is None or day >= first)
        and (last is None or day <= last)
    )


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _chosen(states: Sequence[_State], filters: Mapping[str, str]) -> tuple[_State, _State] | None:
    """(older, newer) of the states that were chosen, in whichever order."""
    if len(states) < 2:
        return None
    places = {str(state.event.id): number for number, state in enumerate(states)}
    new = places.get(filters.get("new", ""), 0)
    old = places.get(filters.get("old", ""), min(new + 1, len(states) - 1))
    return states[max(old, new)], states[min(old, new)]


def _version(state: _State, chosen: tuple[_State, _State] | None) -> Version:
    old, new = chosen or (None, None)
    return Version(str(state.event.id), state.entry, state is old, state is new)


def _touched(states: Sequence[_State], chosen: tuple[_State, _State]) -> frozenset[str]:
    """The columns that were changed between the two states."""
    old, new = (states.index(state) for state in chosen)
    return frozenset().union(*(state.columns for state in states[new:old]))


def _rows(view: ObjectView, chosen: tuple[_State, _State], touched: frozenset[str]) -> Iterator[Compared]:
    """What has a value in one of them, in the order of the object.

    Records that may not be read look the same, and are told apart by what was changed.
    """
    old, new = chosen
    for code, before in old.values.items():
        after = new.values[code]
        if (before, after) != (_("empty"), _("empty")):
            other = before != after or (code in touched and before == hidden_words())
            yield Compared(view.object.columns[code].caption, before, after, other)


def _notes(
    reader: Reader,
    events: Sequence[audit.EventView],
    states: Sequence[_State],
    chosen: tuple[_State, _State] | None,
) -> Iterator[str]:
    if len(events) == _MOST:
        yield _("The newest %(most)s changes are shown.") % {"most": _MOST}
    older = [event.id for event in events if chosen is None or event.id > chosen[0].event.id]
    if older and not audit.are_whole(reader.ctx, older):
        yield _("Some of what was changed has been erased since: values before that may be others.")
    if not states:
        yield _("No change that you may read.")


def _fields(
    reader: Reader, view: ObjectView, states: Sequence[_State], filters: Mapping[str, str]
) -> tuple[Field, ...]:
    actors = {state.event.actor for state in states if state.event.actor}
    people = identity.names_of(reader.ctx, [UnitId(UUID(str(actor))) for actor in actors])
    names = sorted(((str(unit), name) for unit, name in people.items()), key=lambda pair: pair[1].casefold())
    changed = {code for state in states for code in state.columns}
    columns = [(code, c.caption) for code, c in view.object.columns.items() if code in changed]
    return (
        _choice("actor", _("Person"), _("Anybody"), names, filters),
        _choice("field", _("Field"), _("Any field"), columns, filters),
        Field("from", _("From"), "date", filters.get("from", "")),
        Field("to", _("To"), "date", filters.get("to", "")),
    )


def _choice(
    name: str, label: str, every: str, pairs: Sequence[tuple[str, str]], filters: Mapping[str, str]
) -> Field:
    wanted = filters.get(name, "")
    options = (Option("", every), *(Option(value, text, value == wanted) for value, text in pairs))
    return Field(name, label, "choice", wanted, options=options)
