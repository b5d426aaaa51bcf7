"""A whole import: check everything, then step by step, a few hundred rows to a transaction."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from uuid import UUID

from ostiary.access import public as access
from ostiary.access.public import Operation
from ostiary.audit import public as audit
from ostiary.audit.public import Outcome, Part
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import new_id
from ostiary.records._import_door import Door, Lookups
from ostiary.records._import_errors import refuse_all
from ostiary.records._import_mapping import ImportPlan, OrganisationStep, RowsStep, Step
from ostiary.records._import_organisation import Chart, Organisation, draw_chart, import_organisation
from ostiary.records._import_result import Fate, ResultFile, RowFate, StepCounts
from ostiary.records._import_rows import RowsRun
from ostiary.records._import_source import Source, SourceRow, open_source

CHUNK = 300
Opener = Callable[[], AbstractContextManager[Context]]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step is. rate: rows per second since it began."""

    step: str
    done: int
    total: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.done / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """dry_run: check all, keep nothing. result: CSV file of every row's fate. password: of new people."""

    dry_run: bool = False
    result: Path | None = None
    password: str | None = None
    chunk: int = CHUNK
    on_progress: Callable[[Progress], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a run did: counts by step, notes about whole files. run: the id that its event refers to."""

    run: UUID
    counts: Mapping[str, StepCounts]
    notes: tuple[str, ...]
    seconds: float


def run_import(
    opener: Opener,
    plan: ImportPlan,
    folder: Path,
    options: ImportOptions,
    door: Door,
    organisation: Organisation,
) -> ImportReport:
    """Run `plan` on the files of `folder`.

    Args: opener: gives a context in a transaction of its own that commits at the end of its block; called for
    every chunk, so that what was acknowledged stays and a second run goes on by the key.
    Raises: AccessDenied: the user may not import. ImportRefused: mapping or a file cannot be used; before
    the first row, nothing was changed. Rows that are refused raise nothing.
    """
    began = time.monotonic()
    run = _Run(plan, options, door, organisation, _open_sources(plan, folder))
    with ResultFile(options.result) as result:
        if options.dry_run:
            with _undone(opener) as once:
                run.steps(once, result)
        else:
            run.recorded(opener, result)
    notes = tuple(note for source in run.sources.values() for note in source.notes)
    return ImportReport(run.id, result.counts, notes, time.monotonic() - began)


def _open_sources(plan: ImportPlan, folder: Path) -> dict[str, Source]:
    """Every step's file, read through once, so that a bad file stops the run before its first row."""
    faults: list[str] = []
    sources: dict[str, Source] = {}
    for step in plan.steps:
        source, found = open_source(folder, step.file, step.delimiter)
        faults += found
        if source is not None:
            sources[step.name] = source
            faults += _column_faults(step, source)
    refuse_all(faults)
    return sources


def _column_faults(step: Step, source: Source) -> list[str]:
    header = frozenset(source.header)
    place = f"{step.file}: line 1"
    return [
        *(
            f"{place}: column {name!r} is needed by {step.name} and not there"
            for name in sorted(step.reads - header)
        ),
        *(
            f"{place}: column {name!r} is unknown to {step.name}: map it or put it under ignore"
            for name in sorted(header - step.reads - step.ignore)
        ),
    ]


class _DryRunEnd(BaseException):
    """Rolls a dry run back; no error, and nobody else's to catch."""


@contextmanager
def _undone(opener: Opener) -> Iterator[Opener]:
    """An opener whose blocks all share one transaction that is rolled back in the end."""
    try:
        with opener() as ctx:

            @contextmanager
            def again() -> Iterator[Context]:
                yield ctx

            yield again
            raise _DryRunEnd  # the raise itself is what undoes
    except _DryRunEnd:
        return


class _Run:
    """One run of a plan."""

    def __init__(
        self,
        plan: ImportPlan,
        options: ImportOptions,
        door: Door,
        organisation: Organisation,
        sources: Mapping[str, Source],
    ) -> None:
        self._plan, self._options, self._door, self._organisation = plan, options, door, organisation
        self.sources = sources
        self.id = new_id()

    def recorded(self, opener: Opener, result: ResultFile) -> None:
        """The steps and, once rows were touched, the run's event, also when it was cut short."""
        try:
            self.steps(opener, result)
        except BaseException:
            if result.counts:
                self._record(opener, result, outcome=Outcome.FAILED)
            raise
        self._record(opener, result, outcome=Outcome.SUCCESS)

    def steps(self, opener: Opener, result: ResultFile) -> None:
        """All steps in their order. Those that need no step before them are checked before the first row."""
        charts = {s.name: self._chart(s) for s in self._plan.steps if isinstance(s, OrganisationStep)}
        lookups = Lookups(self._door)
        runs = {s.name: RowsRun(self._door, lookups, s) for s in self._plan.steps if isinstance(s, RowsStep)}
        with _permitted(opener) as ctx:
            refuse_all([fault for run in runs.values() for fault in run.prepare(ctx)])
        for step in self._plan.steps:
            if isinstance(step, OrganisationStep):
                self._organise(opener, result, step, charts[step.name])
            else:
                self._rows(opener, result, step, runs[step.name])

    def _chart(self, step: OrganisationStep) -> Chart:
        return draw_chart(step, list(self.sources[step.name].rows()))

    def _organise(self, opener: Opener, result: ResultFile, step: OrganisationStep, chart: Chart) -> None:
        began = time.monotonic()
        with _permitted(opener) as ctx:
            fates = import_organisation(ctx, self._organisation, step, chart, password=self._options.password)
        result.add(self._shown(fates))
        self._tell(step, len(fates), len(fates), began)

    def _rows(self, opener: Opener, result: ResultFile, step: RowsStep, run: RowsRun) -> None:
        began, done = time.monotonic(), 0
        source = self.sources[step.name]
        held: list[RowFate] = []
        for chunk in _chunks(source.rows(), self._options.chunk):
            with _permitted(opener) as ctx:
                fates = run.first_pass(ctx, chunk)
            done += len(chunk)
            if run.waits:
                held += fates
            else:
                result.add(self._shown(fates))
            self._tell(step, done, source.count, began)
        if run.waits:
            while run.is_waiting:
                with _permitted(opener) as ctx:
                    run.second_pass(ctx, self._options.chunk)
            result.add(self._shown(held))

    def _shown(self, fates: list[RowFate]) -> list[RowFate]:
        """In a dry run a record that was created is gone, so its id names nothing."""
        if self._options.dry_run:
            for fate in fates:
                if fate.fate is Fate.CREATED:
                    fate.record = ""
        return fates

    def _tell(self, step: Step, done: int, total: int, began: float) -> None:
        self._options.on_progress(Progress(step.name, done, total, time.monotonic() - began))

    def _record(self, opener: Opener, result: ResultFile, outcome: Outcome) -> None:
        """One event for the run: mapping, files, how many rows had which fate; no names of people."""
        steps = [
            {
                "step": step.name,
                "file": step.file,
                "object": step.object if isinstance(step, RowsStep) else None,
                "rows": self.sources[step.name].count,
                **result.counts[step.name].as_data(),
            }
            for step in self._plan.steps
            if step.name in result.counts
        ]
        part = Part("import", {"mapping": self._plan.name, "steps": steps})
        with opener() as ctx:
            audit.append(
                _importing(ctx),
                "records.record.imported",
                outcome=outcome,
                object_type="import",
                object_ref=self.id,
                parts=[part],
            )


@contextmanager
def _permitted(opener: Opener) -> Iterator[Context]:
    """A transaction in which the user may import; asked each time, so that a withdrawal holds at once."""
    with opener() as ctx:
        importing = _importing(ctx)
        access.ensure_operation(importing, Operation.IMPORT)
        yield importing


def _importing(ctx: Context) -> Context:
    return replace(ctx, channel=Channel.IMPORT)


def _chunks(rows: Iterator[SourceRow], size: int) -> Iterator[list[SourceRow]]:
    while chunk := list(islice(rows, size)):
        yield chunk
