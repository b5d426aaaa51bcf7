"""Who can see this?: the inspector of a record or one of its fields."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ostiary.access import public as access
from ostiary.access.public import GrantKind, Verb
from ostiary.assurance import public as assurance
from ostiary.assurance.public import Block, WhoCan
from ostiary.identity import public as identity
from ostiary.kernel.ids import RecordId, UnitId
from ostiary.pages._bench_state import bench_query
from ostiary.pages._grants import GrantView, grant_view
from ostiary.pages._panel_state import SHARE, WHO, PanelState
from ostiary.pages._reader import Reader
from ostiary.pages._units import PEOPLE, ChosenUnit, read_unit, unit_label
from ostiary.pages._why_words import verb_word
from ostiary.records.public import ObjectView
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later
from ostiary.ui.values import Action, Field, Link, Option

_PAGE = 20
_MAY = {
    Verb.READ: later("may read"),
    Verb.UPDATE: later("may edit"),
    Verb.DELETE: later("may delete"),
}
_CLOSED = frozenset({GrantKind.DENY, GrantKind.DENY_RULE})


@dataclass(frozen=True, slots=True)
class Checked:
    """One person who was asked about: for each verb the words, whether they may, where it is explained."""

    name: str
    verdicts: tuple[tuple[str, bool, str], ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many may do each verb, and a page of those who may do the one that is chosen."""

    tally: tuple[Link, ...]
    title: str
    people: tuple[str, ...]
    first_url: str
    next_url: str
    end: str


@dataclass(frozen=True, slots=True)
class WhoPanel:
    """Everything that pages/who.html shows. kept: the other parameters of its form.

    counted: None while they are still to be counted, which takes time where there are many people: at
    `counts_url` by script, at `count_url` by a link.
    """

    kind: ClassVar = "who"
    title: str
    close_url: str
    action: str
    kept: tuple[tuple[str, str], ...]
    columns: Field
    counted: Counted | None
    counts_url: str
    count_url: str
    labels: tuple[str, ...]
    person: Field
    checked: Checked | None
    grants: tuple[GrantView, ...]
    denies: tuple[GrantView, ...]
    rows: tuple[GrantView, ...]
    field_rows: tuple[GrantView, ...]
    any_data: tuple[GrantView, ...]
    share_url: str


def who_action(reader: Reader, code: str, record_id: RecordId) -> Action:
    """The way to the inspector, or why it is closed."""
    why = ""
    if not access.may_operate(reader.ctx, access.Operation.MANAGE_RIGHTS):
        why = _("Who can see a record is told to whoever holds the operation %(operation)s (layer 1).") % {
            "operation": access.Operation.MANAGE_RIGHTS.value
        }
    return Action(_("Who can see this?"), PanelState(WHO).at(reader.urls.record(code, record_id)), "eye", why)


def who_panel(reader: Reader, view: ObjectView, record_id: RecordId, state: PanelState) -> WhoPanel:
    """The inspector. Raises: AccessDenied: needs CanManageAdministration. Invalid: no such field."""
    code, here = view.object.code, reader.urls.record(view.object.code, record_id)
    inquiry = assurance.Inquiry(code, Verb.READ, record_id, state.column)
    found = assurance.granted_by(reader.ctx, inquiry)
    blocks = [(block, grant_view(reader, block)) for block in found]
    chosen = _chosen(reader, state)
    return WhoPanel(
        _("Who can see this?"),
        state.at(here, panel="", column="", verb=""),
        here,
        tuple((k, v) for k, v in (("tab", state.tab), ("panel", WHO)) if v),
        _columns(view, state),
        count_people(reader, code, record_id, state) if state.count else None,
        state.at(reader.urls.record(code, record_id, "who")).partition("#")[0],
        state.at(here, count="1"),
        tuple(_(_MAY[verb]) for verb in assurance.verbs_about(inquiry)),
        _person(reader, chosen),
        _checked(reader, inquiry, chosen),
        _of(blocks, but=_CLOSED | {GrantKind.OBJECT_ROW, GrantKind.COLUMN_ROW, GrantKind.OPERATION}),
        _of(blocks, *_CLOSED),
        _of(blocks, GrantKind.OBJECT_ROW),
        _of(blocks, GrantKind.COLUMN_ROW),
        _of(blocks, GrantKind.OPERATION),
        PanelState(SHARE, state.tab).at(here),
    )


