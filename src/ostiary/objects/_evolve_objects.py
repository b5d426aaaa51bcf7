"""What changes of objects and of their place in the navigation do to a draft."""

from collections.abc import Set as AbstractSet
from dataclasses import replace

from ostiary.kernel.ids import ColumnId, ObjectId, new_id
from ostiary.objects import _change as c
from ostiary.objects._aliases import Former
from ostiary.objects._ddl import DropStored, sequence_of, steps_for_objects
from ostiary.objects._details import Details, details_of, expanded, is_detail
from ostiary.objects._draft import Draft, refuse
from ostiary.objects._errors import refused
from ostiary.objects._model import TEXT_SORTED, Column, ColumnType, Layout, Object, Workplace
from ostiary.objects._names import is_object_code
from ostiary.objects._register import Held, Place, known_codes

CONTENT_TASK = "records.content.purge"


def tables(draft: Draft) -> dict[str, str]:
    """Table of each object, by code."""
    return {h.object.code: h.object.table for h in draft.held.values()}


def create_object(draft: Draft, change: c.CreateObject) -> ObjectId:
    """An object and what lies under it: tables with columns, indexes and rows of rights that close them."""
    declared, *under = expanded(change.object, change.details)
    made = _create(draft, declared)
    for each in under:
        _create(draft, each)
    if change.values:
        draft.values[made.code] = change.values
        draft.words.append(f"create {len(change.values)} values of {made.code}")
    return made.id


def _create(draft: Draft, declared: Object) -> Object:
    draft.free_object_code(declared.code, "object")
    _ensure_targets(draft, declared)
    name = draft.object_name(declared.code)
    made = replace(
        declared,
        id=ObjectId(new_id()),
        born_as="" if name == declared.code else name,
        columns={x.code: replace(x, id=ColumnId(new_id())) for x in declared.columns.values()},
    )
    draft.put(Held(made, draft.package, _next_position(draft), 1))
    draft.closed[made.id] = [x.id for x in made.columns.values() if x.takes_rows]
    _release_alias(draft, made.id, made.code)
    draft.first += steps_for_objects([made], draft.role, tables(draft))
    return made


def _ensure_targets(draft: Draft, declared: Object) -> None:
    codes = {h.object.code for h in draft.held.values() if h.dropped is None} | {declared.code}
    for column in declared.columns.values():
        if column.target is not None and column.target not in codes:
            refuse(f"columns.{column.code}.target", "unknown", f"there is no object {column.target!r}")


def _next_position(draft: Draft) -> int:
    return max((h.position for h in draft.held.values()), default=-1) + 1


def change_object(draft: Draft, change: c.ChangeObject) -> ObjectId:
    """Titles, description, naming column, layout: the catalogue alone. What is to lie under it is created."""
    held = draft.visible(change.object)
    made = held.object
    given = {
        name: value
        for name in ("caption", "plural", "icon", "description")
        if (value := getattr(change, name)) is not None
    }
    if change.display is not None and change.display != made.display:
        given["display"] = _new_display(draft, made, change.display)
    if change.layout is not None:
        _ensure_layout(draft, made, change.layout)
        given["layout"] = change.layout
    for name in ("caption", "plural", "icon"):
        if name in given and not str(given[name]).strip():
            refuse(name, "required", "people need a name for it")
    under = _new_details(made, change)
    if not given and not under.any:
        refuse("", "nothing", "this changes nothing")
    after, *fresh = expanded(replace(made, **given), under)
    for each in fresh:
        draft.under[_create(draft, each).id] = made.id
    draft.put_object(held, after)
    if given:
        draft.words.append(f"change {', '.join(given)} of {made.code}")
    return made.id


def _new_details(made: Object, change: c.ChangeObject) -> Details:
    for name, wanted in (("attachments", change.attachments), ("notes", change.notes)):
        if wanted is False:
            refuse(name, "unfit", "this makes an object; dropping that object takes it away again")
        if wanted and made.is_lookup:
            refuse(name, "unfit", f"{made.code} is a list of values, which nothing lies under")
    return details_of(made, attachments=bool(change.attachments), notes=bool(change.notes))


def _ensure_layout(draft: Draft, made: Object, layout: Layout) -> None:
    """Columns are looked at when the object is taken in; details lead to other objects."""
    for caption, code, link in layout.details:
        child = draft.visible(code).object
        if link not in child.columns or child.columns[link].target != made.code:
            refuse("layout.details", "unknown", f"{caption!r}: {code}.{link} is no lookup to {made.code}")
    named = {*layout.list_columns, *layout.facts, *(x.removeprefix("-") for x in layout.default_sort)}
    unknown = named - known_codes(made)
    if unknown:
        refuse("layout", "unknown", f"{made.code} has no column {', '.join(sorted(unknown))}")


