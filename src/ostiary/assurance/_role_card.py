"""What the role matrix says beside the rights: who answers for a role, what for, on which basis, until when.

Rights do not depend on it, so no epoch rises.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound, Unavailable
from ostiary.kernel.ids import UnitId, new_id
from ostiary.kernel.messages import worded
from ostiary.kernel.tables import has_table
from ostiary.objects import public as objects

TABLE = "assurance_role_card"
MOST_TEXT = 2_000
MOST_MONTHS = 36
_RETRY_S = 30


class GrantKind(StrEnum):
    """What a reason is about. Stored keys."""

    OPERATION = "operation"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, and by which law, contract or rule."""

    justification: str = ""
    basis: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """What has still to be said."""
        said = {"justification": self.justification, "basis": self.basis}
        return tuple(name for name, text in said.items() if not text)

    def over(self, default: "Reason") -> "Reason":
        """This one, with what it leaves out taken from the default."""
        return Reason(self.justification or default.justification, self.basis or default.basis)


@dataclass(frozen=True, slots=True)
class RoleCard:
    """What is known of a role. review_months: how often it is to be reviewed; None: never."""

    owner: UnitId | None = None
    reason: Reason = Reason()
    review_months: int | None = None
    reviewed_at: datetime | None = None
    reviewed_by: UnitId | None = None


NO_CARD = RoleCard()
GrantKey = tuple[UnitId, GrantKind, str]  # role, kind, target: the operation's code or the object's id


@dataclass(frozen=True, slots=True)
class Cards:
    """All cards and reasons of a tenant; empty for one of the release before."""

    cards: Mapping[UnitId, RoleCard]
    reasons: Mapping[GrantKey, Reason]

    def card(self, role: UnitId) -> RoleCard:
        return self.cards.get(role, NO_CARD)

    def reason(self, role: UnitId, kind: GrantKind, target: str) -> Reason:
        """Of one grant: its own, else the role's."""
        return self.reasons.get((role, kind, target), Reason()).over(self.card(role).reason)


def read_cards(ctx: Context) -> Cards:
    """Unchecked: for this context alone."""
    if not has_table(ctx.db, TABLE):
        return Cards({}, {})
    cards = {
        UnitId(r[0]): RoleCard(r[1], Reason(r[2], r[3]), r[4], r[5], r[6])
        for r in ctx.db.rows(
            "select role_id, owner_id, justification, basis, review_months, reviewed_at, reviewed_by_id"
            " from @.assurance_role_card"
        )
    }
    reasons = {
        (UnitId(r[0]), GrantKind(r[1]), r[2]): Reason(r[3], r[4])
        for r in ctx.db.rows(
            "select role_id, kind, target, justification, basis from @.assurance_grant_reason"
        )
    }
    return Cards(cards, reasons)


def justifications(
    ctx: Context, kind: GrantKind, target: str, units: Collection[UnitId]
) -> Mapping[UnitId, str]:
    """Why each of the roles has a grant: its own justification, else the role's.

    Needs CanManageAdministration. Roles without one are left out; a tenant of the release before has none.
    """
    access.ensure_operation(ctx, access.Operation.MANAGE_RIGHTS)
    if not has_table(ctx.db, TABLE):
        return {}
    rows = ctx.db.rows(
        "select u.id, coalesce(nullif(g.justification, ''), c.justification)"
        " from unnest(%(units)s::uuid[]) u(id) left join @.assurance_role_card c on c.role_id = u.id"
        " left join @.assurance_grant_reason g"
        "  on g.role_id = u.id and g.kind = %(kind)s and g.target = %(target)s",
        {"units": list(units), "kind": kind.value, "target": target},
    )
    return {UnitId(r[0]): r[1] for r in rows if r[1]}


def set_role_card(
    ctx: Context, role: UnitId, *, owner: UnitId | None, reason: Reason, review_months: int | None
) -> None:
    """Say who answers for a role, what it is for and how often it is reviewed; needs CanManageAdministration.

    Raises: Invalid: too long, no active person, a period out of 1 to 36 months. NotFound: no such role.
    """
    _ensure_may(ctx, role)
    _refuse([*_errors_of(reason), *_errors_of_card(ctx, owner, review_months)])
    values = {
        "role": role,
        "owner": owner,
        "justification": reason.justification.strip(),
        "basis": reason.basis.strip(),
        "months": review_months,
    }
    ctx.db.run(
        "insert into @.assurance_role_card (role_id, owner_id, justification, basis, review_months)"
        " values (%(role)s, %(owner)s, %(justification)s, %(basis)s, %(months)s::int)"
        " on conflict (role_id) do update set owner_id = excluded.owner_id,"
        " justification = excluded.justification, basis = excluded.basis,"
        " review_months = excluded.review_months",
        values,
    )
    told = {**values, "role": str(role), "owner": None if owner is None else str(owner)}
    _event(ctx, "assurance.role_card.changed", role, told)


