"""An explanation in the words of the interface, sentence by sentence."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, GrantKind, Layer, Outcome, Verb
from ostiary.kernel.ids import UnitId
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later

Names = Mapping[UnitId, str]

_VERBS = {
    Verb.READ: later("read"),
    Verb.CREATE: later("add"),
    Verb.UPDATE: later("edit"),
    Verb.DELETE: later("delete"),
}
_LEVELS = {
    ColumnLevel.NONE: later("none"),
    ColumnLevel.MASKED: later("masked"),
    ColumnLevel.READ: later("read"),
    ColumnLevel.EDIT: later("edit"),
}
_LEGS = {
    "AuthorIs": later("%(by)s is the author"),
    "AuthorUnder": later("the author reported to %(by)s when the record was made"),
    "OwnerIs": later("%(by)s is the owner"),
    "OwnerUnder": later("the owner reports to %(by)s"),
    "AuthorSetHas": later("a rule of the object is about records of %(by)s"),
    "ScopeHas": later("a rule of the object is about records with such a value"),
    "SharedWith": later("the record is shared with %(by)s"),
    "UnderMaster": later("the record that it lies under may be reached"),
}
_SHORT = {
    "AuthorIs": later("author"),
    "AuthorUnder": later("manager of the author"),
    "OwnerIs": later("owner"),
    "OwnerUnder": later("manager of the owner"),
    "AuthorSetHas": later("by a rule"),
    "ScopeHas": later("by a rule"),
    "SharedWith": later("shared"),
    "UnderMaster": later("by what it lies under"),
}
_UNNAMED = {
    "row": later("a row decides that names a role by way of others"),
    "deny": later("it is denied"),
    "fixed": later("the field is the same for everybody"),
    "open": later("the field has no rows and follows the object"),
}
_NOTHING = {
    Layer.OPERATION: later("No row names a role of %(who)s."),
    Layer.OBJECT: later("No row names a role of %(who)s."),
    Layer.RECORD: later("Nothing reaches the record: no ownership, no rule, no share."),
    Layer.COLUMN: later("No row names a role of %(who)s."),
}
WAYS = {
    GrantKind.EVERYONE: later("Everybody"),
    GrantKind.AUTHOR: later("Author"),
    GrantKind.AUTHOR_MANAGERS: later("Managers of the author"),
    GrantKind.OWNER: later("Owner"),
    GrantKind.OWNER_MANAGERS: later("Managers of the owner"),
    GrantKind.RULE: later("Rule of the object"),
    GrantKind.SCOPE: later("Rule by a value"),
    GrantKind.SHARE: later("Shared"),
    GrantKind.MASTER: later("By what it lies under"),
    GrantKind.DENY: later("Denied"),
    GrantKind.DENY_RULE: later("Denied by a rule"),
    GrantKind.OPERATION: later("System operations: any data"),
    GrantKind.OBJECT_ROW: later("Row of the object"),
    GrantKind.COLUMN_ROW: later("Row of the field"),
}
_WHOSE = {
    "a": later("Author"),
    "A": later("Managers of the author"),
    "o": later("Owner"),
    "O": later("Managers of the owner"),
    "m": later("What it lies under"),
}
_PERSONAL = frozenset({"a", "o"})  # legs that look at a person
_OUTCOMES = {
    Outcome.GIVES: later("gives it"),
    Outcome.LESS: later("gives something else"),
    Outcome.ENDED: later("has ended"),
    Outcome.LATER: later("begins later"),
    Outcome.COVERED: later("a row above decides"),
    Outcome.OTHERS: later("somebody else"),
    Outcome.OFF: later("switched off"),
    Outcome.DENIES: later("takes it away"),
}


def verb_word(verb: Verb, operation: str | None = None) -> str:
    """What is done, as the interface says it."""
    return _("export") if operation == access.Operation.EXPORT_LIST else _(_VERBS[verb])


def verbs_listed(verbs: Iterable[Verb]) -> str:
    """read, edit and delete."""
    wanted = set(verbs)
    return words.listed([_(_VERBS[verb]) for verb in Verb if verb in wanted]) or _("nothing")


def level_word(level: ColumnLevel) -> str:
    """The level of a field."""
    return _(_LEVELS[level])


class Speaker:
    """Says an explanation about `who`. Units that the reader may not know are "another role"."""

    def __init__(self, found: access.Explanation, zone: tzinfo) -> None:
        self.found, self.zone = found, zone
        self.who = self.name(found.principal)

    def name(self, unit: UnitId) -> str:
        """The name of a unit."""
        return self.found.names.get(unit, _("another role"))

    def verdict(self, what: str) -> str:
        """The verdict as a sentence with a name in it. what: with the verb."""
        sentence = _("%(who)s may %(what)s") if self.found.allowed else _("%(who)s may not %(what)s")
        return sentence % {"who": self.who, "what": what}

    def gate(self) -> str:
        """Layer 0."""
        active = self.found.layers[0].allowed
        return (_("%(who)s is active.") if active else _("%(who)s is not active.")) % {"who": self.who}

    def why(self, layered: access.Layered) -> str:
        """What a layer rests on."""
        causes = [self.cause(cause) for cause in layered.by]
        if not causes:
            return _(_NOTHING[layered.layer]) % {"who": self.who}
        said = "; ".join(causes)
        return said[0].upper() + said[1:] + "."

    def any_data(self, layered: access.Layered) -> str:
        """Whether the any-data operation of a verb is held."""
        verb = verb_word(layered.verb)
        if layered.allowed:
            return _("Holds “%(verb)s any data”: %(why)s") % {"verb": verb, "why": self.why(layered)}
        return _("Does not hold “%(verb)s any data”.") % {"verb": verb}

    def cause(self, cause: access.Cause | access.Unnamed) -> str:
        """One cause."""
        match cause:
            case access.Deciding():
                return self._deciding(cause)
            case access.Reason():
                leg = type(cause.leg).__name__
                by = self.who if cause.by is None else self.name(UnitId(cause.by))
                return _(_LEGS[leg]) % {"by": by}
            case access.DenyFact(unit, verb):
                told = {"unit": self.name(unit), "verb": verb_word(verb)}
                return _("the record denies %(unit)s to %(verb)s it") % told
            case access.DenyRule(_id, author, unit, verbs):
                told = {
                    "author": self.name(author),
                    "unit": self.name(unit),
                    "verbs": verbs_listed(verbs),
                }
                return _("a rule denies records of %(author)s to %(unit)s: %(verbs)s") % told
            case access.Everyone():
                return _("its records are open to everybody whom the object lets in")
            case access.Unnamed(what, by):
                named = _("a role that counts here") if by is None else self.name(by)
                return _(_UNNAMED.get(what) or _LEGS[what]) % {"by": named}

    def short(self, layered: access.Layered) -> str:
        """The first cause in a word or two, for a narrow column."""
        for cause in layered.by:
            match cause:
                case access.Deciding(_rows, position):
                    return _("row %(number)d") % {"number": position}
                case access.Reason():
                    return _(_SHORT[type(cause.leg).__name__])
                case access.DenyFact() | access.DenyRule():
                    return _("denied")
                case access.Unnamed(what) if what in _SHORT:
                    return _(_SHORT[what])
        return _("yes") if layered.allowed else _("nothing gives it")

    def _deciding(self, cause: access.Deciding) -> str:
        told = {
            "number": cause.position,
            "unit": self.name(cause.row.unit),
            "given": row_gives(cause.row),
            "since": self._since(cause),
        }
        return _("row %(number)d, %(unit)s: %(given)s, decides; %(since)s") % told

    def _since(self, cause: access.Deciding) -> str:
        told = {"who": self.who, "of": self.name(cause.source.of)}
        match cause.source.kind:
            case access.SourceKind.OWN:
                return self.had(cause.row.unit)
            case access.SourceKind.MANAGED:
                return _("%(who)s manages somebody who has the role %(of)s") % told
            case access.SourceKind.DELEGATED:
                return _("%(of)s delegated to %(who)s") % told
            case access.SourceKind.DELEGATED_MANAGED:
                return _("%(of)s, who delegated to %(who)s, manages somebody who has it") % told
            case access.SourceKind.ELEVATED:
                return _("%(who)s is elevated to %(of)s") % told

    def had(self, unit: UnitId) -> str:
        """How the principal came by a unit of the own set."""
        role = self.found.by_role.get(unit, unit)
        told = {"who": self.who, "unit": self.name(unit), "role": self.name(role)}
        if unit == self.found.principal:
            return _("it names %(who)s") % told
        if role == unit:
            return _("%(who)s has the role %(unit)s") % told
        return _("%(who)s has the role %(unit)s through %(role)s") % told

    def tried(self, tried: access.Tried) -> tuple[str, str]:
        """What was looked at, and what came of it."""
        return self._looked_at(tried), self._came(tried)

    def _looked_at(self, tried: access.Tried) -> str:
        match tried.what:
            case access.TriedLeg(letter):
                return _(_WHOSE[letter])
            case access.DefaultRule(_id, author, grantee):
                told = {"author": self.name(author), "unit": self.name(grantee)}
                return _("Rule: records of %(author)s for %(unit)s") % told
            case access.ScopeRule(_id, grantee, _path, attribute):
                told = {"unit": self.name(grantee), "attribute": attribute}
                return _("Rule: records within the %(attribute)s of %(unit)s") % told
            case access.ShareFact(unit, verb):
                told = {"unit": self.name(unit), "verb": verb_word(verb)}
                return _("Shared with %(unit)s to %(verb)s") % told
            case access.DenyFact(unit, verb):
                told = {"unit": self.name(unit), "verb": verb_word(verb)}
                return _("Denied to %(unit)s: %(verb)s") % told
            case access.DenyRule(_id, author, unit):
                told = {"author": self.name(author), "unit": self.name(unit)}
                return _("Rule: records of %(author)s are denied to %(unit)s") % told
            case row:
                told = {"number": str(tried.position), "unit": self.name(row.unit)}
                return _("Row %(number)s: %(unit)s") % told

    def _came(self, tried: access.Tried) -> str:
        said = _(_OUTCOMES[tried.outcome])
        match tried.what:
            case access.TriedLeg(letter, units) if tried.outcome is Outcome.OTHERS and units:
                names = words.listed(sorted(self.name(unit) for unit in units)[:3])
                return names if letter in _PERSONAL else _("of %(names)s") % {"names": names}
            case access.OperationRow() | access.ObjectRow() | access.ColumnRow() as row:
                if tried.outcome in (Outcome.LESS, Outcome.GIVES):
                    return _("gives %(given)s") % {"given": row_gives(row)}
            case access.DefaultRule(grants=grants) | access.ScopeRule(grants=grants):
                if tried.outcome is Outcome.LESS:
                    given = [verb for verb, grant in grants.items() if grant]
                    return _("gives %(given)s") % {"given": verbs_listed(given)}
            case access.ShareFact(valid_from=since, valid_to=until):
                return self._dated(tried.outcome, said, since if tried.outcome is Outcome.LATER else until)
        return _("not %(who)s") % {"who": self.who} if tried.outcome is Outcome.OTHERS else said

    def _dated(self, outcome: Outcome, said: str, at: datetime | None) -> str:
        if outcome in (Outcome.ENDED, Outcome.LATER) and at is not None:
            return f"{said}: {words.instant(at, self.zone)}"
        return _("not %(who)s") % {"who": self.who} if outcome is Outcome.OTHERS else said


def row_gives(row: access.OperationRow | access.ObjectRow | access.ColumnRow) -> str:
    """What a row says."""
    match row:
        case access.OperationRow(allowed=allowed):
            return _("yes") if allowed else _("no")
        case access.ObjectRow(verbs=verbs):
            return verbs_listed(verbs)
        case access.ColumnRow(level=level):
            return level_word(level)
