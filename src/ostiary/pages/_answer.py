"""An explanation as the page shows it: the verdict, a tree of layers, what was tried, what would turn it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ostiary.access import public as access
from ostiary.access.public import Layer, Outcome
from ostiary.assurance.public import Explained, Remedy, Width
from ostiary.kernel.context import Channel
from ostiary.pages._captions import captioned_object, column_of
from ostiary.pages._change_words import change_words
from ostiary.pages._grants import people_words
from ostiary.pages._panel_state import SHARE, PanelState
from ostiary.pages._reader import Reader
from ostiary.pages._why_words import Speaker, verb_word
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later, ngettext

ALLOW, DENY, SKIP = "allow", "deny", "skip"
_TITLES = {
    Layer.GATE: later("Person and session"),
    Layer.OPERATION: later("System operation"),
    Layer.OBJECT: later("Object"),
    Layer.RECORD: later("Record"),
    Layer.COLUMN: later("Field"),
}
_WIDTHS = {
    Width.RECORD: later("this record"),
    Width.PRINCIPAL: later("whatever comes with it"),
    Width.COLUMN: later("this field everywhere"),
    Width.AUTHORS: later("all records of the rule"),
    Width.OBJECT: later("the whole object"),
    Width.OPERATION: later("the whole operation"),
}
_MOST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that was tried. sign: an icon; near: little is missing."""

    sign: str
    label: str
    came: str
    near: bool = False


