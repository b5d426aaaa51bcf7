"""The page before many records are changed or deleted: how many may be, why not the rest, the new values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs
from uuid import UUID

from ostiary.access.public import Verb
from ostiary.kernel.errors import Invalid
from ostiary.objects.public import Column, ColumnType
from ostiary.pages._asked import understand
from ostiary.pages._bulk_bar import DELETE, OWNER, UPDATE
from ostiary.pages._form import input_field
from ostiary.pages._list import list_head
from ostiary.pages._posted import TEXT_SUFFIX, Draft, Posted, editable_columns, last, read_posted
from ostiary.pages._reader import Reader, is_shown, readable
from ostiary.pages._refusals import own_why
from ostiary.pages._rows import name_of
from ostiary.pages._saved import resolved
from ostiary.pages._state import ListState, read_state
from ostiary.pages._view_store import read_views
from ostiary.records import public as records
from ostiary.records.public import Compare, Filter, ObjectView, Op
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import ngettext, said
from ostiary.ui.values import Field, Head, Link

# no column's code has a dot, so these meet no field of the form
ROW, ROWS, ALL, STATE, ACT, SET = ".row", ".rows", ".all", ".state", ".do", ".set"
MOST = 5_000  # records that can be ticked; all that match can be more
_LONGEST_STATE = 4_000
_EXAMPLES = 5
_EVERY: Filter = Compare("id", Op.NOT_NULL)


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected. ids: ticked one by one; None: all that match `filter`. state: the list's."""

    ids: tuple[UUID, ...] | None
    filter: Filter
    state: ListState

    @property
    def which(self) -> Sequence[UUID] | Filter:
        """As the data plane takes it."""
        return self.filter if self.ids is None else self.ids


@dataclass(frozen=True, slots=True)
class BulkReason:
    """Why some of them may not be changed. examples: where that is explained, by the name of a record."""

    text: str
    count: str
    examples: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class SetField:
    """A field that can be given one value in all of them. name: of its box; ticked: it is to be set."""

    name: str
    ticked: bool
    field: Field


@dataclass(frozen=True, slots=True)
class BulkView:
    """Everything that pages/bulk.html shows. act: what is done. ticked: see `SetField`."""

    head: Head
    title: str
    tally: tuple[tuple[str, str], ...]
    reasons: tuple[BulkReason, ...]
    fields: tuple[SetField, ...]
    hidden: tuple[tuple[str, str], ...]
    action: str
    cancel_url: str
    act: str
    submit: str
    warning: str
    problems: tuple[tuple[str, str, str], ...] = ()
    general: str = ""


@dataclass(frozen=True, slots=True)
class NotChanged:
    """Nothing was changed: the page that says why."""

    view: BulkView


def read_selection(reader: Reader, view: ObjectView, posted: Posted) -> Selection:
    """What a form says is selected. Raises Invalid: too much, no ids, a filter that is not understood."""
    text = last(posted, STATE)
    if len(text) > _LONGEST_STATE:
        raise _unreadable()
    state = read_state(parse_qs(text, keep_blank_values=True))
    if not last(posted, ALL):
        return Selection(_ids([*posted.get(ROW, ()), *last(posted, ROWS).split()]), _EVERY, state)
    return Selection(None, _filter(reader, view, state), state)


def _filter(reader: Reader, view: ObjectView, state: ListState) -> Filter:
    """What all that match have in common. A condition that fell away would make them more: refused."""
    shown = resolved(state, read_views(reader.ctx, view.object.id))[0]
    filtering = understand(reader, view, shown).filtering
    if filtering.errors or (shown.search and not readable(view, view.object.display)):
        raise _unreadable()
    return filtering.filter or _EVERY


def _unreadable() -> Invalid:
    return Invalid([], _("What is selected could not be read. Select it again."))


