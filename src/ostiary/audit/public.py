"""Record what happened: `append` in the transaction of the change, `append_aside` for what was refused.

`append_buffered` is for reads of Internal data; `configure_spool` once at start-up gives it its spool.
"""

from ostiary.audit._append import append, append_aside, append_buffered, prepare
from ostiary.audit._canonical import canonical, state_hash
from ostiary.audit._epoch import current_epoch, open_epoch
from ostiary.audit._event import Outcome, Part
from ostiary.audit._many import About, append_many, divide
from ostiary.audit._read import EventView, are_whole, list_events, list_latest, list_touched, verify_event
from ostiary.audit._spool import TenantPurged, configure_spool, flush_spool, stop_spool

# Of these the tenant's role may read and insert. `*`: and their partitions.
INSERT_ONLY_TABLES = (
    "audit_event",
    "audit_event_*",
    "audit_payload",
    "audit_queue",
    "audit_outbox",
    "audit_index",
    "audit_about",
    "audit_ref",
)

__all__ = [
    "INSERT_ONLY_TABLES",
    "About",
    "EventView",
    "Outcome",
    "Part",
    "TenantPurged",
    "append",
    "append_aside",
    "append_buffered",
    "append_many",
    "are_whole",
    "canonical",
    "configure_spool",
    "current_epoch",
    "divide",
    "flush_spool",
    "list_events",
    "list_latest",
    "list_touched",
    "open_epoch",
    "prepare",
    "state_hash",
    "stop_spool",
    "verify_event",
]
