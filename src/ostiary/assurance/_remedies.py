"""A remedy of an explanation as changes that can be previewed and saved."""

from collections.abc import Iterable, Sequence
from typing import Any

from ostiary.access import public as access
from ostiary.assurance import _changes as c
from ostiary.assurance._explained import Explained, Remedy
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import ColumnId, ObjectId, RecordId, UnitId
from ostiary.objects import public as objects

_ROWS = (c.SetObjectRows, c.SetColumnRows, c.SetOperationRows)


def changes_of(ctx: Context, found: Explained, remedy: Remedy) -> tuple[c.RightsChange, ...]:
    """What makes the remedy so. Raises NotFound: the explanation is not whole, so it holds too little."""
    if found.explanation.question is None:
        raise NotFound
    making = _Making(found, objects.get_catalogue(ctx))
    for change in remedy.changes:
        making.add(change)
    return tuple(making.made)


class _Making:
    """Changes of one remedy; several of one list of rows become one."""

    def __init__(self, found: Explained, catalogue: objects.Catalogue) -> None:
        self.object, self.catalogue = found.matter.object, catalogue
        self.question: Any = found.explanation.question  # its parts are the engine's own values
        self.made: list[c.RightsChange] = []

    def add(self, change: access.FlipChange) -> None:
        """One change of the flip."""
        match change:
            case access.RowChange():
                self._rows(change)
            case access.RuleChange():
                self._rule(change)
            case access.DenyRuleChange(at, rule, verb):
                verbs = rule.verbs - {verb}
                self.made.append(c.SetDenyRule(self._object(at), rule.author, rule.unit, verbs))
            case access.Sharing(at, unit, verb, given):
                code, record = self._record(at)
                self.made.append(c.ShareRecord(code, record, unit, verb, given))
            case access.Denying(at, unit, verb, given):
                self._deny(at, unit, verb, given=given)
            case access.CarriedChange(code, verb):
                carried = self.question.matter.carried.get(code, frozenset()) - {verb}
                self.made.append(c.SetCarriedRight(access.Operation(code), self._object(0), carried))
            case _:
                self.made.append(self._about_person(change))

    def _about_person(self, change: access.FlipChange) -> c.RightsChange:
        principal = self.question.origin.unit
        match change:
            case access.Membership(role, given):
                return c.SetMember(principal, role, given)
            case access.EndOfDelegation(delegation):
                return c.EndDelegation(delegation)
            case access.EndOfElevation(elevation):
                return c.EndElevation(elevation)
            case access.Activation():
                return c.SetActive(principal, active=True)
        raise TypeError(f"{type(change).__name__} cannot be made")

    def _object(self, at: int) -> ObjectId:
        """The object, at 1 that of its master record, and so on."""
        here = self.object
        for _ in range(at):
            master = here.master_column
            here = self.catalogue.objects[(master and master.target) or ""]
        return here.id

    def _record(self, at: int) -> tuple[str, RecordId]:
        object_id, record = self.question.records[at]
        return self.catalogue.by_id(object_id).code, RecordId(record)

    def _rows(self, change: access.RowChange) -> None:
        """The whole list after the change, in place of what the remedy made of it so far."""
        matter = self.question.matter
        made: c.RightsChange
        if change.rows == access.OBJECT_ROWS:
            rows = self._present(c.SetObjectRows, ((r.unit, r.verbs) for r in matter.rows))
            made = c.SetObjectRows(self._object(0), tuple(change.edited(rows)))
        elif change.rows == access.COLUMN_ROWS:
            rows = self._present(c.SetColumnRows, ((r.unit, r.level) for r in matter.column.rows))
            column = ColumnId(matter.column.id)
            made = c.SetColumnRows(self._object(0), column, tuple(change.edited(rows)))
        else:
            operation = access.Operation(change.rows)
            stored = ((r.unit, r.allowed) for r in matter.operations.get(change.rows, ()))
            rows = self._present(c.SetOperationRows, stored, operation)
            made = c.SetOperationRows(operation, tuple(change.edited(rows)))
        self.made.append(made)

    def _present(
        self, kind: type[Any], stored: Iterable[tuple[UnitId, Any]], of: object = None
    ) -> Sequence[tuple[UnitId, Any]]:
        for made in self.made:
            if isinstance(made, kind) and (of is None or made.operation == of):
                self.made.remove(made)
                rows: tuple[tuple[UnitId, Any], ...] = made.rows
                return rows
        return tuple(stored)

    def _rule(self, change: access.RuleChange) -> None:
        rule, object_id = change.rule, self._object(change.at)
        given = {**rule.grants, change.verb: change.grant}
        verbs = (access.Verb.READ, access.Verb.UPDATE, access.Verb.DELETE)
        grants = access.Grants(*(given.get(verb, access.Grant.NONE) for verb in verbs))
        if isinstance(rule, access.DefaultRule):
            self.made.append(c.SetDefaultRule(object_id, rule.author, rule.grantee, grants))
        else:
            scope = access.Scope(rule.path, rule.attribute)
            self.made.append(c.SetScopeRule(object_id, rule.grantee, scope, grants))

    def _deny(self, at: int, unit: UnitId, verb: access.Verb, *, given: bool) -> None:
        facts = self.question.matter.facts
        for _ in range(at):
            facts = facts.master
        denied = {deny.verb for deny in facts.denies if deny.unit == unit}
        verbs = frozenset(denied | {verb} if given else denied - {verb})
        code, record = self._record(at)
        self.made.append(c.DenyRecord(code, record, unit, verbs))