def _ids(texts: Sequence[str]) -> tuple[UUID, ...]:
    if len(texts) > MOST:
        raise records.TooManyRows(MOST)
    try:
        return tuple(dict.fromkeys(UUID(text) for text in texts))
    except ValueError:
        raise _unreadable() from None


def bulk_form(reader: Reader, code: str, posted: Posted) -> BulkView | None:
    """The page before it happens; None: nothing is selected. Raises AccessDenied (object), NotFound."""
    view = reader.describe(code)
    selection = read_selection(reader, view, posted)
    if selection.ids == ():
        return None
    return _view(reader, view, selection, posted, Draft())


def submit_bulk(reader: Reader, code: str, posted: Posted) -> records.Bulk | NotChanged:
    """Change or delete what is selected. Raises as `bulk_form`."""
    view = reader.describe(code)
    selection, act = read_selection(reader, view, posted), _act(posted)
    if act == DELETE:
        return records.change_many(reader.ctx, code, Verb.DELETE, selection.which)
    draft = read_posted(reader, view, _set_only(posted))
    general = ""
    if not draft.values and not draft.errors:
        general = _("Nothing was changed: choose a field to set first.")
    elif not draft.errors:
        try:
            with reader.ctx.db.savepoint():
                return records.change_many(reader.ctx, code, Verb.UPDATE, selection.which, draft.values)
        except Invalid as refused:
            draft = draft.with_errors(refused.errors)
    return NotChanged(_view(reader, view, selection, posted, draft, general))


def _act(posted: Posted) -> str:
    act = last(posted, ACT)
    return act if act in (OWNER, DELETE) else UPDATE


def _set_only(posted: Posted) -> Posted:
    """The fields whose box is ticked."""
    ticked = set(posted.get(SET, ()))
    return {key: value for key, value in posted.items() if key.removesuffix(TEXT_SUFFIX) in ticked}