@dataclass(frozen=True, slots=True)
class LayerView:
    """One layer. state: allow, deny or skip. other: state and words for the person it is compared with."""

    title: str
    state: str
    tag: str
    tone: str
    lines: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    more: str = ""
    other: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class RemedyView:
    """One way to turn the verdict. remedy: as a value. key: tells it from others. url: where it is done."""

    size: str
    tone: str
    reach: str
    steps: tuple[str, ...]
    who: str
    also: str
    url: str
    key: str
    remedy: Remedy


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything about one question. paths: how roles were come by, each from the person on.

    found: what it was made from. preparable: the remedies can be prepared for saving by this reader.
    """

    found: Explained
    preparable: bool
    allowed: bool
    sentence: str
    reasons: tuple[str, ...]
    who: str
    other: str
    layers: tuple[LayerView, ...]
    remedies: tuple[RemedyView, ...]
    remedies_label: str
    nothing: str
    paths: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def make_answer(
    reader: Reader, found: Explained, other: Explained | None, record_name: str, channel: Channel
) -> Answer:
    """The answer in words. other: of the person compared with."""
    speaker = Speaker(found.explanation, reader.zone)
    second = None if other is None else Speaker(other.explanation, reader.zone)
    what = target_words(found, record_name)
    explanation = found.explanation
    label = _("What would take it away") if explanation.allowed else _("What would change it")
    return Answer(
        found,
        found.whole and explanation.question is not None and found.matter.inquiry.at is None,
        explanation.allowed,
        speaker.verdict(what),
        tuple(_reasons(speaker, second)),
        speaker.who,
        second.who if second else "",
        tuple(_layers(found, speaker, second)),
        tuple(_remedies(reader, found, speaker)),
        label,
        "" if found.remedies else _nothing(found),
        tuple(_paths(speaker)),
        tuple(_notes(reader, found, channel)),
    )


def target_words(found: Explained, record_name: str) -> str:
    """What is asked about, with its verb: "edit Amount on Helios Labs"."""
    matter, explanation = found.matter, found.explanation
    thing = captioned_object(matter.object)
    told = {
        "verb": verb_word(explanation.verb, explanation.operation),
        "things": words.within(thing.plural),
        "field": column_of(thing, matter.column.code).caption if matter.column else "",
        "record": record_name or _("this %(thing)s") % {"thing": words.within(thing.caption)},
    }
    if explanation.operation is not None:
        return _("%(verb)s lists of %(things)s") % told
    if matter.inquiry.record_id is None:
        return (_("%(verb)s %(field)s of %(things)s") if matter.column else _("%(verb)s %(things)s")) % told
    return (_("%(verb)s %(field)s on %(record)s") if matter.column else _("%(verb)s %(record)s")) % told


def _reasons(speaker: Speaker, second: Speaker | None) -> Iterator[str]:
    found = speaker.found
    if stopped := found.stopped:
        yield _("It stops at layer %(number)d, %(layer)s.") % {
            "number": list(_TITLES).index(stopped.layer),
            "layer": words.within(_(_TITLES[stopped.layer])),
        }
    else:
        yield _("Every layer lets it through.")
    if second is not None:
        told = {"who": second.who}
        yield (_("%(who)s may.") if second.found.allowed else _("%(who)s may not.")) % told


def _layers(found: Explained, speaker: Speaker, second: Speaker | None) -> Iterator[LayerView]:
    explanation = found.explanation
    yield _gate(speaker, second)
    asked = [layer for layer in _TITLES if any(each.layer is layer for each in explanation.layers)]
    if Layer.OPERATION in asked:
        yield _layer(Layer.OPERATION, speaker, second)
    yield _any_data(speaker, second)
    yield _layer(Layer.OBJECT, speaker, second)
    if Layer.RECORD in asked:
        yield _layer(Layer.RECORD, speaker, second)
    elif explanation.verb is not access.Verb.CREATE and explanation.operation is None:
        words_ = _("No record is asked about: each record decides for itself.")
        yield LayerView(_("Record"), SKIP, _("Not asked"), "", (words_,))
    if Layer.COLUMN in asked:
        yield _layer(Layer.COLUMN, speaker, second)


def _gate(speaker: Speaker, second: Speaker | None) -> LayerView:
    active = speaker.found.layers[0].allowed
    other = None
    if second is not None:
        theirs = second.found.layers[0].allowed
        other = (ALLOW if theirs else DENY, _("active") if theirs else _("not active"))
    tag, tone = ("", "") if active else (_("Stops here"), "bad")
    state = ALLOW if active else DENY
    return LayerView(_(_TITLES[Layer.GATE]), state, tag, tone, (speaker.gate(),), other=other)


def _any_data(speaker: Speaker, second: Speaker | None) -> LayerView:
    lines = tuple(speaker.any_data(layered) for layered in speaker.found.any_data)
    other = None if second is None else (_held(second), _held_words(second))
    return LayerView(_("Any-data operations"), _held(speaker), "", "", lines, other=other)


def _held(speaker: Speaker) -> str:
    return ALLOW if any(each.allowed for each in speaker.found.any_data) else SKIP


def _held_words(speaker: Speaker) -> str:
    return _("holds one") if _held(speaker) == ALLOW else _("holds none")


def _layer(layer: Layer, speaker: Speaker, second: Speaker | None) -> LayerView:
    explanation = speaker.found
    verbs = [each for each in explanation.layers if each.layer is layer]
    state, tag, tone = _state(explanation, layer, verbs)
    several = any(each.by != verbs[0].by for each in verbs)
    lines = tuple(
        f"{verb_word(each.verb, explanation.operation).capitalize()}: {speaker.why(each)}" if several
        else speaker.why(each)
        for each in (verbs if several else verbs[-1:])
    )  # fmt: skip
    rules: tuple[Rule, ...] = ()
    more = ""
    if explanation.stopped is not None and explanation.stopped.layer is layer:
        rules = tuple(_rule(speaker, tried) for tried in explanation.tried)
        more = _untold(explanation.untold)
    return LayerView(_(_TITLES[layer]), state, tag, tone, lines, rules, more, _other(layer, verbs, second))


def _untold(count: int) -> str:
    if not count:
        return ""
    return ngettext("and %(num)d about others", "and %(num)d about others", count) % {"num": count}


def _state(
    explanation: access.Explanation, layer: Layer, verbs: Sequence[access.Layered]
) -> tuple[str, str, str]:
    """State, tag, tone of the tag."""
    stopped = explanation.stopped
    if not all(each.allowed for each in verbs):
        first = stopped is not None and stopped.layer is layer
        return DENY, _("Stops here") if first else _("Would stop too"), "bad"
    if stopped is not None and list(_TITLES).index(stopped.layer) < list(_TITLES).index(layer):
        return SKIP, _("Would pass"), ""
    rows = {cause.position for each in verbs for cause in each.by if isinstance(cause, access.Deciding)}
    tag = _("Row %(number)d decides") % {"number": min(rows)} if len(rows) == 1 else ""
    return ALLOW, tag, ""


def _other(layer: Layer, mine: Sequence[access.Layered], second: Speaker | None) -> tuple[str, str] | None:
    if second is None:
        return None
    theirs = [each for each in second.found.layers if each.layer is layer]
    allowed = all(each.allowed for each in theirs)
    stop = next((each for each in theirs if not each.allowed), theirs[-1])
    same = [(each.allowed, _kinds(each)) for each in theirs] == [
        (each.allowed, _kinds(each)) for each in mine
    ]
    return (ALLOW if allowed else DENY, _("same") if same else second.short(stop))


def _kinds(layered: access.Layered) -> list[object]:
    """What two people's causes are compared by: the row, the kind of leg."""
    return [
        (cause.rows, cause.position)
        if isinstance(cause, access.Deciding)
        else type(cause.leg)
        if isinstance(cause, access.Reason)
        else type(cause)
        for cause in layered.by
    ]


