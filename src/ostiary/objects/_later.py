"""Work that a change leaves for jobs, asked for in the change's own transaction."""

from collections.abc import Sequence
from uuid import UUID

from ostiary.kernel.context import Context
from ostiary.objects._change import Later


def defer_all(ctx: Context, later: Sequence[Later], changes: Sequence[UUID | None]) -> None:
    """Ask for each piece of work."""