def _new_display(draft: Draft, made: Object, code: str) -> str:
    """Records are named and ordered by it, and the indexes of rights carry it: they are built again."""
    column = made.columns.get(code)
    if column is None or column.type not in TEXT_SORTED:
        refuse("display", "unfit", f"{code!r} is no text column of {made.code}")
    if not column.required:
        refuse("display", "unfit", f"{code!r} is not required, and it has to name every record")
    draft.later.append(
        c.Later(
            "objects.index.build", f"build the indexes of {made.code} for its new name", {"object": made.id}
        )
    )
    return code


def rename_object(draft: Draft, change: c.RenameObject) -> ObjectId:
    """Another code; whatever names the object by code follows."""
    held = draft.visible(change.object)
    made, old = held.object, held.object.code
    draft.free_object_code(change.to, "to")
    former = [f for f in made.former if f.code != change.to]
    former.append(Former(old, (draft.now + draft.recovery).isoformat()))
    draft.put_object(held, replace(made, code=change.to, born_as=made.name, former=tuple(former)))
    _release_alias(draft, made.id, change.to)
    for other in list(draft.held.values()):
        followed = _follow(other.object, old, change.to)
        if followed != other.object:
            draft.put_object(other, followed)
    for place in list(draft.places.values()):
        _put_place(draft, place, _follow_place(place.workplace, old, change.to))
    draft.words.append(f"call {old} {change.to}; the table stays {made.table}, {old} leads to it for a while")
    return made.id


def _release_alias(draft: Draft, owner: ObjectId, code: str) -> None:
    """A code in use is nobody else's former one."""
    for held in list(draft.held.values()):
        if held.object.id != owner and any(f.code == code for f in held.object.former):
            kept = tuple(f for f in held.object.former if f.code != code)
            draft.put_object(held, replace(held.object, former=kept))


def _follow(made: Object, old: str, new: str) -> Object:
    def follow(column: Column) -> Column:
        return replace(column, target=new) if column.target == old else column

    details = tuple((cap, new if code == old else code, link) for cap, code, link in made.layout.details)
    return replace(
        made,
        columns={code: follow(x) for code, x in made.columns.items()},
        dropped={code: follow(x) for code, x in made.dropped.items()},
        layout=replace(made.layout, details=details),
    )


def _follow_place(place: Workplace, old: str, new: str) -> Workplace:
    groups = tuple((g, tuple(new if x == old else x for x in codes)) for g, codes in place.groups)
    return replace(place, groups=groups)


def drop_object(draft: Draft, change: c.DropObject) -> ObjectId:
    """Out of the catalogue, files and notes too. Raises ChangeRefused: something refers to it, listed."""
    held = draft.visible(change.object)
    under = [h for h in draft.held.values() if is_detail(h.object, held.object)]
    going = [*(h for h in under if h.dropped is None), held]
    leaving = {h.object.id for h in (*under, held)}
    for each in going:
        _ensure_not_referred_to(draft, each.object, leaving)
    for each in going:  # what lies under it first: nothing may be there without its master
        draft.put(replace(each, dropped=draft.kept()))
        draft.words.append(f"hide {each.object.code}; data and rights are kept until {draft.kept().until}")
    return held.object.id


def _ensure_not_referred_to(draft: Draft, made: Object, leaving: AbstractSet[ObjectId]) -> None:
    referring = [
        f"{h.object.code}.{x.code}{' (dropped)' if x.code in h.object.dropped else ''}"
        for h in draft.held.values()
        if h.object.id not in leaving
        for x in (*h.object.columns.values(), *h.object.dropped.values())
        if x.target == made.code
    ]
    if referring:
        refuse("object", "in_use", f"these columns refer to {made.code}: {', '.join(sorted(referring))}")


def restore_object(draft: Draft, change: c.RestoreObject) -> ObjectId:
    """Back into the catalogue, with what went along. Raises ChangeRefused: what it refers to is gone."""
    held = draft.dropped(change.object)
    _restore(draft, held)
    for other in list(draft.held.values()):
        if other.dropped == held.dropped and is_detail(other.object, held.object):
            _restore(draft, other)
    return held.object.id


