"""A person or role as somebody chooses it: by its id, or by the name typed into a field."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from ostiary.identity.public import FoundUnit, UnitKind
from ostiary.kernel.ids import UnitId
from ostiary.pages._posted import TEXT_SUFFIX, Posted, last
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import later
from ostiary.ui.values import Option

PEOPLE = (UnitKind.PERSON, UnitKind.SERVICE)
_KINDS = {
    UnitKind.SERVICE: later("service"),
    UnitKind.ORG: later("role"),
    UnitKind.FUNC: later("role"),
    UnitKind.MANAGER: later("managers"),
}


@dataclass(frozen=True, slots=True)
class ChosenUnit:
    """What was chosen. typed: the text to show again. options: namesakes to choose from."""

    unit: FoundUnit | None = None
    typed: str = ""
    error: str = ""
    options: tuple[Option, ...] = ()


def kind_word(unit: FoundUnit) -> str:
    """What kind of unit it is; "" for a person inside."""
    kind = _(_KINDS[unit.kind]) if unit.kind in _KINDS else ""
    outside = _("external") if unit.external else ""
    return ", ".join(word for word in (kind, outside) if word)


def unit_options(found: Sequence[FoundUnit]) -> tuple[Option, ...]:
    """The units as options; the place tells namesakes apart, and what is no person says so."""
    labels = [unit_label(unit) for unit in found]
    again = Counter(labels)
    return tuple(
        Option(str(unit.id), f"{label} ({unit.place})" if again[label] > 1 and unit.place else label)
        for unit, label in zip(found, labels, strict=True)
    )


def unit_label(unit: FoundUnit) -> str:
    """A name with what kind of unit it is."""
    kind = kind_word(unit)
    return f"{unit.name} ({kind})" if kind else unit.name


def read_unit(
    given: Posted,
    name: str,
    search: Callable[[str], Sequence[FoundUnit]],
    find: Callable[[UnitId], FoundUnit | None],
) -> ChosenUnit:
    """The unit that a field names: by the id if it fits what is typed, else the only one called so."""
    key, typed = _id(last(given, name)), last(given, name + TEXT_SUFFIX).strip()
    known = find(key) if key is not None else None
    if name + TEXT_SUFFIX not in given or (known is not None and typed in _labels(known)):
        missing = known is None and bool(last(given, name))
        error = _("There is no such person or role.") if missing else ""
        return ChosenUnit(known, unit_label(known) if known else "", error)
    return _by_name(typed, search) if typed else ChosenUnit()


def _labels(unit: FoundUnit) -> tuple[str, ...]:
    label = unit_label(unit)
    return (unit.name, label, f"{label} ({unit.place})")


def _by_name(typed: str, search: Callable[[str], Sequence[FoundUnit]]) -> ChosenUnit:
    found = list(search(typed)) or list(search(typed.partition(" (")[0]))
    exact = [unit for unit in found if typed.casefold() in map(str.casefold, _labels(unit))]
    fitting = exact or found
    if len(fitting) == 1:
        return ChosenUnit(fitting[0], unit_label(fitting[0]))
    if not fitting:
        return ChosenUnit(None, typed, _("Nobody and no role is called “%(name)s”.") % {"name": typed})
    error = _("More than one fits “%(name)s”: choose one of those offered.") % {"name": typed}
    return ChosenUnit(None, typed, error, unit_options(fitting))


def _id(text: str) -> UnitId | None:
    try:
        return UnitId(UUID(text))
    except ValueError:
        return None
