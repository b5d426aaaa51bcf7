"""The rights of one role: everything that names it, layer by layer, changed in place; what it inherits."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, Operation
from ostiary.assurance import public as assurance
from ostiary.identity.public import ROLE_KINDS
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import ObjectId, UnitId
from ostiary.objects.public import Object
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import ngettext
from ostiary.ui.values import Head, Link
from ostiary.web._frame import OPERATIONS_URL, RIGHTS_URL
from ostiary.web._frame import ROLES_URL as MEMBERS_URL
from ostiary.web._rights_carried import choice_field
from ostiary.web._rights_desk import ROLES_URL, Desk, Editor, kind_words, named_in, role_url
from ostiary.web._rights_edits import RowsChange
from ostiary.web._rights_legs import operation_caption
from ostiary.web._rights_page import Page
from ostiary.web._rights_records import rule_lines
from ostiary.web._rights_rows import Cell, Form, answers_form, level_captions, levels_form, verbs_form
from ostiary.web._rights_tabs import LayerTab, layer_of, layer_tabs, unsaved
from ostiary.web._rights_words import given_words


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """The row of the role in one place. of: how many rows there are; new, gone: against what is stored."""

    key: str
    target: str
    caption: str
    text: str
    mark: str
    url: str
    rank: int
    of: int
    cells: tuple[Cell, ...]
    changed: bool
    is_new: bool
    gone: bool


@dataclass(frozen=True, slots=True)
class Inherited:
    """What is decided for whoever has the role by a row of another unit."""

    caption: str
    value: str
    by: str
    by_url: str


@dataclass(frozen=True, slots=True)
class ObjectFields:
    """Fields of one object that name the role. lines: only of the open one."""

    code: str
    caption: str
    named: str
    effect: str
    current: bool
    lines: tuple[PlaceLine, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the role has a row, stored or unsaved, without the rows."""

    operations: tuple[assurance.SetOperationRows, ...]
    objects: tuple[assurance.SetObjectRows, ...]
    columns: Mapping[ObjectId, tuple[assurance.SetColumnRows, ...]]


def role_page(editor: Editor, role: UnitId) -> Page:
    """The page of a role on one of its layers. Raises NotFound: it is none."""
    desk = editor.desk
    desk.know([role])
    named = desk.units.get(role)
    if named is None or named.kind not in ROLE_KINDS:
        raise NotFound
    layer, places, url = layer_of(editor.posted), _places(desk, role), role_url(role)
    opened = open_object(desk, editor.posted)
    found = _Layers(editor, role, places, opened).show(layer)
    return Page(
        "web/rights_role.html",
        Head(named.name, crumbs=(Link(_("Object permissions"), RIGHTS_URL), Link(_("By role"), ROLES_URL))),
        RIGHTS_URL,
        url,
        {
            "named": named,
            "kind": kind_words(named),
            "people": words.number(desk.people(role)),
            "above": _above(desk, role),
            "members": _members_url(desk, role),
            "layer": layer,
            "opened": opened,
            "tabs": _tabs(desk, role, places, layer, url),
            "fields": frozenset(("name-object", "name-operation")),
            **found,
        },
    )


def _members_url(desk: Desk, role: UnitId) -> str:
    """Where the role itself is administered, for whoever may."""
    return f"{MEMBERS_URL}/{role}" if access.may_operate(desk.ctx, Operation.MANAGE_USERS) else ""


def open_object(desk: Desk, posted: Mapping[str, str]) -> str:
    """The object whose fields are open: the one that was pressed, else the one before."""
    said = posted.get("do", "").split(" ")
    wanted = said[2] if said[:2] == ["show", "columns"] and len(said) > 2 else posted.get("open", "")
    return wanted if wanted in desk.catalogue.objects else ""


