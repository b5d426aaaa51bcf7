"""The inspector of a record that reveals what is masked: a reason first, then the value for a minute."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from ostiary.access.public import Verb
from ostiary.objects.public import Column
from ostiary.pages._cells import Cell, make_cell, mark_of
from ostiary.pages._panel_state import PanelState
from ostiary.pages._reader import Reader, is_shown, readable
from ostiary.pages._refusals import own_why, why_masked
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Record
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Field

SHOWN_S = 60  # how long a value stands there


@dataclass(frozen=True, slots=True)
class Tried:
    """What was typed, and what was wrong with it, by field; or what was revealed for it."""

    reason: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    revealed: records.Revealed | None = None


@dataclass(frozen=True, slots=True)
class RevealPanel:
    """Everything that pages/reveal.html shows. why: the reader may not reveal. shown: the whole value.

    until: when it is hidden again.
    """

    kind: ClassVar = "reveal"
    title: str
    close_url: str
    action: str
    column: str
    masked: Cell
    mark: str
    why: str
    explain: str
    reason: Field
    shown: Cell | None = None
    until: str = ""


def reveal_panel(
    reader: Reader, view: ObjectView, record: Record, state: PanelState, tried: Tried
) -> RevealPanel | None:
    """The panel about one column; None: it is not masked for the reader."""
    column = _masked_column(view, state.column)
    if column is None:
        return None
    here = reader.urls.record(view.object.code, record.id)
    may = records.may_reveal(reader.ctx)
    shown = None if tried.revealed is None else make_cell(reader, column, tried.revealed.value)
    return RevealPanel(
        title=_("Reveal %(field)s") % {"field": column.caption},
        close_url=PanelState("", state.tab).at(here),
        action=f"{here}/reveal",
        column=column.code,
        masked=make_cell(reader, column, record.data.get(column.code)),
        mark=mark_of(column),
        why="" if may else why_masked(column),
        explain="" if may else own_why(reader, view.object.code, Verb.READ, record.id, column.code),
        reason=_reason(tried),
        shown=shown,
        until="" if shown is None else _until(reader),
    )


def _masked_column(view: ObjectView, code: str) -> Column | None:
    masked = is_shown(view, code) and not readable(view, code)
    return view.object.columns.get(code) if masked else None


def _reason(tried: Tried) -> Field:
    return Field(
        "reason",
        _("Reason"),
        "text",
        tried.reason,
        hint=_("It is recorded with your name before the value is shown."),
        error=tried.errors.get("reason", ""),
        required=True,
        max_length=500,
    )


def _until(reader: Reader) -> str:
    return f"{(reader.now + timedelta(seconds=SHOWN_S)).astimezone(reader.zone):%H:%M:%S}"
