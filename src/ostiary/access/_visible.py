"""How many records a group reaches, where they are few enough to count: by `access.core`, record by record.

Records with the same author, owner and label are one question. What each member reaches as author, owner or
by shares is not counted: it differs among the members.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ostiary.access.core import AnyOf, RecordFacts, RecordRule, ScopeHas, UnderMaster, decide_record
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId

MOST_QUESTIONS = 2_000  # of one object: more are not counted
Rows = Mapping[tuple[Any, ...], int]  # (author, owner, label) -> records
SINGLE = (ScopeHas, UnderMaster)  # legs that look at each record
_NOBODY: frozenset[UnitId] = frozenset()


@dataclass(frozen=True, slots=True)
class Sight:
    """What records are looked at with: members of labels, reporting units of people now."""

    own: Mapping[int, frozenset[UnitId]]
    reporting: Mapping[int, frozenset[UnitId]]
    people: Mapping[UnitId, frozenset[UnitId]]
    grantees: Mapping[UnitId, frozenset[UnitId]]
    now: datetime

    def count(self, rule: RecordRule | None, rows: Rows | None) -> int | None:
        """How many of the records the rule reaches; no rule reaches none. None: too many to count."""
        if rows is None or len(rows) > MOST_QUESTIONS:
            return None
        if rule is None:
            return 0
        if isinstance(rule, AnyOf) and (rule.denied or any(isinstance(x, SINGLE) for x in rule.legs)):
            return None  # it depends on more than author, owner and stored set
        return sum(n for key, n in rows.items() if decide_record(rule, self._facts(*key)).allowed)

    def _facts(self, author: UnitId, owner: UnitId | None, label: int) -> RecordFacts:
        return RecordFacts(
            author=author,
            author_set=self.own.get(label, _NOBODY) | {author},
            author_reporting=self.reporting.get(label, _NOBODY),
            owner=owner,
            owner_reporting=_NOBODY if owner is None else self.people.get(owner, _NOBODY),
            shares=(),
            persons=self.grantees,
            now=self.now,
        )


def load_sight(ctx: Context, rows: Iterable[Rows], grantees: Iterable[UnitId]) -> Sight:
    """What is needed to look at these records, for rules that name these grantees."""
    keys = [key for some in rows if len(some) <= MOST_QUESTIONS for key in some]
    owners = {key[1] for key in keys if key[1] is not None}
    named = sorted({*owners, *grantees})
    label_of = {
        UnitId(r[0]): int(r[1])
        for r in ctx.db.rows(
            "select id, current_label_id from @.identity_unit"
            " where id = any(%(ids)s) and current_label_id is not null",
            {"ids": named},
        )
    }
    members: dict[str, dict[int, set[UnitId]]] = {"o": {}, "r": {}}
    for label, kind, unit in ctx.db.rows(
        "select label_id, kind, unit_id from @.identity_label_unit where label_id = any(%(labels)s)",
        {"labels": sorted({*label_of.values(), *(key[2] for key in keys)})},
    ):
        members[kind].setdefault(label, set()).add(unit)
    own, reporting = ({n: frozenset(u) for n, u in members[kind].items()} for kind in ("o", "r"))
    people = {person: reporting.get(label, _NOBODY) for person, label in label_of.items()}
    now = ctx.db.row("select now()")
    if now is None:
        raise RuntimeError("the database has no time")
    return Sight(own, reporting, people, {g: people.get(g, _NOBODY) for g in grantees}, now[0])
