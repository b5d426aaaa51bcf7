"""Units under names that mean the same in another tenant.

`sales`: a role with that code. `org:North/Berlin`, `func:Auditors`, `external:Delta`: a role without one, by
the names from the root of its tree; `func:Auditors#2` is the second of that name, in the order of making.
`manager:org:North`: the manager role of a unit. `person:ann`: by the sign-in name. `service:importer`: a
service account.
"""

from collections.abc import Collection, Iterator, Mapping

from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId

PERSON, SERVICE, MANAGER = "person:", "service:", "manager:"
_SEPARATOR, _IN_NAME = "/", "\\/"


class UnitReferences:
    """References of a tenant's units, and units by reference."""

    def __init__(self, ctx: Context, graph: identity.RoleGraph) -> None:
        self._ctx, self._graph = ctx, graph
        self._facts = {fact.id: fact for fact in identity.facts_of_roles(ctx)}
        self._known: dict[UnitId, str] = {}
        self._units: dict[str, UnitId] = {}
        for role in sorted(self._facts):  # as they were made: ids are in the order of time
            self._keep(role, self._of_role(role))

    def _keep(self, unit: UnitId, reference: str) -> None:
        number, name = 1, reference
        while name in self._units:
            number += 1
            name = f"{reference}#{number}"
        self._units[name] = unit
        self._known[unit] = name

    def roles(self) -> Mapping[str, UnitId]:
        """Every role by its reference, so that parents come first."""
        return {self._known[role]: role for role in sorted(self._facts, key=self._place)}

    def name(self, unit: UnitId) -> str:
        """What a role is called."""
        return self._facts[unit].name

    def _place(self, role: UnitId) -> tuple[int, tuple[str, ...], str]:
        kinds = (identity.UnitKind.ORG, identity.UnitKind.FUNC, identity.UnitKind.MANAGER)
        return kinds.index(self._graph.roles[role].kind), tuple(self._names(role)), self._known[role]

    def load(self, units: Collection[UnitId]) -> None:
        """Make people and service accounts known that rows name."""
        for fact in identity.facts_of(self._ctx, [u for u in units if u not in self._known]):
            self._keep(fact.id, fact.code or f"{PERSON}{fact.login}")

    def reference(self, unit: UnitId) -> str:
        """The name of a role, or of a unit that was loaded."""
        return self._known[unit]

    def find(self, references: Collection[str]) -> Mapping[str, UnitId]:
        """Units by reference, as far as there are such."""
        others = [reference for reference in references if reference not in self._units]
        logins = [r.removeprefix(PERSON) for r in others if r.startswith(PERSON)]
        codes = [r for r in others if r.startswith(SERVICE)]
        if logins or codes:
            for fact in identity.find_facts(self._ctx, logins=logins, codes=codes):
                self._keep(fact.id, fact.code or f"{PERSON}{fact.login}")
        return {r: self._units[r] for r in references if r in self._units}

    def _of_role(self, role: UnitId) -> str:
        here = self._graph.roles[role]
        if (code := self._facts[role].code) is not None:
            return code
        if here.manages is not None:
            return f"{MANAGER}{self._of_role(here.manages)}"
        kind = "func" if here.kind is identity.UnitKind.FUNC else "external" if here.external else "org"
        return f"{kind}:{_SEPARATOR.join(self._names(role))}"

    def _names(self, role: UnitId) -> list[str]:
        return list(self._upwards(role))[::-1]

    def _upwards(self, role: UnitId) -> Iterator[str]:
        step: UnitId | None = role
        roots = (self._graph.root, self._graph.external_root)
        while step is not None and step not in roots:
            yield self._facts[step].name.replace(_SEPARATOR, _IN_NAME)
            here = self._graph.roles[step]
            step = here.manages or here.parent
