"""Sharing: the inspector of a record that says who has it already, and gives it to more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from ostiary.access.public import Grant, Granting, GrantKind, Verb
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.ids import RecordId, UnitId
from ostiary.pages._bench_state import bench_query
from ostiary.pages._grants import GrantView, grant_view, last_day
from ostiary.pages._panel_state import SHARE, PanelState
from ostiary.pages._reader import Reader
from ostiary.pages._units import ChosenUnit, read_unit, unit_label
from ostiary.records import public as records
from ostiary.records.public import ObjectView, Sharing
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later
from ostiary.ui.values import Action, Field

_DENIES = frozenset({GrantKind.DENY, GrantKind.DENY_RULE})
VERB_WORDS = {
    Verb.READ: later("Read"),
    Verb.UPDATE: later("Edit"),
    Verb.DELETE: later("Delete"),
}


@dataclass(frozen=True, slots=True)
class VerbBox:
    """A box for one verb. why: it may not be given; explain: where that is explained."""

    verb: str
    label: str
    checked: bool
    why: str = ""
    explain: str = ""


@dataclass(frozen=True, slots=True)
class ShareForm:
    """A form that shares with a unit, or denies it. of: share or deny."""

    of: str
    unit: Field
    verbs: tuple[VerbBox, ...]
    verbs_error: str = ""
    pass_on: bool = False
    until: Field | None = None


@dataclass(frozen=True, slots=True)
class SharePanel:
    """Everything that pages/share.html shows. why: nothing may be shared."""

    kind: ClassVar = "share"
    title: str
    close_url: str
    action: str
    here: str
    note: str
    why: str
    shares: tuple[GrantView, ...]
    others: tuple[GrantView, ...]
    denies: tuple[GrantView, ...]
    may_change: bool
    form: ShareForm | None
    deny: ShareForm | None
    deny_note: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into one of the forms, and what was wrong with it, by field."""

    of: str = ""
    unit: ChosenUnit = field(default_factory=ChosenUnit)
    verbs: frozenset[Verb] = frozenset()
    pass_on: bool = False
    until: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


def share_action(reader: Reader, code: str, record_id: RecordId) -> Action:
    """The way to the inspector; who reads the record may see what of its sharing concerns them."""
    return Action(_("Share"), PanelState(SHARE).at(reader.urls.record(code, record_id)), "share")


def share_panel(
    reader: Reader, view: ObjectView, record_id: RecordId, state: PanelState, typed: Typed | None = None
) -> SharePanel:
    """The inspector. typed: what was refused. Raises NotFound, AccessDenied."""
    code, here = view.object.code, reader.urls.record(view.object.code, record_id)
    found = records.list_sharing(reader.ctx, code, record_id)
    blocks = assurance.blocks_of(reader.ctx, found.ways)
    views = [(block.granting.kind, grant_view(reader, block)) for block in blocks]
    is_open = any(way is GrantKind.EVERYONE for way, _view in views)
    typed = typed or _prefilled(reader, found, state)
    return SharePanel(
        _("Sharing"),
        state.at(here, panel=""),
        reader.urls.record(code, record_id, "sharing"),
        f"{here}?panel={SHARE}",
        _note(found, is_open=is_open),
        "" if found.may else _why(),
        tuple(_named(view) for way, view in views if way is GrantKind.SHARE),
        tuple(view for way, view in views if way not in {GrantKind.SHARE, *_DENIES}),
        tuple(_named(view) for way, view in views if way in _DENIES),
        bool(found.may),
        _form(reader, view, record_id, found, typed) if found.may and not is_open else None,
        _deny_form(reader, view, record_id, typed) if found.may_deny and found.allows_denies else None,
        _("%(things)s allow no denies.") % {"things": view.object.plural}
        if found.may_deny and not found.allows_denies
        else "",
    )


