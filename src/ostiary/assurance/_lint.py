"""What to look at in a tenant's rights: exceptions, what has no effect, what nobody answers for.

Whether a row has an effect is asked of everybody's sources as they are today (`access.snapshot`).
"""

from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from ostiary.access import public as access
from ostiary.assurance._matrix import Matrix, MatrixRole, OwnGrant, read_matrix
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel import clock
from ostiary.kernel.context import Context
from ostiary.kernel.ids import ObjectId, UnitId
from ostiary.kernel.messages import Verbatim, joined, later, worded
from ostiary.objects import public as objects


class Severity(StrEnum):
    """How much it matters. An error is something that an auditor would object to."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at. code: stable; advice: what to do about it. principal: one that a row names."""

    severity: Severity
    code: str
    text: str
    advice: str
    role: UnitId | None = None
    object_id: ObjectId | None = None
    operation: access.Operation | None = None
    principal: UnitId | None = None


def list_findings(ctx: Context) -> list[Finding]:
    """Everything to look at, errors first; needs CanManageAdministration, and is recorded."""
    found = _Lint(ctx, read_matrix(ctx)).findings()
    counts = {severity.value: sum(f.severity is severity for f in found) for severity in Severity}
    audit.append(ctx, "assurance.findings.viewed", parts=[audit.Part("findings", counts)])
    return found


def finding_values(finding: Finding) -> dict[str, str | None]:
    """A finding for programs."""
    return {
        "severity": finding.severity.value,
        "code": finding.code,
        "text": finding.text,
        "advice": finding.advice,
        "role": None if finding.role is None else str(finding.role),
        "principal": None if finding.principal is None else str(finding.principal),
        "object": None if finding.object_id is None else str(finding.object_id),
        "operation": None if finding.operation is None else finding.operation.value,
    }


# By whether both are missing, code, and whether Restricted columns are reached.
_UNREASONED = {
    (True, "no_justification", False): later(
        "%(role)s has %(thing)s with no justification and no regulatory basis"
    ),
    (True, "no_justification", True): later(
        "%(role)s has %(thing)s with no justification and no regulatory basis"
        " though it reaches Restricted columns"
    ),
    (False, "no_justification", False): later("%(role)s has %(thing)s with no justification"),
    (False, "no_justification", True): later(
        "%(role)s has %(thing)s with no justification though it reaches Restricted columns"
    ),
    (False, "no_basis", False): later("%(role)s has %(thing)s with no regulatory basis"),
    (False, "no_basis", True): later(
        "%(role)s has %(thing)s with no regulatory basis though it reaches Restricted columns"
    ),
}
_OVERDUE = {  # by whether it never was
    True: later("%(role)s was never reviewed, and is to be every %(months)s months"),
    False: later("%(role)s was last reviewed on %(day)s, and is to be every %(months)s months"),
}
_SHADOWED = later("The row of %(role)s on %(where)s never decides: that of %(above)s above it does")


@dataclass(frozen=True, slots=True)
class _Rows:
    """A list of rows of layer 1, 2 or 4, topmost first. where: as a sentence ends with it."""

    where: str
    units: tuple[UnitId, ...]
    object_id: ObjectId | None = None
    operation: access.Operation | None = None


