"""What changes of columns do to a draft."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

from ostiary.kernel.ids import ColumnId, ObjectId, new_id
from ostiary.objects import _change as c
from ostiary.objects._aliases import Former
from ostiary.objects._ddl import CommentColumn, DropStored, column_indexes, sequence_of, steps_for_column
from ostiary.objects._declared import LONGEST
from ostiary.objects._draft import MANY, Draft, column_name, column_of, refuse, with_column
from ostiary.objects._evolve_objects import tables
from ostiary.objects._model import Choice, Column, ColumnType, DataClass, Layout, Object
from ostiary.objects._register import Held, without_columns

INDEX_TASK, FILL_TASK, EMPTY_TASK = "objects.index.build", "records.column.fill", "records.column.empty"
_TEXTS = frozenset(
    {ColumnType.TEXT, ColumnType.LONG_TEXT, ColumnType.EMAIL, ColumnType.PHONE, ColumnType.URL}
)
_NUMBERS = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY})
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UNINDEXED = frozenset({ColumnType.LONG_TEXT, ColumnType.OWNER, ColumnType.AUTO_NUMBER, ColumnType.LOOKUP})


def add_column(draft: Draft, change: c.AddColumn) -> ObjectId:
    """A column, empty in every record that is there, and closed by one row of rights."""
    held = draft.visible(change.object)
    made = held.object
    draft.free_column_code(made, change.column.code, "column")
    if change.column.target is not None:
        draft.visible(change.column.target)
    if change.column.type is ColumnType.OWNER:
        refuse("type", "unfit", "an object has one owner column, from its creation")
    name = column_name(made, change.column.code)
    column = replace(change.column, id=ColumnId(new_id()), born_as="" if name == change.column.code else name)
    made = with_column(_without_former(made, column.code), column)
    made = replace(made, layout=_shown_in(made.layout, column.code, change))
    draft.put_object(held, made)
    if column.takes_rows:
        draft.closed.setdefault(made.id, []).append(column.id)
    rows = draft.facts.rows(made)
    many = rows is None or rows > MANY
    if column.required:
        draft.words.append(f"records that are there have no {column.code} until it is filled")
    draft.last += steps_for_column(made, column, draft.role, tables(draft), indexes=not many)
    if any(column_indexes(made, column)):
        draft.words.append(
            f"index {made.code}.{column.code}: at once where there is little (writers wait while it is built,"
            " readers do not), else later by a job, without keeping writers off"
        )
        if many:
            _index_later(draft, made, "")
    return made.id


def _without_former(made: Object, code: str) -> Object:
    """The object where nothing was ever called `code`: a code in use is nobody's former one."""
    columns = {
        x.code: replace(x, former=tuple(f for f in x.former if f.code != code)) for x in made.columns.values()
    }
    return replace(made, columns=columns)


def _index_later(draft: Draft, made: Object, words: str) -> None:
    later = c.Later(INDEX_TASK, words, {"object": made.id})
    if later not in draft.later:
        draft.later.append(later)


def _shown_in(layout: Layout, code: str, change: c.AddColumn) -> Layout:
    if change.in_list:
        layout = replace(layout, list_columns=(*layout.list_columns, code))
    if change.group is None:
        return layout
    groups = dict(layout.groups)
    groups[change.group] = (*groups.get(change.group, ()), code)
    return replace(layout, groups=tuple(groups.items()))


def change_column(draft: Draft, change: c.ChangeColumn) -> ObjectId:
    """What may change on a column that has data. Raises ChangeRefused: stored values would not fit."""
    held = draft.visible(change.object)
    made = held.object
    before = column_of(made, change.column)
    after = _applied(draft, before, change)
    if after == before:
        refuse("", "nothing", "this changes nothing")
    _ensure_fits(draft, made, before, after)
    if after.target is not None and after.default not in (None, before.default):
        target = draft.visible(after.target).object
        if not draft.facts.there(target, UUID(str(after.default))):
            refuse("default", "unknown", f"there is no such record of {target.code}")
    if after.data_class < before.data_class:
        if not change.reason.strip():
            refuse("reason", "required", "a lower class opens the column to more people: say why")
        draft.widened = True
    draft.put_object(held, with_column(made, after))
    if (after.data_class, after.personal_data, after.retention, after.tags) != (
        before.data_class,
        before.personal_data,
        before.retention,
        before.tags,
    ):
        draft.last.append(CommentColumn(made, after))
    draft.words.append(f"change {', '.join(_differing(before, after))} of {made.code}.{after.code}")
    return made.id


