"""Cells of the role matrix: what a role gives in letters, and by what it does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ostiary import ui
from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.objects import public as objects
from ostiary.ui.i18n import gettext as _
from ostiary.web._frame import MATRIX_URL

ROLES_URL = f"{MATRIX_URL}/roles"
_VERBS = "".join(verb.letter.upper() for verb in access.Verb)
_LEVELS = {access.ColumnLevel.MASKED: "M", access.ColumnLevel.READ: "R", access.ColumnLevel.EDIT: "E"}


@dataclass(frozen=True, slots=True)
class MatrixHead:
    """A column of the table. mark: class of a field."""

    label: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A role. incomplete: some grant of it has no justification or basis. cells: the rest of the row."""

    id: str
    url: str
    name: str
    about: str
    incomplete: bool
    cells: Markup


def kind_words(role: assurance.MatrixRole) -> str:
    """Kind of a role and where it belongs."""
    words = kind_names()[role.kind.value]
    return f"{words} · {role.parent}" if role.parent else words


def kind_names() -> Mapping[str, str]:
    """Kinds of roles in words."""
    return {
        identity.UnitKind.ORG.value: _("Organisational role"),
        identity.UnitKind.FUNC.value: _("Functional role"),
        identity.UnitKind.MANAGER.value: _("Manager role"),
    }


Table = tuple[list[MatrixHead], list[MatrixRow]]
Roles = Sequence[assurance.MatrixRole]


def object_table(matrix: assurance.Matrix, roles: Roles, shown: Sequence[objects.Object]) -> Table:
    """Roles by objects."""
    cells = _Cells(matrix)
    return [MatrixHead(made.caption) for made in shown], [cells.row(r, cells.verbs(r, shown)) for r in roles]


def operation_table(matrix: assurance.Matrix, roles: Roles) -> Table:
    """Roles by system operations."""
    cells = _Cells(matrix)
    return [MatrixHead(o.value) for o in access.Operation], [cells.row(r, cells.operations(r)) for r in roles]


def column_table(matrix: assurance.Matrix, roles: Roles, made: objects.Object) -> Table:
    """Roles by the fields of one object."""
    cells = _Cells(matrix)
    heads = [MatrixHead(c.caption, c.data_class.name.lower()) for c in made.columns.values()]
    return heads, [cells.row(role, cells.levels(role, made)) for role in roles]


_NOTHING = Markup('<span class="muted" aria-hidden="true">·</span>')
_CELL = Markup('<td data-target="{}">{}</td>')
_MISSING = Markup('<td data-target="{}" data-missing title="{}">{}<span class="vh">{}</span></td>')
Rests = tuple[tuple[access.Verb, str], ...]  # what each verb rests on, "" for a row of the role itself


class _Cells:
    """Cells of one page. Most of some thousands are equal, so each is made once."""

    def __init__(self, matrix: assurance.Matrix) -> None:
        self._matrix = matrix
        self._marks: dict[Rests, Markup] = {}
        self._made: dict[tuple[str, Markup, bool], Markup] = {}

    def row(self, role: assurance.MatrixRole, cells: Iterator[Markup]) -> MatrixRow:
        """The row of a role."""
        url, missing = f"{ROLES_URL}/{role.id}", self._matrix.is_missing(role.id)
        return MatrixRow(str(role.id), url, role.name, kind_words(role), missing, Markup("").join(cells))

    def verbs(self, role: assurance.MatrixRole, shown: Sequence[objects.Object]) -> Iterator[Markup]:
        """Letters of verbs."""
        for made in shown:
            cell = self._matrix.cell(role.id, made)
            rests = tuple(
                (verb, "" if given.by == role.id else self._matrix.by(given))
                for verb, given in cell.verbs.items()
            )
            marks = self._marks.get(rests)
            if marks is None:
                marks = self._marks[rests] = _verb_marks(rests)
            yield self._cell(made.code, marks, missing=cell.lacks)

    def operations(self, role: assurance.MatrixRole) -> Iterator[Markup]:
        """Yes, or no where the role's own row says so."""
        for operation in access.Operation:
            cell = self._matrix.operation(role.id, operation)
            marks, by = _NOTHING, self._by(cell.given, own=cell.own)
            if cell.given.allowed:
                letter = _("Y")
                marks = ui.squares(letter, letter, letter if cell.own else "", f"{_('Yes')}: {by}")
            elif cell.own:
                marks = ui.squares(_("N"), "", "", f"{_('No')}: {by}")
            yield self._cell(operation.value, marks, missing=cell.lacks)

    def levels(self, role: assurance.MatrixRole, made: objects.Object) -> Iterator[Markup]:
        """The letter of a level."""
        names = _level_names()
        for column in made.columns.values():
            cell = self._matrix.column(role.id, made, column)
            letter, marks = _LEVELS.get(cell.given.level, ""), _NOTHING
            if letter:
                by = self._by(cell.given, own=cell.own)
                firm = letter if cell.own else ""
                marks = ui.squares(letter, letter, firm, f"{names[cell.given.level]}: {by}")
            yield self._cell(column.code, marks, missing=False)

    def _cell(self, target: str, marks: Markup, *, missing: bool) -> Markup:
        key = (target, marks, missing)
        known = self._made.get(key)
        if known is None:
            said = _("No justification or no basis")
            plain = _CELL.format(target, marks)
            known = self._made[key] = _MISSING.format(target, said, marks, said) if missing else plain
        return known

    def _by(self, given: access.Given | access.GivenLevel, *, own: bool) -> str:
        if given.by is None:
            return _("as its object, or the same for everybody")
        return _rests_on("" if own else self._matrix.by(given))


def _rests_on(unit: str) -> str:
    return _("by way of %(unit)s") % {"unit": unit} if unit else _("by its own row")


def _verb_marks(rests: Rests) -> Markup:
    if not rests:
        return _NOTHING
    names, told = _verb_names(), dict[str, list[str]]()
    for verb, by in rests:
        told.setdefault(by, []).append(names[verb])
    title = "; ".join(f"{', '.join(verbs)}: {_rests_on(by)}" for by, verbs in told.items())
    lit = "".join(verb.letter.upper() for verb, _by in rests)
    firm = "".join(verb.letter.upper() for verb, by in rests if not by)
    return ui.squares(_VERBS, lit, firm, title)


def _verb_names() -> Mapping[access.Verb, str]:
    return {
        access.Verb.CREATE: _("create"),
        access.Verb.READ: _("read"),
        access.Verb.UPDATE: _("update"),
        access.Verb.DELETE: _("delete"),
    }


def _level_names() -> Mapping[access.ColumnLevel, str]:
    return {
        access.ColumnLevel.MASKED: _("Masked"),
        access.ColumnLevel.READ: _("Read"),
        access.ColumnLevel.EDIT: _("Edit"),
    }
