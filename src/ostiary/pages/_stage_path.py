"""The stage path of a record: where it stands, where one click moves it, what is missing for the rest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.pages._captions import column_of
from ostiary.pages._reader import Json, Reader
from ostiary.pages._stages import Stage, stages_of
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Record
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of the path; state is done, now or "" for what is still ahead."""

    label: str
    state: str


@dataclass(frozen=True, slots=True)
class Way:
    """A stage to move to: a form of one button. needs: what is asked for first, in words.

    why: why it may not be entered from here, in words; then there is no button.
    """

    value: str
    label: str
    stage: str
    needs: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class StagePath:
    """The path, and where it leads. action, base: of the forms. ahead: the next stage."""

    label: str
    steps: tuple[Step, ...] = ()
    column: str = ""
    action: str = ""
    version: int = 0
    base: str = ""
    ahead: Way | None = None
    others: tuple[Way, ...] = ()


def stage_path(reader: Reader, view: ObjectView, record: Record) -> StagePath:
    """The path of a record; without steps where its object has no stages that the reader may read."""
    code = view.object.layout.stage or ""
    stages = stages_of(reader, view)
    if not stages:
        return StagePath("")
    value = held(record.data, code)
    # a stage that means "lost" stands on the path only when the record is there
    shown = tuple(s for s in stages if s.tone != "bad" or s.value == value)
    at = next((i for i, s in enumerate(shown) if s.value == value), -1)
    steps = tuple(
        Step(s.label, "now" if i == at else ("done" if i < at else "")) for i, s in enumerate(shown)
    )
    path = StagePath(column_of(view.object, code).caption, steps)
    if code not in view.editable or not record.may_update:
        return path
    ways = ways_to(reader, view, record, code, stages)
    ahead = next((ways[s.value] for s in shown[at + 1 :] if s.value in ways), None)
    if ahead is not None and ahead.why:
        ahead = None
    return StagePath(
        path.label,
        steps,
        code,
        reader.urls.record(view.object.code, record.id, "edit"),
        record.version,
        json.dumps({code: value}),
        ahead,
        tuple(way for way in ways.values() if way is not ahead),
    )


def held(record: Mapping[str, Json], code: str) -> str:
    """What a record has stored of a choice or lookup; "" for nothing, or nothing that may be read."""
    value = record.get(code)
    return str((value.get("id") if isinstance(value, dict) else value) or "")


def ways_to(
    reader: Reader, view: ObjectView, record: Record, code: str, stages: tuple[Stage, ...]
) -> dict[str, Way]:
    """By value, the ways of a record to other values of a column, as the rules of its stages have them."""
    values, now = tuple(s.value for s in stages), held(record.data, code)
    if is_staged(view, code):
        moves = records.stage_moves(reader.ctx, view.object.code, record, values)
    else:
        moves = {value: records.StageMove(value) for value in values}
    return {s.value: _way(s, moves[s.value]) for s in stages if s.value in moves and s.value != now}


def is_staged(view: ObjectView, code: str) -> bool:
    """Whether rules say what entering a value of the column takes."""
    stages = view.object.rules.stages
    return stages is not None and stages.column == view.object.columns[code].name


def _way(stage: Stage, move: records.StageMove) -> Way:
    needs = ""
    if move.missing:
        needs = _("needs %(fields)s") % {"fields": words.listed(list(move.missing))}
    label = _("Move to %(stage)s") % {"stage": stage.label}
    return Way(stage.value, label, stage.label, needs, move.refusal)