def _named(view: GrantView) -> GrantView:
    """The block under its heading, which says already that it is shared or denied."""
    if not view.name:
        return view
    return replace(view, title=view.name, faces=() if view.faces == (view.name,) else view.faces)


def _why() -> str:
    return _(
        "You may not share this record: you do not hold it with the right to pass it on, as its owner does"
        " (layer 3, record)."
    )


def _note(found: Sharing, *, is_open: bool) -> str:
    if is_open:
        return _("Layer 3 is off: its records are open to everybody whom the object lets in.")
    return "" if found.whole else _("Only what concerns you is shown.")


def _prefilled(reader: Reader, found: Sharing, state: PanelState) -> Typed:
    """The share of a unit that is to be changed; else an empty form that gives reading."""
    chosen = read_unit(state.given, "unit", lambda _text: (), lambda unit: find_unit(reader, unit))
    share = _share_of(found, chosen.unit.id) if chosen.unit else None
    if share is None:
        return Typed(SHARE, chosen, frozenset({Verb.READ}))
    until = "" if share.until is None else last_day(share.until, reader.zone).isoformat()
    return Typed(SHARE, chosen, frozenset(share.grants), _is_passed_on(share), until)


def _share_of(found: Sharing, unit: UnitId) -> Granting | None:
    return next((way for way in found.ways if way.kind is GrantKind.SHARE and way.units == (unit,)), None)


def _is_passed_on(share: Granting) -> bool:
    return any(grant is Grant.DELEGABLE for grant in share.grants.values())


def find_unit(reader: Reader, unit: UnitId) -> identity.FoundUnit | None:
    """The unit, of whatever kind."""
    return identity.describe_units(reader.ctx, [unit]).get(unit)


def _form(reader: Reader, view: ObjectView, record_id: RecordId, found: Sharing, typed: Typed) -> ShareForm:
    mine = typed if typed.of == SHARE else Typed(SHARE, verbs=frozenset({Verb.READ}))
    code = view.object.code
    boxes = tuple(
        VerbBox(
            verb.value,
            _(word),
            verb in mine.verbs and verb in found.may,
            "" if verb in found.may else _("You do not hold this with the right to pass it on."),
            reader.urls.explain(bench_query(code, verb, record=record_id)),
        )
        for verb, word in VERB_WORDS.items()
    )
    until = Field(
        "until",
        _("Until"),
        "date",
        value=mine.until,
        error=mine.errors.get("until", ""),
        hint=_("The last day. Empty means without end."),
    )
    unit = _unit_field(reader, code, record_id, mine, "unit")
    return ShareForm(SHARE, unit, boxes, mine.errors.get("verbs", ""), mine.pass_on, until)


def _deny_form(reader: Reader, view: ObjectView, record_id: RecordId, typed: Typed) -> ShareForm:
    mine = typed if typed.of == "deny" else Typed("deny", verbs=frozenset({Verb.READ}))
    boxes = tuple(VerbBox(v.value, _(word), v in mine.verbs) for v, word in VERB_WORDS.items())
    unit = _unit_field(reader, view.object.code, record_id, mine, "deny_unit")
    return ShareForm("deny", unit, boxes, mine.errors.get("verbs", ""))


def _unit_field(reader: Reader, code: str, record_id: RecordId, typed: Typed, name: str) -> Field:
    chosen = typed.unit
    return Field(
        name,
        _("Person or role"),
        "lookup",
        value=unit_label(chosen.unit) if chosen.unit else chosen.typed,
        key=str(chosen.unit.id) if chosen.unit else "",
        error=typed.errors.get("unit", "") or chosen.error,
        required=True,
        options=chosen.options,
        lookup_url=reader.urls.record(code, record_id, "sharing/units"),
    )


def find_units(reader: Reader, code: str, record_id: RecordId, text: str) -> Sequence[identity.FoundUnit]:
    """People and roles to share with while somebody types. Raises NotFound, AccessDenied."""
    return records.units_to_share_with(reader.ctx, code, record_id, text)
