"""A suggestion of an explanation made real, by the commands of administration."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ostiary.access import _flips as flips
from ostiary.access import core
from ostiary.access import public as access
from ostiary.access._policy import ObjectPolicy, read_policy
from ostiary.kernel.context import Context
from ostiary.kernel.ids import ColumnId, ObjectId, RecordId, UnitId
from tests.property.access._reality import Reality


class Changer:
    """Makes changes about one question, in the name of the administrator."""

    def __init__(self, reality: Reality, explanation: access.Explanation) -> None:
        assert explanation.question is not None
        self.ctx: Context = reality.ctx
        self.grounds = reality.stage.catalogue.grounds
        self.question = explanation.question
        self.who = self.question.origin.unit
        self.object_id = ObjectId(self.question.records[0][0])

    def make(self, changes: Sequence[flips.Change]) -> None:
        """One after the other, as they were tried."""
        for change in changes:
            self._make(change)

    def _make(self, change: flips.Change) -> None:
        match change:
            case flips.Membership(role, given):
                (access.add_member if given else access.remove_member)(self.ctx, self.who, role)
            case flips.Sharing(at, unit, verb, given):
                self._share(at, unit, verb, given=given)
            case flips.RowChange():
                self._rows(change)
            case flips.Denying(at, unit, verb, given):
                self._deny(at, unit, verb, given=given)
            case flips.CarriedChange(code, verb):
                kept = self._policy(self.object_id).carried[code] - {verb}
                access.set_carried_right(self.ctx, access.Operation(code), self.object_id, kept)
            case flips.EndOfDelegation(delegation, _, _):
                access.end_delegation(self.ctx, delegation)
            case flips.EndOfElevation(elevation, _):
                access.end_elevation(self.ctx, elevation)
            case flips.Activation():
                access.set_active(self.ctx, self.who, active=True)
            case _:
                self._rule(change)

    def _policy(self, object_id: UUID) -> ObjectPolicy:
        return read_policy(self.ctx, 0).object(object_id)

    def _share(self, at: int, unit: UnitId, verb: core.Verb, *, given: bool) -> None:
        object_id, record_id = self.question.records[at]
        if given:
            access.store_share(self.ctx, ObjectId(object_id), RecordId(record_id), unit, verb)
        else:
            access.remove_share(self.ctx, RecordId(record_id), unit, verb)

    def _deny(self, at: int, unit: UnitId, verb: core.Verb, *, given: bool) -> None:
        object_id, record_id = self.question.records[at]
        letters = self.ctx.db.rows(
            "select verb from @.access_deny where record_id = %(r)s and unit_id = %(u)s",
            {"r": record_id, "u": unit},
        )
        verbs = {v for v in core.Verb if (v.letter,) in letters}
        wanted = verbs | {verb} if given else verbs - {verb}
        access.store_denies(self.ctx, ObjectId(object_id), RecordId(record_id), unit, wanted)

    def _rows(self, change: flips.RowChange) -> None:
        policy = self._policy(self.object_id)
        rows: Any
        if change.rows == core.OBJECT_ROWS:
            rows = change.edited([(row.unit, row.verbs) for row in policy.rows])
            access.set_object_rows(self.ctx, self.object_id, rows)
        elif change.rows == core.COLUMN_ROWS:
            assert self.question.matter.column is not None
            column = ColumnId(self.question.matter.column.id)
            rows = change.edited([(row.unit, row.level) for row in policy.columns[column]])
            access.set_column_rows(self.ctx, self.object_id, column, rows)
        else:
            listed = read_policy(self.ctx, 0).operations[change.rows]
            rows = change.edited([(row.unit, row.allowed) for row in listed])
            access.set_operation_rows(self.ctx, access.Operation(change.rows), rows)

    def _rule(self, change: flips.Change) -> None:
        if isinstance(change, flips.DenyRuleChange):
            object_id = ObjectId(self.question.records[change.at][0])
            rule = next(r for r in self._policy(object_id).records.deny_rules if r.id == change.rule.id)
            kept = rule.verbs - {change.verb}
            access.set_deny_rule(self.ctx, object_id, rule.author, rule.unit, kept)
            return
        assert isinstance(change, flips.RuleChange)
        object_id = ObjectId(self.question.records[change.at][0])
        records = self._policy(object_id).records
        rules: list[core.DefaultRule | core.ScopeRule] = [*records.rules, *records.scopes]
        stored = next(rule for rule in rules if rule.id == change.rule.id)
        grants = {verb.value: grant for verb, grant in {**stored.grants, change.verb: change.grant}.items()}
        if isinstance(stored, core.DefaultRule):
            access.add_default_rule(self.ctx, object_id, stored.author, stored.grantee, **grants)
        else:
            scope = access.Scope(stored.path, stored.attribute)
            given = access.Grants(**grants)
            access.add_scope_rule(self.ctx, self.grounds, object_id, stored.grantee, scope, given)
