"""What a preview found, as plain values for the panel: who gains, who loses, in words and counted."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ostiary.access.public import AccessDiff, Change, Operation
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.objects.public import Catalogue, Column, DataClass, Object
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later, ngettext

NAMED = 5  # people named before the others are counted
SHOWN = 12  # lines of one group of people before the others are folded
BLOCKS = 40  # groups of people before the others are only counted
_VERB = re.compile(r"(create|read|update|delete) (\w+)(?:: (.+))?", re.DOTALL)
_LEVEL = re.compile(r"(\w+)\.(\w+): (\w+) -> (\w+)")
_WORDS = {  # of verbs and levels, as a comparison writes them
    "create": later("create"),
    "read": later("read"),
    "update": later("update"),
    "delete": later("delete"),
    "none": later("none"),
    "masked": later("masked"),
    "edit": later("edit"),
}
_OPERATION = re.compile(r"execute (\w+)")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing in words. mark: the highest class of the fields that are read by it, "" for ordinary ones."""

    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """People who gain or lose the same, and what that is."""

    who: str
    roles: str
    shown: tuple[Line, ...]
    folded: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """All that is gained, or lost. people: how many in all; more: groups of people that are not shown."""

    blocks: tuple[Block, ...] = ()
    people: str = "0"
    more: int = 0


@dataclass(frozen=True, slots=True)
class ImpactView:
    """What `impact.html` shows.

    records: the most that one line tells of, 0 where none are counted. sample: where not everybody was
    compared, how many groups of people alike were, out of how many. restricted: fields of that class that
    somebody reads on more records than before, or more of.
    """

    gained: Side = field(default_factory=Side)
    lost: Side = field(default_factory=Side)
    records: str = "0"
    took: str = ""
    sample: tuple[str, str] | None = None
    restricted: str = ""

    @property
    def nothing(self) -> bool:
        """Nobody gains or loses anything."""
        return not self.gained.blocks and not self.lost.blocks


def impact_view(ctx: Context, catalogue: Catalogue, impact: assurance.Impact) -> ImpactView:
    """The preview in words. One query, for names."""
    diff = impact.diff
    names = identity.names_of(ctx, sorted(_named(diff)))
    return ImpactView(
        _side(diff.gained, catalogue, names),
        _side(diff.lost, catalogue, names),
        words.number(max((c.records for c in (*diff.gained, *diff.lost)), default=0)),
        _("%(seconds)s s") % {"seconds": words.number(impact.took_s, 1)},
        _sample(*diff.groups),
        _restricted(diff.gained, catalogue),
    )


def _restricted(gained: Sequence[Change], catalogue: Catalogue) -> str:
    """Names of the fields, with their objects."""
    every = f"execute {Operation.VIEW_ANY_DATA.value}"
    if any(change.what == every for change in gained):
        return _("all of them")
    named: dict[str, set[str]] = {}
    for change in gained:
        for code in _read(change):
            column = _columns(catalogue, change).get(code)
            if column is not None and column.data_class is DataClass.RESTRICTED:
                named.setdefault(words.within(catalogue.objects[change.object].plural), set()).add(
                    column.caption
                )
    of = _("%(fields)s of %(object)s")
    return words.listed(
        [of % {"fields": _few(sorted(named[thing])), "object": thing} for thing in sorted(named)]
    )


def _read(change: Change) -> tuple[str, ...]:
    """Codes of the fields that a line tells of."""
    return (*change.fields, change.column) if change.column else change.fields


def _columns(catalogue: Catalogue, change: Change) -> Mapping[str, Column]:
    made = catalogue.objects.get(change.object)
    return made.columns if made else {}


def _mark(catalogue: Catalogue, changes: Sequence[Change]) -> str:
    """The highest class among the fields that these lines tell of."""
    classes = [
        columns[code].data_class
        for change in changes
        for columns in (_columns(catalogue, change),)
        for code in _read(change)
        if code in columns
    ]
    highest = max(classes, default=DataClass.PUBLIC)
    return highest.name.lower() if highest >= DataClass.CONFIDENTIAL else ""


def _sample(compared: int, concerned: int) -> tuple[str, str] | None:
    return (words.number(compared), words.number(concerned)) if compared < concerned else None


