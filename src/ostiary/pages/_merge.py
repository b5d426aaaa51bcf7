"""The page on which several records become one: choose them, then of each field the value that stays.

The oldest record stays, with its address, author, owner and everything that says who may see it. What the
reader may not do is said before they try; what the engine refuses is said on the page.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ostiary.access.public import Verb
from ostiary.kernel.errors import AccessDenied, FieldError, Invalid, NotFound, VersionConflict
from ostiary.pages._alike import AlikeRow, alike_rows
from ostiary.pages._facts import display_name
from ostiary.pages._merge_fields import MergeField, agreed, chosen_values, merge_fields
from ostiary.pages._posted import Posted, last, version_in
from ostiary.pages._reader import Json, Reader, is_shown
from ostiary.pages._record import record_head
from ostiary.pages._refusals import why_not_changed, why_not_deleted
from ostiary.pages._save import CONFLICT, UNPROCESSABLE, Saved
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Record
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import said
from ostiary.ui.values import Action, Empty, Head, Link

MOST = 3  # side by side
NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class MergeRecord:
    """One of the records. why: why it cannot be merged. stays: it is the one that is left."""

    id: str
    version: int
    name: str
    url: str
    made: str
    owner: str
    stays: bool
    why: str


@dataclass(frozen=True, slots=True)
class MergeView:
    """Everything that pages/merge.html shows. found: what may be the same, where only one record is chosen.

    same: captions of the fields in which all agree. hidden: of those that the reader may not read.
    """

    head: Head
    title: str
    action: str
    cancel_url: str
    ids: str
    records: tuple[MergeRecord, ...]
    fields: tuple[MergeField, ...]
    same: str
    hidden: str
    rights: str
    found: tuple[AlikeRow, ...]
    none: Empty
    general: str

    @property
    def possible(self) -> bool:
        """Whether it may be tried."""
        return len(self.records) > 1 and not any(record.why for record in self.records)


@dataclass(frozen=True, slots=True)
class NotMerged:
    """It is not done: the page that says why, and the status it is sent with."""

    view: MergeView
    status: int


def merge_form(
    reader: Reader, code: str, asked: Posted, general: str = "", errors: Mapping[str, str] = NONE
) -> MergeView:
    """The page. Raises NotFound: one is hidden, absent or no id; AccessDenied: layer 2; Invalid: too many."""
    view = _ensure_merges(reader, code)
    found = _named(reader, code, asked)
    keep = found[0]
    names = [display_name(view, record) for record in found]
    here = reader.urls.record(code, keep.id)
    alone = len(found) == 1
    return MergeView(
        record_head(reader, view, _("Merge"), Link(names[0], here), record=keep),
        _title(names),
        reader.urls.merge(code),
        here,
        ",".join(str(record.id) for record in found),
        tuple(_record(reader, view, record, stays=record is keep) for record in found),
        () if alone else merge_fields(reader, view, found, asked, errors),
        words.listed(agreed(view, found)),
        words.listed([c.caption for key, c in view.object.columns.items() if not is_shown(view, key)]),
        _rights_words(view, names[0]),
        _alike(reader, code, keep) if alone else (),
        _nothing(here),
        general,
    )


def _nothing(here: str) -> Empty:
    text = _("Nothing that you may read looks like this record, by the rules of its object.")
    return Empty(_("No duplicates"), text, "git-merge", (Action(_("Back to the record"), here),))


def _title(names: Sequence[str]) -> str:
    if len(names) == 1:
        return _("Duplicates of %(name)s") % {"name": names[0]}
    return _("Merge %(names)s") % {"names": words.listed(list(names))}


def _ensure_merges(reader: Reader, code: str) -> ObjectView:
    view = reader.describe(code)
    if Verb.UPDATE not in view.verbs:
        raise AccessDenied(why_not_changed(view, may_update=False), layer="object")
    if Verb.DELETE not in view.verbs:
        raise AccessDenied(why_not_deleted(view, may_delete=False), layer="object")
    return view


def _named(reader: Reader, code: str, asked: Posted) -> list[Record]:
    """The records that are named, the oldest first."""
    try:
        texts = (text for value in asked.get("id", ()) for text in value.split(","))
        ids = list(dict.fromkeys(UUID(text) for text in texts))
    except ValueError:
        raise NotFound from None
    if not ids:
        raise NotFound
    if len(ids) > MOST:
        message = _("Choose two or three records: more are not merged at once.")
        raise Invalid([FieldError("id", "too_many", message)], message)
    found = [records.get_record(reader.ctx, code, id_, verdicts=True) for id_ in ids]
    return sorted(found, key=lambda record: (_instant(record.data["created_at"]), record.id))


def _alike(reader: Reader, code: str, record: Record) -> tuple[AlikeRow, ...]:
    found = records.find_duplicates(reader.ctx, code, [record.data], apart=record.id)[0]
    return alike_rows(reader, code, found)


def _record(reader: Reader, view: ObjectView, record: Record, *, stays: bool) -> MergeRecord:
    may_update, may_delete = bool(record.may_update), bool(record.may_delete)
    data = record.data
    made = words.instant(_instant(data["created_at"]), reader.zone)
    return MergeRecord(
        str(record.id),
        record.version,
        display_name(view, record),
        reader.urls.record(view.object.code, record.id),
        _("made %(at)s by %(author)s") % {"at": made, "author": _person(data.get("author"))},
        _person(data.get("owner")),
        stays,
        why_not_changed(view, may_update=may_update)
        if stays
        else why_not_deleted(view, may_delete=may_delete),
    )


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _person(value: Json) -> str:
    return str(value["display"]) if isinstance(value, dict) and value.get("display") else ""


def _rights_words(view: ObjectView, name: str) -> str:
    whose = (
        _("Owner, author and address stay those of %(name)s, the oldest.")
        if view.object.has_owner
        else _("Author and address stay those of %(name)s, the oldest.")
    )
    shares = _(
        "So do its shares. Whoever one of the others was shared with has the same share of what stays; who"
        " saw one of them in another way sees what stays only if its own rights say so."
    )
    return f"{whose % {'name': name}} {shares}"


def submit_merge(reader: Reader, code: str, posted: Posted) -> Saved | NotMerged:
    """Merge what was chosen, all of it or nothing."""
    view = _ensure_merges(reader, code)
    keep, *others = _named(reader, code, posted)
    if not others:
        told = _("Choose two or three records.")
        return NotMerged(merge_form(reader, code, posted, told), UNPROCESSABLE)
    values = chosen_values(view, [keep, *others], posted)
    versions: dict[UUID, int] = {r.id: _version(posted, r) for r in (keep, *others)}
    try:
        with reader.ctx.db.savepoint():
            merged = records.merge_records(
                reader.ctx, code, keep.id, [other.id for other in others], values, versions=versions
            )
        return Saved(merged.id, visible=merged.visible)
    except Invalid as refused:
        errors = {error.field: said(error.message) for error in refused.errors}
        return NotMerged(merge_form(reader, code, posted, said(refused.message), errors), UNPROCESSABLE)
    except VersionConflict:
        told = _("Somebody else saved one of them meanwhile. Look at them again before you merge.")
    except records.InUse:
        told = _(
            "Other records refer to one that would go, and you may not see or change all of them. Nothing was"
            " merged."
        )
    except AccessDenied as refused:
        told = said(refused.message)
    return NotMerged(merge_form(reader, code, posted, told), CONFLICT)


def _version(posted: Posted, record: Record) -> int:
    """The version that the page showed, so that nobody's later change is lost unseen."""
    return version_in(last(posted, f"version.{record.id}"))
