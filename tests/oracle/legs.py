"""Semantics section 3: the legs of a record, united; each can be switched off."""

from tests.oracle.model import Grant, Leg, Share, Unit, Verb, World
from tests.oracle.units import Units, held_units, nameable_units, own_set, reporting_units


def stored_own_set(world: World, record: str) -> Units:
    """The author's own set, with the tree and links of then."""
    born = world.records[record]
    return own_set(world.eras[born.era], born.author)


def stored_reporting_units(world: World, record: str) -> Units:
    """The author's reporting units, with the tree of then."""
    born = world.records[record]
    return reporting_units(world.eras[born.era], born.author)


def by_author(world: World, principal: Unit, verb: Verb, record: str) -> Grant:
    """Leg 1."""
    return Grant.DELEGABLE if world.records[record].author == principal else Grant.NONE


def by_author_managers(world: World, principal: Unit, verb: Verb, record: str) -> Grant:
    """Leg 2."""
    held = held_units(world.now, principal)
    return Grant.DELEGABLE if held & stored_reporting_units(world, record) else Grant.NONE


def by_owner(world: World, principal: Unit, verb: Verb, record: str) -> Grant:
    """Leg 3."""
    return Grant.DELEGABLE if world.records[record].owner == principal else Grant.NONE


def by_owner_managers(world: World, principal: Unit, verb: Verb, record: str) -> Grant:
    """Leg 4."""
    owner = world.records[record].owner
    if owner is None:
        return Grant.NONE
    held = held_units(world.now, principal)
    return Grant.DELEGABLE if held & reporting_units(world.now, owner) else Grant.NONE


def by_rules(world: World, principal: Unit, verb: Verb, record: str) -> Grant:
    """Leg 5: the author's side is read from the stored set, the grantee's side and the rules are live."""
    author_units = stored_own_set(world, record)
    units = nameable_units(world.now, principal)
    rules = world.objects[world.records[record].object].rules
    grants = [
        rule.grants.get(verb, Grant.NONE)
        for rule in rules
        if rule.author in author_units and rule.grantee in units
    ]
    return max(grants, default=Grant.NONE)


def is_valid(share: Share) -> bool:
    """from <= t < to, at t = 0."""
    return (share.starts is None or share.starts <= 0) and (share.ends is None or share.ends > 0)


def by_shares(world: World, principal: Unit, verb: Verb, record: str) -> Grant:
    """Leg 7."""
    units = nameable_units(world.now, principal)
    grants = [
        share.grant
        for share in world.shares
        if share.record == record and share.verb is verb and share.unit in units and is_valid(share)
    ]
    return max(grants, default=Grant.NONE)


LEGS = {
    Leg.AUTHOR: by_author,
    Leg.AUTHOR_MANAGERS: by_author_managers,
    Leg.OWNER: by_owner,
    Leg.OWNER_MANAGERS: by_owner_managers,
    Leg.RULES: by_rules,
    Leg.SHARES: by_shares,
}


def granted_by(world: World, principal: Unit, verb: Verb, record: str) -> dict[Leg, Grant]:
    """What each leg that is switched on gives."""
    switches = world.objects[world.records[record].object].legs
    return {leg: LEGS[leg](world, principal, verb, record) for leg in sorted(switches)}


def record_permits(world: World, principal: Unit, verb: Verb, record: str) -> bool:
    """Layer 3: switched off it permits everyone."""
    if not world.objects[world.records[record].object].records:
        return True
    return any(grant > Grant.NONE for grant in granted_by(world, principal, verb, record).values())
