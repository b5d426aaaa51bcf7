"""The two ways into rights: by object and by role."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ostiary.access import public as access
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId
from ostiary.objects.public import DataClass, Object
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import ngettext
from ostiary.ui.values import Empty, Head, Link, Search
from ostiary.web._frame import RIGHTS_URL
from ostiary.web._rights_columns import is_closed
from ostiary.web._rights_desk import ROLES_URL, Desk, kind_words, role_url
from ostiary.web._rights_page import Page

_NAMED = 3


@dataclass(frozen=True, slots=True)
class ObjectLine:
    """An object in the list: one line about each layer."""

    caption: str
    code: str
    icon: str
    url: str
    rows: str
    who: str
    records: str
    closed: int
    open: int
    above: int


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role in the list. named: how many rows and rules name it."""

    name: str
    kind: str
    url: str
    people: str
    operations: str
    objects: str
    rules: str
    columns: str


def ways(current: str) -> tuple[Link, ...]:
    """By object, by role."""
    return (
        Link(_("By object"), RIGHTS_URL, current=current == RIGHTS_URL),
        Link(_("By role"), ROLES_URL, current=current == ROLES_URL),
    )


def object_list(desk: Desk, asked: str, kind: str) -> Page:
    """Every object, or those of a kind and with words in their names. Raises NotFound: no such kind."""
    kinds = _kinds(desk)
    if kind not in kinds:
        raise NotFound
    fits = kinds[kind][1]
    found = [o for o in desk.catalogue.objects.values() if fits(o) and _matches(o, asked)]
    found.sort(key=lambda o: o.caption.casefold())
    desk.know(row.unit for o in found for row in desk.policy.object(o.id).rows[:_NAMED])
    empty = Empty(_("No match"), _("No object of this kind has these words in its name."), "search")
    query = f"&q={asked}" if asked else ""
    return Page(
        "web/rights_objects.html",
        Head(_("Object permissions"), search=Search(RIGHTS_URL, _("Search objects"), asked)),
        RIGHTS_URL,
        RIGHTS_URL,
        {
            "ways": ways(RIGHTS_URL),
            "kinds": [
                Link(caption, f"{RIGHTS_URL}?kind={key}{query}", current=key == kind)
                for key, (caption, _fits) in kinds.items()
            ],
            "lines": [_object_line(desk, o) for o in found],
            "empty": None if found else empty,
        },
    )


def _kinds(desk: Desk) -> Mapping[str, tuple[str, Callable[[Object], bool]]]:
    sections = {code for w in desk.catalogue.workplaces for _caption, codes in w.groups for code in codes}
    return {
        "": (_("All"), lambda o: True),
        "sections": (_("Sections"), lambda o: o.code in sections and not o.is_lookup),
        "lookups": (_("Lists of values"), lambda o: o.is_lookup),
        "details": (_("Details"), lambda o: o.code not in sections and not o.is_lookup),
    }


def _matches(made: Object, asked: str) -> bool:
    text = f"{made.code} {made.caption} {made.plural}".casefold()
    return all(word in text for word in asked.casefold().split())


def _object_line(desk: Desk, made: Object) -> ObjectLine:
    policy = desk.policy.object(made.id)
    rows = {c.code: policy.columns.get(c.id, ()) for c in made.columns.values() if c.takes_rows}
    pairs = {code: tuple((row.unit, row.level) for row in each) for code, each in rows.items()}
    records = policy.records
    rules = len(records.rules) + len(records.scopes) + len(records.deny_rules)
    return ObjectLine(
        made.caption,
        made.code,
        made.icon,
        f"{RIGHTS_URL}/{made.code}",
        words.number(len(policy.rows)),
        words.listed([desk.name(row.unit) for row in policy.rows[:_NAMED]]),
        ngettext("%(num)d rule", "%(num)d rules", rules) % {"num": rules}
        if records.switches.records
        else _("Off"),
        sum(is_closed(each, desk.roots) for each in pairs.values()),
        sum(not each for each in pairs.values()),
        sum(c.takes_rows and c.data_class > DataClass.INTERNAL for c in made.columns.values()),
    )


def role_list(desk: Desk, asked: str, after: UnitId | None) -> Page:
    """Roles whose name has the text, by name, page by page."""
    found = access.find_units(desk.ctx, asked, after=after)
    named = access.mentions(desk.ctx, desk.policy)
    more = str(found[-1].id) if len(found) == access.MOST_FOUND else ""
    empty = Empty(_("No match"), _("No role has this in its name."), "search")
    return Page(
        "web/rights_roles.html",
        Head(_("Object permissions"), search=Search(ROLES_URL, _("Search roles"), asked)),
        RIGHTS_URL,
        ROLES_URL,
        {
            "ways": ways(ROLES_URL),
            "lines": [_role_line(desk, unit, named.get(unit.id)) for unit in found],
            "asked": asked,
            "after": after,
            "more": more,
            "roles_url": ROLES_URL,
            "empty": None if found else empty,
        },
    )


def _role_line(desk: Desk, unit: access.NamedUnit, named: access.Mentions | None) -> RoleLine:
    found = named or access.Mentions()
    columns = sum(map(len, found.columns.values()))
    return RoleLine(
        unit.name,
        kind_words(unit),
        role_url(unit.id),
        words.number(desk.held.people.get(unit.id, 0)),
        words.number(len(found.operations)),
        words.number(len(found.objects)),
        words.number(len(found.rules)),
        words.number(columns),
    )