def _restore(draft: Draft, held: Held) -> None:
    for column in held.object.columns.values():
        if column.target is not None and column.target != held.object.code:
            draft.visible(column.target)
    draft.put(replace(held, dropped=None))
    draft.words.append(f"show {held.object.code} again, with its data and rights")


def purge_object(draft: Draft, change: c.PurgeObject) -> ObjectId:
    """Tables and records for good. Raises ChangeRefused: a recovery period is not over."""
    held = draft.dropped(change.object)
    if held.dropped is not None:
        draft.dropped_by[draft.number] = held.dropped
    under = [h for h in draft.held.values() if is_detail(h.object, held.object)]
    for each in (*under, held):  # their tables refer to its own
        _purge(draft, each)
    return held.object.id


def _purge(draft: Draft, held: Held) -> None:
    made = held.object
    if held.dropped is not None and held.dropped.until > draft.now.isoformat():
        refuse("object", "kept", f"{made.code} can be restored until {held.dropped.until}")
    draft.last.append(DropStored("table", made.table))
    if made.content:
        draft.later.append(c.Later(CONTENT_TASK, f"remove the content of {made.code}", {"object": made.id}))
    for column in (*made.columns.values(), *made.dropped.values()):
        if column.type is ColumnType.AUTO_NUMBER:
            draft.last.append(DropStored("sequence", made.table, sequence_of(made.table, column.name)))
    del draft.held[made.id]
    draft.written.pop(made.id, None)
    draft.purged_objects.append(made.id)
    for place in list(draft.places.values()):
        _put_place(draft, place, _without(place.workplace, made.code))


def set_workplace(draft: Draft, change: c.SetWorkplace) -> None:
    """A workplace as given."""
    if not is_object_code(change.workplace):
        refuse("workplace", "malformed", f"{change.workplace!r} is not a code")
    listed = [code for _, codes in change.groups for code in codes]
    for code in listed:
        draft.visible(code)
        if listed.count(code) > 1:
            refuse("groups", "twice", f"{code} stands in it twice")
    wanted = Workplace(change.workplace, change.caption, change.groups)
    known = draft.places.get(change.workplace)
    if known is None:
        position = max((p.position for p in draft.places.values()), default=-1) + 1
        known = Place(wanted, draft.package, position, 0)
        draft.places[change.workplace] = known
        draft.placed[change.workplace] = None
    _put_place(draft, known, wanted)
    draft.words.append(f"show {len(listed)} sections in workplace {change.workplace}")


def drop_workplace(draft: Draft, change: c.DropWorkplace) -> None:
    """Only the navigation changes."""
    _place(draft, change.workplace)
    del draft.places[change.workplace]
    draft.placed.pop(change.workplace, None)
    draft.unplaced.append(change.workplace)
    draft.words.append(f"take workplace {change.workplace} away; its objects stay")


def place_section(draft: Draft, change: c.PlaceSection) -> None:
    """An object's entry, new or moved."""
    place, code = _place(draft, change.workplace), draft.visible(change.object).object.code
    groups = dict(_without(place.workplace, code).groups)
    codes = list(groups.get(change.group, ()))
    position = len(codes) if change.position is None else change.position
    if not 0 <= position <= len(codes):
        refuse("position", "outside", f"the group has {len(codes)} other sections")
    codes.insert(position, code)
    groups[change.group] = tuple(codes)
    _put_place(draft, place, replace(place.workplace, groups=tuple(groups.items())))
    draft.words.append(f"show {code} in {change.workplace} under {change.group}")


def remove_section(draft: Draft, change: c.RemoveSection) -> None:
    """An object's entry, away."""
    place, code = _place(draft, change.workplace), draft.visible(change.object).object.code
    left = _without(place.workplace, code)
    if left == place.workplace:
        refuse("object", "unknown", f"{change.workplace} does not show {code}")
    _put_place(draft, place, left)
    draft.words.append(f"show {code} no longer in {change.workplace}")


def _place(draft: Draft, code: str) -> Place:
    found = draft.places.get(code)
    if found is None:
        raise refused("workplace", "unknown", f"there is no workplace {code!r}")
    return found


def _without(place: Workplace, code: str) -> Workplace:
    groups = ((g, tuple(x for x in codes if x != code)) for g, codes in place.groups)
    return replace(place, groups=tuple((g, codes) for g, codes in groups if codes))


def _put_place(draft: Draft, place: Place, wanted: Workplace) -> None:
    if wanted != place.workplace:
        draft.places[wanted.code] = replace(place, workplace=wanted)
        draft.placed[wanted.code] = None
