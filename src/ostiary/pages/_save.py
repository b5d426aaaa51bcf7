"""Submitting forms: what `records` accepts is saved, what it refuses is the form with its errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from ostiary.access.public import Verb
from ostiary.kernel.errors import AccessDenied, Invalid, VersionConflict
from ostiary.kernel.ids import RecordId
from ostiary.pages._alike import Alike, unseen
from ostiary.pages._cells import make_cell
from ostiary.pages._facts import display_name
from ostiary.pages._form import FormView, form_view
from ostiary.pages._input import show_value
from ostiary.pages._list import ListView
from ostiary.pages._panel_state import PanelState
from ostiary.pages._posted import Draft, Posted, changed_values, last, read_base, read_posted, version_in
from ostiary.pages._reader import Reader
from ostiary.pages._record import RecordView, record_head, record_view
from ostiary.pages._refusals import why_not_changed, why_not_created, why_not_deleted
from ostiary.pages._under import PANEL, UNDER, home_of, parent_of
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Record
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Head, Link

UNPROCESSABLE, CONFLICT = 422, 409


@dataclass(frozen=True, slots=True)
class Saved:
    """It is done; `visible` is false when the result left what the reader may see.

    back: the page to go on to, "" for the record's own or, where that is gone, its list. version: what a
    change made of the record, 0 where nothing was changed.
    """

    record_id: UUID
    visible: bool = True
    back: str = ""
    version: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class DeleteView:
    """Everything that pages/delete.html shows."""

    head: Head
    title: str
    text: str
    action: str
    cancel_url: str
    version: int
    under: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not done: the page that says why, and the status it is sent with."""

    view: FormView | DeleteView | RecordView | ListView
    status: int


def new_form(reader: Reader, code: str, given: Mapping[str, str]) -> FormView:
    """An empty form, with values given in its address. Raises AccessDenied where nothing may be added."""
    view = _creating(reader, code)
    texts = {key: value for key, value in given.items() if key in view.object.columns}
    return form_view(reader, view, None, Draft(texts=texts))


def submit_new(reader: Reader, code: str, posted: Posted) -> Saved | Refused:
    """Add a record from a submitted form."""
    view = _creating(reader, code)
    draft = read_posted(reader, view, posted)
    if not draft.errors:
        given = {key: value for key, value in draft.values.items() if value is not None}
        found = records.find_duplicates(reader.ctx, code, [given])[0]
        if alike := unseen(reader, code, found, posted):
            return Refused(form_view(reader, view, None, draft, alike=alike), UNPROCESSABLE)
        try:
            with reader.ctx.db.savepoint():
                made = records.create_record(reader.ctx, code, given)
            return Saved(made.id, visible=made.visible, back=_back(reader, view, posted))
        except Invalid as refused:
            draft = draft.with_errors(refused.errors)
    return Refused(_panel(reader, view, posted, draft) or form_view(reader, view, None, draft), UNPROCESSABLE)


def _panel(reader: Reader, view: ObjectView, posted: Posted, draft: Draft) -> RecordView | None:
    """The page of the record above where the form stood there, and can say what is wrong."""
    home = home_of(view, last(posted, UNDER)) if PANEL in posted else None
    master = view.object.master_column
    if home is None or (master and master.code in draft.errors):
        return None
    return record_view(reader, home.object, home.record_id, PanelState(tab=home.tab), draft)


def edit_form(reader: Reader, code: str, record_id: RecordId) -> FormView:
    """The form of a record. Raises NotFound: hidden or absent; AccessDenied: may only be read."""
    view, record = _changing(reader, code, record_id)
    return form_view(reader, view, record, Draft())


def submit_edit(reader: Reader, code: str, record_id: RecordId, posted: Posted) -> Saved | Refused:
    """Change a record from a submitted form; only what differs from the form's start is written."""
    view = reader.describe(code)
    draft = read_posted(reader, view, posted)
    changes = changed_values(draft, posted)
    # a field that was not touched is not refused for what it holds already
    touched = {c: e for c, e in draft.errors.items() if draft.texts[c] != read_base(posted).get(c, "")}
    draft = replace(draft, errors=touched)
    version = version_in(last(posted, "version"))
    if not draft.errors:
        if not changes:
            return Saved(record_id, back=_back(reader, view, posted))
        found = records.duplicates_after(reader.ctx, code, record_id, changes)
        if alike := unseen(reader, code, found, posted):
            return _asking(reader, code, record_id, version, draft, alike)
        try:
            with reader.ctx.db.savepoint():
                changed = records.update_record(reader.ctx, code, record_id, changes, version)
            back = _back(reader, view, posted)
            return Saved(record_id, visible=changed.visible, back=back, version=changed.version)
        except Invalid as refused:
            draft = draft.with_errors(refused.errors)
        except VersionConflict:
            return _conflict(reader, code, record_id, draft, posted)
    view, record = _changing(reader, code, record_id)
    # the version that the form started from stays, so that a conflict is still noticed
    return Refused(form_view(reader, view, replace(record, version=version), draft), UNPROCESSABLE)


