"""What the reader may earn: their open records by stage, added up. Each figure is that of its list."""

from dataclasses import dataclass
from decimal import Decimal

from ostiary.crm.public import Pipeline
from ostiary.pages._dashboard import FunnelStep
from ostiary.pages._figures import Figure
from ostiary.pages._open_work import OpenWork, open_work
from ostiary.pages._reader import Json, Reader, readable
from ostiary.records import public as records
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import ngettext
from ostiary.ui.values import Empty

_MOST = 50  # stages
_COUNT = records.Measure(records.Function.COUNT)


@dataclass(frozen=True, slots=True)
class PipelineView:
    """A bar for each stage that has something. total: of all of them, in words; url: all of them."""

    caption: str
    total: str
    url: str
    steps: tuple[FunnelStep, ...]
    empty: Empty


def pipeline_view(reader: Reader, pipeline: Pipeline, caption: str, empty: Empty) -> PipelineView | None:
    """None where the reader may not read it; without amounts where those are closed to them."""
    work = open_work(reader, pipeline.object)
    if work is None:
        return None
    summed = readable(work.view, pipeline.amount)
    cells = _cells(reader, work, pipeline.amount if summed else "")
    known = {str(cell.keys[0].value): cell for cell in cells}
    widest = max((_number(cell) for cell in cells), default=0) or 1
    steps = tuple(
        _step(reader, work, stage.value, stage.label, known[stage.value], widest)
        for stage in work.stages
        if stage.value in known
    )
    return PipelineView(caption, _total(work, pipeline, cells), work.url(reader), steps, empty)


def _cells(reader: Reader, work: OpenWork, amount: str) -> tuple[records.Cell, ...]:
    """The figure of each stage first, then how many."""
    sums = (records.Measure(records.Function.SUM, amount),) if amount else ()
    query = records.AggregateQuery(
        work.view.object.code,
        (*sums, _COUNT),
        (records.Group(work.stage),),
        work.filter(reader),
        limit=_MOST,
    )
    return records.aggregate_records(reader.ctx, query).cells


def _step(
    reader: Reader, work: OpenWork, value: str, label: str, cell: records.Cell, widest: float
) -> FunnelStep:
    url = work.in_stage(value).url(reader)
    figure = Figure(label, _number(cell), _words(cell.values[0], kept_back=cell.suppressed[0]), url)
    beside = words.number(cell.records) if len(cell.values) > 1 else ""
    return FunnelStep(figure, round(1000 * _number(cell) / widest), beside)


def _total(work: OpenWork, pipeline: Pipeline, cells: tuple[records.Cell, ...]) -> str:
    number = sum(cell.records for cell in cells)
    told = ngettext("%(num)s open", "%(num)s open", number) % {"num": words.number(number)}
    if not readable(work.view, pipeline.amount) or any(cell.suppressed[0] for cell in cells):
        return told
    amount = sum((_exact(cell.values[0]) for cell in cells), Decimal())
    return _("%(amount)s in %(open)s") % {"amount": _words(amount), "open": told}


def _exact(value: Json) -> Decimal:
    return Decimal(str(value or 0))


def _number(cell: records.Cell) -> float:
    return 0.0 if cell.suppressed[0] else float(_exact(cell.values[0]))


def _words(value: Json, *, kept_back: bool = False) -> str:
    return _("kept back: too few records") if kept_back else words.number(_exact(value), 2)
