"""The page that somebody begins with: what waits for them, what they may earn, what was open lately.

Every part is read under the reader's rights; what they may not read has no place on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostiary.crm import public as crm
from ostiary.pages._agenda import AgendaView, agenda_view
from ostiary.pages._find import recent
from ostiary.pages._list import create_action
from ostiary.pages._pipeline import PipelineView, pipeline_view
from ostiary.pages._reader import Reader
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Action, Empty, Head, Link


@dataclass(frozen=True, slots=True)
class DayView:
    """Everything that pages/day.html shows.

    sections: lists that the reader may open, where nothing of the above is; places: of the administration.
    """

    head: Head
    today: str
    tasks: AgendaView | None
    pipeline: PipelineView | None
    terms: AgendaView | None
    recent: tuple[Link, ...]
    sections: tuple[Link, ...]
    places: tuple[Link, ...]
    empty: Empty | None


def day_view(reader: Reader, sections: Sequence[Link], places: Sequence[Link]) -> DayView:
    """The reader's day. An object that they may not read is simply not there."""
    tasks, pipeline, terms = _tasks(reader), _pipeline(reader), _terms(reader)
    work = tasks or pipeline or terms
    return DayView(
        Head(_("My day")),
        words.day(reader.now.astimezone(reader.zone).date()),
        tasks,
        pipeline,
        terms,
        recent(reader),
        () if work else tuple(sections),
        tuple(places),
        None if work or sections or places else _nothing(),
    )


def _nothing() -> Empty:
    text = _("Your roles open no section of this workspace. An administrator can give you a role that does.")
    return Empty(_("Nothing here is visible to you"), text, "eye-off")


def _tasks(reader: Reader) -> AgendaView | None:
    text = _("Open activities that you own are listed here, overdue ones first.")
    empty = Empty(_("Nothing waits for you"), text, "checkbox", _create(reader, crm.TASKS.object))
    return agenda_view(reader, crm.TASKS, _("My tasks"), empty, dated=False)


def _terms(reader: Reader) -> AgendaView | None:
    text = _("Open cases that you own are listed here by when they must be solved.")
    return agenda_view(
        reader,
        crm.TERMS,
        _("Cases near their term"),
        Empty(_("No case is due"), text, "lifebuoy"),
        dated=True,
    )


def _pipeline(reader: Reader) -> PipelineView | None:
    text = _("Open opportunities that you own are added up here by stage.")
    create = _create(reader, crm.PIPELINE.object)
    empty = Empty(_("No open opportunities"), text, "briefcase", create)
    return pipeline_view(reader, crm.PIPELINE, _("My pipeline"), empty)


def _create(reader: Reader, code: str) -> tuple[Action, ...]:
    """The way to add one, for those who may."""
    view = reader.views.get(code)
    create = None if view is None else create_action(reader, view)
    return () if create is None or create.why else (create,)
