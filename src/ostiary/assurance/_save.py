"""Saving an edit of rights: all of it or nothing, and only on top of what its author saw."""

from collections.abc import Sequence

from ostiary.assurance._changes import RightsChange
from ostiary.assurance._preview import save_changes
from ostiary.audit import public as audit
from ostiary.kernel.context import Context


def save_draft(ctx: Context, changes: Sequence[RightsChange], epoch: int) -> None:
    """Make the changes if rights are still those of the epoch, and record that they are one edit.

    Raises: VersionConflict: somebody changed rights since. AccessDenied. Invalid, NotFound: as the changes.
    """
    save_changes(ctx, changes, epoch)
    audit.append(ctx, "assurance.draft.saved", parts=[audit.Part("saved", {"changes": len(changes)})])
