"""Layer 4 of an object: who has which level on each field, and what closed fields are offered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ostiary.access.public import ColumnLevel, Verb
from ostiary.assurance import public as assurance
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId
from ostiary.objects.public import Column, DataClass, Object
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.web._rights_desk import Desk, named_in
from ostiary.web._rights_edits import Edit, Posted, known, refused
from ostiary.web._rights_rows import Cell, RowList, Tag, level_captions, levels_form, row_list

MOST_UNITS = 6  # of the table; others are on the page of each field
Levels = tuple[tuple[UnitId, ColumnLevel], ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """Rows for a closed field. why: where they come from."""

    rows: Levels
    why: str


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """One field in the table of all. cells: a level for each unit of the heads, "" where no row names it."""

    code: str
    caption: str
    mark: str
    cells: tuple[Cell, ...]
    tags: tuple[Tag, ...]
    changed: bool
    offer: str
    current: bool


@dataclass(frozen=True, slots=True)
class ColumnTable:
    """All fields, and the open one's rows. others: fields that its rows may be copied to."""

    heads: tuple[str, ...]
    more: int
    lines: tuple[ColumnLine, ...]
    offers: int
    open: RowList | None
    others: tuple[tuple[str, str, str], ...]


def column_table(desk: Desk, made: Object, chosen: str) -> ColumnTable:
    """The fields of an object; `chosen` is open."""
    places = {
        c.code: assurance.SetColumnRows(made.id, c.id, ()) for c in made.columns.values() if c.takes_rows
    }
    now = {code: desk.draft.at(place, desk.policy) for code, place in places.items()}
    before = {code: desk.draft.base(place, desk.policy) for code, place in places.items()}
    desk.know(named_in([*now.values(), *before.values()]))
    units = _units(desk, [change.rows for change in now.values()])
    found = offers(desk, made, {code: change.rows for code, change in now.items()})
    shown = units[:MOST_UNITS]
    lines = tuple(
        _line(
            made.columns[code],
            shown,
            (now[code].rows, before[code].rows),
            found.get(code),
            current=code == chosen,
            roots=desk.roots,
        )
        for code in places
    )
    opened = None
    if chosen in now and not made.columns[chosen].sealed:
        target = f"column:{made.code}:{chosen}"
        opened = row_list(desk, target, levels_form(), now[chosen].rows, before[chosen].rows)
    others = tuple(
        (c.code, c.caption, c.data_class.name.lower())
        for c in made.columns.values()
        if c.takes_rows and not c.sealed and c.code != chosen
    )
    heads = tuple(desk.name(unit) for unit in shown)
    return ColumnTable(heads, len(units) - len(shown), lines, len(found), opened, others)


def _units(desk: Desk, rows: Sequence[Levels]) -> list[UnitId]:
    """Every unit that has rows, the one with the most of them first; the roots last."""
    counts = Counter(unit for each in rows for unit, _level in each)
    return sorted(counts, key=lambda unit: (unit in desk.roots, -counts[unit], desk.name(unit)))


def _line(
    column: Column,
    units: Sequence[UnitId],
    rows: tuple[Levels, Levels],
    offer: Offer | None,
    *,
    current: bool,
    roots: frozenset[UnitId],
) -> ColumnLine:
    now, before = dict(rows[0]), dict(rows[1])
    captions = level_captions()
    cells = tuple(
        Cell(
            captions[now[unit]] if unit in now else "",
            now.get(unit, ColumnLevel.NONE) > ColumnLevel.NONE,
            now.get(unit) != before.get(unit),
            "",
            now[unit].name.lower() if unit in now else "",
        )
        for unit in units
    )
    return ColumnLine(
        column.code,
        column.caption,
        column.data_class.name.lower(),
        cells,
        tuple(_tags(column, rows[0], roots)),
        rows[0] != rows[1],
        "" if offer is None else offer.why,
        current,
    )


