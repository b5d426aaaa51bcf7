"""Saving a draft: all of it or nothing, and only on top of what its author saw."""

from ostiary.assurance._draft import Draft
from ostiary.assurance._preview import save_changes
from ostiary.audit import public as audit
from ostiary.kernel.context import Context


def save_draft(ctx: Context, draft: Draft) -> None:
    """Make the changes of a draft if rights are still those of its epoch, and record that as one edit.

    Raises: VersionConflict: somebody changed rights since. AccessDenied. Invalid, NotFound: as the changes.
    """
    save_changes(ctx, draft.changes, draft.epoch)
    audit.append(ctx, "assurance.draft.saved", parts=[audit.Part("saved", {"changes": len(draft.changes)})])
