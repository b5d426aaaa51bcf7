"""What it takes to make a tenant's rights what a file says, as changes and in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import TypeVar

from ostiary.access import public as access
from ostiary.assurance import _changes as c
from ostiary.assurance._rights_present import Present
from ostiary.assurance._rights_values import ObjectText, OperationText, RightsText, RoleText, Rows
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.ids import UnitId, new_id
from ostiary.objects import public as objects

_VERBS = {verb.letter: verb for verb in access.Verb}
_LEVELS = {level.name.lower(): level for level in access.ColumnLevel}
Key = TypeVar("Key")
Value = TypeVar("Value")
Step = tuple[c.RightsChange, list[str]]  # a change, and its words


@dataclass(frozen=True, slots=True)
class RightsPlan:
    """What a file asks for. lines: in words. unnamed: roles that the file, which names roles, does not."""

    changes: tuple[c.RightsChange, ...]
    lines: tuple[str, ...]
    unnamed: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether the tenant is other than the file."""
        return bool(self.changes or self.unnamed)


def plan_rights(ctx: Context, wanted: RightsText) -> RightsPlan:
    """Compare a file with the tenant; needs CanManageAdministration.

    Raises: Invalid: a unit, object or column that there is not, a role of another kind than it has.
    """
    present = Present(ctx)
    planning = _Planning(present, present.rights(), wanted)
    steps = list(planning.steps())
    unnamed = sorted(present.units.roles().keys() - wanted.roles.keys()) if wanted.roles else ()
    changes, words = [step[0] for step in steps], [line for step in steps for line in step[1]]
    return RightsPlan(tuple(changes), tuple(words), tuple(unnamed))


def _refuse(field: str, code: str, message: str) -> Invalid:
    return Invalid([FieldError(field, code, message)], message)


