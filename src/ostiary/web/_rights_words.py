"""Unsaved changes in sentences: what differs from what is stored, place by place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ostiary.access.public import ColumnLevel, Grant, Grants, Verb
from ostiary.assurance import public as assurance
from ostiary.kernel.ids import UnitId
from ostiary.objects.public import Object
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.web._rights_desk import Desk, named_in
from ostiary.web._rights_legs import leg_captions, operation_caption, path_words
from ostiary.web._rights_rows import level_captions, moved_units, verb_captions

ROWS = (assurance.SetOperationRows, assurance.SetObjectRows, assurance.SetColumnRows)


@dataclass(frozen=True, slots=True)
class Difference:
    """The unsaved change of one place. do: what takes it back."""

    title: str
    lines: tuple[str, ...]
    do: str


def differences(desk: Desk) -> tuple[Difference, ...]:
    """Every unsaved change."""
    entries = list(desk.draft.entries.values())
    desk.know(named_in([c for e in entries for c in (e.base, e.change)]))
    return tuple(
        Difference(title_of(desk, e.change), tuple(_lines(desk, e.base, e.change)), f"revert {n}")
        for n, e in enumerate(entries)
    )


def lines_between(
    desk: Desk, before: assurance.PolicyChange, after: assurance.PolicyChange
) -> tuple[str, ...]:
    """What one value of a place has and the other has not."""
    desk.know(named_in([before, after]))
    return tuple(_lines(desk, before, after))


def title_of(desk: Desk, change: assurance.PolicyChange) -> str:
    """The place of a change."""
    match change:
        case assurance.SetOperationRows():
            return _("Operation %(name)s") % {"name": operation_caption(change.operation)}
        case assurance.SetCarriedRight():
            names = {"name": operation_caption(change.operation), "object": _object(desk, change).plural}
            return _("%(name)s carries on %(object)s") % names
        case assurance.SetColumnRows():
            made = _object(desk, change)
            found = [c.caption for c in made.columns.values() if c.id == change.column_id]
            return f"{made.caption} · {''.join(found)}"
        case assurance.SetObjectRows():
            return _("%(object)s · object rows") % {"object": _object(desk, change).caption}
        case assurance.SetSwitches():
            return _("%(object)s · record layer") % {"object": _object(desk, change).caption}
        case assurance.SetDefaultRule():
            return _("%(object)s · default rule") % {"object": _object(desk, change).caption}
        case assurance.SetScopeRule():
            return _("%(object)s · scope rule") % {"object": _object(desk, change).caption}
        case assurance.SetDenyRule():
            return _("%(object)s · deny rule") % {"object": _object(desk, change).caption}


def _object(
    desk: Desk,
    change: assurance.SetCarriedRight
    | assurance.SetColumnRows
    | assurance.SetObjectRows
    | assurance.SetSwitches
    | assurance.SetDefaultRule
    | assurance.SetScopeRule
    | assurance.SetDenyRule,
) -> Object:
    return desk.by_id[change.object_id]


def _lines(desk: Desk, before: assurance.PolicyChange, after: assurance.PolicyChange) -> Iterator[str]:
    if isinstance(before, ROWS) and isinstance(after, ROWS):
        yield from _row_lines(desk, before.rows, after.rows)
    match before, after:
        case assurance.SetSwitches(), assurance.SetSwitches():
            yield from _switch_lines(before, after)
        case assurance.SetCarriedRight(), assurance.SetCarriedRight():
            yield _from_to(given_words(before.verbs), given_words(after.verbs))
        case assurance.SetDefaultRule(), assurance.SetDefaultRule():
            pair = {"author": desk.name(after.author), "grantee": desk.name(after.grantee)}
            said = _from_to(grants_words(before.grants), grants_words(after.grants))
            yield _("records of %(author)s for %(grantee)s: ") % pair + said
        case assurance.SetScopeRule(), assurance.SetScopeRule():
            path = path_words(desk.catalogue, after.object_id, after.scope.path)
            said = _from_to(grants_words(before.grants), grants_words(after.grants))
            yield f"{desk.name(after.grantee)}, {path}: {said}"
        case assurance.SetDenyRule(), assurance.SetDenyRule():
            pair = {"author": desk.name(after.author), "unit": desk.name(after.unit)}
            said = _from_to(given_words(before.verbs), given_words(after.verbs))
            yield _("records of %(author)s denied to %(unit)s: ") % pair + said


def _row_lines(
    desk: Desk, before: Sequence[tuple[UnitId, Any]], after: Sequence[tuple[UnitId, Any]]
) -> Iterator[str]:
    old, new = dict(before), dict(after)
    places = {unit: n for n, (unit, _) in enumerate(before)}
    moved = moved_units([unit for unit, _ in after], places)
    for place, (unit, value) in enumerate(after):
        told = {"unit": desk.name(unit), "value": given_words(value), "row": place + 1}
        if unit not in old:
            yield _("%(unit)s: new row %(row)s, %(value)s") % told
        elif old[unit] != value:
            yield f"{desk.name(unit)}: {_from_to(given_words(old[unit]), given_words(value))}"
        if unit in moved:
            yield _("%(unit)s: from row %(old)s to row %(row)s") % {**told, "old": places[unit] + 1}
    for unit, value in before:
        if unit not in new:
            yield _("%(unit)s: row removed, it said %(value)s") % {
                "unit": desk.name(unit),
                "value": given_words(value),
            }


def _switch_lines(before: assurance.SetSwitches, after: assurance.SetSwitches) -> Iterator[str]:
    if before.records != after.records:
        yield _("record layer on") if after.records else _("record layer off: every record is open")
    captions = leg_captions()
    for leg in sorted(after.legs - before.legs):
        yield _("on: %(leg)s") % {"leg": captions[leg][0]}
    for leg in sorted(before.legs - after.legs):
        yield _("off: %(leg)s") % {"leg": captions[leg][0]}
    if before.denies != after.denies:
        yield _("denies allowed") if after.denies else _("denies not allowed")


def _from_to(before: str, after: str) -> str:
    return _("%(before)s → %(after)s") % {"before": before, "after": after}


def given_words(value: object) -> str:
    """The value of a row in words."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, ColumnLevel):
        return words.within(level_captions()[value])
    verbs: frozenset[Verb] = value if isinstance(value, frozenset) else frozenset()
    captions = verb_captions()
    return words.listed([words.within(captions[verb]) for verb in Verb if verb in verbs]) or _("nothing")


def grants_words(grants: Grants) -> str:
    """What a rule gives in words."""
    said = []
    for verb in (Verb.READ, Verb.UPDATE, Verb.DELETE):
        grant: Grant = getattr(grants, verb.value)
        if grant:
            passed = _(" and pass on") if grant is Grant.DELEGABLE else ""
            said.append(words.within(verb_captions()[verb]) + passed)
    return words.listed(said) or _("nothing")
