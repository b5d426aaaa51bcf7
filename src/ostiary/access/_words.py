"""An explanation in plain English, sentence by sentence."""

from collections.abc import Iterable, Iterator, Mapping

from ostiary.access._explain import Explanation, Layered, Unnamed
from ostiary.access._flips import (
    Activation,
    CarriedChange,
    Change,
    Denying,
    DenyRuleChange,
    EndOfDelegation,
    EndOfElevation,
    Membership,
    RowChange,
    RuleChange,
    Sharing,
)
from ostiary.access.core import (
    ANY_DATA,
    COLUMN_ROWS,
    OBJECT_ROWS,
    Cause,
    ColumnLevel,
    ColumnRow,
    Deciding,
    DenyFact,
    DenyRule,
    Everyone,
    Layer,
    ObjectRow,
    OperationRow,
    Reason,
    ScopeHas,
    SourceKind,
    Verb,
)
from ostiary.kernel.ids import UnitId

Names = Mapping[UnitId, str]

_WHAT = {
    Layer.GATE: "Layer 0",
    Layer.OPERATION: "Layer 1",
    Layer.OBJECT: "Layer 2, the object",
    Layer.RECORD: "Layer 3, the record",
    Layer.COLUMN: "Layer 4, the column",
}
_NOTHING = {
    Layer.OPERATION: "no row names a unit of {who}",
    Layer.OBJECT: "no row names a unit of {who}",
    Layer.RECORD: "no leg reaches the record",
    Layer.COLUMN: "no row names a unit of {who}",
}
_LEGS = {
    "AuthorIs": "{by} is the author",
    "AuthorUnder": "the author reported to {by} when the record was made",
    "OwnerIs": "{by} is the owner",
    "OwnerUnder": "the owner reports to {by}",
    "AuthorSetHas": "a default rule gives records of {by}",
    "ScopeHas": "a scope rule gives records with such a value",
    "SharedWith": "the record is shared with {by}",
    "UnderMaster": "its master record is reached",
}
_UNNAMED = {
    "row": "a row decides that names a unit by way of others",
    "deny": "it is denied",
    "fixed": "its level is the same for everybody",
    "open": "it has no rows and follows the object",
}


def words(explanation: Explanation, names: Names | None = None) -> list[str]:
    """The verdict, each layer, then what would turn it. names: of units; others are "another unit"."""
    speaker = _Speaker(explanation, explanation.names if names is None else names)
    return list(speaker.sentences())


