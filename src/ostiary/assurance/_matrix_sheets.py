"""The role matrix as tables of plain values: what a spreadsheet and a printed document both show."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ostiary.access import public as access
from ostiary.assurance._matrix import Matrix, MatrixRole, ObjectCell, OperationCell
from ostiary.assurance._role_card import Reason
from ostiary.identity import public as identity

Row = tuple[str, ...]
KINDS = {
    identity.UnitKind.ORG: "Organisational role",
    identity.UnitKind.FUNC: "Functional role",
    identity.UnitKind.MANAGER: "Manager role",
}
LEGEND = "C create, R read, U update, D delete: capital by a row of the role itself, small by way of another"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. across: its columns but the first are things of one kind, which may be split over tables."""

    title: str
    head: Row
    rows: tuple[Row, ...]
    note: str = ""
    across: bool = False


def printed_sheets(matrix: Matrix) -> list[Sheet]:
    """What fits on paper."""
    return [_roles(matrix), _grants(matrix), _objects(matrix), _operations(matrix), _record_rules(matrix)]


def all_sheets(matrix: Matrix) -> list[Sheet]:
    """The same with every column of every object."""
    return [*printed_sheets(matrix), _columns(matrix)]


def _roles(matrix: Matrix) -> Sheet:
    head = (
        "Role",
        "Kind",
        "Belongs to",
        "Owner",
        "Justification",
        "Regulatory basis",
        "Review every (months)",
        "Last reviewed",
    )
    return Sheet("Roles", head, tuple(_role(role) for role in matrix.roles))


def _role(role: MatrixRole) -> Row:
    card = role.card
    return (
        role.name,
        KINDS[role.kind],
        role.parent,
        role.owner,
        *_reason(card.reason),
        "" if card.review_months is None else str(card.review_months),
        _day(card.reviewed_at),
    )


def _grants(matrix: Matrix) -> Sheet:
    head = ("Role", "On", "What", "Justification", "Regulatory basis", "Missing")
    rows = tuple(
        (
            matrix.name(grant.role),
            grant.caption,
            "; ".join(grant.what),
            *_reason(grant.reason),
            ", ".join(grant.reason.missing),
        )
        for grant in matrix.grants()
    )
    return Sheet("Grants", head, rows, "What rows and rules give to a role by name, and why")


def _objects(matrix: Matrix) -> Sheet:
    head = ("Role", *(made.caption for made in matrix.all_objects))
    rows = tuple(
        (role.name, *(_verbs(matrix.cell(role.id, made)) for made in matrix.all_objects))
        for role in matrix.roles
    )
    return Sheet("Objects", head, rows, LEGEND, across=True)


def _verbs(cell: ObjectCell) -> str:
    letters = [
        verb.letter.upper() if verb in cell.own else verb.letter for verb in access.Verb if verb in cell.verbs
    ]
    return "".join(letters)


def _operations(matrix: Matrix) -> Sheet:
    head = ("Role", *(operation.value for operation in access.Operation))
    rows = tuple(
        (role.name, *(_operation(matrix.operation(role.id, o)) for o in access.Operation))
        for role in matrix.roles
    )
    return Sheet("Operations", head, rows, "Yes by a row of the role itself, (yes) by another's", across=True)


def _operation(cell: OperationCell) -> str:
    if not cell.given.allowed:
        return "no" if cell.own else ""
    return "yes" if cell.own else "(yes)"


def _record_rules(matrix: Matrix) -> Sheet:
    rows: list[Row] = []
    for made in matrix.all_objects:
        rows.append((made.caption, "", matrix.record_layer(made)))
        rows += [(made.caption, matrix.name(unit), said) for unit, said in matrix.rules(made)]
    return Sheet("Record rules", ("Object", "Role", "Rule"), tuple(rows))


def _columns(matrix: Matrix) -> Sheet:
    head = ("Object", "Column", "Class", *(role.name for role in matrix.roles))
    return Sheet("Columns", head, tuple(_column_rows(matrix)), "(level): by way of another role")


def _column_rows(matrix: Matrix) -> Iterator[Row]:
    for made in matrix.all_objects:
        for column in made.columns.values():
            levels = []
            for role in matrix.roles:
                cell = matrix.column(role.id, made, column)
                word = cell.given.level.name.lower()
                levels.append(word if cell.own else f"({word})")
            yield (made.caption, column.caption, column.data_class.name.title(), *levels)


def _reason(reason: Reason) -> tuple[str, str]:
    return reason.justification, reason.basis


def _day(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d}"