def _differing(before: Column, after: Column) -> Iterator[str]:
    for name in before.__slots__:
        if getattr(before, name) != getattr(after, name):
            yield name


def _applied(draft: Draft, before: Column, change: c.ChangeColumn) -> Column:
    given: dict[str, Any] = {}
    plain = ("caption", "help", "required", "max_length", "minimum", "maximum")
    for name in (*plain, "data_class", "personal_data", "retention", "tags", "default"):
        value = getattr(change, name)
        if value is not None:
            given[name] = value
    for name in change.clear:
        if name not in ("default", "minimum", "maximum"):
            refuse("clear", "unknown", f"{name!r} cannot be cleared")
        given[name] = False if name == "default" and before.type is ColumnType.BOOLEAN else None
    if change.choices or change.retire or change.revive:
        given["choices"] = _choices(before, change)
    after = replace(before, **given)
    _ensure_meaningful(after, frozenset(given))
    return after


def _choices(before: Column, change: c.ChangeColumn) -> tuple[Choice, ...]:
    if before.type is not ColumnType.CHOICE:
        refuse("choices", "unfit", f"{before.code} is no choice")
    known = {choice.code: choice for choice in before.choices}
    for choice in change.choices:
        retired = choice.code in known and known[choice.code].retired
        known[choice.code] = replace(choice, retired=retired)
    for codes, retired in ((change.retire, True), (change.revive, False)):
        for code in codes:
            if code not in known:
                refuse("retire" if retired else "revive", "unknown", f"there is no choice {code!r}")
            known[code] = replace(known[code], retired=retired)
    if all(choice.retired for choice in known.values()):
        refuse("retire", "last", "one choice must be left")
    return tuple(known.values())


def _ensure_meaningful(after: Column, given: frozenset[str]) -> None:
    """Settings that the column's type has, with values that agree with each other."""
    if "caption" in given and not after.caption.strip():
        refuse("caption", "required", "people need a name for it")
    if "max_length" in given and after.type not in _TEXTS:
        refuse("max_length", "unfit", f"{after.type} has no length")
    if "max_length" in given and not 1 <= after.max_length <= LONGEST[after.type]:
        refuse("max_length", "outside", f"max_length is between 1 and {LONGEST[after.type]}")
    if {"minimum", "maximum"} & given and after.type not in _NUMBERS:
        refuse("minimum", "unfit", f"{after.type} has no bounds")
    low, high = after.minimum, after.maximum
    if low is not None and high is not None and low > high:
        refuse("minimum", "contradiction", "minimum is above maximum")
    if after.required and after.type is ColumnType.AUTO_NUMBER:
        refuse("required", "unfit", "an auto-number is never typed, so it cannot be required")
    if after.unique and after.data_class > DataClass.INTERNAL:
        refuse("data_class", "unfit", "a unique column is public or internal: a refusal tells of another")
    if after.personal_data != "none" and after.data_class is DataClass.PUBLIC:
        refuse("data_class", "unfit", "what names a person is never public")
    if {"default", "minimum", "maximum", "max_length", "choices"} & given and after.default is not None:
        _ensure_default(after)


def _ensure_default(after: Column) -> None:
    """A default that every new record can take."""
    value, fits = after.default, False
    match after.type:
        case ColumnType.CHOICE:
            fits = value in {choice.code for choice in after.choices if not choice.retired}
        case ColumnType.DATE:
            fits = value == "today"
        case ColumnType.INSTANT:
            fits = value == "now"
        case ColumnType.BOOLEAN:
            fits = isinstance(value, bool)
        case ColumnType.OWNER:
            fits = value == "me"
        case ColumnType.LOOKUP:
            fits = isinstance(value, str) and _ID.fullmatch(value) is not None
        case kind if kind in _NUMBERS and isinstance(value, int) and not isinstance(value, bool):
            low, high = after.minimum, after.maximum
            fits = (low is None or value >= low) and (high is None or value <= high)
        case kind if kind in _TEXTS and isinstance(value, str):
            fits = len(value) <= after.max_length
    if not fits:
        words = "is not offered" if after.type is ColumnType.CHOICE else f"is none of a {after.type} column"
        refuse("default", "unfit", f"the default {value!r} {words}")


def _ensure_fits(draft: Draft, made: Object, before: Column, after: Column) -> None:
    facts = draft.facts
    demanded = after.required and not before.required and after.type is not ColumnType.OWNER
    if demanded and facts.empty(made, after.name):
        refuse("required", "empty", f"some records have no {after.code}: fill them first (backfill)")
    shorter = after.max_length < before.max_length and after.type in _TEXTS
    if shorter and facts.longer(made, after.name, after.max_length):
        refuse("max_length", "longer", f"some records hold more than {after.max_length} characters")
    bound = (after.minimum, after.maximum) != (before.minimum, before.maximum)
    if bound and facts.outside(made, after.name, after.minimum, after.maximum):
        refuse("minimum", "outside", "some records hold a value outside these bounds")


