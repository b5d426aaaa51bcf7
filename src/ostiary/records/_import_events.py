"""The events of an import: one for each step of it, found by its id."""

from collections.abc import Mapping

from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.records._import_kept import Import


def record(ctx: Context, made: Import, event: str, facts: Mapping[str, object]) -> None:
    """Say what happened to an import. No value of the file and no name of it is in there."""
    what = {"object": made.object_id, "phase": made.phase.value, **facts}
    audit.append(ctx, event, object_type="import", object_ref=made.id, parts=[audit.Part("import", what)])
