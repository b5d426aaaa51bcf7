"""Two who save the same record: what the second is told."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ostiary.kernel.context import Context
from ostiary.kernel.errors import VersionConflict
from ostiary.kernel.ids import RecordId
from ostiary.records._lock import Before
from ostiary.records._read import record_read, select_record
from ostiary.records._values import plain
from ostiary.records._view import View


def conflict_of(
    ctx: Context, view: View, record_id: RecordId, before: Before, typed: Mapping[str, Any]
) -> VersionConflict:
    """Both values of each readable column that differs; theirs as a read would show it, recorded."""
    differing = tuple(c for c, v in typed.items() if c in view.readable and before.values[c] != v)
    theirs: Mapping[str, Any] = {}
    if differing:
        record, data_class = select_record(ctx, view.object.code, record_id, differing, verdicts=False)
        theirs = {} if record is None else record.data
        # this request ends in a refusal and is rolled back; what it showed has to stay recorded
        record_read(
            replace(ctx, tentative=True), data_class, "records.record.viewed", view.object.name, record_id
        )
    return VersionConflict(
        "Someone else saved this record first",
        version=before.version,
        yours={c: plain(typed[c]) for c in differing},
        theirs={c: theirs.get(c) for c in differing},
    )
