"""Who can see, change or delete: how many, by what, and whoever is asked about."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from ostiary.access import public as access
from ostiary.assurance._crowds import People, people_of
from ostiary.assurance._explained import Inquiry, Matter, resolve
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId

COLUMN_VERBS = (access.Verb.READ, access.Verb.UPDATE)


@dataclass(frozen=True, slots=True)
class Block:
    """One thing that grants, with the units that it names and whom they are now."""

    granting: access.Granting
    units: tuple[identity.FoundUnit, ...]
    members: People
    author: identity.FoundUnit | None = None


@dataclass(frozen=True, slots=True)
class WhoCan:
    """Everybody who may do each of the verbs that there are for what is asked about."""

    matter: Matter
    audiences: Mapping[access.Verb, access.Audience]


def who_can(ctx: Context, inquiry: Inquiry) -> WhoCan:
    """Who can; the verb of the inquiry does not matter. Needs CanManageAdministration.

    Raises: as `resolve` and `access.who_can`.
    """
    matter = _matter(ctx, inquiry)
    return WhoCan(matter, access.audiences(ctx, matter.grounds, matter.asked, verbs_about(inquiry)))


def granted_by(ctx: Context, inquiry: Inquiry) -> tuple[Block, ...]:
    """By what; any-data operations last. Needs and raises the same."""
    matter = _matter(ctx, inquiry)
    return blocks_of(ctx, access.who_grants(ctx, matter.grounds, matter.asked))


def check(ctx: Context, inquiry: Inquiry, principal: UnitId) -> frozenset[access.Verb]:
    """Which of the verbs one principal may do. Needs and raises the same; NotFound: no such principal."""
    matter = _matter(ctx, inquiry)
    return access.allowed_verbs(ctx, matter.grounds, principal, matter.asked, verbs_about(inquiry))


def verbs_about(inquiry: Inquiry) -> tuple[access.Verb, ...]:
    """The verbs that there are for a record, or for a column."""
    return COLUMN_VERBS if inquiry.column else access.RECORD_VERBS


def _matter(ctx: Context, inquiry: Inquiry) -> Matter:
    return resolve(ctx, replace(inquiry, verb=access.Verb.READ))


def blocks_of(ctx: Context, ways: Sequence[access.Granting]) -> tuple[Block, ...]:
    """What grants, with names. Unchecked: of what somebody may know already."""
    units = identity.describe_units(ctx, {unit for way in ways for unit in way.named})
    members = people_of(ctx, {unit for way in ways for unit in way.units})
    return tuple(
        Block(
            way,
            tuple(units[unit] for unit in way.units if unit in units),
            _together([members[unit] for unit in way.units if unit in members]),
            None if way.author is None else units.get(way.author),
        )
        for way in ways
    )


def _together(members: Collection[People]) -> People:
    """Of several units; somebody who is in two of them is counted twice, so that it is said to be at most."""
    names = [name for each in members for name in each.names]
    return People(tuple(dict.fromkeys(names))[:3], sum(each.count for each in members))
