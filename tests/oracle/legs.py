"""Semantics section 3: the legs of a record, united, less the denies; each can be switched off."""

from tests.oracle.denies import is_denied
from tests.oracle.model import Grant, Leg, Unit, Verb, World
from tests.oracle.scopes import by_scopes
from tests.oracle.stored import stored_own_set, stored_reporting_units
from tests.oracle.units import (
    is_valid,
    nameable_units,
    reporting_units,
    represented,
    represented_held_units,
)


def by_author(world: World, principal: Unit, verb: Verb, record: str) -> Grant:
    """Leg 1."""
    author = world.records[record].author
    return Grant.DELEGABLE if author in represented(world.now, principal) else Grant.NONE


def by_author_managers(world: World, principal: Unit, verb: Verb, record: str) -> Grant:
    """Leg 2."""
    held = represented_held_units(world.now, principal)
    return Grant.DELEGABLE if held & stored_reporting_units(world, record) else Grant.NONE


def by_owner(world: World, principal: Unit, verb: Verb, record: str) -> Grant:
    """Leg 3."""
    owner = world.records[record].owner
    return Grant.DELEGABLE if owner in represented(world.now, principal) else Grant.NONE


def by_owner_managers(world: World, principal: Unit, verb: Verb, record: str) -> Grant:
    """Leg 4."""
    owner = world.records[record].owner
    if owner is None:
        return Grant.NONE
    held = represented_held_units(world.now, principal)
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


def by_shares(world: World, principal: Unit, verb: Verb, record: str) -> Grant:
    """Leg 7."""
    units = nameable_units(world.now, principal)
    grants = [
        share.grant
        for share in world.shares
        if share.record == record and share.verb is verb and share.unit in units and is_valid(share)
    ]
    return max(grants, default=Grant.NONE)


def master_of(world: World, record: str) -> str | None:
    """The master record, where the object names a lookup as master and the lookup is set."""
    here = world.records[record]
    column = world.masters.get(here.object)
    master = None if column is None else here.values.get(column)
    return None if master is None else str(master)


def by_master(world: World, principal: Unit, verb: Verb, record: str) -> Grant:
    """Leg 8: layer 3 of the master for the same verb, and for its read as well."""
    master = master_of(world, record)
    if master is None or not record_permits(world, principal, Verb.READ, master):
        return Grant.NONE
    return grant_of(world, principal, verb, master)


LEGS = {
    Leg.AUTHOR: by_author,
    Leg.AUTHOR_MANAGERS: by_author_managers,
    Leg.OWNER: by_owner,
    Leg.OWNER_MANAGERS: by_owner_managers,
    Leg.RULES: by_rules,
    Leg.SCOPE: by_scopes,
    Leg.SHARES: by_shares,
    Leg.MASTER: by_master,
}


def granted_by(world: World, principal: Unit, verb: Verb, record: str) -> dict[Leg, Grant]:
    """What each leg that is switched on gives."""
    switches = world.objects[world.records[record].object].legs
    return {leg: LEGS[leg](world, principal, verb, record) for leg in sorted(switches)}


def grant_of(world: World, principal: Unit, verb: Verb, record: str) -> Grant:
    """Layer 3 with its level: the highest of the legs, nothing where the verb is denied.

    Switched off it permits everyone, and nobody to pass it on.
    """
    if not world.objects[world.records[record].object].records:
        return Grant.GRANTED
    if is_denied(world, principal, verb, record):
        return Grant.NONE
    return max(granted_by(world, principal, verb, record).values(), default=Grant.NONE)


def record_permits(world: World, principal: Unit, verb: Verb, record: str) -> bool:
    """Layer 3."""
    return grant_of(world, principal, verb, record) > Grant.NONE
