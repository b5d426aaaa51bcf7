"""The test bench: a question as a form, the answer by layer beside another person's, what would turn it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.identity.public import FoundUnit
from ostiary.kernel.context import Channel
from ostiary.kernel.errors import Invalid, NotFound
from ostiary.kernel.ids import UnitId
from ostiary.objects.public import Object
from ostiary.pages._answer import Answer, make_answer
from ostiary.pages._bench_state import EXPORT, VERBS, BenchState, bench_query
from ostiary.pages._cells import Cell
from ostiary.pages._choices import matching_options, record_name
from ostiary.pages._posted import TEXT_SUFFIX, last
from ostiary.pages._reader import Reader
from ostiary.pages._units import PEOPLE, ChosenUnit, read_unit, unit_label
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later, said
from ostiary.ui.values import Field, Head, Link, Option

_VERB_WORDS = {
    "read": later("Read"),
    "create": later("Add"),
    "update": later("Edit"),
    "delete": later("Delete"),
    EXPORT: later("Export"),
}
_CHANNELS = {
    Channel.WEB: later("Page"),
    Channel.API: later("API"),
    Channel.CLI: later("Command line"),
    Channel.IMPORT: later("Import"),
    Channel.JOB: later("Background work"),
}
_CLOCK = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class BenchView:
    """Everything that pages/explain.html shows.

    why: others may not be asked about. of: the object that the fields belong to. link: address of the answer,
    remedy_url: where one of its remedies is prepared.
    """

    head: Head
    action: str
    verbs: tuple[Link, ...]
    verb: str
    person: Field
    other: Field | None
    why: str
    fields: tuple[Field, ...]
    of: str
    answer: Answer | None
    link: str
    remedy_url: str
    status: int = 200


@dataclass
class _Question:
    """What was understood of the parameters, and what was not, by field."""

    object: Object | None = None
    record: UUID | None = None
    record_name: str = ""
    at: datetime | None = None
    person: ChosenUnit = field(default_factory=ChosenUnit)
    other: ChosenUnit = field(default_factory=ChosenUnit)
    errors: dict[str, str] = field(default_factory=dict)
    absent: bool = False


def bench_view(reader: Reader, state: BenchState) -> BenchView:
    """The bench with its answer. Whoever may not ask about others asks about themselves.

    Raises NotFound: no such object. AccessDenied: about others without the operation.
    """
    may_others = access.may_operate(reader.ctx, access.Operation.MANAGE_RIGHTS)
    asked = _understood(reader, state, may_others=may_others)
    answer = _answer(reader, state, asked)
    errors, query = asked.errors, _query(reader, state, asked)
    return BenchView(
        head=Head(_("Explain")),
        action=reader.urls.explain(),
        verbs=tuple(Link(_(_VERB_WORDS[v]), v, current=v == state.verb) for v in VERBS),
        verb=state.verb,
        person=_person_field(reader, asked, may_others=may_others),
        other=_unit_field(reader, "with", _("Compare with"), asked.other, errors) if may_others else None,
        why=""
        if may_others
        else _("Asking about others needs the operation %(operation)s (layer 1).")
        % {"operation": access.Operation.MANAGE_RIGHTS.value},
        fields=tuple(_fields(reader, state, asked, may_others=may_others)),
        of=asked.object.code if asked.object else "",
        answer=answer,
        link=reader.urls.explain(query) if answer else "",
        remedy_url=reader.urls.remedy(query) if answer else "",
        status=404 if asked.absent else 422 if errors else 200,
    )


def find_people(reader: Reader, text: str) -> list[FoundUnit]:
    """People and service accounts by what somebody types; needs CanManageAdministration."""
    return access.search_units(reader.ctx, text, PEOPLE)


def _find_person(reader: Reader, unit: UnitId) -> FoundUnit | None:
    found = identity.describe_units(reader.ctx, [unit]).get(unit)
    return found if found is not None and found.kind in PEOPLE else None


def _understood(reader: Reader, state: BenchState, *, may_others: bool) -> _Question:
    asked = _Question()
    given = state.given or {}
    if may_others:
        asked.person, asked.other = (_person(reader, given, name) for name in ("person", "with"))
        for name, chosen in (("person", asked.person), ("with", asked.other)):
            if chosen.error:
                asked.errors[name] = chosen.error
    elif last(given, "person") not in ("", str(reader.ctx.actor)) or last(given, "with"):
        access.ensure_operation(reader.ctx, access.Operation.MANAGE_RIGHTS)
    if state.object:
        asked.object = reader.catalogue.objects.get(state.object)
        if asked.object is None:
            raise NotFound
        _read_record(reader, state, asked)
    asked.at = _read_time(reader, state, asked)
    return asked


def _person(reader: Reader, given: Mapping[str, Sequence[str]], name: str) -> ChosenUnit:
    return read_unit(
        given, name, lambda text: find_people(reader, text), lambda unit: _find_person(reader, unit)
    )


def _read_record(reader: Reader, state: BenchState, asked: _Question) -> None:
    """The record: by its id, or by what it is called among those that the reader may read."""
    if asked.object is None:
        return
    typed = last(state.given or {}, "record" + TEXT_SUFFIX).strip()
    as_id = state.record_id or _id_in(typed)
    code = asked.object.code
    if as_id is not None:
        name = record_name(reader, code, str(as_id))
        if not typed or typed in (name, str(as_id)) or _id_in(typed) == as_id or not name:
            asked.record, asked.record_name = as_id, name
            return
    if typed:
        found = matching_options(reader, code, typed)
        exact = [o for o in found if o.label.casefold() == typed.casefold()] or list(found)
        if len(exact) == 1:
            asked.record, asked.record_name = UUID(exact[0].value), exact[0].label
            return
        words = _("More than one is called so.") if exact else _("None that you may read is called so.")
        asked.errors["record"], asked.record_name = words, typed


def _id_in(text: str) -> UUID | None:
    """An id, or the one at the end of an address of a record."""
    try:
        return UUID(text.rstrip("/").rpartition("/")[2])
    except ValueError:
        return None


def _read_time(reader: Reader, state: BenchState, asked: _Question) -> datetime | None:
    if not state.at:
        return None
    try:
        found = datetime.fromisoformat(state.at)
        aware = found if found.tzinfo else found.replace(tzinfo=reader.zone)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        asked.errors["at"] = _("Write a date and time, like 2026-12-14 09:30.")
        return None


def _answer(reader: Reader, state: BenchState, asked: _Question) -> Answer | None:
    if asked.object is None or asked.errors:
        return None
    inquiry = assurance.Inquiry(
        asked.object.code,
        state.access_verb,
        asked.record if state.verb not in ("create", EXPORT) else None,
        state.column if state.verb != "delete" else "",
        state.operation,
        asked.at,
    )
    try:
        found, other = _explained(reader, inquiry, asked)
    except Invalid as refused:
        asked.errors.update({error.field: said(error.message) for error in refused.errors})
        return None
    except NotFound:
        if asked.record is None:
            raise
        asked.errors["record"], asked.absent = _("Not found. You may see no such record."), True
        return None
    return make_answer(reader, found, other, asked.record_name, Channel(state.channel))


def _explained(
    reader: Reader, inquiry: assurance.Inquiry, asked: _Question
) -> tuple[assurance.Explained, assurance.Explained | None]:
    """The verdict asked about, and the one that it is compared with."""
    first, second = asked.person.unit, asked.other.unit
    found = assurance.explain(reader.ctx, inquiry, None if first is None else first.id)
    if second is None:
        return found, None
    return found, assurance.explain(reader.ctx, inquiry, second.id, suggest=False)


def _person_field(reader: Reader, asked: _Question, *, may_others: bool) -> Field:
    if may_others:
        return _unit_field(reader, "person", _("Person"), asked.person, asked.errors)
    me = UnitId(reader.ctx.actor)
    name = identity.names_of(reader.ctx, [me]).get(me, "")
    return Field("person", _("Person"), "readonly", cell=Cell("person", name))


def _unit_field(
    reader: Reader, name: str, label: str, chosen: ChosenUnit, errors: Mapping[str, str]
) -> Field:
    unit = chosen.unit
    return Field(
        name,
        label,
        "lookup",
        value=unit_label(unit) if unit else chosen.typed,
        key=str(unit.id) if unit else "",
        error=errors.get(name, ""),
        hint=_("Nobody means you.") if name == "person" else "",
        options=chosen.options,
        lookup_url=reader.urls.people,
    )


def _fields(reader: Reader, state: BenchState, asked: _Question, *, may_others: bool) -> Iterator[Field]:
    known = reader.catalogue.objects.values() if may_others else [v.object for v in reader.views.values()]
    chosen = asked.object
    listed = {o.code: o for o in sorted(known, key=lambda o: o.plural.casefold())}
    if chosen is not None:
        listed.setdefault(chosen.code, chosen)
    options = tuple(Option(o.code, o.caption, chosen is o) for o in listed.values())
    options = (Option("", _("Choose"), chosen is None), *options)
    yield Field("object", _("Object"), "choice", options=options, refresh="explain")
    if chosen is not None:
        yield from _fields_of_object(reader, chosen, state, asked)
    yield Field(
        "channel",
        _("Channel"),
        "choice",
        options=tuple(Option(c.value, _(w), c.value == state.channel) for c, w in _CHANNELS.items()),
    )
    shown = "" if asked.at is None else asked.at.astimezone(reader.zone).strftime(_CLOCK)
    yield Field(
        "at", _("When"), "instant", value=shown, error=asked.errors.get("at", ""), hint=_("Empty means now.")
    )


def _fields_of_object(reader: Reader, chosen: Object, state: BenchState, asked: _Question) -> Iterator[Field]:
    errors = asked.errors
    if state.verb not in ("create", EXPORT):
        yield Field(
            "record",
            _("Record"),
            "lookup",
            value=asked.record_name or str(asked.record or ""),
            key=str(asked.record or ""),
            error=errors.get("record", ""),
            hint=_("A name, an id or an address. Empty means any."),
            lookup_url=reader.urls.explain_records(chosen.code),
        )
    if state.verb != "delete":
        columns = sorted(chosen.columns.values(), key=lambda c: c.caption.casefold())
        listed = (Option(c.code, c.caption, c.code == state.column) for c in columns)
        yield Field(
            "column",
            _("Field"),
            "choice",
            error=errors.get("column", ""),
            options=(Option("", _("Any"), not state.column), *listed),
        )


def _query(reader: Reader, state: BenchState, asked: _Question) -> str:
    """This question: whom it is about, also for whoever opens its address, and the instant everywhere."""
    person = reader.ctx.actor if asked.person.unit is None else asked.person.unit.id
    return bench_query(
        state.object,
        state.verb,
        record=asked.record or "",
        column=state.column,
        person=person,
        other=asked.other.unit.id if asked.other.unit else "",
        channel=state.channel,
        at=asked.at,
    )