def rename_column(draft: Draft, change: c.RenameColumn) -> ObjectId:
    """Another code; layouts and details follow, the stored name stays."""
    held = draft.visible(change.object)
    made = held.object
    before = column_of(made, change.column)
    if before.type is ColumnType.OWNER:
        refuse("column", "unfit", "the owner column keeps its code")
    draft.free_column_code(made, change.to, "to")
    former = [f for f in before.former if f.code != change.to]
    former.append(Former(before.code, (draft.now + draft.recovery).isoformat()))
    after = replace(before, code=change.to, born_as=before.name, former=tuple(former))
    others = _without_former(made, change.to).columns.values()
    columns = {x.code: x for x in (after if x.id == before.id else x for x in others)}
    display = change.to if made.display == before.code else made.display
    layout = renamed_in(made.layout, before.code, change.to)
    draft.put_object(held, replace(made, columns=columns, display=display, layout=layout))
    for other in list(draft.held.values()):
        details = tuple(
            (caption, code, change.to if code == made.code and link == before.code else link)
            for caption, code, link in other.object.layout.details
        )
        if details != other.object.layout.details:
            draft.put_object(
                other, replace(other.object, layout=replace(other.object.layout, details=details))
            )
    draft.words.append(
        f"call {made.code}.{before.code} {change.to}; it is stored as {after.name} still,"
        f" {before.code} leads to it for a while"
    )
    return made.id


def renamed_in(layout: Layout, old: str, new: str) -> Layout:
    """A layout with another code in each place of a column of its object."""

    def follow(code: str) -> str:
        return {old: new, f"-{old}": f"-{new}"}.get(code, code)

    return replace(
        layout,
        list_columns=tuple(map(follow, layout.list_columns)),
        default_sort=tuple(map(follow, layout.default_sort)),
        facts=tuple(map(follow, layout.facts)),
        groups=tuple((caption, tuple(map(follow, codes))) for caption, codes in layout.groups),
        stage=None if layout.stage is None else follow(layout.stage),
    )


def drop_column(draft: Draft, change: c.DropColumn) -> ObjectId:
    """Out of the catalogue. Raises ChangeRefused: records could not be named or listed without it."""
    held = draft.visible(change.object)
    made = held.object
    column = column_of(made, change.column)
    if column.type is ColumnType.OWNER:
        refuse("column", "in_use", "who owns a record is part of its rights")
    if column.code == made.display:
        refuse("column", "in_use", f"it names the records of {made.code}: choose another display first")
    layout = made.layout
    for place, codes in (("list", layout.list_columns), ("sort", layout.default_sort)):
        if all(code.removeprefix("-") in {column.code, *made.dropped} for code in codes):
            refuse("column", "in_use", f"nothing else is left in the {place} of {made.code}'s layout")
    kept = draft.kept()
    left = {code: x for code, x in made.columns.items() if x.id != column.id}
    draft.put(
        replace(
            held,
            object=replace(made, columns=left, dropped={**made.dropped, column.code: column}),
            kept={**held.kept, column.code: kept},
        )
    )
    draft.words.append(f"hide {made.code}.{column.code}; values and rights are kept until {kept.until}")
    return made.id


def dropped_column(held: Held, code: str) -> Column:
    """A column that can be restored. Raises ChangeRefused."""
    found = held.object.dropped.get(code)
    if found is None:
        refuse("column", "unknown", f"no column {code!r} of {held.object.code} is dropped")
    return found


def restore_column(draft: Draft, change: c.RestoreColumn) -> ObjectId:
    """Back into the catalogue with values and rights; its place in the layout was kept."""
    held = draft.visible(change.object)
    made = held.object
    column = dropped_column(held, change.column)
    if column.target is not None:
        draft.visible(column.target)
    left = {code: x for code, x in made.dropped.items() if code != column.code}
    draft.put(
        replace(
            held,
            object=replace(with_column(made, column), dropped=left),
            kept={code: kept for code, kept in held.kept.items() if code != column.code},
        )
    )
    draft.words.append(f"show {made.code}.{column.code} again, with its values and rights")
    return made.id


