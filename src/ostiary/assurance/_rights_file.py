"""Rights as code: a tenant's rights as one text, and a text made the tenant's rights."""

from ostiary.assurance._apply import apply_changes
from ostiary.assurance._comments import with_comments
from ostiary.assurance._preview import Impact, preview
from ostiary.assurance._rights_document import read_text, text_of
from ostiary.assurance._rights_plan import RightsPlan, plan_rights
from ostiary.assurance._rights_present import Present
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid


class Widens(Invalid):
    """Changes by which somebody could do more than before, where that was not asked for."""

    code = "assurance.widens"

    def __init__(self, impact: Impact) -> None:
        message = "Somebody could do more than before: this has to be allowed explicitly"
        super().__init__([FieldError("allow_widen", "widens", message)], message)
        self.impact = impact


def export_rights(ctx: Context, before: str = "") -> str:
    """The tenant's rights as YAML; needs CanManageAdministration, and is recorded.

    The same rights are the same bytes. before: an earlier text whose comments are kept.
    """
    text = text_of(Present(ctx).rights())
    audit.append(ctx, "assurance.rights.exported", parts=[audit.Part("export", {"bytes": len(text)})])
    return with_comments(before, text) if before.strip() else text


def plan_file(ctx: Context, text: str, name: str = "rights") -> tuple[RightsPlan, Impact]:
    """What it takes to make the tenant's rights those of the text, and what that would do to whom.

    Needs CanManageAdministration and whatever the changes need.
    Raises: PackageRefused, Invalid: the text says something that cannot be. AccessDenied.
    """
    planned = plan_rights(ctx, read_text(text, name))
    return planned, preview(ctx, planned.changes)


def apply_file(
    ctx: Context, text: str, name: str = "rights", *, allow_widen: bool = False
) -> tuple[RightsPlan, Impact]:
    """Make the tenant's rights those of the text.

    Raises: as `plan_file`. Widens: somebody could do more than before, and allow_widen is not given.
    """
    planned, impact = plan_file(ctx, text, name)
    if impact.widens and not allow_widen:
        raise Widens(impact)
    apply_changes(ctx, planned.changes)
    data = {"changes": len(planned.changes), "widens": impact.widens}
    audit.append(ctx, "assurance.rights.applied", parts=[audit.Part("apply", data)])
    return planned, impact