class _Lint:
    def __init__(self, ctx: Context, matrix: Matrix) -> None:
        self._ctx, self._matrix, self._graph = ctx, matrix, matrix.given.graph
        named = matrix.catalogue.named()
        self._snapshot = access.snapshot(ctx, named, records=False)
        self._now = clock.now()

    def findings(self) -> list[Finding]:
        """All, errors first, then as they stand."""
        checks: Sequence[Callable[[], Iterator[Finding]]] = (
            self._direct,
            self._unreasoned,
            self._unowned,
            self._unreviewed,
            self._unused,
            self._idle_rows,
        )
        found = [finding for check in checks for finding in check()]
        return sorted(found, key=lambda finding: finding.severity is not Severity.ERROR)

    # who is there

    @cached_property
    def _sources(self) -> frozenset[frozenset[UnitId]]:
        """Each source of each active principal."""
        bases = {id(b): b for unit, b in self._snapshot.bases.items() if unit not in self._graph.roles}
        return frozenset(s.units for basis in bases.values() for s in basis.rights.sources.each)

    @cached_property
    def _had(self) -> frozenset[UnitId]:
        """Units that are in a source of somebody: a row that names another decides for nobody."""
        return frozenset().union(*self._sources) | (self._snapshot.bases.keys() - self._graph.roles.keys())

    @cached_property
    def _lists(self) -> tuple[_Rows, ...]:
        """Every list of rows."""
        policy = self._matrix.given.policy
        found = [
            _Rows(o.value, tuple(row.unit for row in policy.operations.get(o.value, ())), operation=o)
            for o in access.Operation
        ]
        for made in self._matrix.all_objects:
            of_object = policy.object(made.id)
            found.append(_Rows(made.caption, tuple(row.unit for row in of_object.rows), made.id))
            for column in made.columns.values():
                units = tuple(row.unit for row in of_object.columns.get(column.id, ()))
                found.append(_Rows(joined([made.caption, column.caption]), units, made.id))
        return tuple(found)

    # grants to people

    def _direct(self) -> Iterator[Finding]:
        """Rows and rules that name a person."""
        places = self._named_outside_roles()
        for fact in identity.facts_of(self._ctx, sorted(places)):
            if fact.kind is not identity.UnitKind.PERSON:
                continue
            for rows in places[fact.id]:
                told = {"who": Verbatim(fact.name), "where": rows.where}
                text = worded("%(who)s is named in person on %(where)s", **told)
                advice = later("Give it to a role of theirs, then take the row or rule away")
                yield self._about(Severity.ERROR, "direct_grant", text, advice, rows, fact.id)

    def _named_outside_roles(self) -> dict[UnitId, list[_Rows]]:
        found: dict[UnitId, list[_Rows]] = {}
        for rows in (*self._lists, *self._rules()):
            for unit in dict.fromkeys(rows.units):
                if unit not in self._graph.roles:
                    found.setdefault(unit, []).append(rows)
        return found

    def _rules(self) -> Iterator[_Rows]:
        """Whom rules of layer 3 give or deny something."""
        for made in self._matrix.all_objects:
            policy = self._matrix.given.policy.object(made.id).records
            units = [rule.grantee for rule in policy.rules]
            units += [rule.grantee for rule in policy.scopes]
            units += [rule.unit for rule in policy.deny_rules]
            yield _Rows(worded("records of %(object)s", object=made.caption), tuple(units), made.id)

    # what nobody answers for

    def _unreasoned(self) -> Iterator[Finding]:
        """Grants without a justification or a basis."""
        for grant in self._matrix.grants():
            missing = grant.reason.missing
            if not missing:
                continue
            restricted = grant.most_closed is objects.DataClass.RESTRICTED
            serious = "justification" in missing or restricted
            code = "no_justification" if "justification" in missing else "no_basis"
            told = {"role": Verbatim(self._matrix.name(grant.role)), "thing": grant.caption}
            text = worded(_UNREASONED[len(missing) > 1, code, restricted], **told)
            severity, advice = (
                Severity.ERROR if serious else Severity.WARNING,
                later("Say why on the role's page"),
            )
            yield Finding(severity, code, text, advice, grant.role, *_place(grant))

    def _unowned(self) -> Iterator[Finding]:
        """Roles without an owner, or with one who left."""
        for role in self._answered_for():
            if role.card.owner is None:
                text, code = worded("%(role)s has no owner", role=Verbatim(role.name)), "no_owner"
            elif role.card.owner not in self._snapshot.bases:
                told = {"who": Verbatim(role.owner), "role": Verbatim(role.name)}
                text, code = (
                    worded("%(who)s, who owns %(role)s, is not active any more", **told),
                    "owner_left",
                )
            else:
                continue
            yield Finding(Severity.ERROR, code, text, later("Name who answers for the role"), role.id)

    def _unreviewed(self) -> Iterator[Finding]:
        """Roles that nobody has to review, or whose review is due."""
        for role in self._answered_for():
            months, last = role.card.review_months, role.card.reviewed_at
            if months is None:
                text = worded("%(role)s has no review", role=Verbatim(role.name))
                advice = later("Say every how many months it is reviewed")
                yield Finding(Severity.WARNING, "no_review", text, advice, role.id)
            elif last is None or _later(last, months) < self._now:
                told = {
                    "role": Verbatim(role.name),
                    "months": months,
                    "day": "" if last is None else _day(last),
                }
                text = worded(_OVERDUE[last is None], **told)
                advice = later("Look at its grants and members, then mark it as reviewed")
                yield Finding(Severity.ERROR, "review_overdue", text, advice, role.id)

    def _answered_for(self) -> Iterator[MatrixRole]:
        """All roles but manager roles that only pass on what others have."""
        granted = {grant.role for grant in self._matrix.grants()}
        for role in self._matrix.roles:
            if role.kind is not identity.UnitKind.MANAGER or role.id in granted:
                yield role

    # what has no effect

    def _unused(self) -> Iterator[Finding]:
        """Roles that nobody active has: directly, by a role below, by a link or for a while."""
        roots = (self._graph.root, self._graph.external_root)
        for role in self._matrix.roles:
            if role.id not in self._had and role.id not in roots:
                told = {"role": Verbatim(role.name)}
                text = worded("Nobody has %(role)s: no members, none below, none by link", **told)
                advice = later("Give it to somebody, or remove it")
                yield Finding(Severity.WARNING, "unused_role", text, advice, role.id)

    def _idle_rows(self) -> Iterator[Finding]:
        """Rows that decide for nobody."""
        for rows in self._lists:
            for number, unit in enumerate(rows.units):
                told = {"role": Verbatim(self._name(unit)), "where": rows.where}
                if unit not in self._had:
                    text = worded("The row of %(role)s on %(where)s concerns nobody", **told)
                    advice = later("Remove the row, or give the role to somebody")
                    yield self._about(Severity.WARNING, "row_without_match", text, advice, rows, unit)
                elif (above := self._shadow(unit, rows.units[:number])) is not None:
                    told["above"] = Verbatim(self._name(above))
                    text = worded(_SHADOWED, **told)
                    advice = later("Move it up, or remove it")
                    yield self._about(Severity.WARNING, "row_shadowed", text, advice, rows, unit)

    def _shadow(self, unit: UnitId, earlier: Sequence[UnitId]) -> UnitId | None:
        """An earlier unit that everybody with this one has as well, if no source finds this row first."""
        if unit not in self._graph.roles:
            return None
        made = self._graph.roles[unit]
        wider = self._graph.own_set((unit,), external=made.external).roles - {unit}
        above = next((u for u in earlier if u in wider), None)
        if above is None:
            return None
        before = frozenset(earlier)
        with_unit = (units for units in self._sources if unit in units)
        return above if all(units & before for units in with_unit) else None

    @cached_property
    def _people(self) -> Mapping[UnitId, str]:
        """Names of people and service accounts that rows name."""
        return identity.names_of(self._ctx, sorted(self._named_outside_roles()))

    def _name(self, unit: UnitId) -> str:
        return self._people.get(unit) or self._matrix.name(unit)

    @staticmethod
    def _about(severity: Severity, code: str, text: str, advice: str, rows: _Rows, unit: UnitId) -> Finding:
        return Finding(severity, code, text, advice, unit, rows.object_id, rows.operation)


def _place(grant: OwnGrant) -> tuple[ObjectId | None, access.Operation | None]:
    try:
        return None, access.Operation(grant.target)
    except ValueError:
        return ObjectId(UUID(grant.target)), None


def _later(at: datetime, months: int) -> datetime:
    """The same day so many months later, or the last of that month."""
    year, month = divmod(at.month - 1 + months, 12)
    year, month = at.year + year, month + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
