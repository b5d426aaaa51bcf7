"""The stages of an object: the values of its stage column in order, each with a tone."""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.objects.public import Column, ColumnType
from ostiary.pages._reader import Reader, readable
from ostiary.records import public as records
from ostiary.records.public import ObjectView

_MOST = 50
_AHEAD = ("slate", "sky", "blue", "teal", "amber")
# flags by which a list of values says what its values mean; behaviour lies in flags, never in names
_FINAL, _SUCCESS = "is_final", "is_successful"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: what is stored (a choice's code or a record's id), its name, its tone.

    flags: codes of the flags that are set in its list of values, as far as the reader may read them.
    """

    value: str
    label: str
    tone: str
    flags: frozenset[str] = frozenset()


def stages_of(reader: Reader, view: ObjectView) -> tuple[Stage, ...]:
    """The stages in their order; nothing where the object has none or the reader may not read them."""
    code = view.object.layout.stage
    if not code or not readable(view, code):
        return ()
    return values_of(reader, view.object.columns[code])


def values_of(reader: Reader, column: Column) -> tuple[Stage, ...]:
    """The values of a choice or of a small lookup in their order, as far as the reader may read them."""
    if column.type is ColumnType.CHOICE:
        return tuple(Stage(c.code, c.caption, c.tone) for c in column.choices if not c.retired)
    return _lookup_stages(reader, column) if reader.is_small(column) else ()


def tones_of(stages: tuple[Stage, ...]) -> Mapping[str, str]:
    """Tone by stored value."""
    return {stage.value: stage.tone for stage in stages}


def _lookup_stages(reader: Reader, column: Column) -> tuple[Stage, ...]:
    if column.target is None:
        return ()
    theirs = reader.views.get(column.target)
    if theirs is None or not readable(theirs, theirs.object.display):
        return ()
    display = theirs.object.display
    flags = [c.code for c in theirs.object.columns.values() if c.type is ColumnType.BOOLEAN]
    wanted = tuple(c for c in (display, *flags) if readable(theirs, c))
    sort = tuple(records.Sort(c) for c in theirs.object.layout.default_sort if readable(theirs, c))
    query = records.RecordQuery(column.target, columns=wanted, sort=sort, limit=_MOST)
    found = records.list_records(reader.ctx, query).records()
    says_success = _SUCCESS in theirs.object.columns
    return tuple(
        Stage(
            str(r["id"]),
            str(r.get(display) or ""),
            _tone(number, r, says_success=says_success),
            frozenset(code for code in flags if r.get(code)),
        )
        for number, r in enumerate(found)
    )


def _tone(number: int, value: Mapping[str, object], *, says_success: bool) -> str:
    if value.get(_SUCCESS):
        return "ok"
    if value.get(_FINAL):
        # a list that tells success from failure means failure here; another only means the end
        return "bad" if says_success else "slate"
    return _AHEAD[min(number, len(_AHEAD) - 1)]