def purge_column(draft: Draft, change: c.PurgeColumn) -> ObjectId:
    """The stored column for good. Raises ChangeRefused: its time is not over, or records still hold values.

    The values are emptied first, record by record with event and version: a value that went away with its
    column would leave state hashes that nobody can compute again.
    """
    held = draft.visible(change.object)
    made = held.object
    column = dropped_column(held, change.column)
    until = held.kept[column.code].until
    if until > draft.now.isoformat():
        refuse("column", "kept", f"{made.code}.{column.code} can be restored until {until}")
    if draft.facts.full(made, column.name):
        refuse("column", "full", f"some records still hold a value of {made.code}.{column.code}")
    draft.put(
        replace(
            held,
            object=replace(
                made,
                dropped={code: x for code, x in made.dropped.items() if code != column.code},
                layout=without_columns(made.layout, [column.code]),
                spent=(*made.spent, column.name),
            ),
            kept={code: kept for code, kept in held.kept.items() if code != column.code},
        )
    )
    draft.dropped_by[draft.number] = held.kept[column.code]
    draft.last.append(DropStored("column", made.table, column.name))
    if column.sort_column != column.name:
        draft.last.append(DropStored("column", made.table, column.sort_column))
    if column.type is ColumnType.AUTO_NUMBER:
        draft.last.append(DropStored("sequence", made.table, sequence_of(made.table, column.name)))
    draft.purged_columns.append((made.id, column.id))
    return made.id


def set_index(draft: Draft, change: c.SetIndex) -> ObjectId:
    """Note that an index is wanted; a job builds it, or takes it away."""
    held = draft.visible(change.object)
    column = column_of(held.object, change.column)
    if change.indexed and column.type in _UNINDEXED:
        refuse("column", "unfit", f"a {column.type} column takes no index of its own")
    if column.indexed == change.indexed:
        refuse("indexed", "nothing", "this changes nothing")
    made = with_column(held.object, replace(column, indexed=change.indexed))
    draft.put_object(held, made)
    verb = "build" if change.indexed else "remove"
    words = f"{verb} the index of {made.code}.{column.code}, without keeping writers off"
    _index_later(draft, made, words)
    return made.id


def backfill(draft: Draft, change: c.Backfill) -> ObjectId:
    """Note that a column has to be filled; a job does it through `records`, in batches."""
    held = draft.visible(change.object)
    made = held.object
    column = column_of(made, change.column)
    if (change.value is None) == (change.copy_of is None) and column.type is not ColumnType.AUTO_NUMBER:
        refuse("value", "either", "give a value, or the column whose values are copied")
    source = None
    if change.copy_of is not None:
        source = column_of(made, change.copy_of, "copy_of")
        if source.id == column.id or not _copies(source, column):
            refuse("copy_of", "unfit", f"{source.type} does not go into {column.type}")
        if source.data_class > column.data_class:
            refuse("copy_of", "widening", f"{source.code} is more closed than {column.code}")
    if column.type is ColumnType.OWNER:
        refuse("column", "unfit", "owners are changed record by record")
    _ensure_value(column, change.value)
    draft.later.append(
        c.Later(
            FILL_TASK,
            f"fill {made.code}.{column.code} where it is empty, each record with a new version",
            {"column": column.id, "source": None if source is None else source.id},
            change=draft.number,
        )
    )
    return made.id


def _ensure_value(column: Column, value: object) -> None:
    """What can be told without records: the job decides on the rest, for each record."""
    if value is None:
        return
    kinds = {ColumnType.INTEGER: int, ColumnType.BOOLEAN: bool}
    whole = column.type in _NUMBERS and isinstance(value, int | str) and not isinstance(value, bool)
    if not whole and type(value) is not kinds.get(column.type, str):
        refuse("value", "unfit", f"this is no value of a {column.type} column")
    if column.type is ColumnType.CHOICE and value not in {x.code for x in column.choices if not x.retired}:
        refuse("value", "unfit", f"{column.code} does not offer {value!r}")


def _copies(source: Column, into: Column) -> bool:
    if source.type is into.type:
        return source.target == into.target and (
            source.type is not ColumnType.CHOICE
            or {x.code for x in source.choices} <= {x.code for x in into.choices}
        )
    if into.type is ColumnType.LONG_TEXT:
        return source.type in _TEXTS | {ColumnType.CHOICE, ColumnType.AUTO_NUMBER}
    if into.type is ColumnType.TEXT:
        return source.type in _TEXTS | _NUMBERS | {ColumnType.CHOICE, ColumnType.AUTO_NUMBER}
    return into.type in (ColumnType.DECIMAL, ColumnType.MONEY) and source.type in _NUMBERS