def mark_reviewed(ctx: Context, role: UnitId) -> None:
    """Note that the role was looked at and is as it should be; needs CanManageAdministration."""
    _ensure_may(ctx, role)
    ctx.db.run(
        "insert into @.assurance_role_card (role_id, reviewed_at, reviewed_by_id)"
        " values (%(role)s, now(), %(by)s) on conflict (role_id) do update"
        " set reviewed_at = excluded.reviewed_at, reviewed_by_id = excluded.reviewed_by_id",
        {"role": role, "by": ctx.actor},
    )
    _event(ctx, "assurance.role.reviewed", role, {"role": str(role)})


def set_grant_reason(ctx: Context, role: UnitId, kind: GrantKind, target: str, reason: Reason) -> None:
    """Say why a role has an operation, or rights on an object; nothing at all: what the card says counts.

    Needs CanManageAdministration. target: the operation's code, the object's id.
    Raises: Invalid: too long, no such operation or object. NotFound: no such role.
    """
    _ensure_may(ctx, role)
    _refuse([*_errors_of(reason), *_errors_of_target(ctx, kind, target)])
    key = {"role": role, "kind": kind.value, "target": target}
    said = {"justification": reason.justification.strip(), "basis": reason.basis.strip()}
    ctx.db.run(
        "delete from @.assurance_grant_reason"
        " where role_id = %(role)s and kind = %(kind)s and target = %(target)s",
        key,
    )
    if any(said.values()):
        ctx.db.run(
            "insert into @.assurance_grant_reason (id, role_id, kind, target, justification, basis)"
            " values (%(id)s, %(role)s, %(kind)s, %(target)s, %(justification)s, %(basis)s)",
            {"id": new_id(), **key, **said},
        )
    _event(ctx, "assurance.grant_reason.changed", role, {**key, "role": str(role), **said})


def _ensure_may(ctx: Context, role: UnitId) -> None:
    access.ensure_operation(ctx, access.Operation.MANAGE_RIGHTS)
    if role not in identity.role_graph(ctx, identity.current_epoch(ctx)).roles:
        raise NotFound
    if not has_table(ctx.db, TABLE):
        raise Unavailable("This workspace is being upgraded: try again later", retry_after_s=_RETRY_S)


def _event(ctx: Context, type_: str, role: UnitId, data: Mapping[str, object]) -> None:
    audit.append(ctx, type_, object_type="unit", object_ref=role, parts=[audit.Part("role", data)])


def _refuse(errors: Sequence[FieldError]) -> None:
    if errors:
        raise Invalid(errors)


def _errors_of(reason: Reason) -> list[FieldError]:
    said = {"justification": reason.justification, "basis": reason.basis}
    message = worded("At most %(most)s characters, none of them without a sign", most=MOST_TEXT)
    refused = [name for name, text in said.items() if len(text) > MOST_TEXT or "\x00" in text]
    return [FieldError(name, "malformed", message) for name in refused]


def _errors_of_card(ctx: Context, owner: UnitId | None, months: int | None) -> list[FieldError]:
    found = []
    if owner is not None and not _is_person(ctx, owner):
        found.append(FieldError("owner", "no_person", "The owner is an active person"))
    if months is not None and not 1 <= months <= MOST_MONTHS:
        found.append(
            FieldError("review_months", "out_of_range", worded("From 1 to %(most)s months", most=MOST_MONTHS))
        )
    return found


def _is_person(ctx: Context, unit: UnitId) -> bool:
    facts = identity.facts_of(ctx, [unit])
    return bool(facts) and facts[0].kind is identity.UnitKind.PERSON and identity.is_active(ctx, unit)


def _errors_of_target(ctx: Context, kind: GrantKind, target: str) -> list[FieldError]:
    if kind is GrantKind.OPERATION:
        known = target in list(access.Operation)
    else:
        known = target in {str(made.id) for made in objects.get_catalogue(ctx).objects.values()}
    return [] if known else [FieldError("target", "unknown", "There is no such operation or object")]
