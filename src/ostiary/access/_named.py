"""The units that an answer can rest on: what comes by a role that none of them is above changes nothing."""

from collections.abc import Iterator
from uuid import UUID

from ostiary.access.core import ANY_DATA, Matter, RecordFacts, Verb, needed
from ostiary.kernel.ids import UnitId


def named_in(matter: Matter) -> Iterator[UnitId]:
    """Every unit that rows, rules, denies and shares name, and whatever stands where scope rules look."""
    codes = {ANY_DATA[verb].value for verb in (*needed(matter.verb), Verb.READ)} | matter.carried.keys()
    if matter.operation is not None:
        codes.add(matter.operation)
    for code in codes:
        yield from (row.unit for row in matter.operations.get(code, ()))
    yield from (row.unit for row in matter.rows)
    yield from (row.unit for row in (matter.column.rows if matter.column else ()))
    for policy in matter.policies:
        yield from (rule.grantee for rule in policy.rules)
        yield from (rule.grantee for rule in policy.scopes)
        yield from (rule.unit for rule in policy.deny_rules)
    yield from map(UnitId, values_of(matter.facts))
    facts = matter.facts
    while facts is not None:
        yield from (share.unit for share in facts.shares)
        yield from (deny.unit for deny in facts.denies)
        facts = facts.master


def values_of(facts: RecordFacts | None) -> Iterator[UUID]:
    """What stands where scope rules look, in the record and its masters."""
    while facts is not None:
        yield from (value for value in facts.values.values() if value is not None)
        facts = facts.master
