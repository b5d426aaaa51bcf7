"""Edits of layer 3: switches, legs, rules, denies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ostiary.access import public as access
from ostiary.access.public import Grant, Grants, Verb
from ostiary.assurance import public as assurance
from ostiary.kernel.errors import NotFound
from ostiary.objects.public import Object
from ostiary.ui.i18n import gettext as _
from ostiary.web._rights_desk import Desk
from ostiary.web._rights_edits import Edit, Posted, chosen_unit, known, refused, unit_in
from ostiary.web._rights_records import RECORD_VERBS, path_of

_VERBS = {verb.value: verb for verb in RECORD_VERBS}
_GRANTS = {grant.name.lower(): grant for grant in Grant}
_LEGS = {leg: leg for leg in access.ALL_LEGS}


def _object(desk: Desk, words: Sequence[str]) -> Object:
    return known(words[0] if words else "", desk.catalogue.objects)


def _switches(
    change: Callable[[assurance.SetSwitches, Sequence[str]], assurance.SetSwitches],
) -> Edit:
    def apply(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
        place = assurance.SetSwitches(_object(desk, words).id, records=True)
        return desk.draft.put(desk.policy, change(desk.draft.at(place, desk.policy), words[1:]))

    return apply


def _turn_leg(now: assurance.SetSwitches, words: Sequence[str]) -> assurance.SetSwitches:
    return replace(now, legs=now.legs ^ {known(words[0] if words else "", _LEGS)})


def _rule_place(desk: Desk, words: Sequence[str]) -> assurance.SetDefaultRule:
    if len(words) < 3:
        raise NotFound
    return assurance.SetDefaultRule(_object(desk, words).id, unit_in(words[1]), unit_in(words[2]), Grants())


def _deny_place(desk: Desk, words: Sequence[str]) -> assurance.SetDenyRule:
    if len(words) < 3:
        raise NotFound
    return assurance.SetDenyRule(_object(desk, words).id, unit_in(words[1]), unit_in(words[2]), frozenset())


def _scope_place(desk: Desk, words: Sequence[str]) -> assurance.SetScopeRule:
    if len(words) < 4:
        raise NotFound
    made, path = _object(desk, words), tuple(words[2].split("."))
    if not all(step in ("owner", "author") or unit_in(step) for step in path):
        raise NotFound
    scope = access.Scope(path, words[3])
    return assurance.SetScopeRule(made.id, unit_in(words[1]), scope, Grants())


def _grant(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    """`rule <object> <author> <grantee> <verb> <grant>`."""
    place = desk.draft.at(_rule_place(desk, words), desk.policy)
    return desk.draft.put(desk.policy, replace(place, grants=_granted(place.grants, words[3:])))


def _grant_in_scope(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    """`scope <object> <grantee> <path> <attribute> <verb> <grant>`."""
    place = desk.draft.at(_scope_place(desk, words), desk.policy)
    return desk.draft.put(desk.policy, replace(place, grants=_granted(place.grants, words[4:])))


def _granted(grants: Grants, words: Sequence[str]) -> Grants:
    if len(words) != 2:
        raise NotFound
    return replace(grants, **{known(words[0], _VERBS).value: known(words[1], _GRANTS)})


def _deny(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    """`deny <object> <author> <unit> <verb>`."""
    place = desk.draft.at(_deny_place(desk, words), desk.policy)
    verbs: frozenset[Verb] = place.verbs ^ {known(words[-1], _VERBS)}
    return desk.draft.put(desk.policy, replace(place, verbs=verbs))


def _off(place_of: Callable[[Desk, Sequence[str]], assurance.PolicyChange]) -> Edit:
    """A rule that gives or denies nothing is none."""

    def apply(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
        return desk.draft.put(desk.policy, place_of(desk, words))

    return apply


def _back(place_of: Callable[[Desk, Sequence[str]], assurance.PolicyChange]) -> Edit:
    def apply(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
        return desk.draft.reverted(desk.policy, place_of(desk, words))

    return apply


def _add_rule(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    author, grantee = (chosen_unit(desk, posted, f"rule-{side}") for side in ("author", "grantee"))
    place = _rule_place(desk, [*words, str(author), str(grantee)])
    if desk.draft.at(place, desk.policy).grants != Grants():
        raise refused("rule-grantee", "twice", _("There is such a rule already"))
    return desk.draft.put(desk.policy, replace(place, grants=Grants(read=Grant.GRANTED)))


def _add_scope(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    made, grantee = _object(desk, words), chosen_unit(desk, posted, "scope-grantee")
    path = path_of(desk, made, posted)
    if not path:
        raise refused("step", "required", _("Choose whose value is compared"))
    attribute = posted.get("attribute", "")
    if not attribute.isidentifier() or len(attribute) > 60:
        raise NotFound
    place = assurance.SetScopeRule(made.id, grantee, access.Scope(path, attribute), Grants())
    if desk.draft.at(place, desk.policy).grants != Grants():
        raise refused("scope-grantee", "twice", _("There is such a rule already"))
    return desk.draft.put(desk.policy, replace(place, grants=Grants(read=Grant.GRANTED)))


def _add_deny(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    author, unit = (chosen_unit(desk, posted, f"deny-{side}") for side in ("author", "unit"))
    place = _deny_place(desk, [*words, str(author), str(unit)])
    if desk.draft.at(place, desk.policy).verbs:
        raise refused("deny-unit", "twice", _("There is such a rule already"))
    return desk.draft.put(desk.policy, replace(place, verbs=frozenset({Verb.READ})))


def _follow(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    """One step more of a path: nothing of it is in the draft before the rule is added."""
    if not posted.get("step"):
        raise refused("step", "required", _("Choose a field to follow"))
    return desk.draft


def _start_again(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    return desk.draft


RULE_EDITS: Mapping[str, Edit] = {
    "records": _switches(lambda now, _words: replace(now, records=not now.records)),
    "denies": _switches(lambda now, _words: replace(now, denies=not now.denies)),
    "leg": _switches(_turn_leg),
    "rule": _grant,
    "rule-add": _add_rule,
    "rule-off": _off(_rule_place),
    "rule-back": _back(_rule_place),
    "scope": _grant_in_scope,
    "scope-add": _add_scope,
    "scope-off": _off(_scope_place),
    "scope-back": _back(_scope_place),
    "deny": _deny,
    "deny-add": _add_deny,
    "deny-off": _off(_deny_place),
    "deny-back": _back(_deny_place),
    "path": _follow,
    "path-clear": _start_again,
}
