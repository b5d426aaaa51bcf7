"""Rows by priority as the editors show them: cells, marks of what is unsaved, notes on their order."""

from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, Verb
from ostiary.kernel.ids import UnitId
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.web._rights_desk import Desk, role_url

REASONS_URL = "/role-matrix/roles"
Value = TypeVar("Value")
Rows = Sequence[tuple[UnitId, Value]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One switch of a row. do: what pressing it asks for."""

    label: str
    on: bool
    changed: bool
    do: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """A small fact about a row. tone: warn, bad or none."""

    text: str
    icon: str
    tone: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is shown. moved: its place before, where that differs; 0 where it does not."""

    key: str
    rank: int
    name: str
    kind: str
    url: str
    people: str
    cells: tuple[Cell, ...]
    tags: tuple[Tag, ...]
    is_new: bool
    moved: int
    is_last: bool
    reason: str = ""
    reason_url: str = ""


@dataclass(frozen=True, slots=True)
class RowList:
    """All rows of one place. target: the words that name it in what is asked for.

    gone: names of rows that were stored and are there no more. select: one cell of a row is chosen, not any.
    """

    target: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    gone: tuple[tuple[str, str], ...]
    changed: bool
    select: bool = False
    with_reasons: bool = False

    @property
    def id(self) -> str:
        """A name for ids within the page."""
        return self.target.replace(":", "-")


@dataclass(frozen=True)
class Form(Generic[Value]):
    """How the values of one layer are shown. cells: of a value and the one before; wider: gives more."""

    heads: tuple[str, ...]
    cells: Callable[[str, UnitId, Value, Value | None], tuple[Cell, ...]]
    wider: Callable[[Value, Value | None], bool]
    select: bool = False


def row_list(
    desk: Desk,
    target: str,
    form: "Form[Value]",
    rows: Rows[Value],
    before: Rows[Value],
    reasons: Mapping[UnitId, str] | None = None,
) -> RowList:
    """The rows of a place beside those that were stored there. reasons: why a role has its row."""
    notes = access.row_notes(rows, desk.units, desk.graph, desk.held)
    values, places = dict(before), {unit: n for n, (unit, _) in enumerate(before)}
    moved = moved_units([unit for unit, _ in rows], places)
    shown = tuple(
        Row(
            str(unit),
            place + 1,
            desk.name(unit),
            desk.kind(unit),
            role_url(unit) if unit in desk.graph.roles else "",
            words.number(desk.people(unit)),
            form.cells(target, unit, value, values.get(unit)),
            _tags(desk, notes[place], rows, wider=form.wider(value, values.get(unit))),
            is_new=unit not in values,
            moved=places[unit] + 1 if unit in moved else 0,
            is_last=place == len(rows) - 1,
            reason=(reasons or {}).get(unit, ""),
            reason_url=f"{REASONS_URL}/{unit}" if unit in desk.graph.roles else "",
        )
        for place, (unit, value) in enumerate(rows)
    )
    gone = tuple((str(unit), desk.name(unit)) for unit, _ in before if unit not in dict(rows))
    return RowList(
        target, form.heads, shown, gone, tuple(rows) != tuple(before), form.select, reasons is not None
    )


def moved_units(order: Sequence[UnitId], places: Mapping[UnitId, int]) -> frozenset[UnitId]:
    """The fewest units by whose moving the order came about."""
    runs: list[list[UnitId]] = []  # for each length the run of that many that ends at the smallest place
    ends: list[int] = []
    for unit in order:
        if (place := places.get(unit)) is None:
            continue
        length = bisect(ends, place)
        run = [*(runs[length - 1] if length else []), unit]
        runs[length : length + 1], ends[length : length + 1] = [run], [place]
    stayed = frozenset(runs[-1]) if runs else frozenset()
    return frozenset(unit for unit in order if unit in places) - stayed


def _tags(desk: Desk, note: access.RowNote, rows: Rows[Value], *, wider: bool) -> tuple[Tag, ...]:
    found = []
    if wider:
        found.append(Tag(_("Widens"), "arrow-up-right", "bad", _("This row gives more than the stored one")))
    if note.shadow is not None:
        text = _("Never decides: row %(row)s does") % {"row": note.shadow + 1}
        title = _("Whoever has this role has %(role)s, too, which stands above") % {
            "role": desk.name(rows[note.shadow][0])
        }
        return (*found, Tag(text, "eye-off", "warn", title))
    if note.overlaps:
        numbers = words.listed([str(n + 1) for n in note.overlaps])
        text = _("Overlaps row %(row)s") if len(note.overlaps) == 1 else _("Overlaps rows %(row)s")
        title = _("Some people are in both, and the upper row decides for them")
        found.append(Tag(text % {"row": numbers}, "arrows-up-down", "warn", title))
    if note.mostly is not None:
        text = _("Members follow row %(row)s") % {"row": note.mostly + 1}
        title = _("Only their managers, and whoever is elevated to the role, are decided by this row")
        found.append(Tag(text, "eye-off", "warn", title))
    return tuple(found)


def verbs_form() -> "Form[frozenset[Verb]]":
    """Layer 2: four switches."""
    captions = verb_captions()

    def cells(
        target: str, unit: UnitId, value: frozenset[Verb], before: frozenset[Verb] | None
    ) -> tuple[Cell, ...]:
        return tuple(
            Cell(
                captions[verb],
                verb in value,
                before is None or (verb in value) != (verb in before),
                f"verb {target} {unit} {verb.value}",
            )
            for verb in Verb
        )

    return Form(tuple(captions.values()), cells, lambda now, before: bool(now - (before or frozenset())))


def levels_form() -> "Form[ColumnLevel]":
    """Layer 4: one level out of four."""
    captions = level_captions()

    def cells(target: str, unit: UnitId, value: ColumnLevel, before: ColumnLevel | None) -> tuple[Cell, ...]:
        return tuple(
            Cell(
                caption,
                value is level,
                value is level and before is not level,
                f"level {target} {unit} {level.name.lower()}",
            )
            for level, caption in captions.items()
        )

    return Form(
        tuple(captions.values()), cells, lambda now, before: now > (before or ColumnLevel.NONE), select=True
    )


def answers_form() -> "Form[bool]":
    """Layer 1: yes or no."""

    def cells(target: str, unit: UnitId, value: bool, before: bool | None) -> tuple[Cell, ...]:  # noqa: FBT001  the value of a row
        return (Cell(_("May execute"), value, value is not before, f"answer {target} {unit}"),)

    return Form((_("May execute"),), cells, lambda now, before: now and not before)


def verb_captions() -> dict[Verb, str]:
    """The four verbs in words."""
    return {
        Verb.CREATE: _("Create"),
        Verb.READ: _("Read"),
        Verb.UPDATE: _("Update"),
        Verb.DELETE: _("Delete"),
    }


def level_captions() -> dict[ColumnLevel, str]:
    """The four levels in words."""
    return {
        ColumnLevel.NONE: _("None"),
        ColumnLevel.MASKED: _("Masked"),
        ColumnLevel.READ: _("Read"),
        ColumnLevel.EDIT: _("Edit"),
    }