def _places(desk: Desk, role: UnitId) -> Places:
    named = access.mentions(desk.ctx, desk.policy).get(role, access.Mentions())
    known = {o.value: o for o in Operation}
    places: dict[assurance.Target, assurance.PolicyChange] = {}
    stored: list[assurance.PolicyChange] = [
        *(assurance.SetOperationRows(known[code], ()) for code in named.operations if code in known),
        *(assurance.SetObjectRows(o.id, ()) for o in desk.by_id.values() if o.id in set(named.objects)),
        *(
            assurance.SetColumnRows(made.id, column.id, ())
            for made in desk.by_id.values()
            for column in made.columns.values()
            if column.id in set(named.columns.get(made.id, ()))
        ),
    ]
    unsaved_ones = [e.change for e in desk.draft.entries.values() if role in named_in([e.base, e.change])]
    for change in (*stored, *unsaved_ones):
        places.setdefault(assurance.target_of(change), change)
    columns: dict[ObjectId, list[assurance.SetColumnRows]] = {}
    for place in places.values():
        if isinstance(place, assurance.SetColumnRows):
            columns.setdefault(place.object_id, []).append(place)
    return Places(
        tuple(p for p in places.values() if isinstance(p, assurance.SetOperationRows)),
        tuple(p for p in places.values() if isinstance(p, assurance.SetObjectRows)),
        {object_id: tuple(each) for object_id, each in columns.items()},
    )


def _above(desk: Desk, role: UnitId) -> list[tuple[str, str]]:
    """(name, address) of every unit whose rows also count for whoever has the role."""
    found = desk.graph.roles[role]
    own = desk.graph.own_set([role], external=found.external).roles - {role}
    desk.know(own)
    return sorted((desk.name(unit), role_url(unit)) for unit in own)


def _tabs(desk: Desk, role: UnitId, places: Places, layer: str, url: str) -> tuple[LayerTab, ...]:
    columns = sum(map(len, places.columns.values()))
    named = access.mentions(desk.ctx, desk.policy).get(role, access.Mentions())
    counts = (len(places.operations), len(places.objects), len(named.rules), columns)
    texts = (
        ngettext("%(num)d row", "%(num)d rows", counts[0]),
        ngettext("%(num)d row", "%(num)d rows", counts[1]),
        ngettext("rules of %(num)d object", "rules of %(num)d objects", counts[2]),
        ngettext("rows of %(num)d field", "rows of %(num)d fields", counts[3]),
    )
    kinds: tuple[tuple[type, ...], ...] = (
        (assurance.SetOperationRows,),
        (assurance.SetObjectRows,),
        (assurance.SetDefaultRule, assurance.SetScopeRule, assurance.SetDenyRule),
        (assurance.SetColumnRows,),
    )
    changed = [any(isinstance(c, kind) for c in desk.draft.changes) for kind in kinds]
    lines = [
        unsaved(text % {"num": count}, changed=each)
        for text, count, each in zip(texts, counts, changed, strict=True)
    ]
    return layer_tabs(lines, layer, url)


