"""What the search box finds: records by object, places to go; before that, what was open lately."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ostiary.kernel.errors import Invalid
from ostiary.pages._list import create_action
from ostiary.pages._pins import pinned_records
from ostiary.pages._reader import Reader, readable
from ostiary.pages._state import ListState
from ostiary.records import public as records
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Empty, Group, Head, Link

LONGEST = 200  # characters
SHORT, LONG = 4, 10  # records of one object: while somebody types, and on the page
_PLACES = 6  # places to go to while somebody types


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """Links under one caption. all_url: the list of all that match, where there are more."""

    label: str
    links: tuple[Link, ...]
    all_url: str = ""
    all_label: str = ""


@dataclass(frozen=True, slots=True)
class FindView:
    """Everything that pages/search.html shows. typed: what was searched for."""

    head: Head
    typed: str
    url: str
    groups: tuple[FoundGroup, ...] = field(default=())
    hint: str = ""
    empty: Empty | None = None


def find_view(reader: Reader, typed: str, places: Sequence[Group], *, whole: bool) -> FindView:
    """The answer to what was typed. places: where the reader may go. whole: for the page, not the palette."""
    text = typed.strip()[:LONGEST]
    going = _places(reader, text, places)
    hint = ""
    found: tuple[FoundGroup, ...] = ()
    try:
        found = _found(reader, text, LONG if whole else SHORT) if text else _at_hand(reader)
    except Invalid as refused:
        hint = _(refused.errors[0].message) + "."
    groups = (*found, *going)
    head = Head(_("Search"))
    return FindView(head, text, reader.urls.search, groups, hint, None if groups or hint else _empty(text))


def _found(reader: Reader, text: str, limit: int) -> tuple[FoundGroup, ...]:
    """Records, the objects in the order in which they were found."""
    groups = []
    for hits in records.search_records(reader.ctx, text, limit=limit):
        view = reader.views[hits.object]
        all_url = ""
        if hits.more and readable(view, view.object.display):
            all_url = reader.urls.records(hits.object, ListState(search=text).query())
        label = _("Show all in %(things)s") % {"things": view.object.plural}
        groups.append(FoundGroup(view.object.plural, _links(reader, hits), all_url, label))
    return tuple(groups)


def recent(reader: Reader) -> tuple[Link, ...]:
    """What the reader had open lately, as far as they may still read it."""
    return tuple(link for hits in records.recent_records(reader.ctx) for link in _links(reader, hits))


def _at_hand(reader: Reader) -> tuple[FoundGroup, ...]:
    """What is pinned, and what else was open lately."""
    pinned = [link for hits in pinned_records(reader) for link in _links(reader, hits)]
    rest = [link for link in recent(reader) if link not in pinned]
    named = ((_("Pinned"), pinned), (_("Open lately"), rest))
    return tuple(FoundGroup(label, tuple(links)) for label, links in named if links)


def _links(reader: Reader, hits: records.Hits) -> tuple[Link, ...]:
    thing = reader.views[hits.object].object
    return tuple(
        Link(hit.display or _("no name"), reader.urls.record(thing.code, hit.id), thing.icon)
        for hit in hits.hits
    )


def _places(reader: Reader, text: str, places: Sequence[Group]) -> tuple[FoundGroup, ...]:
    """Lists and pages to go to, records to make: each word begins a word of the caption."""
    going = [link for group in places for link in group.links]
    making = [Link(a.label, a.url, a.icon) for a in _makeable(reader, places)]
    asked = text.casefold().split()
    shown = [link for link in (*going, *making) if _fits(link.label, asked)][:_PLACES]
    return (FoundGroup(_("Go to"), tuple(shown)),) if shown else ()


def _makeable(reader: Reader, places: Sequence[Group]) -> Iterable[Link]:
    """New records of what has a place."""
    addresses = {link.url for group in places for link in group.links}
    for code, view in reader.views.items():
        if reader.urls.records(code) in addresses and not view.object.is_lookup:
            action = create_action(reader, view)
            if not action.why:
                yield Link(action.label, action.url, action.icon)


def _fits(label: str, asked: Sequence[str]) -> bool:
    words = label.casefold().split()
    return all(any(word.startswith(begun) for word in words) for begun in asked)


def _empty(text: str) -> Empty:
    if not text:
        return Empty(_("Search"), _("Type a name, a number, an e-mail address or where to go."), "search")
    told = _("Nothing that you may read has words that begin like this.")
    return Empty(_("No match"), told, "search")
