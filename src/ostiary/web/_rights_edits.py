"""What a button of an editor asks for: words that name an edit, a place and values, done to the draft.

`verb object:account <unit> read` turns one switch of one row. Words that mean nothing are refused.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, Operation, Verb
from ostiary.assurance import public as assurance
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import UnitId
from ostiary.ui.i18n import gettext as _
from ostiary.web._rights_desk import Desk, kind_words

T = TypeVar("T")
AnyRows = tuple[tuple[UnitId, Any], ...]
Posted = Mapping[str, str]
RowsChange = assurance.SetOperationRows | assurance.SetObjectRows | assurance.SetColumnRows
_LONGEST_NAME = 250


def known(word: str, members: Mapping[str, T]) -> T:
    """A word that must be one of these. Raises NotFound: forged, or of an older page."""
    if word not in members:
        raise NotFound
    return members[word]


def unit_in(word: str) -> UnitId:
    """A unit's id among the words. Raises NotFound."""
    try:
        return UnitId(UUID(word))
    except ValueError:
        raise NotFound from None


def place_of(desk: Desk, target: str) -> RowsChange:
    """A change of the rows that a target names, without rows. Raises NotFound."""
    kind, *codes = target.split(":")
    match kind, codes:
        case "operation", [code]:
            return assurance.SetOperationRows(known(code, {o.value: o for o in Operation}), ())
        case "object", [code]:
            return assurance.SetObjectRows(known(code, desk.catalogue.objects).id, ())
        case "column", [code, column]:
            made = known(code, desk.catalogue.objects)
            found = known(column, made.columns)
            if found.takes_rows:
                return assurance.SetColumnRows(made.id, found.id, ())
    raise NotFound


def _with_rows(place: RowsChange, rows: AnyRows) -> RowsChange:
    return replace(place, rows=rows)  # type: ignore[arg-type]  # values of the type that the place holds


