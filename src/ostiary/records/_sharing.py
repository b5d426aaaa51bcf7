"""Who a record is shared with, and by what else it is reached: as far as whoever reads it may know."""

from dataclasses import dataclass, replace
from uuid import UUID

from ostiary.access import public as access
from ostiary.access.public import Granting, GrantKind
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId, UnitId
from ostiary.records._errors import not_passed_on
from ostiary.records._read import not_found, select_record
from ostiary.records._view import View, decided, view_of

EVERYBODY = frozenset(identity.UnitKind)
_ALWAYS = frozenset(
    {GrantKind.EVERYONE, GrantKind.AUTHOR, GrantKind.OWNER, GrantKind.MASTER}
)  # read with the record, or name nobody
_DENIES = frozenset({GrantKind.DENY, GrantKind.DENY_RULE})


@dataclass(frozen=True, slots=True)
class Sharing:
    """ways: by what the record is reached, shares among them. whole: no share is left out.

    may: verbs that the reader may pass on. may_deny: whether the reader may deny, as far as the object does.
    """

    ways: tuple[Granting, ...]
    whole: bool
    may: frozenset[access.Verb]
    may_deny: bool
    allows_denies: bool

    def shared_with(self, unit: UnitId) -> frozenset[access.Verb]:
        """The verbs of the shares of a unit."""
        shares = (w for w in self.ways if w.kind is GrantKind.SHARE and w.units == (unit,))
        return frozenset(verb for share in shares for verb in share.grants)


def list_sharing(ctx: Context, object_code: str, record_id: UUID) -> Sharing:
    """How a readable record is shared.

    Whoever may pass something on, or holds CanChangeEntitySchemaRecordRight, sees every share; others those
    with units of their own. Rules name roles only to whoever manages rights or has the role; denies are
    seen by whoever may deny. Raises: NotFound: absent or hidden.
    """
    found = decided(ctx, lambda: _list(ctx, object_code, record_id))
    audit.append(ctx, "records.sharing.viewed", object_type=found[0], object_ref=record_id)
    return found[1]


def _list(ctx: Context, object_code: str, record_id: UUID) -> tuple[str, Sharing]:
    view = _readable(ctx, object_code, record_id)
    rights = view.rights
    ways, held = access.record_ways(ctx, rights, view.catalogue.grounds, view.object.id, record_id)
    may_deny = rights.operation(access.Operation.CHANGE_RECORD_RIGHTS).allowed
    manages = rights.operation(access.Operation.MANAGE_RIGHTS).allowed
    may = frozenset(access.RECORD_VERBS) if may_deny else held
    whole = bool(may) or manages
    if not manages:
        known = rights.sources.own | rights.sources.persons
        ways = tuple(told for way in ways if (told := _told(way, known, whole=whole, denies=may_deny)))
    return view.object.name, Sharing(ways, whole, may, may_deny, rights.allows_denies(view.object.id))


def _readable(ctx: Context, object_code: str, record_id: UUID) -> View:
    view = view_of(ctx, object_code)
    if select_record(ctx, object_code, record_id, (), verdicts=False)[0] is None:
        raise not_found(ctx, object_code, record_id)
    return view


def _told(way: Granting, known: frozenset[UnitId], *, whole: bool, denies: bool) -> Granting | None:
    """What may be told of one way to whoever does not manage rights."""
    if way.kind in _ALWAYS or known.issuperset(way.named):
        return None if way.kind in _DENIES and not denies else way
    if way.kind is GrantKind.SHARE:
        return way if whole else None
    if way.kind in _DENIES:
        return way if denies and way.kind is GrantKind.DENY else None
    named = tuple(unit for unit in way.units if unit in known)
    return replace(way, units=named, author=None, attribute="", path=()) if whole else None


def units_to_share_with(
    ctx: Context, object_code: str, record_id: UUID, text: str, limit: int = 12
) -> list[identity.FoundUnit]:
    """People and roles by what somebody types who may share the record or deny it.

    Raises: NotFound: absent or hidden. AccessDenied: may pass nothing on.
    """

    def search() -> list[identity.FoundUnit]:
        view = _readable(ctx, object_code, record_id)
        rights, grounds = view.rights, view.catalogue.grounds
        if not rights.operation(access.Operation.CHANGE_RECORD_RIGHTS).allowed:
            held = access.record_ways(ctx, rights, grounds, view.object.id, record_id)[1]
            if not held:
                raise not_passed_on(view.object, RecordId(record_id), access.Verb.READ)
        return identity.search_units(ctx, text, EVERYBODY, limit)

    found = decided(ctx, search)
    audit.append(ctx, "access.unit.searched")
    return found
