"""The page before an export as values: how many records, which fields of which class, in which form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ostiary.kernel.errors import FieldError
from ostiary.objects.public import Column, DataClass
from ostiary.records.public import Export, ExportFormat, ExportPreview, ExportState, ObjectView
from ostiary.ui import format as words
from ostiary.ui import i18n
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later, ngettext
from ostiary.ui.values import Field, Option

_FORMATS = {
    ExportFormat.CSV: later("CSV"),
    ExportFormat.XLSX: later("XLSX (workbook)"),
    ExportFormat.LINES: later("JSON lines"),
    ExportFormat.PRINT: later("Print"),
}
OFFERED = (ExportFormat.CSV, ExportFormat.XLSX, ExportFormat.LINES)
_STATES = {
    ExportState.WAITING: (later("Waiting"), "amber"),
    ExportState.RUNNING: (later("Running"), "blue"),
    ExportState.CANCELLING: (later("Stopping"), "amber"),
    ExportState.DONE: (later("Done"), "ok"),
    ExportState.CANCELLED: (later("Cancelled"), "hollow"),
    ExportState.STOPPED: (later("Stopped"), "bad"),
    ExportState.FAILED: (later("Failed"), "bad"),
}


@dataclass(frozen=True, slots=True)
class ClassGroup:
    """The fields of one class. fields: (code, caption, chosen)."""

    level: str
    fields: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class ExportView:
    """Everything that web/export.html shows. errors: at no field."""

    count: str
    groups: tuple[ClassGroup, ...]
    columns_error: str
    fields: tuple[Field, ...]
    left: str
    kept: str
    errors: tuple[str, ...]


def export_view(
    view: ObjectView,
    preview: ExportPreview,
    offered: Sequence[Column],
    posted: Mapping[str, str],
    errors: Sequence[FieldError] = (),
) -> ExportView:
    """The page. offered: every field that the reader is shown; those of the preview are chosen."""
    said = {error.field: i18n.said(error.message) for error in errors}
    chosen = {column.code for column in preview.columns}
    left = ""
    if preview.left is not None:
        left = _("You may take out %(count)s records more within 24 hours.")
        left %= {"count": words.number(preview.left)}
    kept = "" if preview.direct else _("So many records are made into a file in the background.")
    return ExportView(
        count=_count_words(view, preview.count),
        groups=tuple(_groups(offered, chosen)),
        columns_error=said.get("columns", ""),
        fields=tuple(_fields(preview, posted, said)),
        left=left,
        kept=kept,
        errors=tuple(i18n.said(e.message) for e in errors if e.field not in ("columns", "format", "reason")),
    )


def _count_words(view: ObjectView, count: int) -> str:
    thing = view.object
    told = {
        "count": words.number(count),
        "thing": words.within(thing.caption),
        "things": words.within(thing.plural),
    }
    return (
        ngettext("%(count)s %(thing)s that you may read", "%(count)s %(things)s that you may read", count)
        % told
    )


def _groups(offered: Sequence[Column], chosen: set[str]) -> list[ClassGroup]:
    found = []
    for data_class in DataClass:
        fields = [(c.code, c.caption, c.code in chosen) for c in offered if c.data_class is data_class]
        if fields:
            found.append(ClassGroup(data_class.name.lower(), tuple(fields)))
    return found


def _fields(preview: ExportPreview, posted: Mapping[str, str], said: Mapping[str, str]) -> list[Field]:
    wanted = posted.get("format", ExportFormat.CSV.value)
    options = tuple(Option(kind.value, _(_FORMATS[kind]), selected=kind.value == wanted) for kind in OFFERED)
    hint = _("Needed, since Confidential or Restricted fields are in it. It is recorded.")
    reason = Field(
        "reason",
        _("Reason"),
        "text",
        posted.get("reason", ""),
        hint=hint if preview.needs_reason else _("Recorded with the export."),
        error=said.get("reason", ""),
        required=preview.needs_reason,
        max_length=500,
    )
    return [
        Field("format", _("Format"), "choice", wanted, options=options, error=said.get("format", "")),
        reason,
    ]


def export_state(export: Export, *, gone: bool) -> tuple[str, str]:
    """The state of an export in a list, and its tone. gone: its file can no longer be downloaded."""
    label, tone = _STATES[export.state]
    if export.state is ExportState.DONE and export.job is not None and gone:
        return _("Expired"), "hollow"
    return (_("Downloaded at once"), tone) if export.job is None else (_(label), tone)


def format_words(export: Export) -> str:
    """The form of its file."""
    return _(_FORMATS[export.format])


def amount_words(export: Export) -> str:
    """How many records are in its file, or how many of how many so far."""
    if export.is_open:
        told = {"done": words.number(export.done), "total": words.number(export.total)}
        return _("%(done)s of %(total)s records") % told
    text = ngettext("%(count)s record", "%(count)s records", export.done)
    return text % {"count": words.number(export.done)}
