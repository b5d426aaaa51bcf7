"""Explanations, audiences and what grants, as JSON: every cause and change as values, units with names."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ostiary.access import public as access
from ostiary.access.public import Grant, Verb
from ostiary.assurance.public import Block, Explained, Remedy
from ostiary.identity.public import FoundUnit
from ostiary.kernel.ids import UnitId

Json = Any
_LAYERS = {layer: number for number, layer in enumerate(access.Layer)}


class _Teller:
    """Tells of units by their names, as far as the asker may know them."""

    def __init__(self, found: access.Explanation) -> None:
        self._names = found.names

    def unit(self, unit: UnitId) -> Json:
        return {"id": unit, "name": self._names.get(unit)}

    def layered(self, layered: access.Layered) -> Json:
        return {
            "layer": layered.layer.value,
            "number": _LAYERS[layered.layer],
            "verb": layered.verb.value,
            "allowed": layered.allowed,
            "by": [self.cause(cause) for cause in layered.by],
        }

    def cause(self, cause: access.Cause | access.Unnamed) -> Json:
        match cause:
            case access.Deciding(rows, position, row, source):
                return {
                    "kind": "row",
                    "list": rows,
                    "position": position,
                    "unit": self.unit(row.unit),
                    "gives": _row_gives(row),
                    "source": source.kind.value,
                    "of": self.unit(source.of),
                }
            case access.Reason(leg, grant, by):
                told = {"kind": "leg", "leg": type(leg).__name__, "grant": grant.name.lower()}
                return told if by is None else {**told, "by": self.unit(UnitId(by))}
            case access.DenyFact(unit, verb):
                return {"kind": "deny", "unit": self.unit(unit), "verbs": [verb.value]}
            case access.DenyRule(_id, author, unit, verbs):
                return {
                    "kind": "deny_rule",
                    "author": self.unit(author),
                    "unit": self.unit(unit),
                    "verbs": sorted(verbs),
                }
            case access.Everyone():
                return {"kind": "everyone"}
            case access.Unnamed(what, by):
                unnamed: dict[str, Json] = {"kind": "unnamed", "what": what}
                return unnamed if by is None else {**unnamed, "by": self.unit(by)}

    def tried(self, tried: access.Tried) -> Json:
        what = tried.what
        told: dict[str, Json] = {
            "kind": _kind_of(what),
            "outcome": tried.outcome.value,
            "near": tried.outcome.near,
            "units": [self.unit(unit) for unit in sorted(tried.units)],
        }
        if isinstance(what, access.OperationRow | access.ObjectRow | access.ColumnRow):
            told |= {"list": tried.rows, "position": tried.position, "gives": _row_gives(what)}
        elif isinstance(what, access.ShareFact | access.DenyFact):
            told["verb"] = what.verb.value
        elif isinstance(what, access.TriedLeg):
            told["leg"] = what.letter
        return told

    def change(self, change: access.FlipChange) -> Json:
        told: dict[str, Json] = {"change": _change_name(change), "operation": change.operation.value}
        match change:
            case access.Membership(role, given):
                return {**told, "role": self.unit(role), "given": given}
            case access.Sharing(at, unit, verb, given) | access.Denying(at, unit, verb, given):
                return {**told, "at": at, "unit": self.unit(unit), "verb": verb.value, "given": given}
            case access.RowChange(rows, unit, value, top):
                row = {"list": rows, "unit": self.unit(unit), "gives": _value(value), "top": top}
                return {**told, **row, "removed": value is None}
            case access.RuleChange(at, rule, verb, grant):
                giving = {"verb": verb.value, "grant": grant.name.lower()}
                return {**told, "at": at, "rule": rule.id, "unit": self.unit(rule.grantee), **giving}
            case access.DenyRuleChange(at, denying, verb):
                return {
                    **told,
                    "at": at,
                    "rule": denying.id,
                    "unit": self.unit(denying.unit),
                    "verb": verb.value,
                }
            case access.CarriedChange(code, verb):
                return {**told, "code": code, "verb": verb.value}
            case access.EndOfDelegation(delegation, grantor, receiver):
                ends = {"grantor": self.unit(grantor), "receiver": self.unit(receiver)}
                return {**told, "delegation": delegation, **ends}
            case access.EndOfElevation(elevation, role):
                return {**told, "elevation": elevation, "role": self.unit(role)}
        return told


_CHANGES: Mapping[type, str] = {
    access.Membership: "membership",
    access.Sharing: "share",
    access.Denying: "deny",
    access.RowChange: "row",
    access.RuleChange: "rule",
    access.DenyRuleChange: "deny_rule",
    access.CarriedChange: "carried_right",
    access.EndOfDelegation: "end_delegation",
    access.EndOfElevation: "end_elevation",
    access.Activation: "activation",
}
_KINDS: Mapping[type, str] = {
    access.TriedLeg: "leg",
    access.OperationRow: "row",
    access.ObjectRow: "row",
    access.ColumnRow: "row",
    access.DefaultRule: "rule",
    access.ScopeRule: "scope_rule",
    access.ShareFact: "share",
    access.DenyFact: "deny",
    access.DenyRule: "deny_rule",
}


def _change_name(change: access.FlipChange) -> str:
    return _CHANGES[type(change)]


def _kind_of(what: object) -> str:
    return _KINDS[type(what)]


def _row_gives(row: access.OperationRow | access.ObjectRow | access.ColumnRow) -> Json:
    match row:
        case access.OperationRow(allowed=allowed):
            return allowed
        case access.ObjectRow(verbs=verbs):
            return verbs_of(verbs)
        case access.ColumnRow(level=level):
            return level.name.lower()


def _value(value: object) -> Json:
    if isinstance(value, access.ColumnLevel):
        return value.name.lower()
    return verbs_of(value) if isinstance(value, frozenset) else value


def verbs_of(verbs: Iterable[Verb]) -> list[str]:
    """In the usual order."""
    wanted = set(verbs)
    return [verb.value for verb in Verb if verb in wanted]


def told_explanation(explained: Explained) -> Json:
    """The whole answer about one principal."""
    found, inquiry = explained.explanation, explained.matter.inquiry
    teller = _Teller(found)
    return {
        "principal": teller.unit(found.principal),
        "object": explained.matter.object.code,
        "verb": found.verb.value,
        "operation": found.operation,
        "record": inquiry.record_id,
        "column": inquiry.column or None,
        "at": inquiry.at,
        "allowed": found.allowed,
        "layers": [teller.layered(layered) for layered in found.layers],
        "any_data": [teller.layered(layered) for layered in found.any_data],
        "tried": [teller.tried(tried) for tried in found.tried],
        "untold": found.untold,
        "remedies": [_remedy(teller, remedy) for remedy in explained.remedies],
        "cut": found.cut,
        "whole": explained.whole,
        "words": access.words(found),
    }


def _remedy(teller: _Teller, remedy: Remedy) -> Json:
    people = remedy.people
    return {
        "width": remedy.width.name.lower(),
        "people": None if people is None else people.count,
        "may": list(remedy.may),
        "changes": [teller.change(change) for change in remedy.changes],
    }


def told_unit(unit: FoundUnit) -> Json:
    """A unit that the asker may know."""
    return {"id": unit.id, "name": unit.name, "kind": unit.kind.value, "external": unit.external}


def told_block(block: Block) -> Json:
    """One thing that grants; what is not said of it is left out."""
    way = block.granting
    told: dict[str, Json] = {
        "way": way.kind.value,
        "units": [told_unit(unit) for unit in block.units],
        "verbs": verbs_of(way.grants),
        "pass_on": verbs_of(verb for verb, grant in way.grants.items() if grant is Grant.DELEGABLE),
        "people": block.members.count,
    }
    more: dict[str, str | datetime | Json | None] = {
        "author": told_unit(block.author) if block.author else None,
        "level": None if way.level is None else way.level.name.lower(),
        "attribute": way.attribute or None,
        "valid_from": way.since,
        "valid_to": way.until,
    }
    return told | {name: value for name, value in more.items() if value is not None}