class _Planning:
    """Steps in an order in which each can be made; operations last, since they may end one's own rights."""

    def __init__(self, present: Present, now: RightsText, wanted: RightsText) -> None:
        self.present, self.now, self.wanted = present, now, wanted
        named = wanted.units()
        self.ids = dict(present.units.find(named))
        for reference in wanted.roles:
            self.ids.setdefault(reference, UnitId(new_id()))
        if missing := sorted(named - self.ids.keys()):
            raise _refuse("unit", "unknown", f"There is no {', '.join(missing[:10])}")

    def steps(self) -> Iterator[Step]:
        """Everything that differs."""
        for reference in self._parents_first():
            yield from self._role(reference, self.wanted.roles[reference])
        yield from self._links()
        for code, made in self.wanted.objects.items():
            described = self.present.catalogue.objects.get(code)
            if described is None:
                raise _refuse("object", "unknown", f"There is no object {code}")
            yield from self._object(described, self.now.objects[code], made)
        for code, operation in self.wanted.operations.items():
            yield from self._operation(access.Operation(code), self.now.operations[code], operation)

    def _parents_first(self) -> list[str]:
        done: dict[str, None] = {}

        def place(reference: str, below: tuple[str, ...] = ()) -> None:
            if reference in below:
                raise _refuse("parent", "cycle", f"{reference} lies below itself")
            role = self.wanted.roles[reference]
            for above in (role.parent, role.manages):
                if above is not None and above in self.wanted.roles and above not in done:
                    place(above, (*below, reference))
            done[reference] = None

        for reference in self.wanted.roles:
            place(reference)
        return list(done)

    def _role(self, reference: str, role: RoleText) -> Iterator[Step]:
        now, id_ = self.now.roles.get(reference), self.ids[reference]
        parent = None if role.parent is None else self.ids[role.parent]
        if now is None:
            yield self._new_role(reference, role), [f"+ role {reference}: {role.name}"]
            return
        if (now.kind, now.external, now.manages) != (role.kind, role.external, role.manages):
            raise _refuse(
                "kind", "fixed", f"{reference} is a role of another kind or side, or manages another"
            )
        if now.name != role.name:
            raise _refuse("name", "fixed", f"{reference} is called {now.name}: rename it there first")
        if now.parent != role.parent:
            yield c.MoveRole(id_, parent), [f"~ role {reference}: below {role.parent or 'the root'}"]
        if now.not_inherited != role.not_inherited:
            word = "not inherited" if role.not_inherited else "inherited"
            yield c.MarkRole(id_, role.not_inherited), [f"~ role {reference}: {word} by managers"]

    def _new_role(self, reference: str, role: RoleText) -> c.CreateRole:
        return c.CreateRole(
            self.ids[reference],
            role.kind,
            role.name,
            code=None if ":" in reference else reference,
            parent=None if role.parent is None else self.ids[role.parent],
            manages=None if role.manages is None else self.ids[role.manages],
            not_inherited=role.not_inherited,
            external=role.external,
        )

    def _links(self) -> Iterator[Step]:
        if self.wanted.links is None:
            return
        now = self.now.links or frozenset()
        for org, func in sorted(self.wanted.links ^ now):
            linked = (org, func) in self.wanted.links
            word = f"{'+' if linked else '-'} link: members of {org} get {func}"
            yield c.SetLink(self.ids[org], self._id(func), linked), [word]

    def _id(self, reference: str) -> UnitId:
        found = self.ids.get(reference)
        if found is None:  # named by the tenant alone
            found = self.ids[reference] = self.present.units.find([reference])[reference]
        return found

    def _operation(
        self, operation: access.Operation, now: OperationText, wanted: OperationText
    ) -> Iterator[Step]:
        if wanted.rows is not None and now.rows != wanted.rows:
            rows = tuple((self._id(unit), allow) for unit, allow in wanted.rows)
            words = _rows_diff(f"operation {operation.value}", _yes_no(now.rows or ()), _yes_no(wanted.rows))
            yield c.SetOperationRows(operation, rows), words
        for code, letters in _differing(now.carries, wanted.carries):
            described = self.present.catalogue.objects.get(code)
            if described is None:
                raise _refuse("object", "unknown", f"There is no object {code}")
            word = f"~ operation {operation.value} carries {letters or 'nothing'} on {code}"
            yield c.SetCarriedRight(operation, described.id, _verbs(letters)), [word]

    def _object(self, made: objects.Object, now: ObjectText, wanted: ObjectText) -> Iterator[Step]:
        code = made.code
        if wanted.rows is not None and now.rows != wanted.rows:
            rows = tuple((self._id(unit), _verbs(letters)) for unit, letters in wanted.rows)
            yield c.SetObjectRows(made.id, rows), _rows_diff(code, now.rows or (), wanted.rows)
        if wanted.switches is not None and now.switches != wanted.switches:
            records, legs, denies = wanted.switches
            off = ", ".join(sorted(access.ALL_LEGS - legs)) or "none"
            word = f"~ {code}: records {'on' if records else 'off'}, legs off: {off}, denies: {denies}"
            yield c.SetSwitches(made.id, records, legs, denies), [word]
        yield from self._rules(made, now, wanted)
        for column, listed in wanted.columns.items():
            yield from self._column(made, column, now.columns.get(column), listed)

    def _column(self, made: objects.Object, code: str, now: Rows | None, wanted: Rows) -> Iterator[Step]:
        if now is None:
            raise _refuse("column", "unknown", f"{made.code} has no column {code} that takes rows")
        if now != wanted:
            rows = tuple((self._id(unit), _LEVELS[level]) for unit, level in wanted)
            words = _rows_diff(f"{made.code}.{code}", now, wanted)
            yield c.SetColumnRows(made.id, made.columns[code].id, rows), words

    def _rules(self, made: objects.Object, now: ObjectText, wanted: ObjectText) -> Iterator[Step]:
        for (author, grantee), grants in _differing(now.rules, wanted.rules):
            word = f"~ {made.code}: records made by {author} to {grantee}: {_words(grants)}"
            change = c.SetDefaultRule(made.id, self._id(author), self._id(grantee), grants or access.Grants())
            yield change, [word]
        for (grantee, path, attribute), grants in _differing(now.scopes, wanted.scopes):
            word = f"~ {made.code}: records whose {path} is among {attribute} to {grantee}: {_words(grants)}"
            scope = self.present.scope(made, path, attribute)
            yield c.SetScopeRule(made.id, self._id(grantee), scope, grants or access.Grants()), [word]
        for (author, unit), letters in _differing(now.deny_rules, wanted.deny_rules):
            word = f"~ {made.code}: records made by {author} denied to {unit}: {letters or 'nothing'}"
            yield c.SetDenyRule(made.id, self._id(author), self._id(unit), _verbs(letters)), [word]


def _verbs(letters: str | None) -> frozenset[access.Verb]:
    return frozenset(_VERBS[letter] for letter in letters or "")


def _differing(
    now: Mapping[Key, Value] | None, wanted: Mapping[Key, Value] | None
) -> list[tuple[Key, Value | None]]:
    """What differs with what is wanted, None for what is to go; nothing where the file says nothing."""
    if wanted is None:
        return []
    old = now or {}
    keys = {key for key in old.keys() | wanted.keys() if old.get(key) != wanted.get(key)}
    return [(key, wanted.get(key)) for key in sorted(keys, key=str)]


def _yes_no(rows: tuple[tuple[str, bool], ...]) -> Rows:
    return tuple((unit, "yes" if allow else "no") for unit, allow in rows)


def _rows_diff(what: str, now: Rows, wanted: Rows) -> list[str]:
    """The rows that came and went, each with its mark."""
    old, new = ([f"{unit} {value}" for unit, value in rows] for rows in (now, wanted))
    lines = list(unified_diff(old, new, n=0, lineterm=""))[2:]
    return [f"{line[0]} {what}: {line[1:]}" for line in lines if not line.startswith("@@")]


def _words(grants: access.Grants | None) -> str:
    if grants is None:
        return "nothing"
    given = {"read": grants.read, "update": grants.update, "delete": grants.delete}
    words = [
        f"{verb} {grant.name.lower()}" for verb, grant in given.items() if grant is not access.Grant.NONE
    ]
    return ", ".join(words)