def _named(diff: AccessDiff) -> set[UnitId]:
    return {unit for change in (*diff.gained, *diff.lost) for unit in change.who[:NAMED]}


def _side(changes: Sequence[Change], catalogue: Catalogue, names: Mapping[UnitId, str]) -> Side:
    groups: dict[tuple[tuple[UnitId, ...], tuple[str, ...]], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.who, change.vacant), []).append(change)
    people = set().union(*(who for who, _vacant in groups))
    ordered = sorted(groups.values(), key=lambda of: -len(of[0].who))
    return Side(
        tuple(_block(of, catalogue, names) for of in ordered[:BLOCKS]),
        words.number(len(people)),
        max(0, len(ordered) - BLOCKS),
    )


def _block(changes: Sequence[Change], catalogue: Catalogue, names: Mapping[UnitId, str]) -> Block:
    first = changes[0]
    lines = list(_lines(changes, catalogue))
    return Block(
        _who(first, names), ", ".join(first.roles[:NAMED]), tuple(lines[:SHOWN]), tuple(lines[SHOWN:])
    )


def _who(change: Change, names: Mapping[UnitId, str]) -> str:
    said = []
    if change.who:
        shown = [names.get(unit, str(unit)) for unit in change.who[:NAMED]]
        said.append(_few([*shown, *map(str, change.who[NAMED:])]))
    if change.vacant:
        said.append(_("whoever gets %(roles)s") % {"roles": _few(change.vacant)})
    return "; ".join(said) or _("Whom it concerns cannot be told")


def _lines(changes: Sequence[Change], catalogue: Catalogue) -> Iterator[Line]:
    """What they gain or lose, in few lines: other things first, then verbs on objects, then fields."""
    verbs: dict[tuple[str, str], list[tuple[str, Change]]] = {}
    columns: dict[tuple[str, str, str], list[Change]] = {}
    for change in changes:
        if level := _LEVEL.fullmatch(change.what):
            code, _column, before, after = level.groups()
            columns.setdefault((code, before, after), []).append(change)
        elif (verb := _VERB.fullmatch(change.what)) and (made := catalogue.objects.get(verb[2])):
            verbs.setdefault((verb[1], verb[3] or ""), []).append((words.within(made.plural), change))
        else:
            yield Line(_other(change.what))
    for (verb_word, reached), objects in verbs.items():
        mark = _mark(catalogue, [change for _name, change in objects])
        yield Line(_on_objects(verb_word, reached, objects), mark)
    for (code, before, after), of in columns.items():
        text = _on_columns(catalogue.objects.get(code), code, [c.column for c in of], before, after)
        yield Line(text, _mark(catalogue, of))


def _other(what: str) -> str:
    operation = _OPERATION.fullmatch(what)
    if operation:
        return _("use the operation %(operation)s") % {"operation": operation[1]}
    return what


def _on_objects(verb: str, reached: str, objects: Sequence[tuple[str, Change]]) -> str:
    told = {"verb": _(_WORDS[verb]), "things": _few([name for name, _change in objects])}
    line = _("%(verb)s %(things)s") % told + (f": {reached}" if reached else "")
    most = max((change for _name, change in objects), key=lambda change: change.records)
    if most.records:
        text = ngettext("up to %(count)s record", "up to %(count)s records", most.records)
        if most.margin:
            text = _("about %(count)s records, give or take %(margin)s")
        figures = {"count": words.number(most.records), "margin": words.number(most.margin)}
        line += f" ({text % figures})"
    return line


def _few(names: Sequence[str]) -> str:
    """Some of the names, and how many others there are."""
    shown = list(names[:NAMED])
    if more := len(names) - len(shown):
        shown.append(ngettext("%(count)s more", "%(count)s more", more) % {"count": words.number(more)})
    return words.listed(shown)


def _on_columns(made: Object | None, code: str, columns: Sequence[str], before: str, after: str) -> str:
    known = made.columns if made else {}
    captions = sorted(known[c].caption if c in known else c for c in columns)
    return _("%(object)s, fields %(fields)s: from %(before)s to %(after)s") % {
        "object": words.within(made.plural) if made else code,
        "fields": _few(captions),
        "before": _(_WORDS.get(before, before)),
        "after": _(_WORDS.get(after, after)),
    }