class _Speaker:
    def __init__(self, explanation: Explanation, names: Names) -> None:
        self.explanation, self.names = explanation, names
        self.who = self.name(explanation.principal)

    def name(self, unit: UnitId) -> str:
        return self.names.get(unit, "another unit")

    def sentences(self) -> Iterator[str]:
        found = self.explanation
        yield f"{self.who} may {'' if found.allowed else 'not '}{found.verb.value}."
        for layered in found.any_data:
            yield self._any_data(layered)
        for layered in found.layers:
            yield self._layer(layered)
        for flip in found.flips:
            yield f"To turn this: {' and '.join(map(self._change, flip))}."
        if found.cut:
            yield "Not every change was tried."

    def _any_data(self, layered: Layered) -> str:
        held = "is held" if layered.allowed else "is not held"
        return f"Layer 1: {ANY_DATA[layered.verb].value} {held}{self._because(layered)}."

    def _layer(self, layered: Layered) -> str:
        if layered.layer is Layer.GATE:
            return f"Layer 0: {self.who} is {'' if layered.allowed else 'not '}active."
        if layered.layer is Layer.OPERATION:
            held = "is held" if layered.allowed else "is not held"
            return f"Layer 1: {self.explanation.operation} {held}{self._because(layered)}."
        says = "permits" if layered.allowed else "refuses"
        return f"{_WHAT[layered.layer]}, {says} {layered.verb.value}{self._because(layered)}."

    def _because(self, layered: Layered) -> str:
        causes = [self._cause(cause) for cause in layered.by]
        return ": " + ("; ".join(causes) or _NOTHING[layered.layer].format(who=self.who))

    def _cause(self, cause: Cause | Unnamed) -> str:
        match cause:
            case Deciding():
                return self._deciding(cause)
            case Reason():
                by = None if cause.by is None or isinstance(cause.leg, ScopeHas) else UnitId(cause.by)
                return _LEGS[type(cause.leg).__name__].format(by=self.who if by is None else self.name(by))
            case DenyFact(unit, verb):
                return f"the record denies {self.name(unit)} to {verb.value}"
            case DenyRule(_, author, unit, verbs):
                return f"records of {self.name(author)} deny {self.name(unit)} to {_listed(sorted(verbs))}"
            case Everyone():
                return "the layer is off and permits everyone"
            case Unnamed(what, by):
                named = "a unit that counts here" if by is None else self.name(by)
                return _UNNAMED.get(what) or _LEGS[what].format(by=named)

    def _deciding(self, cause: Deciding) -> str:
        row = cause.row
        given = _value(row)
        rows = "" if cause.rows in (OBJECT_ROWS, COLUMN_ROWS) else f" of {cause.rows}"
        where = f"the row{rows} at position {cause.position}, {self.name(row.unit)}: {given}"
        return f"{where}, decides, since {self._since(cause)}"

    def _since(self, cause: Deciding) -> str:
        unit, of = cause.row.unit, cause.source.of
        match cause.source.kind:
            case SourceKind.OWN:
                return self._had(unit)
            case SourceKind.MANAGED:
                return f"{self.who} manages somebody who has the role {self.name(of)}"
            case SourceKind.DELEGATED:
                return f"{self.name(of)} delegated to {self.who}"
            case SourceKind.DELEGATED_MANAGED:
                return f"{self.name(of)}, who delegated to {self.who}, manages somebody who has it"
            case SourceKind.ELEVATED:
                return f"{self.who} is elevated to {self.name(of)}"

    def _had(self, unit: UnitId) -> str:
        if unit == self.explanation.principal:
            return f"it names {self.who}"
        role = self.explanation.by_role.get(unit, unit)
        by = "" if role == unit else f" by {self.name(role)}"
        return f"{self.who} has the role {self.name(unit)}{by}"

    def _change(self, change: Change) -> str:
        who = f"whoever holds {change.operation.value}"
        if isinstance(change, Sharing):
            who = f"whoever holds the verb with delegation, or {change.operation.value}"
        return f"{self._done(change)} ({who})"

    def _done(self, change: Change) -> str:
        match change:
            case Membership(role, given):
                return f"{'give' if given else 'take from'} {self.who} the role {self.name(role)}"
            case Sharing(at, unit, verb, given):
                what = f"the share of {_record(at)} with {self.name(unit)} to {verb.value}"
                return f"{'add' if given else 'take back'} {what}"
            case Denying(at, unit, verb, given):
                what = f"of {_record(at)} to {self.name(unit)} for {verb.value}"
                return f"{'add' if given else 'take back'} the deny {what}"
            case EndOfDelegation(_, grantor, receiver):
                return f"end the delegation from {self.name(grantor)} to {self.name(receiver)}"
            case EndOfElevation(_, role):
                return f"end the elevation of {self.who} to {self.name(role)}"
            case Activation():
                return f"make {self.who} active"
        return self._rights_changed(change)

    def _rights_changed(self, change: Change) -> str:
        match change:
            case RowChange():
                return self._row_changed(change)
            case RuleChange(_, rule, verb, grant):
                gives = "give" if grant else "no longer give"
                return f"let the rule for {self.name(rule.grantee)} {gives} {verb.value}"
            case DenyRuleChange(_, denying, verb):
                return f"let the deny rule for {self.name(denying.unit)} no longer deny {verb.value}"
            case CarriedChange(code, verb):
                return f"let {code} no longer carry {verb.value}"
        raise TypeError(change)

    def _row_changed(self, change: RowChange) -> str:
        place = {OBJECT_ROWS: "the object", COLUMN_ROWS: "the column"}.get(change.rows, change.rows)
        name = self.name(change.unit)
        if change.value is None:
            return f"remove the row of {name} from {place}"
        given = _given(change.value)
        if change.top:
            return f"put a row of {name} on top of {place}: {given}"
        return f"change the row of {name} of {place} to {given}"


def _record(at: int) -> str:
    return "the record" if at == 0 else " of ".join(["the master record", *["the master record"] * (at - 1)])


def _value(row: OperationRow | ObjectRow | ColumnRow) -> str:
    match row:
        case OperationRow():
            return _given(row.allowed)
        case ObjectRow():
            return _given(row.verbs)
        case ColumnRow():
            return _given(row.level)


def _given(value: frozenset[Verb] | ColumnLevel | bool) -> str:  # noqa: FBT001  the value of a row
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, ColumnLevel):
        return value.name.lower()
    return _listed(verb for verb in Verb if verb in value)


def _listed(verbs: Iterable[Verb]) -> str:
    *first, last = [verb.value for verb in verbs] or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last