def _tags(column: Column, rows: Levels, roots: frozenset[UnitId]) -> list[Tag]:
    if column.sealed:
        return [Tag(_("Sealed"), "lock", "warn", _("Nobody reads or writes it, whatever the rows say"))]
    if not rows:
        return [
            Tag(
                _("As open as the object"),
                "alert-triangle",
                "bad",
                _("It has no rows: whoever the object lets in may do as much here"),
            )
        ]
    if is_closed(rows, roots):
        return [Tag(_("Closed"), "lock", "", _("Nobody was given anything here yet"))]
    return []


def is_closed(rows: Levels, roots: frozenset[UnitId]) -> bool:
    """Whether it is as a new field is: one row, All employees: none."""
    return len(rows) == 1 and rows[0][0] in roots and rows[0][1] is ColumnLevel.NONE


def offers(desk: Desk, made: Object, rows: Mapping[str, Levels]) -> dict[str, Offer]:
    """Better rows for each closed field: those of most fields of its class, or what the object's rows say."""
    closed = {code for code, each in rows.items() if is_closed(each, desk.roots)}
    closed -= {code for code in closed if made.columns[code].sealed}
    opened = {code: each for code, each in rows.items() if each and code not in closed}
    found = {}
    for code in closed:
        alike = {
            other: each
            for other, each in opened.items()
            if made.columns[other].data_class is made.columns[code].data_class
        }
        offer = _alike(made, alike) if alike else _from_object(desk, made, made.columns[code])
        if offer is not None:
            found[code] = offer
    return found


def _alike(made: Object, rows: Mapping[str, Levels]) -> Offer:
    most = Counter(rows.values()).most_common(1)[0][0]
    captions = [made.columns[code].caption for code, each in rows.items() if each == most]
    shown = words.listed(captions if len(captions) < 4 else [*captions[:2], _("others")])
    return Offer(most, _("the rows of %(fields)s, of the same class") % {"fields": shown})


def _from_object(desk: Desk, made: Object, column: Column) -> Offer | None:
    """Whoever may change the object edits, whoever may read it reads; not above Internal."""
    place = assurance.SetObjectRows(made.id, ())
    rows = tuple((unit, _level(verbs)) for unit, verbs in desk.draft.at(place, desk.policy).rows)
    if column.data_class > DataClass.INTERNAL or not any(level for _unit, level in rows):
        return None
    return Offer(rows, _("what the rows of the object give"))


def _level(verbs: frozenset[Verb]) -> ColumnLevel:
    if verbs & {Verb.CREATE, Verb.UPDATE}:
        return ColumnLevel.EDIT
    return ColumnLevel.READ if Verb.READ in verbs else ColumnLevel.NONE


def _now(desk: Desk, made: Object) -> dict[str, Levels]:
    return {
        c.code: desk.draft.at(assurance.SetColumnRows(made.id, c.id, ()), desk.policy).rows
        for c in made.columns.values()
        if c.takes_rows
    }


def _take_offers(desk: Desk, said: Sequence[str], posted: Posted) -> assurance.Draft:
    """The rows that closed fields are offered: those of one field, or of all."""
    if not said or len(said) > 2:
        raise NotFound
    made = known(said[0], desk.catalogue.objects)
    found = offers(desk, made, _now(desk, made))
    if said[1:]:
        found = {said[1]: known(said[1], found)}
    changes = [assurance.SetColumnRows(made.id, made.columns[c].id, o.rows) for c, o in found.items()]
    return desk.draft.put(desk.policy, *changes)


def _copy(desk: Desk, said: Sequence[str], posted: Posted) -> assurance.Draft:
    """The rows of one field to those that are ticked."""
    if len(said) != 2:
        raise NotFound
    made = known(said[0], desk.catalogue.objects)
    now = _now(desk, made)
    rows = known(said[1], now)
    chosen = [c for c in now if f"copy-{c}" in posted and c != said[1] and not made.columns[c].sealed]
    if not chosen:
        raise refused("copy", "required", _("Tick the fields that get these rows"))
    changes = [assurance.SetColumnRows(made.id, made.columns[code].id, rows) for code in chosen]
    return desk.draft.put(desk.policy, *changes)


COLUMN_EDITS: Mapping[str, Edit] = {"offer": _take_offers, "copy": _copy}
