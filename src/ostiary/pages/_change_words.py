"""Changes that would turn a verdict, in the words of the interface."""

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel
from ostiary.pages._why_words import Speaker, level_word, verb_word, verbs_listed
from ostiary.ui.i18n import gettext as _


def change_words(speaker: Speaker, change: access.FlipChange) -> str:
    """One change, as an order."""
    match change:
        case access.Membership(role, given):
            told = {"who": speaker.who, "role": speaker.name(role)}
            return (_("Give %(who)s the role %(role)s") if given else _("Take %(role)s from %(who)s")) % told
        case access.Sharing(at, unit, verb, given):
            told = {"what": _record(at), "unit": speaker.name(unit), "verb": verb_word(verb)}
            if given:
                return _("Share %(what)s with %(unit)s to %(verb)s") % told
            return _("Take back the share of %(what)s with %(unit)s to %(verb)s") % told
        case access.Denying(at, unit, verb, given):
            told = {"what": _record(at), "unit": speaker.name(unit), "verb": verb_word(verb)}
            if given:
                return _("Deny %(what)s to %(unit)s: %(verb)s") % told
            return _("Take back that %(what)s is denied to %(unit)s: %(verb)s") % told
        case access.EndOfDelegation(_id, grantor, receiver):
            told = {"from": speaker.name(grantor), "to": speaker.name(receiver)}
            return _("End the delegation from %(from)s to %(to)s") % told
        case access.EndOfElevation(_id, role):
            told = {"who": speaker.who, "role": speaker.name(role)}
            return _("End the elevation of %(who)s to %(role)s") % told
        case access.Activation():
            return _("Make %(who)s active") % {"who": speaker.who}
    return _rights_words(speaker, change)


def _rights_words(speaker: Speaker, change: access.FlipChange) -> str:
    match change:
        case access.RowChange():
            return _row_words(speaker, change)
        case access.RuleChange(_at, rule, verb, grant):
            told = {"unit": speaker.name(rule.grantee), "verb": verb_word(verb)}
            if grant:
                return _("Let the rule for %(unit)s also give %(verb)s") % told
            return _("Let the rule for %(unit)s no longer give %(verb)s") % told
        case access.DenyRuleChange(_at, denying, verb):
            told = {"unit": speaker.name(denying.unit), "verb": verb_word(verb)}
            return _("Let the rule no longer deny %(unit)s: %(verb)s") % told
        case access.CarriedChange(code, verb):
            return _("Let %(operation)s no longer carry %(verb)s") % {
                "operation": code,
                "verb": verb_word(verb),
            }
    raise TypeError(change)


def _row_words(speaker: Speaker, change: access.RowChange) -> str:
    told = {"unit": speaker.name(change.unit), "list": _list(change.rows), "given": _given(change.value)}
    if change.value is None:
        return _("Remove the row of %(unit)s from %(list)s") % told
    if change.top:
        return _("Put a row of %(unit)s on top of %(list)s: %(given)s") % told
    return _("Change the row of %(unit)s of %(list)s to %(given)s") % told


def _list(rows: str) -> str:
    return {access.OBJECT_ROWS: _("the object"), access.COLUMN_ROWS: _("the field")}.get(rows, rows)


def _record(at: int) -> str:
    return _("this record") if at == 0 else _("the record that it lies under")


def _given(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, ColumnLevel):
        return level_word(value)
    return verbs_listed(value) if isinstance(value, frozenset) else ""
