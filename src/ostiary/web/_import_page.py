"""The pages of an import as values: what a file's columns go into, and how far an import is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ostiary.kernel.errors import FieldError
from ostiary.objects.public import Column
from ostiary.pages.public import Reader
from ostiary.records import public as records
from ostiary.records.public import FilePlan, Import, ImportPhase, ImportState, Noted, ObjectView, TableRow
from ostiary.ui import format as words
from ostiary.ui import i18n
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later, ngettext
from ostiary.ui.values import Field, Option

_DELIMITERS = {",": later("Comma"), ";": later("Semicolon"), "\t": later("Tab"), "|": later("Vertical bar")}
_DATES = {"": "2026-12-31", "%d.%m.%Y": "31.12.2026", "%d/%m/%Y": "31/12/2026", "%m/%d/%Y": "12/31/2026",
          "%d-%m-%Y": "31-12-2026", "%m-%d-%Y": "12-31-2026"}  # fmt: skip
_NUMBERS = {"": "1234.56", "1,234.56": "1,234.56", "1.234,56": "1.234,56", "1 234,56": "1 234,56"}
_DUPLICATES = {
    "update": later("Update the record"),
    "skip": later("Leave the record as it is"),
    "create": later("Create another record"),
    "rules": later("Leave out rows that look like one, by the duplicate rules"),
}
_MISSING = {"refuse": later("Refuse the row"), "create": later("Add the value, where you may")}
_FATES = {
    "created": later("created"),
    "updated": later("updated"),
    "unchanged": later("unchanged"),
    "skipped": later("skipped"),
    "refused": later("refused"),
    "undone": later("taken back"),
    "left": later("left as they are"),
}
_STATES = {
    ImportState.DRAFT: (later("To be mapped"), "hollow"),
    ImportState.WAITING: (later("Waiting"), "amber"),
    ImportState.RUNNING: (later("Running"), "blue"),
    ImportState.CANCELLING: (later("Stopping"), "amber"),
    ImportState.DONE: (later("Done"), "ok"),
    ImportState.CANCELLED: (later("Cancelled"), "hollow"),
    ImportState.STOPPED: (later("Stopped"), "bad"),
    ImportState.FAILED: (later("Failed"), "bad"),
}
_PHASES = {
    ImportPhase.UPLOAD: later("Mapping"),
    ImportPhase.CHECK: later("Check"),
    ImportPhase.RUN: later("Import"),
    ImportPhase.UNDO: later("Undo"),
}


@dataclass(frozen=True, slots=True)
class MapRow:
    """One column of the file: its first values, the field it goes into, whether that recognises a record."""

    place: int
    name: str
    sample: tuple[str, ...]
    options: tuple[Option, ...]
    mark: str
    is_key: bool
    error: str


@dataclass(frozen=True, slots=True)
class MapView:
    """Everything that web/import_map.html shows. general: what was refused as a whole."""

    url: str
    file: str
    reading: tuple[Field, ...]
    rows: tuple[MapRow, ...]
    fields: tuple[Field, ...]
    key_error: str
    general: tuple[str, ...]
    unreadable: int


@dataclass(frozen=True, slots=True)
class StateView:
    """Everything that web/import_state.html shows. may: the actions that are possible, by name."""

    url: str
    file: str
    phase: str
    state: str
    tone: str
    is_open: bool
    done: str
    percent: int | None
    tally: tuple[tuple[str, str], ...]
    message: str
    refused: Sequence[tuple[int, str, str]]
    has_result: bool
    may: frozenset[str]
    run_label: str
    undo_label: str
    left: int


def map_view(
    url: str,
    view: ObjectView,
    plan: FilePlan,
    sample: Sequence[TableRow],
    errors: Sequence[FieldError] = (),
) -> MapView:
    """The page on which columns of the file are mapped. errors: of what was posted."""
    said = {error.field: i18n.said(error.message) for error in errors}
    columns = records.offered(view)
    rows = tuple(_map_row(place, plan, columns, sample, said) for place in range(len(plan.header)))
    fields = tuple(_choices(plan))
    known = {f"to.{row.place}" for row in rows} | {"key", "encoding", "delimiter", "sheet"}
    return MapView(
        url=url,
        file=plan.name,
        reading=tuple(_reading(plan, said)),
        rows=rows,
        fields=fields,
        key_error=said.get("key", ""),
        general=tuple(i18n.said(error.message) for error in errors if error.field not in known),
        unreadable=sum(1 for _line, _cells, fault in sample if fault),
    )


def _map_row(
    place: int,
    plan: FilePlan,
    columns: Sequence[Column],
    sample: Sequence[TableRow],
    said: Mapping[str, str],
) -> MapRow:
    code = plan.columns.get(place, "")
    column = next((each for each in columns if each.code == code), None)
    offered = [Option("", _("Leave out"), selected=not code)]
    offered += [
        Option(c.code, f"{c.caption} *" if c.required else c.caption, selected=c.code == code)
        for c in columns
    ]
    values = [cells[place] for _line, cells, _fault in sample if place < len(cells) and cells[place]]
    return MapRow(
        place,
        plan.header[place],
        tuple(value[:60] for value in values[:3]),
        tuple(offered),
        "" if column is None else column.data_class.name.lower(),
        bool(code) and code in plan.key,
        said.get(f"to.{place}", ""),
    )


def _reading(plan: FilePlan, said: Mapping[str, str]) -> list[Field]:
    if plan.kind == "xlsx":
        sheets = {name: name for name in plan.sheets}
        return [_select("sheet", _("Sheet"), sheets, plan.sheet, said)]
    encodings = {name: name for name in records.ENCODINGS}
    delimiters = {sign: _(name) for sign, name in _DELIMITERS.items()}
    return [
        _select("encoding", _("Encoding"), encodings, plan.encoding, said),
        _select("delimiter", _("Separator"), delimiters, plan.delimiter, said),
    ]


def _choices(plan: FilePlan) -> list[Field]:
    fields = [
        _select(
            "duplicates",
            _("When there is such a record already"),
            {code: _(text) for code, text in _DUPLICATES.items()},
            plan.duplicates,
            {},
        ),
        _select(
            "missing",
            _("When a looked-up value is not there"),
            {code: _(text) for code, text in _MISSING.items()},
            plan.missing,
            {},
        ),
        Field(
            "blanks",
            _("Empty cells empty the field"),
            "boolean",
            "yes" if plan.blanks else "",
            hint=_("Otherwise an empty cell leaves a record as it is."),
        ),
    ]
    if plan.kind != "xlsx":
        fields.append(_select("dates", _("Dates are written"), _DATES, plan.dates, {}))
        fields.append(_select("numbers", _("Numbers are written"), _NUMBERS, plan.numbers, {}))
    return fields


def _select(name: str, label: str, offered: Mapping[str, str], value: str, said: Mapping[str, str]) -> Field:
    options = tuple(Option(code, text, selected=code == value) for code, text in offered.items())
    return Field(name, label, "choice", value, options=options, error=said.get(name, ""))


def state_view(reader: Reader, made: Import, plan: FilePlan, noted: Noted, undoable: int) -> StateView:
    """The page of an import that runs or has ended."""
    label, tone = _STATES[made.state]
    fates = made.fates(made.phase)
    refused = fates.get("refused", 0) if made.phase is not ImportPhase.UNDO else fates.get("left", 0)
    return StateView(
        url=f"/imports/{made.id}",
        file=plan.name,
        phase=_(_PHASES[made.phase]),
        state=_(label),
        tone=tone,
        is_open=made.is_open,
        done=done_words(made),
        percent=None
        if not made.total or not made.is_open or made.phase is ImportPhase.UNDO
        else 100 * made.done // made.total,
        tally=tuple((words.number(fates[code]), _(text)) for code, text in _FATES.items() if fates.get(code)),
        message=i18n.said(noted.message),
        refused=noted.refused,
        has_result=made.result_id is not None and made.block > 0,
        may=frozenset(_possible(made, undoable)),
        run_label=_("Import %(count)s rows") % {"count": words.number(made.total or 0)},
        undo_label=ngettext("Take back %(count)s record", "Take back %(count)s records", undoable)
        % {"count": words.number(undoable)},
        left=max(0, refused - len(noted.refused)),
    )


def _possible(made: Import, undoable: int) -> list[str]:
    if made.is_open:
        return [] if made.state is ImportState.CANCELLING else ["cancel"]
    found = []
    if made.phase is ImportPhase.CHECK:
        found += ["map", "discard"] + (["run"] if made.state is ImportState.DONE else [])
    elif made.state is not ImportState.DONE:
        found.append("go_on")
    return found + (["undo"] if undoable else [])


def done_words(made: Import) -> str:
    """How far it is: "1,500 of 200,000 rows"."""
    if made.phase is ImportPhase.UNDO:
        text = ngettext("%(done)s record", "%(done)s records", made.done)
        return text % {"done": words.number(made.done)}
    if made.total is None:
        return _("Reading the file") if made.is_open else ""
    return _("%(done)s of %(total)s rows") % {
        "done": words.number(made.done),
        "total": words.number(made.total),
    }


def state_words(made: Import) -> tuple[str, str]:
    """The state of an import in a list, and its tone."""
    label, tone = _STATES[made.state]
    if made.phase is ImportPhase.UPLOAD:
        return _(label), tone
    return f"{_(_PHASES[made.phase])}: {_(label).lower()}", tone
