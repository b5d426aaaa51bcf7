"""The rights of a tenant as they are, as values that mean the same elsewhere."""

from collections.abc import Mapping, Sequence

from ostiary.access import public as access
from ostiary.assurance._rights_values import ObjectText, OperationText, RightsText, RoleText
from ostiary.assurance._unit_references import UnitReferences
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects

_ENDS = ("author", "owner")


class Present:
    """The rights of a tenant as they are, with what their references stand for."""

    def __init__(self, ctx: Context) -> None:
        self.policy = access.view_policy(ctx)
        self.graph = identity.role_graph(ctx)
        self.catalogue = objects.get_catalogue(ctx)
        self.units = UnitReferences(ctx, self.graph)
        self.units.load(self._named())

    def _named(self) -> set[UnitId]:
        found = {row.unit for rows in self.policy.operations.values() for row in rows}
        for made in self.policy.objects.values():
            found |= {row.unit for row in made.rows}
            found |= {row.unit for rows in made.columns.values() for row in rows}
            for rule in made.records.rules:
                found |= {rule.author, rule.grantee}
            found |= {rule.grantee for rule in made.records.scopes}
            for deny in made.records.deny_rules:
                found |= {deny.author, deny.unit}
        return found

    def rights(self) -> RightsText:
        """All of it."""
        name = self.units.reference
        operations = {o.value: self._operation(o) for o in access.Operation}
        return RightsText(
            {reference: self._role(role) for reference, role in self.units.roles().items()},
            frozenset((name(org), name(func)) for org, func in self.graph.links),
            operations,
            {made.code: self._object(made) for made in self.catalogue.objects.values()},
        )

    def _role(self, role: UnitId) -> RoleText:
        here = self.graph.roles[role]
        root = here.parent in (self.graph.root, self.graph.external_root)
        return RoleText(
            here.kind,
            self.units.name(role),
            None if here.parent is None or root else self.units.reference(here.parent),
            None if here.manages is None else self.units.reference(here.manages),
            here.not_inherited,
            here.external,
        )

    def _operation(self, operation: access.Operation) -> OperationText:
        rows = self.policy.operations.get(operation.value, ())
        carries = {}
        for made in self.catalogue.objects.values():
            if verbs := self.policy.object(made.id).carried.get(operation.value):
                carries[made.code] = _letters(verbs)
        return OperationText(tuple((self.units.reference(r.unit), r.allowed) for r in rows), carries)

    def _object(self, made: objects.Object) -> ObjectText:
        policy, name = self.policy.object(made.id), self.units.reference
        rules, switches = policy.records, policy.records.switches
        return ObjectText(
            tuple((name(row.unit), _letters(row.verbs)) for row in policy.rows),
            (switches.records, access.leg_names(switches.legs), switches.denies),
            {(name(r.author), name(r.grantee)): _grants(r.grants) for r in rules.rules},
            {
                (name(r.grantee), path_codes(self.catalogue, made, r.path), r.attribute): _grants(r.grants)
                for r in rules.scopes
            },
            {(name(r.author), name(r.unit)): _letters(r.verbs) for r in rules.deny_rules},
            {
                column.code: tuple(
                    (name(row.unit), row.level.name.lower()) for row in policy.columns.get(column.id, ())
                )
                for column in made.columns.values()
                if column.takes_rows
            },
        )

    def scope(self, made: objects.Object, path: str, attribute: str) -> access.Scope:
        """A scope by codes. Raises Invalid: the path leads nowhere."""
        steps, here = [], made
        for word in path.split("."):
            column = None if word in _ENDS else here.columns.get(word)
            if column is None and word not in _ENDS:
                message = f"{made.code}: the path {path} leads nowhere"
                raise Invalid([FieldError("path", "leads_nowhere", message)], message)
            steps.append(word if column is None else str(column.id))
            target = None if column is None else self.catalogue.objects.get(column.target or "")
            here = target or here
        return access.Scope(tuple(steps), attribute)


def path_codes(catalogue: objects.Catalogue, made: objects.Object, path: Sequence[str]) -> str:
    """Ids of lookup columns as codes. One that leads nowhere any more stays as it is."""
    words, here = [], made
    for step in path:
        column = next((col for col in here.columns.values() if str(col.id) == step), None)
        words.append(step if column is None else column.code)
        target = None if column is None else catalogue.objects.get(column.target or "")
        here = target or here
    return ".".join(words)


def _letters(verbs: frozenset[access.Verb]) -> str:
    return "".join(verb.letter for verb in access.Verb if verb in verbs)


def _grants(grants: Mapping[access.Verb, access.Grant]) -> access.Grants:
    verbs = (access.Verb.READ, access.Verb.UPDATE, access.Verb.DELETE)
    return access.Grants(*(grants.get(verb, access.Grant.NONE) for verb in verbs))
