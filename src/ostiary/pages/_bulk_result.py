"""The page of a change of many records: how far it is, what was refused and why, how it is taken back."""

from dataclasses import dataclass

from ostiary.access.public import Verb
from ostiary.pages._bulk import record_names
from ostiary.pages._reader import Reader
from ostiary.pages._refusals import own_why
from ostiary.records import public as records
from ostiary.records.public import Bulk, BulkState, ObjectView, RowNote, Standing
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later, ngettext, said
from ostiary.ui.values import Head, Link

SHOWN = 50  # refused rows on the page
_OPEN = frozenset({BulkState.WAITING, BulkState.RUNNING, BulkState.CANCELLING})
_STATES = {
    BulkState.WAITING: (later("Waiting"), "amber"),
    BulkState.RUNNING: (later("Running"), "blue"),
    BulkState.CANCELLING: (later("Stopping"), "amber"),
    BulkState.DONE: (later("Done"), "ok"),
    BulkState.CANCELLED: (later("Cancelled"), "hollow"),
    BulkState.STOPPED: (later("Stopped"), "bad"),
    BulkState.FAILED: (later("Failed"), "bad"),
}


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A record that was not changed. url: its page; why_url: where the refusal is explained."""

    name: str
    url: str
    reason: str
    why_url: str


@dataclass(frozen=True, slots=True)
class BulkResultView:
    """Everything that pages/bulk_result.html shows.

    undo: label of the button, "" where nothing can be undone; undo_note: why not, or what it does.
    links: the change that this one took back, or that took this one back.
    """

    head: Head
    url: str
    title: str
    state: str
    tone: str
    is_open: bool
    percent: int
    done: str
    tally: tuple[tuple[str, str], ...]
    message: str
    refused: tuple[RefusedRow, ...]
    left: str
    undo: str
    undo_note: str
    undo_url: str
    result_url: str
    cancel_url: str
    list_url: str
    links: tuple[Link, ...]


def bulk_result_view(reader: Reader, bulk: Bulk) -> BulkResultView:
    """The page of a change that the reader asked for."""
    view = reader.views.get(bulk.object)
    url, is_open = reader.urls.bulk_result(bulk.id), bulk.state in _OPEN
    standing = records.bulk_standing(reader.ctx, bulk)
    plural = view.object.plural if view else bulk.object
    state, tone = bulk_state(bulk)
    title = _("Undo of a change") if standing.undoes else bulk_title(bulk)
    refused = records.refused_rows(reader.ctx, bulk.id, limit=SHOWN)
    return BulkResultView(
        head=Head(title, (Link(plural, reader.urls.records(bulk.object)),) if view else ()),
        url=url,
        title=title,
        state=state,
        tone=tone,
        is_open=is_open,
        percent=100 * bulk.done // bulk.total if bulk.total else 100,
        done=bulk_amount(bulk),
        tally=_tally(bulk, standing),
        message=_message(bulk),
        refused=_refused(reader, view, bulk, refused),
        left=_left(bulk, len(refused)),
        undo=_undo(standing),
        undo_note=" ".join(filter(None, (_lost(standing), _undo_note(bulk, standing)))),
        undo_url=reader.urls.bulk_result(bulk.id, "undo"),
        result_url="" if is_open else reader.urls.bulk_result(bulk.id, "result"),
        cancel_url=reader.urls.bulk_result(bulk.id, "cancel") if is_open else "",
        list_url=reader.urls.records(bulk.object) if view else "",
        links=_links(reader, standing),
    )


def bulk_title(bulk: Bulk) -> str:
    """What a change is called where many are listed."""
    return _("Deletion of many records") if bulk.verb is Verb.DELETE else _("Change of many records")


def bulk_state(bulk: Bulk) -> tuple[str, str]:
    """Its state in words, and the tone of that."""
    label, tone = _STATES[bulk.state]
    return _(label), tone


def bulk_amount(bulk: Bulk) -> str:
    """How far it is."""
    told = {"done": words.number(bulk.done), "total": words.number(max(bulk.total, bulk.done))}
    return _("%(done)s of %(total)s records") % told


def _tally(bulk: Bulk, standing: Standing) -> tuple[tuple[str, str], ...]:
    what = _("deleted") if bulk.verb is Verb.DELETE else _("taken back") if standing.undoes else _("changed")
    not_ = ((words.number(bulk.refused), _("not")),) if bulk.refused else ()
    return ((words.number(bulk.done - bulk.refused), what), *not_)


def _message(bulk: Bulk) -> str:
    if bulk.state is BulkState.STOPPED:
        return _("What you may do changed meanwhile, so it went no further. What was done stays done.")
    if bulk.state is BulkState.FAILED:
        return _("It broke off. What was done stays done; whoever looks after background work can try again.")
    return ""


def _refused(
    reader: Reader, view: ObjectView | None, bulk: Bulk, notes: tuple[RowNote, ...]
) -> tuple[RefusedRow, ...]:
    ids = [note.id for note in notes if note.id is not None]
    names = record_names(reader, view, ids) if view else {}
    return tuple(_row(reader, bulk, note, names.get(str(note.id), "")) for note in notes)


def _row(reader: Reader, bulk: Bulk, note: RowNote, name: str) -> RefusedRow:
    """Of a record that the reader may not see there is neither a name nor an explanation."""
    forbidden = note.outcome is records.Outcome.FORBIDDEN
    return RefusedRow(
        name or _("Not found"),
        reader.urls.record(bulk.object, note.id) if name else "",
        _reason(note),
        own_why(reader, bulk.object, bulk.verb, record=note.id) if name and forbidden else "",
    )


def _reason(note: RowNote) -> str:
    if note.outcome is records.Outcome.CONFLICT:
        return _("Changed since by somebody else, so it stays as it is")
    told = [str(error["message"]) for error in note.detail.get("errors", ())]
    return "; ".join(map(said, told or [str(note.detail.get("message", ""))]))


def _left(bulk: Bulk, shown: int) -> str:
    if bulk.refused <= shown:
        return ""
    return _("And %(count)s more: see the result file.") % {"count": words.number(bulk.refused - shown)}


def _undo(standing: Standing) -> str:
    if not standing.left:
        return ""
    text = ngettext("Undo %(count)s change", "Undo %(count)s changes", standing.left)
    return text % {"count": words.number(standing.left)}


def _lost(standing: Standing) -> str:
    if not standing.lost:
        return ""
    text = ngettext(
        "%(count)s of them you may no longer see.", "%(count)s of them you may no longer see.", standing.lost
    )
    return text % {"count": words.number(standing.lost)}


def _undo_note(bulk: Bulk, standing: Standing) -> str:
    if bulk.verb is Verb.DELETE:
        return _("A deletion cannot be undone here.")
    if standing.left:
        return _("Undo gives each record its earlier values back, where nobody changed it since.")
    return ""


def _links(reader: Reader, standing: Standing) -> tuple[Link, ...]:
    found = []
    if standing.undoes:
        found.append(Link(_("The change that it takes back"), reader.urls.bulk_result(standing.undoes)))
    if standing.undone_by:
        found.append(Link(_("What was taken back of it"), reader.urls.bulk_result(standing.undone_by)))
    return tuple(found)