def _view(
    reader: Reader,
    view: ObjectView,
    selection: Selection,
    posted: Posted,
    draft: Draft,
    general: str = "",
) -> BulkView:
    thing, act = view.object, _act(posted)
    verb = Verb.DELETE if act == DELETE else Verb.UPDATE
    seen = _seen(reader, view, selection, verb)
    fields = () if act == DELETE else _fields(reader, view, posted, draft, only_owner=act == OWNER)
    problems = tuple((f.field.id, f.field.label, f.field.error) for f in fields if f.field.error)
    here = reader.urls.records(thing.code, selection.state.query())
    return BulkView(
        head=replace(list_head(reader, view), title=_title(act), crumbs=(Link(thing.plural, here),)),
        title=_heading(view, act, seen.selected),
        tally=_tally(view, seen, verb),
        reasons=seen.reasons,
        fields=fields,
        hidden=_hidden(selection),
        action=reader.urls.bulk(thing.code, "do"),
        cancel_url=here,
        act=act,
        submit=_submit(verb, seen.allowed) if seen.allowed else "",
        warning=_("A deletion cannot be undone here. Events that mention the records stay.")
        if act == DELETE
        else "",
        problems=problems,
        general=general or (_("Nothing was changed: some fields need another look.") if problems else ""),
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    selected: int
    allowed: int
    reasons: tuple[BulkReason, ...]


def _seen(reader: Reader, view: ObjectView, selection: Selection, verb: Verb) -> _Seen:
    """What may be done to the selection; nothing is locked, so it is decided again when it happens."""
    code = view.object.code
    if selection.ids is None:
        found = records.preview_matching(reader.ctx, code, selection.filter, verb)
        why = {} if found.refusal is None else {found.refusal.message: list(found.examples)}
        counts = dict.fromkeys(why, found.selected - found.allowed)
        return _Seen(found.selected, found.allowed, _reasons(reader, view, why, counts, verb))
    preview = records.preview_delete if verb is Verb.DELETE else records.preview_update
    seen = preview(reader.ctx, code, selection.ids)
    why = {}
    for record_id, refusal in seen.refused:
        why.setdefault(refusal.message, []).append(record_id)
    return _Seen(seen.selected, len(seen.allowed), _reasons(reader, view, why, dict(seen.reasons()), verb))


def _reasons(
    reader: Reader,
    view: ObjectView,
    why: Mapping[str, Sequence[UUID]],
    counts: Mapping[str, int],
    verb: Verb,
) -> tuple[BulkReason, ...]:
    """Of what the reader may not see there is neither a name nor an explanation."""
    examples = {text: ids[:_EXAMPLES] for text, ids in why.items()}
    names = record_names(reader, view, [i for ids in examples.values() for i in ids])
    code = view.object.code
    return tuple(
        BulkReason(
            said(text),
            words.number(counts[text]),
            tuple(Link(names[str(i)], own_why(reader, code, verb, record=i)) for i in ids if str(i) in names),
        )
        for text, ids in examples.items()
    )


def record_names(reader: Reader, view: ObjectView, ids: Sequence[UUID]) -> dict[str, str]:
    """What those of the records are called that the reader may read, by id."""
    thing = view.object
    if not ids:
        return {}
    columns = (thing.display,) if is_shown(view, thing.display) else ()
    only = Compare("id", Op.IN, [str(i) for i in ids])
    query = records.RecordQuery(thing.code, columns, only, limit=len(ids))
    return {r["id"]: name_of(r, thing) for r in records.list_records(reader.ctx, query).records()}


def _fields(
    reader: Reader, view: ObjectView, posted: Posted, draft: Draft, *, only_owner: bool
) -> tuple[SetField, ...]:
    ticked = set(posted.get(SET, ()))
    columns = [
        column
        for column in editable_columns(view, creating=False)
        if not column.unique and (column.type is ColumnType.OWNER or not only_owner)
    ]
    return tuple(
        _field(reader, view, column, posted, draft, ticked=only_owner or column.code in ticked)
        for column in columns
    )


def _field(
    reader: Reader,
    view: ObjectView,
    column: Column,
    posted: Posted,
    draft: Draft,
    *,
    ticked: bool,
) -> SetField:
    code = column.code
    typed = replace(
        draft,
        texts={code: draft.texts.get(code, last(posted, code))},
        names={code: last(posted, code + TEXT_SUFFIX)} if code + TEXT_SUFFIX in posted else {},
    )
    field = input_field(reader, view, column, None, typed, {})
    return SetField(SET, ticked, field)


def _hidden(selection: Selection) -> tuple[tuple[str, str], ...]:
    state = (STATE, selection.state.query())
    if selection.ids is None:
        return (state, (ALL, "1"))
    return (state, (ROWS, " ".join(map(str, selection.ids))))


def _title(act: str) -> str:
    return {OWNER: _("Assign owner"), DELETE: _("Delete")}.get(act, _("Edit"))


def _heading(view: ObjectView, act: str, count: int) -> str:
    thing = view.object
    told = {
        "count": words.number(count),
        "things": words.within(thing.caption if count == 1 else thing.plural),
    }
    if act == DELETE:
        return _("Delete %(count)s %(things)s?") % told
    if act == OWNER:
        return _("Assign an owner to %(count)s %(things)s") % told
    return _("Edit %(count)s %(things)s") % told


def _tally(view: ObjectView, seen: _Seen, verb: Verb) -> tuple[tuple[str, str], ...]:
    """42 selected, 39 you may change, 3 not."""
    may = _("you may delete") if verb is Verb.DELETE else _("you may change")
    refused = seen.selected - seen.allowed
    rest = ((words.number(refused), _("not")),) if refused else ()
    return ((words.number(seen.selected), _("selected")), (words.number(seen.allowed), may), *rest)


def _submit(verb: Verb, count: int) -> str:
    if verb is Verb.DELETE:
        text = ngettext("Delete %(count)s record", "Delete %(count)s records", count)
    else:
        text = ngettext("Change %(count)s record", "Change %(count)s records", count)
    return text % {"count": words.number(count)}
