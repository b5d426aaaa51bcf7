"""What grants a record, each as a block: title, level, who they are now, until when."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ostiary.access.public import Grant, GrantKind, Verb
from ostiary.assurance.public import Block, People
from ostiary.kernel.ids import UnitId
from ostiary.pages._reader import Reader
from ostiary.pages._units import kind_word
from ostiary.pages._why_words import WAYS, level_word, verbs_listed
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import ngettext

_LETTERS = ((Verb.READ, "R"), (Verb.UPDATE, "E"), (Verb.DELETE, "D"))


@dataclass(frozen=True, slots=True)
class Level:
    """Three squares, the lit ones granted; `words` spell it out."""

    squares: tuple[tuple[str, bool], ...]
    words: str


@dataclass(frozen=True, slots=True)
class GrantView:
    """One thing that grants. faces: names for initials. tags: (text, tone). unit: of a share, to change."""

    title: str
    detail: str
    faces: tuple[str, ...]
    level: Level | None
    tags: tuple[tuple[str, str], ...] = ()
    unit: UnitId | None = None
    name: str = ""


def level_of_grants(verbs: Mapping[Verb, Grant]) -> Level:
    """The squares of these verbs."""
    squares = tuple((letter, verb in verbs) for verb, letter in _LETTERS)
    return Level(squares, verbs_listed(verbs))


def grant_view(reader: Reader, block: Block) -> GrantView:
    """The block in words."""
    way = block.granting
    named = words.listed([unit.name for unit in block.units])
    share = way.kind in (GrantKind.SHARE, GrantKind.DENY)
    first = block.units[0] if block.units else None
    return GrantView(
        _title(block, named),
        _detail(block, named),
        block.members.names,
        None if way.level is not None else level_of_grants(way.grants),
        tuple(_tags(reader, block)),
        first.id if share and first else None,
        first.name if share and first else "",
    )


def _title(block: Block, named: str) -> str:
    way = block.granting
    match way.kind:
        case GrantKind.SHARE:
            return _("Shared with %(unit)s") % {"unit": named}
        case GrantKind.RULE | GrantKind.DENY_RULE if block.author is not None:
            told = {"kind": _(WAYS[way.kind]), "author": block.author.name}
            return _("%(kind)s: records of %(author)s") % told
        case GrantKind.SCOPE if way.attribute:
            return _("Rule by a value: within the %(attribute)s") % {"attribute": way.attribute}
        case GrantKind.OBJECT_ROW | GrantKind.COLUMN_ROW:
            return named
        case GrantKind.DENY:
            return _("Denied to %(unit)s") % {"unit": named}
    return _(WAYS[way.kind])


def _detail(block: Block, named: str) -> str:
    way = block.granting
    if way.kind is GrantKind.MASTER:
        return _("Whoever may do so with the record above it")
    if way.kind is GrantKind.EVERYONE:
        return _("Everybody whom the object lets in")
    if way.level is not None:
        return level_word(way.level)
    if not block.units:
        return _("A role that you may not know")
    if way.kind in (GrantKind.AUTHOR, GrantKind.OWNER):
        return named
    people = people_words(block.members)
    if way.kind in (GrantKind.SHARE, GrantKind.DENY) and len(block.units) == 1:
        kind = kind_word(block.units[0])
        return f"{kind}, {people}" if kind else ""
    if way.kind in (GrantKind.OBJECT_ROW, GrantKind.COLUMN_ROW):
        return people
    return _("%(names)s: %(people)s") % {"names": named, "people": people}


def _end(reader: Reader, until: dt.datetime) -> str:
    """When it ends: the day, if the whole day belongs to it."""
    local = until.astimezone(reader.zone)
    if local.time() == dt.time():
        return words.day(last_day(until, reader.zone))
    return words.instant(until, reader.zone)


def last_day(until: dt.datetime, zone: dt.tzinfo) -> dt.date:
    """The last day on which something is valid until then."""
    return (until.astimezone(zone) - dt.timedelta(microseconds=1)).date()


def people_words(people: People) -> str:
    """How many they are."""
    told = {"count": words.number(people.count)}
    return ngettext("%(count)s person", "%(count)s people", people.count) % told


def _tags(reader: Reader, block: Block) -> Iterator[tuple[str, str]]:
    way = block.granting
    if way.since is not None and way.since > reader.now:
        yield _("Begins %(at)s") % {"at": words.instant(way.since, reader.zone)}, "warn"
    if way.until is not None:
        over = way.until <= reader.now
        text = _("Ended %(at)s") if over else _("Ends %(at)s")
        yield text % {"at": _end(reader, way.until)}, "bad" if over else ""
    if way.kind in (GrantKind.SHARE, GrantKind.RULE, GrantKind.SCOPE) and way.grants:
        on = [verb for verb, grant in way.grants.items() if grant is Grant.DELEGABLE]
        if not on:
            yield _("May not pass on"), ""
        elif len(on) == len(way.grants):
            yield _("May pass on"), "accent"
        else:
            yield _("May pass on: %(verbs)s") % {"verbs": verbs_listed(on)}, "accent"
    if way.kind is GrantKind.OPERATION:
        yield _("Wider than a role rule"), "warn"
    if way.kind in (GrantKind.DENY, GrantKind.DENY_RULE):
        yield _("Takes it away"), "bad"
