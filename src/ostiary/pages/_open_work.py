"""Open records of the reader's own: those that are in a stage which does not end the work, and their list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ostiary.crm import public as crm
from ostiary.objects.public import Column
from ostiary.pages._filters import read_filters
from ostiary.pages._operators import Is, Names
from ostiary.pages._reader import Reader, readable
from ostiary.pages._stages import Stage, stages_of
from ostiary.pages._state import MINE, Condition, ListState
from ostiary.records import public as records
from ostiary.records.public import ObjectView
from ostiary.ui.values import Option


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What is open of one object. stage: code of its stage column; state: of the list that shows it."""

    view: ObjectView
    stage: str
    stages: tuple[Stage, ...]
    state: ListState

    def within(self, *more: Condition, sort: str = "") -> "OpenWork":
        """Narrowed further, in an order."""
        state = replace(self.state, conditions=(*self.state.conditions, *more), sort=sort)
        return replace(self, state=state)

    def in_stage(self, value: str) -> "OpenWork":
        """One stage of it."""
        return replace(self, state=replace(self.state, conditions=(Condition(self.stage, Is.EQ, value),)))

    def filter(self, reader: Reader) -> records.Filter | None:
        """As the list reads its own address: so a figure is the figure of its list."""
        return read_filters(reader, self.view, self.state, _StageNames(self.stages)).filter

    def url(self, reader: Reader) -> str:
        """The list."""
        return reader.urls.records(self.view.object.code, self.state.query())


class _StageNames(Names):
    """Names of stages that were read already."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._options = tuple(Option(stage.value, stage.label) for stage in stages)

    def options(self, _column: Column) -> tuple[Option, ...]:
        """The stages."""
        return self._options


def open_work(reader: Reader, code: str, *columns: str) -> OpenWork | None:
    """None where the reader may not read the object, its stages or these columns."""
    view = reader.views.get(code)
    if view is None or not view.object.has_owner or not all(readable(view, column) for column in columns):
        return None
    stages, stage = stages_of(reader, view), view.object.layout.stage
    going_on = [each.value for each in stages if crm.FINAL not in each.flags]
    if stage is None or not going_on or len(going_on) == len(stages):
        return None  # stages that do not say which of them end the work
    condition = Condition(stage, Is.IN, ",".join(going_on))
    return OpenWork(view, stage, stages, ListState(view=MINE, conditions=(condition,)))