def count_people(reader: Reader, code: str, record_id: RecordId, state: PanelState) -> Counted:
    """The numbers and a page of people. Raises as `who_panel`; NotFound: no such record."""
    here = reader.urls.record(code, record_id)
    found = assurance.who_can(reader.ctx, assurance.Inquiry(code, Verb.READ, record_id, state.column))
    verb = state.verb if state.verb in found.audiences else Verb.READ
    audience = found.audiences[verb]
    people = audience.page(reader.ctx, _PAGE + 1, state.after)
    more = len(people) > _PAGE
    return Counted(
        tuple(_tally(found, here, state, verb)),
        _("%(count)s people %(may)s") % {"count": words.number(audience.size), "may": _(_MAY[verb])},
        tuple(name for _id, name in people[:_PAGE]),
        state.at(here, verb=verb.value, count="1") if state.after else "",
        state.at(here, verb=verb.value, after=people[_PAGE - 1][0]) if more else "",
        _end(audience, verb),
    )


def _tally(found: WhoCan, here: str, state: PanelState, chosen: Verb) -> Iterator[Link]:
    for verb, audience in found.audiences.items():
        url = state.at(here, verb=verb.value, count="1")
        yield Link(_(_MAY[verb]), url, current=verb is chosen, count=words.number(audience.size))


def _of(
    blocks: Sequence[tuple[Block, GrantView]], *ways: GrantKind, but: frozenset[GrantKind] = frozenset()
) -> tuple[GrantView, ...]:
    if but:
        return tuple(view for block, view in blocks if block.granting.kind not in but)
    return tuple(view for block, view in blocks if block.granting.kind in ways)


def _columns(view: ObjectView, state: PanelState) -> Field:
    columns = sorted(view.object.columns.values(), key=lambda c: c.caption.casefold())
    listed = (Option(c.code, c.caption, c.code == state.column) for c in columns)
    options = (Option("", _("The record"), not state.column), *listed)
    return Field("column", _("About"), "choice", options=options, refresh="show")


def _chosen(reader: Reader, state: PanelState) -> ChosenUnit:
    def find(unit: UnitId) -> identity.FoundUnit | None:
        found = identity.describe_units(reader.ctx, [unit]).get(unit)
        return found if found is not None and found.kind in PEOPLE else None

    def search(text: str) -> Sequence[identity.FoundUnit]:
        return access.search_units(reader.ctx, text, PEOPLE)

    return read_unit(state.given, "person", search, find)


def _person(reader: Reader, chosen: ChosenUnit) -> Field:
    unit = chosen.unit
    return Field(
        "person",
        _("Check a person"),
        "lookup",
        value=unit_label(unit) if unit else chosen.typed,
        key=str(unit.id) if unit else "",
        error=chosen.error,
        options=chosen.options,
        lookup_url=reader.urls.people,
    )


def _checked(reader: Reader, inquiry: assurance.Inquiry, chosen: ChosenUnit) -> Checked | None:
    unit = chosen.unit
    if unit is None:
        return None
    may = assurance.check(reader.ctx, inquiry, unit.id)

    def explained(verb: Verb) -> str:
        record, column = inquiry.record_id, inquiry.column
        return reader.urls.explain(
            bench_query(inquiry.object, verb, record=record, column=column, person=unit.id)
        )

    verdicts = ((verb_word(v), v in may, explained(v)) for v in assurance.verbs_about(inquiry))
    return Checked(unit.name, tuple(verdicts))


def _end(audience: access.Audience, verb: Verb) -> str:
    """What closes the list: who else is among them, or that nobody is."""
    return " ".join(_among(audience, verb))


def _among(audience: access.Audience, verb: Verb) -> Iterator[str]:
    may = {"may": _(_MAY[verb])}
    yield _("Nobody else %(may)s this.") % may
    if not audience.services and not audience.externals:
        yield _("No service account and nobody external is among them.")
        return
    if audience.services:
        yield _("Service accounts among them: %(count)s.") % {"count": words.number(audience.services)}
    if audience.externals:
        yield _("External among them: %(count)s.") % {"count": words.number(audience.externals)}