def _rule(speaker: Speaker, tried: access.Tried) -> Rule:
    label, came = speaker.tried(tried)
    sign = {Outcome.GIVES: "check", Outcome.DENIES: "lock"}.get(tried.outcome, "x")
    return Rule(sign, label, came, tried.outcome.near)


def _remedies(reader: Reader, found: Explained, speaker: Speaker) -> Iterator[RemedyView]:
    for number, remedy in enumerate(found.remedies[:_MOST_SHOWN]):
        people = remedy.people
        wide = people is None or people.count > 1
        steps = tuple(change_words(speaker, change) for change in remedy.changes)
        size = _("Smallest") if number == 0 else _("Wide") if wide else _("Small")
        yield RemedyView(
            size,
            "ok" if number == 0 and not wide else "warn" if wide else "",
            f"{_people_words(remedy)}, {_(_WIDTHS[remedy.width])}",
            steps,
            _who_may(remedy),
            _("or whoever may pass it on, such as the owner") if _is_sharing(remedy) else "",
            _place(reader, found, remedy),
            hashlib.sha256("\n".join(steps).encode()).hexdigest()[:16],
            remedy,
        )


def _people_words(remedy: Remedy) -> str:
    if remedy.people is None:
        return _("everybody with the role")
    return people_words(remedy.people)


def _who_may(remedy: Remedy) -> str:
    if remedy.may:
        return words.listed(list(remedy.may))
    codes = list(dict.fromkeys(change.operation.value for change in remedy.changes))
    return _("whoever holds %(operations)s") % {"operations": words.listed(codes)}


def _is_sharing(remedy: Remedy) -> bool:
    return all(isinstance(change, access.Sharing) for change in remedy.changes)


def _place(reader: Reader, found: Explained, remedy: Remedy) -> str:
    """Where the change is made: for now the sharing of this record."""
    units = {change.unit for change in remedy.changes if isinstance(change, access.Sharing) and not change.at}
    code, record = found.matter.object.code, found.matter.inquiry.record_id
    if not _is_sharing(remedy) or len(units) != 1 or code not in reader.views:
        return ""
    return PanelState(SHARE).at(reader.urls.record(code, record), unit=units.pop())


def _nothing(found: Explained) -> str:
    if found.explanation.cut:
        return _("No change of few steps was found, and not every one was tried.")
    if found.whole:
        return _("No change of up to three steps would turn this.")
    return _("Nothing that can be told without naming others. Whoever manages rights can see more.")


def _paths(speaker: Speaker) -> Iterator[tuple[str, ...]]:
    """How the roles that decide were come by."""
    found = speaker.found
    units = dict.fromkeys(
        cause.row.unit
        for layered in found.layers
        for cause in layered.by
        if isinstance(cause, access.Deciding) and cause.source.kind is access.SourceKind.OWN
    )
    for unit in units:
        if unit == found.principal:
            continue
        steps = [found.principal, found.by_role.get(unit, unit), unit]
        kept = [steps[0], *(after for before, after in pairwise(steps) if before != after)]
        yield tuple(speaker.name(step) for step in kept)


def _notes(reader: Reader, found: Explained, channel: Channel) -> Iterator[str]:
    at = found.matter.inquiry.at
    if at is not None:
        yield _(
            "As of %(at)s: delegations, elevations and shares by their dates; rows, rules and roles are those"
            " of today, and what was taken back since is not known."
        ) % {"at": words.instant(at, reader.zone)}
    if channel is not Channel.WEB:
        yield _("Decisions are the same for every channel today; the channel is recorded with what is done.")
    if found.explanation.cut and found.remedies:
        yield _("Not every change was tried.")
    if not found.whole:
        yield _("Shown as far as it concerns you: what names others is left out.")
