"""Whom a change of rights can concern at all, so that a comparison looks at few groups of a large tenant.

A row decides for those who have its unit; whoever has none of the units of rows and rules that changed may
what they might before. Nothing is decided here: who is concerned is compared by what `access.core` says.
"""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from uuid import UUID

from ostiary.access._ground import masters_of
from ostiary.access._policy import ObjectPolicy
from ostiary.access._snapshot import Snapshot
from ostiary.access._standing import Basis
from ostiary.access.core import OperationRow, RecordPolicy
from ostiary.kernel.ids import UnitId

Units = frozenset[UnitId]
_NONE: Units = frozenset()


class Concerned:
    """What can be other than it was, for each group."""

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        self.before, self.after = before, after
        self.all = before.objects.keys() | after.objects.keys()
        self.grounds = {o.id: o.ground for o in after.objects.values()}
        self.operations = _moved_rows(before.policy.operations, after.policy.operations)
        # by object: units whose holders may be concerned; None: everybody
        self.units: dict[UUID, Units | None] = {}
        for object_id in self.all:
            units = self._of_object(object_id)
            if units is None or units:
                self.units[object_id] = units

    def objects(self, old: Basis | None, new: Basis | None) -> frozenset[UUID] | None:
        """The objects to compare; None: nothing at all is other than it was."""
        if old is None or new is None or old.rights.sources != new.rights.sources:
            return frozenset(self.all)
        mine = new.rights.sources.own | new.rights.sources.roles | new.rights.sources.persons
        found = frozenset(o for o, units in self.units.items() if units is None or not units.isdisjoint(mine))
        nothing = not found and self.operations.isdisjoint(mine)
        return None if nothing and old.label.reporting == new.label.reporting else found

    def _of_object(self, object_id: UUID) -> Units | None:
        """Its metadata, rows and rules, and those of its masters."""
        if object_id not in self.before.objects or object_id not in self.after.objects:
            return None
        found = self.operations
        for each in masters_of(self.grounds, object_id):
            if self.before.objects.get(each) != self.after.objects.get(each):
                return None
            units = self._of_policy(self.before.policy.object(each), self.after.policy.object(each))
            if units is None:
                return None
            found |= units
        return found

    def _of_policy(self, old: ObjectPolicy, new: ObjectPolicy) -> Units | None:
        grantees = {rule.grantee for rule in new.records.rules} | {r.grantee for r in new.records.scopes}
        if any(self.before.under.reporting(p) != self.after.under.reporting(p) for p in grantees):
            return None  # managers of whom a rule names are concerned, too
        if old == new:
            return _NONE
        rules, columns = self._of_rules(old.records, new.records), _of_columns(old, new)
        if rules is None or columns is None:
            return None
        rows = _between([(r.unit, r.verbs) for r in old.rows], [(r.unit, r.verbs) for r in new.rows])
        carrying = {code for code, _verbs in old.carried.items() ^ new.carried.items()}
        operations = self.after.policy.operations
        return rows | rules | columns | {row.unit for code in carrying for row in operations.get(code, ())}

    def _of_rules(self, old: RecordPolicy, new: RecordPolicy) -> Units | None:
        if old.switches != new.switches:
            return None
        grantees = frozenset(rule[0] for rule in _given(old) ^ _given(new))
        if not grantees <= self.after.roles.keys():
            return None  # a person: those who manage that person are concerned, too
        denied = {(r.author, r.unit, r.verbs) for r in old.deny_rules} ^ {
            (r.author, r.unit, r.verbs) for r in new.deny_rules
        }
        return grantees | frozenset(rule[1] for rule in denied)


def _given(policy: RecordPolicy) -> set[tuple[UnitId, object, object]]:
    """(grantee, what it looks at, grants) of default rules and scope rules."""
    found: set[tuple[UnitId, object, object]] = {
        (r.grantee, r.author, frozenset(r.grants.items())) for r in policy.rules
    }
    return found | {(r.grantee, (r.path, r.attribute), frozenset(r.grants.items())) for r in policy.scopes}


def _of_columns(old: ObjectPolicy, new: ObjectPolicy) -> Units | None:
    found: Units = _NONE
    for column in old.columns.keys() | new.columns.keys():
        one, two = old.columns.get(column, ()), new.columns.get(column, ())
        if bool(one) != bool(two):
            return None  # a column without rows is as open as its object
        found |= _between([(r.unit, r.level) for r in one], [(r.unit, r.level) for r in two])
    return found


def _moved_rows(
    old: Mapping[str, Sequence[OperationRow]], new: Mapping[str, Sequence[OperationRow]]
) -> Units:
    found: Units = _NONE
    for code in old.keys() | new.keys():
        one, two = ([(row.unit, row.allowed) for row in rows.get(code, ())] for rows in (old, new))
        found |= _between(one, two)
    return found


def _between(old: Sequence[tuple[UnitId, object]], new: Sequence[tuple[UnitId, object]]) -> Units:
    """Units of rows that came, went, say something else or stand elsewhere among the others."""
    if old == new:
        return _NONE
    same = SequenceMatcher(None, old, new, autojunk=False)
    found: set[UnitId] = set()
    for tag, i, j, k, n in same.get_opcodes():
        if tag != "equal":
            found |= {unit for unit, _ in (*old[i:j], *new[k:n])}
    return frozenset(found)
