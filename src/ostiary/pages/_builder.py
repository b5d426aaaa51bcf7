"""The filter builder as a page shows it: rows in their groups, with the controls that fit each."""

from dataclasses import dataclass

from ostiary.objects.public import ColumnType
from ostiary.pages._fields import FieldAt, Offer, offers
from ostiary.pages._filters import Branch, Filtering, Understood
from ostiary.pages._operators import NO_VALUE, SEVERAL, SPANS, Is, Names, choice_words, operators_of
from ostiary.pages._reader import Reader
from ostiary.pages._state import MOST_CONDITIONS, ListState
from ostiary.records.public import ObjectView
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Option

_BY_VALUE = frozenset({ColumnType.CHOICE, ColumnType.OWNER, ColumnType.LOOKUP, ColumnType.BOOLEAN})
_DATE_INPUTS = {ColumnType.DATE: "date", ColumnType.INSTANT: "datetime-local"}
_DEEPEST = 2  # dots in the key of a group that may hold no further one
_CONDITIONS = frozenset({"f", "o", "v", "g", "any", "page", "after", "builder", "panel", "into"})


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields to choose from under one caption."""

    caption: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class OperatorOption:
    """An operator to choose, with the kind of control that its value needs."""

    value: str
    label: str
    selected: bool
    control: str


@dataclass(frozen=True, slots=True)
class BuilderRow:
    """One row. number: of the condition. join: the word before it.

    control: text, number, date, datetime-local, options, several, fixed or none.
    """

    number: int
    join: str
    group: str
    fields: tuple[Fields, ...]
    operators: tuple[OperatorOption, ...]
    control: str
    value: str
    options: tuple[Option, ...]
    fixed: str
    error: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class BuilderGroup:
    """A group of rows and groups. key: "" of the outermost. nests: it may hold a further group."""

    key: str
    join: str
    any_of: bool
    parts: tuple["BuilderRow | BuilderGroup", ...]
    nests: bool
    remove_url: str

    @property
    def is_group(self) -> bool:
        """Told from a row."""
        return True


@dataclass(frozen=True, slots=True)
class Builder:
    """The builder as a GET form; `kept` are the other parts of the state. full: no further condition fits."""

    action: str
    count_url: str
    root: BuilderGroup
    kept: tuple[tuple[str, str], ...]
    close_url: str
    clear_url: str
    full: bool


def make_builder(
    reader: Reader, view: ObjectView, state: ListState, filtering: Filtering, names: Names
) -> Builder:
    """The builder of a list state, with one empty row where there is none."""
    code, url = view.object.code, reader.urls.records
    offered = offers(reader, view)
    make = _Maker(reader, view, state, filtering, names, offered)
    kept = [(key, value) for key, value in state.other().pairs() if key not in _CONDITIONS]
    return Builder(
        action=url(code),
        count_url=reader.urls.count(code),
        root=make.group(filtering.tree, ""),
        kept=tuple(kept),
        close_url=url(code, state.showing().query()),
        clear_url=url(code, state.other(conditions=(), any_of=(), search="").query()),
        full=len(state.conditions) >= MOST_CONDITIONS,
    )


@dataclass(frozen=True, slots=True)
class _Maker:
    reader: Reader
    view: ObjectView
    state: ListState
    filtering: Filtering
    names: Names
    offered: list[Offer]

    def group(self, branch: Branch, join: str) -> BuilderGroup:
        word = _("or") if branch.any_of else _("and")
        parts = tuple(
            self.row(part, self.filtering.conditions[part], _("Where") if first else word, branch.key)
            if isinstance(part, int)
            else self.group(part, _("Where") if first else word)
            for first, part in zip([True, *[False] * len(branch.parts)], branch.parts, strict=False)
        )
        return BuilderGroup(
            branch.key,
            join,
            branch.any_of,
            parts,
            branch.key.count(".") < _DEEPEST,
            self._url(self.state.without(*branch.rows())),
        )

    def row(self, number: int, each: Understood, join: str, group: str) -> BuilderRow:
        operators: tuple[OperatorOption, ...] = ()
        control, options, fixed = "none", tuple[Option, ...](), ""
        if each.field is not None:
            column = each.field.column
            allowed = operators_of(self.reader, column)
            if each.op and each.op not in allowed:  # from a link, such as "all contacts of this account"
                allowed = (*allowed, each.op)
            op = each.op or allowed[0]
            operators = tuple(
                OperatorOption(o.value, choice_words(o, column), o is op, self._kind(each.field, o))
                for o in allowed
            )
            control = self._kind(each.field, op)
            if control in ("options", "several"):
                options = self._options(each.field, op, each.row.value)
            if control == "fixed":
                fixed = self.names.name(column, each.row.value)
        return BuilderRow(
            number=number,
            join=join,
            group=group,
            fields=self._fields(each),
            operators=operators,
            control=control,
            value=each.row.value,
            options=options,
            fixed=fixed,
            error=each.error,
            remove_url=self._url(self.state.without(number)),
        )

    def _url(self, state: ListState) -> str:
        return self.reader.urls.records(self.view.object.code, state.showing("filter").query())

    def _fields(self, each: Understood) -> tuple[Fields, ...]:
        chosen = each.field.path if each.field else each.row.column
        found = [
            Fields(
                offer.caption if offer.path else "",
                tuple(Option(f.path, f.caption, f.path == chosen) for f in offer.fields),
            )
            for offer in self.offered
        ]
        listed = {f.path for offer in self.offered for f in offer.fields}
        if each.field is not None and each.field.path not in listed:  # further away than is offered
            found.insert(0, Fields("", (Option(chosen, each.field.caption, selected=True),)))
        return tuple(found)

    def _kind(self, field: FieldAt, op: Is) -> str:
        """The kind of control for a value."""
        column = field.column
        if op in NO_VALUE:
            return "none"
        if op in (Is.LAST_DAYS, Is.NEXT_DAYS):
            return "number"
        by_value = column.type in _BY_VALUE and op not in (Is.CONTAINS, Is.STARTS_WITH)
        if column.type is ColumnType.LOOKUP and by_value and not self.reader.is_small(column):
            return "fixed"
        if by_value or op is Is.WITHIN:
            return "several" if op in SEVERAL else "options"
        return _DATE_INPUTS.get(column.type, "text")

    def _options(self, field: FieldAt, op: Is, value: str) -> tuple[Option, ...]:
        """What may be chosen as a value."""
        column = field.column
        if op is Is.WITHIN:
            return tuple(Option(key, _(text), key == value) for key, text in SPANS.items())
        if column.type is ColumnType.BOOLEAN:
            return (Option("yes", _("yes"), value == "yes"), Option("no", _("no"), value == "no"))
        chosen = value.split(",") if op in SEVERAL else [value]
        return tuple(Option(o.value, o.label, o.value in chosen) for o in self.names.options(column))
