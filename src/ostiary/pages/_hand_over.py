"""The page that hands a record over: for each object a record that may be the same, a new one, or none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ostiary.kernel.errors import AccessDenied, Invalid, VersionConflict
from ostiary.kernel.ids import RecordId
from ostiary.pages._facts import display_name
from ostiary.pages._posted import Posted, last, version_in
from ostiary.pages._reader import Reader
from ostiary.pages._record import record_head
from ostiary.pages._refusals import why_not_changed
from ostiary.pages._save import CONFLICT, UNPROCESSABLE, Saved
from ostiary.records import public as records
from ostiary.records.public import ObjectView
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Head, Link

NEW, NONE = "new", "none"


@dataclass(frozen=True, slots=True)
class Way:
    """One choice: a record that is there, a new one, or nothing. why: why it cannot be chosen."""

    value: str
    label: str
    note: str = ""
    url: str = ""
    chosen: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class HandOverStep:
    """The choices for one lookup; linked: the record that it holds already, which stays."""

    name: str
    label: str
    linked: Link | None
    ways: tuple[Way, ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class HandOverView:
    """Everything that pages/hand_over.html shows."""

    head: Head
    title: str
    action: str
    cancel_url: str
    version: int
    steps: tuple[HandOverStep, ...]
    problems: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class NotHandedOver:
    """It is not done: the page that says why, and the status it is sent with."""

    view: HandOverView
    status: int


def hand_over_form(
    reader: Reader,
    code: str,
    record_id: RecordId,
    chosen: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> HandOverView:
    """The page. Raises NotFound: hidden or absent, or nothing is declared; AccessDenied: only readable."""
    record, steps = records.plan_hand_over(reader.ctx, code, record_id)
    view = reader.describe(code)
    if not record.may_update:
        raise AccessDenied(why_not_changed(view, may_update=False), layer="record")
    name, here = display_name(view, record), reader.urls.record(code, record_id)
    errors = errors or {}
    return HandOverView(
        record_head(reader, view, _("Hand over"), Link(name, here), record=record),
        _("Hand over %(name)s") % {"name": name},
        reader.urls.record(code, record_id, "hand-over"),
        here,
        record.version,
        tuple(_step(reader, s, (chosen or {}).get(s.link, ""), errors.get(s.link, "")) for s in steps),
        tuple((_label(view, key), words_) for key, words_ in errors.items()),
    )


def _label(view: ObjectView, code: str) -> str:
    column = view.object.columns.get(code)
    return column.caption if column else code


def _step(reader: Reader, step: records.Step, chosen: str, error: str) -> HandOverStep:
    linked = None
    if step.linked is not None:
        linked = Link(step.linked.name, reader.urls.record(step.object, step.linked.id))
    return HandOverStep(
        step.link, _(step.caption), linked, () if linked else _ways(reader, step, chosen), error
    )


def _ways(reader: Reader, step: records.Step, chosen: str) -> tuple[Way, ...]:
    ways = []
    for candidate in step.candidates:
        same = _("same %(fields)s") % {"fields": words.listed(list(candidate.by))} if candidate.by else ""
        ways.append(
            Way(str(candidate.id), candidate.name, same, reader.urls.record(step.object, candidate.id))
        )
    if step.name:
        why = "" if step.may_create else _("You may not add any.")
        ways.append(Way(NEW, _("Add “%(name)s”") % {"name": step.name}, why=why))
    ways.append(Way(NONE, _("None")))
    # the first that can be chosen: a record that agrees before a new one, so that none is doubled unseen
    first = next(way.value for way in ways if not way.why)
    wanted = chosen if any(way.value == chosen for way in ways) else first
    return tuple(Way(way.value, way.label, way.note, way.url, way.value == wanted, way.why) for way in ways)


def submit_hand_over(reader: Reader, code: str, record_id: RecordId, posted: Posted) -> Saved | NotHandedOver:
    """Hand over what was chosen, all of it or nothing."""
    _record, steps = records.plan_hand_over(reader.ctx, code, record_id)
    chosen = {step.link: last(posted, step.link) for step in steps if step.linked is None}
    version = version_in(last(posted, "version"))
    try:
        with reader.ctx.db.savepoint():
            done = records.hand_over(reader.ctx, code, record_id, version, chosen)
        return Saved(record_id, visible=done.visible)
    except Invalid as refused:
        errors = {e.field: said(e.message).partition(": ")[2] or said(e.message) for e in refused.errors}
        return NotHandedOver(hand_over_form(reader, code, record_id, chosen, errors), UNPROCESSABLE)
    except VersionConflict:
        told = {"": _("Somebody else saved this record meanwhile. Look at it again before you hand it over.")}
        return NotHandedOver(hand_over_form(reader, code, record_id, chosen, told), CONFLICT)
