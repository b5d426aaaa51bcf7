"""Finding people and roles to ask about, by what somebody types."""

from collections.abc import Collection

from ostiary.access._administration import ensure_operation
from ostiary.access.core import Operation
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context


def search_units(
    ctx: Context, text: str, kinds: Collection[identity.UnitKind], limit: int = 12
) -> list[identity.FoundUnit]:
    """See `identity.search_units`; needs CanManageAdministration."""
    ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    audit.append(ctx, "access.unit.searched")
    return identity.search_units(ctx, text, kinds, limit)