@dataclass(frozen=True)
class _Layers:
    """The layers of the page of one role."""

    editor: Editor
    role: UnitId
    places: Places
    opened: str

    @property
    def desk(self) -> Desk:
        return self.editor.desk

    def show(self, layer: str) -> dict[str, object]:
        """What the template of a layer takes."""
        found: dict[str, object] = dict.fromkeys(("lines", "inherited", "choose", "rules", "objects"))
        return (
            found
            | {
                "operations": self.operations,
                "object": self.objects,
                "records": self.records,
                "columns": self.columns,
            }[layer]()
        )

    def operations(self) -> dict[str, object]:
        """Layer 1."""
        named = {p.operation.value for p in self.places.operations}
        options = [(o.value, operation_caption(o)) for o in access.OPERATION_WORDS]
        return {
            "lines": [self._operation(place) for place in self.places.operations],
            "inherited": self._inherited_operations(named),
            "choose": choice_field(self.editor, "name-operation", _("Operation"), options, named),
        }

    def objects(self) -> dict[str, object]:
        """Layer 2."""
        named = {self.desk.by_id[p.object_id].code for p in self.places.objects}
        options = [(o.code, o.plural) for o in self.desk.by_id.values()]
        return {
            "lines": [self._object(place) for place in self.places.objects],
            "inherited": self._inherited_objects(named),
            "choose": choice_field(self.editor, "name-object", _("Object"), options, named),
        }

    def records(self) -> dict[str, object]:
        """Layer 3: rules of every object that name the role."""
        found = [
            (made.caption, f"{RIGHTS_URL}/{made.code}?layer=records", lines)
            for made in self.desk.by_id.values()
            if any((lines := rule_lines(self.desk, made, self.role)).values())
        ]
        return {"rules": found}

    def columns(self) -> dict[str, object]:
        """Layer 4: fields by object, where one names the role or its rows decide at all; one is open."""
        decided = access.decided_for(self.desk.policy, self.desk.graph, self.role).objects
        wanted = self.places.columns.keys() | {o for o, (verbs, _unit) in decided.items() if verbs}
        ids = [object_id for object_id in self.desk.by_id if object_id in wanted]
        return {"objects": [self._fields(self.desk.by_id[object_id]) for object_id in ids]}

    def _operation(self, place: assurance.SetOperationRows) -> PlaceLine:
        code = place.operation.value
        url = f"{OPERATIONS_URL}/{code}"
        caption = operation_caption(place.operation)
        return self._line(place, answers_form(), f"operation:{code}", caption, code, url)

    def _object(self, place: assurance.SetObjectRows) -> PlaceLine:
        made = self.desk.by_id[place.object_id]
        url = f"{RIGHTS_URL}/{made.code}"
        return self._line(place, verbs_form(), f"object:{made.code}", made.plural, "", url)

    def _line(
        self,
        place: RowsChange,
        form: Form[Any],
        target: str,
        caption: str,
        text: str,
        url: str,
        mark: str = "",
    ) -> PlaceLine:
        now = self.desk.draft.at(place, self.desk.policy).rows
        before = self.desk.draft.base(place, self.desk.policy).rows
        units, old = [unit for unit, _value in now], dict(before)
        gone = self.role not in units
        rank = 0 if gone else units.index(self.role) + 1
        was = next((n for n, (unit, _value) in enumerate(before, 1) if unit == self.role), 0)
        value: Any = old.get(self.role) if gone else dict(now)[self.role]
        return PlaceLine(
            target.replace(":", "-"),
            target,
            caption,
            text,
            mark,
            url,
            rank,
            len(units),
            () if gone else form.cells(target, self.role, value, old.get(self.role)),
            rank != was and self.role in old,
            self.role not in old,
            gone,
        )

    def _inherited_operations(self, named: set[str]) -> list[Inherited]:
        decided = access.decided_for(self.desk.policy, self.desk.graph, self.role).operations
        self.desk.know(unit for _answer, unit in decided.values())
        return [
            self._inherited(operation_caption(o), decided[o.value])
            for o in access.OPERATION_WORDS
            if o.value in decided and o.value not in named
        ]

    def _inherited_objects(self, named: set[str]) -> list[Inherited]:
        decided = access.decided_for(self.desk.policy, self.desk.graph, self.role).objects
        self.desk.know(unit for _verbs, unit in decided.values())
        return [
            self._inherited(made.plural, decided[made.id])
            for made in self.desk.by_id.values()
            if made.id in decided and made.code not in named
        ]

    def _inherited(self, caption: str, decided: tuple[object, UnitId]) -> Inherited:
        value, unit = decided
        return Inherited(caption, given_words(value), self.desk.name(unit), role_url(unit))

    def _fields(self, made: Object) -> ObjectFields:
        places = self.places.columns.get(made.id, ())
        current = made.code == self.opened
        levels = access.levels_for(self.desk.policy, self.desk.graph, self.role, made.id)
        return ObjectFields(
            made.code,
            made.plural,
            words.number(len(places)),
            _counted(made, {column: level for column, (level, _unit) in levels.items()}),
            current,
            tuple(self._field(made, place) for place in places) if current else (),
        )

    def _field(self, made: Object, place: assurance.SetColumnRows) -> PlaceLine:
        column = next(c for c in made.columns.values() if c.id == place.column_id)
        url = f"{RIGHTS_URL}/{made.code}?layer=columns&column={column.code}"
        mark = column.data_class.name.lower()
        target = f"column:{made.code}:{column.code}"
        return self._line(place, levels_form(), target, column.caption, "", url, mark)


def _counted(made: Object, levels: Mapping[UUID, ColumnLevel]) -> str:
    """How many fields whoever has the role may edit, read and so on."""
    captions = level_captions()
    counts = Counter(
        levels.get(column.id, ColumnLevel.EDIT) for column in made.columns.values() if column.takes_rows
    )
    said = [f"{captions[level]} {counts[level]}" for level in reversed(ColumnLevel) if counts[level]]
    return ", ".join(said)
