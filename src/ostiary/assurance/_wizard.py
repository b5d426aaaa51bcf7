"""Roles with as little as the work needs, proposed from job functions and classes of data.

A proposal is a file of rights (`_rights_values`) beside the tenant's: the difference is shown, previewed and
applied like any other. What other roles have is left alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ostiary.access import public as access
from ostiary.assurance._rights_document import text_of
from ostiary.assurance._rights_plan import RightsPlan, plan_rights
from ostiary.assurance._rights_present import Present
from ostiary.assurance._rights_values import ObjectText, OperationText, RightsText, RoleText, Rows
from ostiary.crm import public as crm
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.messages import worded
from ostiary.objects import public as objects
from ostiary.objects.public import DataClass

_EVERYBODY = (identity.ALL_EMPLOYEES, identity.ALL_EXTERNALS)
_CLOSED = ((identity.ALL_EMPLOYEES, "none"),)  # without any row a column would be as open as its object
_EXPORT = access.Operation.EXPORT_LIST.value


class Records(StrEnum):
    """Which records of others people of a function reach, beside what they manage or are given."""

    OWN = "own"
    READ_ALL = "read_all"
    CHANGE_ALL = "change_all"


@dataclass(frozen=True, slots=True)
class FunctionChoice:
    """What is wanted for one function. read_upto, edit_upto: the highest class of columns, None for none."""

    function: str
    read_upto: DataClass | None = DataClass.CONFIDENTIAL
    edit_upto: DataClass | None = DataClass.INTERNAL
    records: Records = Records.OWN
    export: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """plan: the difference from what is there. text: the proposal as a part of a rights file."""

    plan: RightsPlan
    text: str


def propose_roles(ctx: Context, choices: Sequence[FunctionChoice]) -> Proposal:
    """Roles for these functions as far as the tenant has their objects; needs CanManageAdministration.

    Raises: Invalid: no function, one that is not known or chosen twice, more to edit than to read.
    """
    known = {function.code: function for function in crm.job_functions()}
    _ensure_sound(choices, known.keys())
    present = Present(ctx)
    making = _Making(present, present.rights())
    for choice in choices:
        making.add(known[choice.function], choice)
    wanted = making.wanted()
    return Proposal(plan_rights(ctx, wanted), text_of(wanted))


def _ensure_sound(choices: Sequence[FunctionChoice], known: Collection[str]) -> None:
    names = [choice.function for choice in choices]
    errors = [FieldError("function", "missing", "Choose at least one function")] if not names else []
    if len(set(names)) != len(names):
        errors.append(FieldError("function", "twice", "A function is chosen once"))
    for choice in choices:
        if choice.function not in known:
            errors.append(
                FieldError(
                    "function",
                    "unknown",
                    worded("There is no function %(function)s", function=choice.function),
                )
            )
        if (choice.edit_upto or 0) > (choice.read_upto or 0):
            message = "What may be edited may also be read: choose a higher class to read"
            errors.append(FieldError(f"{choice.function}_edit", "above_read", message))
    if errors:
        raise Invalid(errors)


class _Making:
    """A proposal while functions are added to it."""

    def __init__(self, present: Present, now: RightsText) -> None:
        self.present, self.now = present, now
        self.roles: dict[str, RoleText] = {}
        self.objects: dict[str, ObjectText] = {}
        self.export = self.now.operations[_EXPORT].rows or ()

    def wanted(self) -> RightsText:
        """What was put together."""
        operations = {_EXPORT: OperationText(self.export)}
        return RightsText(self.roles, None, operations, self.objects)

    def add(self, function: crm.JobFunction, choice: FunctionChoice) -> None:
        """One function: its role, and the rows of the role."""
        role = RoleText(identity.UnitKind.FUNC, function.caption)
        self.roles[function.code] = self.now.roles.get(function.code, role)
        without = tuple(row for row in self.export if row[0] != function.code)
        self.export = (*without, (function.code, True)) if choice.export else without
        for code, made in self.present.catalogue.objects.items():
            if code in function.objects:
                self.objects[code] = self._object(made, function, choice)

    def _object(self, made: objects.Object, function: crm.JobFunction, choice: FunctionChoice) -> ObjectText:
        now = self.objects.get(made.code, self.now.objects[made.code])
        role, letters = function.code, function.objects[made.code]
        columns = {
            column.code: _with_row(rows, role, _level(column.data_class, letters, choice)) or _CLOSED
            for column in made.columns.values()
            if (rows := now.columns.get(column.code))  # a column without rows is as open as its object
        }
        rules = {key: grants for key, grants in (now.rules or {}).items() if key[1] != role}
        grants = _grants(letters, choice.records)
        if grants != access.Grants():
            rules[identity.ALL_EMPLOYEES, role] = grants
        return ObjectText(_with_row(now.rows or (), role, letters), rules=rules, columns=columns)


def _level(class_: DataClass, letters: str, choice: FunctionChoice) -> str:
    """The level of a column of a class; "" for none."""
    if class_ <= (choice.edit_upto or 0) and set(letters) & set("cu"):
        return "edit"
    return "read" if class_ <= (choice.read_upto or 0) else ""


def _grants(letters: str, records: Records) -> access.Grants:
    if records is Records.OWN:
        return access.Grants()
    change = records is Records.CHANGE_ALL and "u" in letters
    return access.Grants(access.Grant.GRANTED, access.Grant.GRANTED if change else access.Grant.NONE)


def _with_row(rows: Rows, role: str, value: str) -> Rows:
    """The rows with that of the role, which stands where it stood, else before those of everybody."""
    here = [unit for unit, _ in rows]
    if role in here:
        changed = ((unit, value if unit == role else old) for unit, old in rows)
        return tuple(row for row in changed if row[1] or row[0] != role)
    if not value:
        return rows
    place = next((n for n, unit in enumerate(here) if unit in _EVERYBODY), len(rows))
    return (*rows[:place], (role, value), *rows[place:])
