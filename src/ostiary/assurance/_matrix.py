"""The role matrix: what each role gives on operations, objects and columns, why, and on which basis.

Answers come from `access`; here they are laid out and joined with cards and reasons. What somebody really
may is more: several roles, managed people, delegations. Nothing here decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ostiary.access import public as access
from ostiary.assurance._rights_present import path_codes
from ostiary.assurance._role_card import NO_CARD, Cards, GrantKind, Reason, RoleCard, read_cards
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.kernel.messages import Verbatim, joined, later, worded
from ostiary.kernel.recent import Recent
from ostiary.objects import public as objects

_TENANTS = 20  # whose matrix is kept: a few auditors look at it now and then
_KINDS = (identity.UnitKind.ORG, identity.UnitKind.FUNC, identity.UnitKind.MANAGER)


@dataclass(frozen=True, slots=True)
class MatrixRole:
    """A row. parent: name of the role above, or of the unit that a manager role manages."""

    id: UnitId
    name: str
    code: str | None
    kind: identity.UnitKind
    parent: str
    external: bool
    card: RoleCard
    owner: str


@dataclass(frozen=True, slots=True)
class OwnGrant:
    """What rows and rules give to a role by name. what: in words; most_closed: of the columns it names."""

    role: UnitId
    kind: GrantKind
    target: str
    caption: str
    what: tuple[str, ...]
    reason: Reason
    most_closed: objects.DataClass | None = None


@dataclass(frozen=True, slots=True)
class ObjectCell:
    """A role on an object: the verbs that it gives, each with what it rests on.

    grant: what names the role itself here, with its reason; None: all of it comes from elsewhere.
    """

    role: UnitId
    verbs: Mapping[access.Verb, access.Given]
    grant: OwnGrant | None

    @property
    def own(self) -> frozenset[access.Verb]:
        """Those that a row of the role itself gives."""
        return frozenset(verb for verb, given in self.verbs.items() if given.by == self.role)

    @property
    def lacks(self) -> bool:
        """Whether the grant has no justification or no basis."""
        return self.grant is not None and bool(self.grant.reason.missing)


@dataclass(frozen=True, slots=True)
class OperationCell:
    """A role and an operation. own: a row of its own decides."""

    given: access.Given
    own: bool
    grant: OwnGrant | None

    @property
    def lacks(self) -> bool:
        """Whether the grant has no justification or no basis."""
        return self.grant is not None and bool(self.grant.reason.missing)


@dataclass(frozen=True, slots=True)
class ColumnCell:
    """A role and a column. own: a row of its own decides."""

    given: access.GivenLevel
    own: bool


@dataclass(frozen=True)
class Matrix:
    """Roles by operations, objects and columns. names: of every unit that is mentioned.

    named: what names each role itself, without the reasons.
    """

    given: access.GivenByRoles
    catalogue: objects.Catalogue
    roles: tuple[MatrixRole, ...]
    names: Mapping[UnitId, str]
    cards: Cards
    named: Mapping[UnitId, tuple[OwnGrant, ...]]

    @cached_property
    def all_objects(self) -> tuple[objects.Object, ...]:
        """Columns of the first sheet: sections by caption, then lists of values."""
        return tuple(sorted(self.catalogue.objects.values(), key=lambda o: (o.is_lookup, o.caption, o.code)))

    def cell(self, role: UnitId, made: objects.Object) -> ObjectCell:
        """Layer 2."""
        verbs = self.given.roles[role].verbs(made.id)
        return ObjectCell(role, verbs, self._grant(role, str(made.id)))

    def operation(self, role: UnitId, operation: access.Operation) -> OperationCell:
        """Layer 1."""
        given = self.given.roles[role].operation(operation)
        return OperationCell(given, given.by == role, self._grant(role, operation.value))

    def column(self, role: UnitId, made: objects.Object, column: objects.Column) -> ColumnCell:
        """Layer 4."""
        if column.fixed_level is not None:
            return ColumnCell(access.GivenLevel(column.fixed_level), own=False)
        given = self.given.roles[role].level(made.id, column.id, sealed=column.sealed)
        return ColumnCell(given, given.by == role)

    def grants(self, role: UnitId | None = None) -> Iterator[OwnGrant]:
        """What names a role itself: of one, or of all in their order."""
        for one in [r.id for r in self.roles] if role is None else [role]:
            yield from sorted(self._with_reasons(one).values(), key=lambda g: (g.kind, g.caption))

    def is_missing(self, role: UnitId) -> bool:
        """Whether a grant of the role has no justification or no basis."""
        return any(grant.reason.missing for grant in self._with_reasons(role).values())

    def _grant(self, role: UnitId, target: str) -> OwnGrant | None:
        return self._with_reasons(role).get(target)

    def _with_reasons(self, role: UnitId) -> Mapping[str, OwnGrant]:
        """Of one role, by target: an object's id cannot be an operation's code."""
        known = self._reasoned.get(role)
        if known is None:
            known = self._reasoned[role] = {
                g.target: replace(g, reason=self.cards.reason(role, g.kind, g.target))
                for g in self.named.get(role, ())
            }
        return known

    @cached_property
    def _reasoned(self) -> dict[UnitId, Mapping[str, OwnGrant]]:
        return {}

    def rules(self, made: objects.Object) -> list[tuple[UnitId, str]]:
        """Layer 3 in words: (whom it concerns, what it says)."""
        policy = self.given.policy.object(made.id).records
        found = [
            (
                rule.grantee,
                worded(
                    "%(verbs)s records made by %(author)s",
                    verbs=_granted(rule.grants),
                    author=Verbatim(self.name(rule.author)),
                ),
            )
            for rule in policy.rules
        ]
        for scope in policy.scopes:
            path = path_codes(self.catalogue, made, scope.path)
            told = {"verbs": _granted(scope.grants), "path": Verbatim(path)}
            told["value"] = _ATTRIBUTES.get(scope.attribute, Verbatim(scope.attribute))
            found.append((scope.grantee, worded("%(verbs)s records whose %(path)s is %(value)s", **told)))
        for deny in policy.deny_rules:
            told = {"verbs": _verbs(deny.verbs), "author": Verbatim(self.name(deny.author))}
            found.append((deny.unit, worded("may not %(verbs)s records made by %(author)s", **told)))
        return sorted(found, key=lambda rule: (self.name(rule[0]), rule[1]))

    def record_layer(self, made: objects.Object) -> str:
        """How layer 3 of an object is switched."""
        switches = self.given.policy.object(made.id).records.switches
        if not switches.records:
            return later("Off: whoever has the object has every record")
        legs = ", ".join(sorted(access.leg_names(switches.legs)))
        told = {"legs": Verbatim(legs) if legs else later("no way to a record")}
        if switches.denies:
            return worded("On: %(legs)s; denies allowed", **told)
        return worded("On: %(legs)s", **told)

    def name(self, unit: UnitId) -> str:
        """What a unit is called."""
        return self.names.get(unit, "another unit")

    def by(self, given: access.Given | access.GivenLevel) -> str:
        """What an answer rests on."""
        if given.by is None:
            return ""
        return given.by.value if isinstance(given.by, access.Operation) else self.name(given.by)

    def own_grants(self) -> Mapping[UnitId, tuple[OwnGrant, ...]]:
        """What rows and rules give to each role by name, without the reasons."""
        found: dict[UnitId, list[OwnGrant]] = {}
        for operation in access.Operation:
            for grant in self._operation_grants(operation):
                found.setdefault(grant.role, []).append(grant)
        for made in self.all_objects:
            for grant in self._object_grants(made):
                found.setdefault(grant.role, []).append(grant)
        return {role: tuple(grants) for role, grants in found.items()}

    def _operation_grants(self, operation: access.Operation) -> Iterator[OwnGrant]:
        kind, code = GrantKind.OPERATION, operation.value
        for row in self.given.policy.operations.get(code, ()):
            if row.allowed and row.unit in self.given.roles:
                yield OwnGrant(row.unit, kind, code, code, ("execute",), Reason())

    def _object_grants(self, made: objects.Object) -> Iterator[OwnGrant]:
        policy, words = self.given.policy.object(made.id), dict[UnitId, list[str]]()
        for row in policy.rows:
            if row.verbs:
                words.setdefault(row.unit, []).append(_verbs(row.verbs))
        columns, closed = self._named_columns(made)
        for unit, levels in columns.items():
            words.setdefault(unit, []).append(worded("columns: %(levels)s", levels=_counted(levels)))
        for unit, said in self.rules(made):
            if not said.startswith("may not"):
                words.setdefault(unit, []).append(said)
        kind, target = GrantKind.OBJECT, str(made.id)
        for unit, what in words.items():
            if unit in self.given.roles:
                yield OwnGrant(unit, kind, target, made.caption, tuple(what), Reason(), closed.get(unit))

    def _named_columns(
        self, made: objects.Object
    ) -> tuple[Mapping[UnitId, list[access.ColumnLevel]], Mapping[UnitId, objects.DataClass]]:
        """Levels of rows above none by unit, and the most closed class among their columns."""
        levels: dict[UnitId, list[access.ColumnLevel]] = {}
        closed: dict[UnitId, objects.DataClass] = {}
        rows = self.given.policy.object(made.id).columns
        for column in made.columns.values():
            for row in rows.get(column.id, ()):
                if row.level and not column.sealed:
                    levels.setdefault(row.unit, []).append(row.level)
                    closed[row.unit] = max(closed.get(row.unit, column.data_class), column.data_class)
        return levels, closed


_kept: Recent[str, Matrix] = Recent(_TENANTS)


def view_matrix(ctx: Context) -> Matrix:
    """The matrix as it is now; needs CanManageAdministration, and is recorded."""
    matrix = read_matrix(ctx)
    audit.append(ctx, "assurance.matrix.viewed")
    return matrix


def read_matrix(ctx: Context) -> Matrix:
    """The same, for a caller that leaves an event of its own."""
    bare, cards = _bare_matrix(ctx), read_cards(ctx)
    owners = identity.names_of(ctx, sorted({card.owner for card in cards.cards.values() if card.owner}))
    roles = [
        role if role.id not in cards.cards else _with_card(role, cards.card(role.id), owners)
        for role in bare.roles
    ]
    return replace(bare, roles=tuple(roles), names={**bare.names, **owners}, cards=cards)


def _with_card(role: MatrixRole, card: RoleCard, owners: Mapping[UnitId, str]) -> MatrixRole:
    return replace(role, card=card, owner="" if card.owner is None else owners.get(card.owner, ""))


def _bare_matrix(ctx: Context) -> Matrix:
    """Without cards and reasons: what is of one epoch. Many roles take long to lay out, and change seldom."""
    given = access.given_by_roles(ctx)
    known = _kept.get(ctx.db.schema)
    if known is not None and known.given is given:
        return known
    facts = {fact.id: fact for fact in identity.facts_of_roles(ctx)}
    names = {unit: fact.name for unit, fact in facts.items()}
    names |= identity.names_of(ctx, sorted(_authors(given.policy) - names.keys()))
    roles = [_role(given.graph.roles[unit], facts[unit], names) for unit in facts]
    order = sorted(roles, key=lambda r: (_KINDS.index(r.kind), r.external, r.name.casefold(), r.id))
    made = Matrix(given, objects.get_catalogue(ctx), tuple(order), names, Cards({}, {}), {})
    bare = replace(made, named=made.own_grants())
    _kept.put(ctx.db.schema, bare)
    return bare


def _role(role: identity.Role, fact: identity.UnitFacts, names: Mapping[UnitId, str]) -> MatrixRole:
    above = role.manages or role.parent
    parent = "" if above is None else names.get(above, "")
    return MatrixRole(role.id, fact.name, fact.code, role.kind, parent, role.external, NO_CARD, "")


def _authors(policy: access.Policy) -> set[UnitId]:
    """Units on the author's side of rules, which may be people; rows name whoever is a finding."""
    found = set()
    for made in policy.objects.values():
        found |= {rule.author for rule in made.records.rules}
        found |= {rule.author for rule in made.records.deny_rules}
    return found