def _rows_edit(change: Callable[[AnyRows, Sequence[str]], AnyRows]) -> "Edit":
    """An edit of the rows of one place, which the first word names."""

    def apply(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
        if len(words) < 2:
            raise NotFound
        place = desk.draft.at(place_of(desk, words[0]), desk.policy)
        return desk.draft.put(desk.policy, _with_rows(place, change(place.rows, words[1:])))

    return apply


def _value(rows: tuple[tuple[UnitId, T], ...], unit: UnitId) -> T:
    found = [value for each, value in rows if each == unit]
    if not found:
        raise NotFound
    return found[0]


def _toggle_verb(rows: AnyRows, words: Sequence[str]) -> AnyRows:
    unit, verb = unit_in(words[0]), known(words[-1], {v.value: v for v in Verb})
    value = _value(rows, unit)
    if not isinstance(value, frozenset):
        raise NotFound
    return assurance.with_row(rows, unit, value ^ {verb})


def _set_level(rows: AnyRows, words: Sequence[str]) -> AnyRows:
    unit, level = unit_in(words[0]), known(words[-1], {v.name.lower(): v for v in ColumnLevel})
    if not isinstance(_value(rows, unit), ColumnLevel):
        raise NotFound
    return assurance.with_row(rows, unit, level)


def _toggle_answer(rows: AnyRows, words: Sequence[str]) -> AnyRows:
    value = _value(rows, unit := unit_in(words[0]))
    if not isinstance(value, bool):
        raise NotFound
    return assurance.with_row(rows, unit, not value)


def _move(by: int) -> "Edit":
    def moved(rows: AnyRows, words: Sequence[str]) -> AnyRows:
        unit = unit_in(words[0])
        place = next((n for n, (each, _) in enumerate(rows) if each == unit), 0)
        return assurance.moved_row(rows, unit, place + by)

    return _rows_edit(moved)


def _place(rows: AnyRows, words: Sequence[str]) -> AnyRows:
    if not words[-1].isascii() or not words[-1].isdigit() or len(words[-1]) > 5:
        raise NotFound
    return assurance.moved_row(rows, unit_in(words[0]), int(words[-1]))


def _remove(rows: AnyRows, words: Sequence[str]) -> AnyRows:
    return assurance.without_row(rows, unit_in(words[0]))


def _put_back(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    """A row that was removed, where it stood."""
    if len(words) != 2:
        raise NotFound
    empty, unit = place_of(desk, words[0]), unit_in(words[1])
    before, place = desk.draft.base(empty, desk.policy), desk.draft.at(empty, desk.policy)
    value: Any = _value(before.rows, unit)
    rows: AnyRows = assurance.with_row(place.rows, unit, value)
    at = next(n for n, (each, _) in enumerate(before.rows) if each == unit)
    return desk.draft.put(desk.policy, _with_rows(place, assurance.moved_row(rows, unit, at)))


def _add(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    """A row of the unit that is named in the field: last, but above what closes the list."""
    if len(words) != 1:
        raise NotFound
    place_of(desk, words[0])
    field = add_name(words[0])
    return _with_new_row(desk, words[0], chosen_unit(desk, posted, field), field)


def _with_new_row(desk: Desk, target: str, unit: UnitId, field: str) -> assurance.Draft:
    place = desk.draft.at(place_of(desk, target), desk.policy)
    if unit in {each for each, _value in place.rows}:
        raise refused(field, "twice", _("There is a row for it already"))
    rows: AnyRows = assurance.with_row(place.rows, unit, _first_value(place))
    if len(rows) > 1 and rows[-2][0] in desk.roots:
        rows = assurance.moved_row(rows, unit, len(rows) - 2)
    return desk.draft.put(desk.policy, _with_rows(place, rows))


def add_name(target: str) -> str:
    """The field that names the unit of a new row of a target."""
    return f"add-{target.replace(':', '-')}"


def _name(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    """`name <unit> object|operation`: a row of a unit where a field says, last as in `add`."""
    if len(words) != 2 or words[1] not in ("object", "operation"):
        raise NotFound
    field, unit = f"name-{words[1]}", unit_in(words[0])
    if not posted.get(field):
        raise refused(field, "required", _("Choose one"))
    return _with_new_row(desk, f"{words[1]}:{posted[field]}", unit, field)


def _first_value(place: RowsChange) -> object:
    if isinstance(place, assurance.SetObjectRows):
        return frozenset({Verb.READ})
    return ColumnLevel.READ if isinstance(place, assurance.SetColumnRows) else True


def chosen_unit(desk: Desk, posted: Posted, field: str) -> UnitId:
    """The unit of a field: by the id beside it, else by its name. Raises Invalid: none, or several."""
    text = posted.get(f"{field}.text", "").strip()
    if not text or len(text) > _LONGEST_NAME:
        raise refused(field, "required", _("Write the name of a role or person"))
    by_id = _by_id(desk, posted.get(field, ""), text)
    found = [by_id] if by_id else access.units_called(desk.ctx, text.partition(" · ")[0])
    found = [unit for unit in found if " · " not in text or label_of(unit) == text] or found
    if not found:
        raise refused(field, "unknown", _("No role or person has exactly this name"))
    if len(found) > 1:
        names = {"names": "; ".join(label_of(unit) for unit in found)}
        raise refused(field, "ambiguous", _("Several have this name. Write one of: %(names)s") % names)
    desk.units[found[0].id] = found[0]
    return found[0].id


def _by_id(desk: Desk, key: str, text: str) -> access.NamedUnit | None:
    """The unit of an id, if it is called as the field says: the text is what its author sees."""
    try:
        unit = UnitId(UUID(key))
    except ValueError:
        return None
    desk.know([unit])
    named = desk.units.get(unit)
    return named if named is not None and text in (named.name, label_of(named)) else None


def label_of(named: access.NamedUnit) -> str:
    """A unit as a list of suggestions shows it: name and kind."""
    return f"{named.name} · {kind_words(named)}"


def refused(field: str, code: str, message: str) -> Invalid:
    """The refusal of one field of an editor."""
    return Invalid([FieldError(field, code, message)])


def _undo(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    return desk.draft.undone(desk.policy)


def _discard(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    return assurance.begin(desk.policy)


def _keep(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    return desk.draft


def _revert(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    """What was stored at the place of the n-th entry."""
    entries = list(desk.draft.entries.values())
    if len(words) != 1 or not words[0].isdigit() or int(words[0]) >= len(entries):
        raise NotFound
    return desk.draft.reverted(desk.policy, entries[int(words[0])].base)


Edit = Callable[[Desk, Sequence[str], Posted], assurance.Draft]
ROW_EDITS: Mapping[str, Edit] = {
    "": _keep,
    "show": _keep,
    "verb": _rows_edit(_toggle_verb),
    "level": _rows_edit(_set_level),
    "answer": _rows_edit(_toggle_answer),
    "up": _move(-1),
    "down": _move(1),
    "place": _rows_edit(_place),
    "remove": _rows_edit(_remove),
    "back": _put_back,
    "add": _add,
    "name": _name,
    "revert": _revert,
    "undo": _undo,
    "discard": _discard,
}
