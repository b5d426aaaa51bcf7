"""Record what happened: `append` in the transaction of the change, `append_aside` for what was refused."""

from ostiary.audit._append import append, append_aside, prepare
from ostiary.audit._canonical import canonical, state_hash
from ostiary.audit._event import Outcome, Part

# Of these the tenant's role may read and insert. `*`: and their partitions.
INSERT_ONLY_TABLES = (
    "audit_event",
    "audit_event_*",
    "audit_payload",
    "audit_queue",
    "audit_outbox",
    "audit_index",
    "audit_ref",
)

__all__ = [
    "INSERT_ONLY_TABLES",
    "Outcome",
    "Part",
    "append",
    "append_aside",
    "canonical",
    "prepare",
    "state_hash",
]