def _asking(
    reader: Reader, code: str, record_id: RecordId, version: int, draft: Draft, alike: Alike
) -> Refused:
    view, record = _changing(reader, code, record_id)
    shown = form_view(reader, view, replace(record, version=version), draft, alike=alike)
    return Refused(shown, UNPROCESSABLE)


def _conflict(reader: Reader, code: str, record_id: RecordId, draft: Draft, posted: Posted) -> Refused:
    """Both values of what both changed; what only the other person changed is taken over."""
    view, record = _changing(reader, code, record_id)
    base, mine = read_base(posted), changed_values(draft, posted)
    theirs = {}
    for key in mine:
        column = view.object.columns[key]
        now = show_value(reader, column, record.data.get(key))
        if now != base.get(key, "") and now != draft.texts[key]:
            theirs[key] = make_cell(reader, column, record.data.get(key)).text
    kept = Draft(
        texts={key: draft.texts[key] for key in mine},
        names={key: name for key, name in draft.names.items() if key in mine},
        theirs=theirs,
    )
    general = _("Somebody else saved this record while you were editing. Nothing of yours was saved yet.")
    return Refused(form_view(reader, view, record, kept, general=general, conflict=True), CONFLICT)


def delete_form(reader: Reader, code: str, record_id: RecordId, error: str = "") -> DeleteView:
    """The page that asks before deleting."""
    view = reader.describe(code)
    record = records.get_record(reader.ctx, code, record_id, verdicts=True)
    if not record.may_delete:
        raise AccessDenied(why_not_deleted(view, may_delete=False), layer=_layer(view, Verb.DELETE))
    name = display_name(view, record)
    here, under = reader.urls.record(code, record_id), parent_of(view, record)
    home = home_of(view, under)
    text = _("It is gone for everybody, and cannot be brought back here. Events that mention it stay.")
    return DeleteView(
        record_head(reader, view, _("Delete"), Link(name, here), record=record),
        _("Delete %(name)s?") % {"name": name},
        text,
        reader.urls.record(code, record_id, "delete"),
        home.url(reader.urls) if home else here,
        record.version,
        under,
        error,
    )


def submit_delete(reader: Reader, code: str, record_id: RecordId, posted: Posted) -> Saved | Refused:
    """Delete a record; what refuses it, such as records that refer to it, is said on the confirming page."""
    version = version_in(last(posted, "version")) or None
    try:
        with reader.ctx.db.savepoint():
            records.delete_record(reader.ctx, code, record_id, version)
    except VersionConflict:
        error = _("Somebody else saved this record meanwhile. Look at it again before you delete it.")
        return Refused(delete_form(reader, code, record_id, error), CONFLICT)
    except records.InUse as refused:
        return Refused(delete_form(reader, code, record_id, said(refused.message)), CONFLICT)
    return Saved(record_id, visible=False, back=_back(reader, reader.describe(code), posted))


def _back(reader: Reader, view: ObjectView, posted: Posted) -> str:
    """Where a file or a note was come from; that page is guarded as ever, so forging it gains nothing."""
    home = home_of(view, last(posted, UNDER))
    return home.url(reader.urls) if home else ""


def _creating(reader: Reader, code: str) -> ObjectView:
    view = reader.describe(code)
    if Verb.CREATE not in view.verbs:
        raise AccessDenied(why_not_created(view), layer="object")
    return view


def _changing(reader: Reader, code: str, record_id: RecordId) -> tuple[ObjectView, Record]:
    view = reader.describe(code)
    record = records.get_record(reader.ctx, code, record_id, verdicts=True)
    if not record.may_update:
        raise AccessDenied(why_not_changed(view, may_update=False), layer=_layer(view, Verb.UPDATE))
    return view, record


def _layer(view: ObjectView, verb: Verb) -> str:
    return "record" if verb in view.verbs else "object"
