"""Layer 3 of an object: on or off, the legs, default rules, scope rules, denies, the master record."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ostiary.access import public as access
from ostiary.access.public import Grant, Grants, Verb
from ostiary.assurance import public as assurance
from ostiary.kernel.ids import UnitId
from ostiary.objects.public import Object
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Field, Option
from ostiary.web._frame import RIGHTS_URL
from ostiary.web._rights_desk import UNITS_URL, Desk, Editor, named_in
from ostiary.web._rights_legs import leg_captions, path_words
from ostiary.web._rights_rows import verb_captions

RECORD_VERBS = (Verb.READ, Verb.UPDATE, Verb.DELETE)
MOST_HOPS = 4
Rule = assurance.SetDefaultRule | assurance.SetScopeRule | assurance.SetDenyRule
AnyRule = TypeVar("AnyRule", bound=Rule)


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch of the layer. why: why it has no effect here."""

    key: str
    caption: str
    text: str
    on: bool
    changed: bool
    do: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class GrantCell:
    """What a rule gives for a verb: 0 nothing, 1 the verb, 2 with passing on. do: what pressing it does."""

    caption: str
    level: int
    words: str
    changed: bool
    do: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule: its units or path, what it gives. gone: it was stored and is to go; back brings it again."""

    key: str
    names: tuple[str, ...]
    cells: tuple[GrantCell, ...]
    is_new: bool
    gone: bool
    do: str


@dataclass(frozen=True, slots=True)
class Master:
    """The object whose records hand their rights down."""

    caption: str
    url: str
    column: str


@dataclass(frozen=True, slots=True)
class RecordLayer:
    """Everything of the layer."""

    switch: Switch
    legs: tuple[Switch, ...]
    denies: Switch
    master: Master | None
    rules: tuple[RuleLine, ...]
    scopes: tuple[RuleLine, ...]
    deny_rules: tuple[RuleLine, ...]
    fields: Mapping[str, Field]
    path: str
    path_words: str
    may_follow: bool


def record_layer(editor: Editor, made: Object) -> RecordLayer:
    """Layer 3 as it would be saved."""
    desk = editor.desk
    place = assurance.SetSwitches(made.id, records=True)
    now, before = desk.draft.at(place, desk.policy), desk.draft.base(place, desk.policy)
    rules, scopes, denies = _all_rules(desk, made)
    path = () if _is_added(editor) else path_of(desk, made, editor.posted)
    steps = _steps(desk, made, path)
    return RecordLayer(
        _switch(made, now, before),
        tuple(_legs(made, now, before)),
        Switch(
            "denies",
            _("Denies"),
            _("Single records and rules may deny what the legs give"),
            now.denies,
            now.denies != before.denies,
            f"denies {made.code}",
        ),
        _master(desk, made),
        tuple(_default_line(desk, made, rule) for rule in rules),
        tuple(_scope_line(desk, made, rule) for rule in scopes),
        tuple(_deny_line(desk, made, rule) for rule in denies),
        _fields(editor, steps),
        ".".join(path),
        path_words(desk.catalogue, made.id, path),
        bool(path) and len(path) < MOST_HOPS,
    )


def _is_added(editor: Editor) -> bool:
    """Whether the path has served its end, or is given up."""
    name = editor.posted.get("do", "").partition(" ")[0]
    return name == "path-clear" or (name == "scope-add" and not editor.errors)


def rule_lines(desk: Desk, made: Object, unit: UnitId) -> dict[str, tuple[RuleLine, ...]]:
    """Rules of an object that name a unit, by kind."""
    rules, scopes, denies = _all_rules(desk, made)
    return {
        "rules": tuple(_default_line(desk, made, r) for r in rules if unit in (r.author, r.grantee)),
        "scopes": tuple(_scope_line(desk, made, r) for r in scopes if r.grantee == unit),
        "deny_rules": tuple(_deny_line(desk, made, r) for r in denies if unit in (r.author, r.unit)),
    }


def _all_rules(
    desk: Desk, made: Object
) -> tuple[list[assurance.SetDefaultRule], list[assurance.SetScopeRule], list[assurance.SetDenyRule]]:
    """The rules of an object, stored and unsaved, with the names of their units read."""
    policy, object_id = desk.policy, made.id
    found = (
        _with_unsaved(assurance.default_rules(policy, object_id), desk, made, assurance.SetDefaultRule),
        _with_unsaved(assurance.scope_rules(policy, object_id), desk, made, assurance.SetScopeRule),
        _with_unsaved(assurance.deny_rules(policy, object_id), desk, made, assurance.SetDenyRule),
    )
    desk.know(named_in([*found[0], *found[1], *found[2]]))
    return found


def _with_unsaved(stored: list[AnyRule], desk: Desk, made: Object, kind: type[AnyRule]) -> list[AnyRule]:
    """The stored rules of a kind and the unsaved ones, which come last."""
    known = {assurance.target_of(rule) for rule in stored}
    fresh = [c for c in desk.draft.changes if isinstance(c, kind) and c.object_id == made.id]
    return [*stored, *(c for c in fresh if assurance.target_of(c) not in known)]


def _switch(made: Object, now: assurance.SetSwitches, before: assurance.SetSwitches) -> Switch:
    return Switch(
        "records",
        _("Record layer"),
        _("Which records a person reaches is decided by the legs below")
        if now.records
        else _("Off: every record is open to whoever the object layer lets in"),
        now.records,
        now.records != before.records,
        f"records {made.code}",
    )


def _legs(made: Object, now: assurance.SetSwitches, before: assurance.SetSwitches) -> Iterator[Switch]:
    for key, (caption, text) in leg_captions().items():
        why = ""
        if key.startswith("owner") and not made.has_owner:
            why = _("Its records have no owner")
        if key == "master" and made.master_column is None:
            why = _("Its records have no master record")
        on = key in now.legs
        yield Switch(key, caption, text, on, on != (key in before.legs), f"leg {made.code} {key}", why)


def _master(desk: Desk, made: Object) -> Master | None:
    column = made.master_column
    target = None if column is None or column.target is None else desk.catalogue.objects.get(column.target)
    if column is None or target is None:
        return None
    return Master(target.caption, f"{RIGHTS_URL}/{target.code}?layer=records", column.caption)


def _default_line(desk: Desk, made: Object, place: assurance.SetDefaultRule) -> RuleLine:
    now, before = desk.draft.at(place, desk.policy), desk.draft.base(place, desk.policy)
    words = f"{made.code} {now.author} {now.grantee}"
    names = (desk.name(now.author), desk.name(now.grantee))
    return _grant_line("rule", words, names, now.grants, before.grants)


def _scope_line(desk: Desk, made: Object, place: assurance.SetScopeRule) -> RuleLine:
    now, before = desk.draft.at(place, desk.policy), desk.draft.base(place, desk.policy)
    words = f"{made.code} {now.grantee} {'.'.join(now.scope.path)} {now.scope.attribute}"
    path = path_words(desk.catalogue, made.id, now.scope.path)
    names = (desk.name(now.grantee), path, attribute_words(now.scope.attribute))
    return _grant_line("scope", words, names, now.grants, before.grants)


def _grant_line(kind: str, words: str, names: tuple[str, ...], now: Grants, before: Grants) -> RuleLine:
    gone = now == Grants()
    captions = verb_captions()
    said = {Grant.NONE: _("No"), Grant.GRANTED: _("Yes"), Grant.DELEGABLE: _("Yes, and pass on")}
    cells = tuple(
        GrantCell(
            captions[verb],
            int(grant := getattr(now, verb.value)),
            said[grant],
            grant != getattr(before, verb.value),
            f"{kind} {words} {verb.value} {Grant((int(grant) + 1) % 3).name.lower()}",
        )
        for verb in RECORD_VERBS
    )
    return RuleLine(
        words, names, cells, before == Grants(), gone, f"{kind}-{'back' if gone else 'off'} {words}"
    )


def _deny_line(desk: Desk, made: Object, place: assurance.SetDenyRule) -> RuleLine:
    now, before = desk.draft.at(place, desk.policy), desk.draft.base(place, desk.policy)
    words, captions = f"{made.code} {now.author} {now.unit}", verb_captions()
    cells = tuple(
        GrantCell(
            captions[verb],
            int(verb in now.verbs),
            _("Denied") if verb in now.verbs else _("No"),
            (verb in now.verbs) != (verb in before.verbs),
            f"deny {words} {verb.value}",
        )
        for verb in RECORD_VERBS
    )
    names = (desk.name(now.author), desk.name(now.unit))
    gone = not now.verbs
    return RuleLine(words, names, cells, not before.verbs, gone, f"deny-{'back' if gone else 'off'} {words}")


def attribute_words(attribute: str) -> str:
    """What of a person is compared, in words."""
    words = {
        access.SELF: _("the person"),
        access.OWN_UNITS: _("one of their roles"),
        access.MANAGED_UNITS: _("a unit they manage"),
    }
    return words.get(attribute, attribute)


def path_of(desk: Desk, made: Object, posted: Mapping[str, str]) -> tuple[str, ...]:
    """The path that the form holds, with the step that was chosen; what leads nowhere is left out."""
    given = [*posted.get("path", "").split(".")[:MOST_HOPS]]
    if posted.get("do", "").startswith(("path ", "scope-add ")):
        given.append(posted.get("step", ""))
    found: tuple[str, ...] = ()
    for step in given:
        if step in _steps(desk, made, found):
            found = (*found, step)
    return found


def _steps(desk: Desk, made: Object, path: Sequence[str]) -> dict[str, str]:
    """Where a path may go on, by step: owner, author, lookups of the object that it has come to."""
    here: Object | None = made
    for step in path:
        column = None if here is None else next((c for c in here.columns.values() if str(c.id) == step), None)
        here = None if column is None or column.target is None else desk.catalogue.objects.get(column.target)
    if here is None or len(path) >= MOST_HOPS:
        return {}
    found = {"owner": _("Owner")} if here.has_owner else {}
    found["author"] = _("Author")
    return found | {str(c.id): c.caption for c in here.columns.values() if c.target}


def _fields(editor: Editor, steps: Mapping[str, str]) -> dict[str, Field]:
    units = {
        "rule-author": _("Records of"),
        "rule-grantee": _("Are given to"),
        "scope-grantee": _("Is given to"),
        "deny-author": _("Records of"),
        "deny-unit": _("Are denied to"),
    }
    found = {name: _unit_field(editor, name, label) for name, label in units.items()}
    found["step"] = Field(
        "step",
        _("The value at"),
        "choice",
        options=(Option("", _("Choose")), *(Option(key, caption) for key, caption in steps.items())),
        error=editor.errors.get("step", ""),
    )
    names = [access.SELF, access.OWN_UNITS, access.MANAGED_UNITS, *access.attribute_names(editor.desk.ctx)]
    chosen = editor.posted.get("attribute", "")
    found["attribute"] = Field(
        "attribute",
        _("Is"),
        "choice",
        options=tuple(Option(n, attribute_words(n), selected=n == chosen) for n in dict.fromkeys(names)),
    )
    return found


def _unit_field(editor: Editor, name: str, label: str) -> Field:
    kept = editor.errors or editor.posted.get("do", "").startswith("path ")
    return Field(
        name,
        label,
        "lookup",
        editor.posted.get(f"{name}.text", "") if kept else "",
        editor.posted.get(name, "") if kept else "",
        placeholder=_("Find a role or person"),
        error=editor.errors.get(name, ""),
        lookup_url=f"{UNITS_URL}?for={name}",
    )