_ATTRIBUTES = {
    "self": later("themselves"),
    "own_units": later("a role of theirs"),
    "managed_units": later("a unit that they manage"),
}


def _granted(grants: Mapping[access.Verb, access.Grant]) -> str:
    words = [_VERBS[verb] for verb in access.Verb if grants.get(verb, access.Grant.NONE)]
    if any(grant is access.Grant.DELEGABLE for grant in grants.values()):
        words.append(later("pass on"))
    return joined(words, later(" and ")) if words else later("nothing of")


_VERBS = {
    access.Verb.CREATE: later("create"),
    access.Verb.READ: later("read"),
    access.Verb.UPDATE: later("update"),
    access.Verb.DELETE: later("delete"),
}
_LEVELS = {
    access.ColumnLevel.NONE: later("%(count)s none"),
    access.ColumnLevel.MASKED: later("%(count)s masked"),
    access.ColumnLevel.READ: later("%(count)s read"),
    access.ColumnLevel.EDIT: later("%(count)s edit"),
}


def _verbs(verbs: frozenset[access.Verb]) -> str:
    return joined([_VERBS[verb] for verb in access.Verb if verb in verbs])


def _counted(levels: Sequence[access.ColumnLevel]) -> str:
    """3 edit, 2 read."""
    order = sorted(set(levels), reverse=True)
    return joined([worded(_LEVELS[level], count=levels.count(level)) for level in order])
