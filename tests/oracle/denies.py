"""Semantics section 3: denies, which take from what the legs of a record give."""

from tests.oracle.model import Unit, Verb, World
from tests.oracle.stored import stored_own_set
from tests.oracle.units import own_set


def denied_verbs(world: World, principal: Unit, record: str) -> frozenset[Verb]:
    """The verbs that some deny names, on the record or as a rule, for a unit of the principal's own set."""
    own = own_set(world.now, principal)
    on_record = [deny.verbs for deny in world.denies if deny.record == record and deny.unit in own]
    authors = stored_own_set(world, record)
    rules = world.objects[world.records[record].object].deny_rules
    by_rule = [rule.verbs for rule in rules if rule.author in authors and rule.unit in own]
    return frozenset[Verb]().union(*on_record, *by_rule)


def is_denied(world: World, principal: Unit, verb: Verb, record: str) -> bool:
    """Whether a verb is denied: denied read denies all. Only objects that allow denies have any."""
    if not world.objects[world.records[record].object].denies:
        return False
    verbs = denied_verbs(world, principal, record)
    return verb in verbs or Verb.READ in verbs
