"""What a write did to records, and what is written because of it: values that follow from declarations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId
from ostiary.records._bulk_rows import Changed, append_changes, tell
from ostiary.records._lock import Before
from ostiary.records._stored import Planned, changed_state, changes_of, store_states
from ostiary.records._view import View

Derived = tuple[RecordId, Before, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Effect:
    """One record's stored values before and after a write; None: it was not there, or is gone."""

    id: RecordId
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @classmethod
    def over(cls, record_id: RecordId, before: Before, typed: Mapping[str, Any]) -> "Effect":
        """A change of some columns."""
        return cls(record_id, before.values, {**before.values, **typed})


def store_derived(ctx: Context, view: View, found: Sequence[Derived]) -> list[Effect]:
    """Write what follows from declarations into locked rows; what follows from that is for the caller."""
    planned = [Planned(number, id_, before, typed) for number, (id_, before, typed) in enumerate(found)]
    if not planned:
        return []
    changes = {plan.id: changes_of(view, plan.before, plan.typed) for plan in planned}
    told = tell(view, [Changed(id_, changed) for id_, changed in changes.items()])
    states = [changed_state(view, plan, changes[plan.id], told.events[plan.id]) for plan in planned]
    for row in store_states(ctx, view, states):
        if row.refusal is not None:
            raise row.refusal
    append_changes(ctx, "records.record.updated", view, told, told.abouts)
    return [Effect.over(*each) for each in found]
