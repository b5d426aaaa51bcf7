"""What changes of rights would do, before they are made: who gains and who loses what.

The changes are made in a savepoint, everybody's rights are looked at before and after, and all of it is
rolled back. So a preview cannot differ from what saving does, and needs the same operations.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ostiary.access import public as access
from ostiary.assurance._apply import apply_changes
from ostiary.assurance._changes import RightsChange
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import VersionConflict
from ostiary.objects import public as objects

MOST = 4_000  # objects of groups that are compared: about 3 s


@dataclass(frozen=True, slots=True)
class Impact:
    """What would change. epoch: at which that was so. took_s: seconds that it took to find out."""

    diff: access.AccessDiff
    took_s: float
    epoch: int = 0

    @property
    def widens(self) -> bool:
        """Whether anybody could do more than before."""
        return self.diff.widens


class _Undo(Exception):
    """Leaves the savepoint without keeping anything."""


def preview(ctx: Context, changes: Sequence[RightsChange]) -> Impact:
    """Who would gain and lose what by these changes; nothing of them is kept.

    Needs CanManageAdministration and whatever the changes need.
    Raises: AccessDenied. Invalid, NotFound: a change that could not be made.
    """
    access.ensure_operation(ctx, access.Operation.MANAGE_RIGHTS)
    started, epoch = time.monotonic(), identity.current_epoch(ctx)
    named = objects.get_catalogue(ctx).named()
    before = access.snapshot(ctx, named, records=False)
    diff = access.AccessDiff()
    try:
        with ctx.db.savepoint():
            apply_changes(ctx, changes)
            after = access.snapshot(ctx, named, records=False, like=before)
            diff = access.compare(before, after, access.Sight(ctx), most=MOST)
            raise _Undo
    except _Undo:
        pass
    append = audit.append_aside if ctx.tentative else audit.append
    append(
        ctx,
        "assurance.change.previewed",
        outcome="success",
        parts=[audit.Part("preview", _counts(changes, diff))],
    )
    return Impact(diff, time.monotonic() - started, epoch)


def check_changes(ctx: Context, changes: Sequence[RightsChange]) -> None:
    """Whether the changes can be made, for whoever may make them; nothing of them is kept.

    Raises: AccessDenied, Invalid, NotFound: as saving would.
    """
    try:
        with ctx.db.savepoint():
            apply_changes(ctx, changes)
            raise _Undo
    except _Undo:
        pass


def save_changes(ctx: Context, changes: Sequence[RightsChange], seen: int) -> None:
    """Make the changes if rights are still those of the epoch that was looked at; others wait meanwhile.

    Raises: VersionConflict: somebody changed rights since, so the preview no longer tells what would happen.
    """
    epoch = identity.hold_epoch(ctx)
    if epoch != seen:
        raise VersionConflict("Somebody changed rights since you looked", version=epoch)
    apply_changes(ctx, changes)


def _counts(changes: Sequence[RightsChange], diff: access.AccessDiff) -> dict[str, int]:
    return {"changes": len(changes), "gained": len(diff.gained), "lost": len(diff.lost)}
