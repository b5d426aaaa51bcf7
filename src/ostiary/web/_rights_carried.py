"""Rights on objects that operations carry, seen from the operation and from the object; and their edits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ostiary.access import public as access
from ostiary.access.public import Operation, Verb
from ostiary.assurance import public as assurance
from ostiary.kernel.errors import NotFound
from ostiary.objects.public import Object
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Field, Option
from ostiary.web._frame import OPERATIONS_URL, RIGHTS_URL
from ostiary.web._rights_desk import Desk, Editor
from ostiary.web._rights_edits import Edit, Posted, known, refused
from ostiary.web._rights_legs import operation_caption
from ostiary.web._rights_rows import Cell, verb_captions

_OPERATIONS = {operation.value: operation for operation in Operation}
_VERBS = {verb.value: verb for verb in Verb}


@dataclass(frozen=True, slots=True)
class CarriedLine:
    """What one operation carries on one object."""

    caption: str
    text: str
    url: str
    cells: tuple[Cell, ...]
    is_new: bool
    gone: bool
    do: str


def carried_by(desk: Desk, operation: Operation) -> tuple[CarriedLine, ...]:
    """Everything that an operation carries, by object."""
    lines = []
    for made in desk.catalogue.objects.values():
        place = assurance.SetCarriedRight(operation, made.id, frozenset())
        if desk.draft.is_changed(place) or desk.draft.at(place, desk.policy).verbs:
            url = f"{RIGHTS_URL}/{made.code}?layer=operations"
            lines.append(_line(desk, place, made, made.plural, "", url))
    return tuple(lines)


def carried_on(desk: Desk, made: Object) -> tuple[CarriedLine, ...]:
    """Everything that is carried on an object, by operation."""
    lines = []
    for operation in access.OPERATION_WORDS:
        place = assurance.SetCarriedRight(operation, made.id, frozenset())
        if desk.draft.is_changed(place) or desk.draft.at(place, desk.policy).verbs:
            url = f"{OPERATIONS_URL}/{operation.value}"
            lines.append(_line(desk, place, made, operation_caption(operation), operation.value, url))
    return tuple(lines)


def _line(
    desk: Desk, place: assurance.SetCarriedRight, made: Object, caption: str, text: str, url: str
) -> CarriedLine:
    now, before = desk.draft.at(place, desk.policy).verbs, desk.draft.base(place, desk.policy).verbs
    words = f"{place.operation.value} {made.code}"
    cells = tuple(
        Cell(
            caption_,
            verb in now,
            (verb in now) != (verb in before),
            f"carried {words} {verb.value}",
        )
        for verb, caption_ in verb_captions().items()
    )
    gone = not now
    return CarriedLine(
        caption, text, url, cells, not before, gone, f"carried-{'back' if gone else 'off'} {words}"
    )


def choice_field(
    editor: Editor, name: str, label: str, options: Iterable[tuple[str, str]], taken: Iterable[str]
) -> Field:
    """A drop-down of what carries nothing yet."""
    left = [Option(key, caption) for key, caption in options if key not in set(taken)]
    return Field(
        name,
        label,
        "choice",
        options=(Option("", _("Choose")), *left),
        error=editor.errors.get(name, ""),
    )


def _place(desk: Desk, words: Sequence[str]) -> assurance.SetCarriedRight:
    if len(words) < 2:
        raise NotFound
    made = known(words[1], desk.catalogue.objects)
    place = assurance.SetCarriedRight(known(words[0], _OPERATIONS), made.id, frozenset())
    return desk.draft.at(place, desk.policy)


def _toggle(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    """`carried <operation> <object> <verb>`."""
    place, verb = _place(desk, words), known(words[-1], _VERBS)
    return desk.draft.put(desk.policy, replace(place, verbs=place.verbs ^ {verb}))


def _off(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    return desk.draft.put(desk.policy, replace(_place(desk, words), verbs=frozenset()))


def _back(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    return desk.draft.reverted(desk.policy, _place(desk, words))


def _carry(desk: Desk, words: Sequence[str], posted: Posted) -> assurance.Draft:
    """Reading, on the object or by the operation that a field names."""
    if len(words) != 1:
        raise NotFound
    field = "carry-object" if words[0] in _OPERATIONS else "carry-operation"
    chosen = posted.get(field, "")
    if not chosen:
        raise refused(field, "required", _("Choose one"))
    pair = [words[0], chosen] if field == "carry-object" else [chosen, words[0]]
    place = _place(desk, pair)
    return desk.draft.put(desk.policy, replace(place, verbs=place.verbs | {Verb.READ}))


CARRIED_EDITS: Mapping[str, Edit] = {
    "carried": _toggle,
    "carried-off": _off,
    "carried-back": _back,
    "carry": _carry,
}
