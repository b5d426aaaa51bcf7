"""The policy decision point. `records` asks and obeys; administration commands check themselves.

Rights are read with `rights_of` and carry an epoch, which the caller's data statement must test in its own
snapshot (semantics section 7); decisions without a data statement use `current_rights`.
"""

from ostiary.access._administration import (
    add_default_rule,
    add_member,
    add_members,
    create_api_key,
    create_person,
    create_role,
    create_service_account,
    ensure_operation,
    forget_rights,
    get_setting,
    link,
    list_settings,
    may_operate,
    move_role,
    remove_member,
    remove_shares,
    set_active,
    set_column_rows,
    set_columns_rows,
    set_object_rows,
    set_operation_rows,
    set_password,
    set_setting,
    set_switches,
    store_operation_rows,
    store_share,
    view_setting,
)
from ostiary.access._background import discard_job, get_job, list_jobs, retry_job
from ostiary.access._commands import COMMANDS, UNCHECKED
from ostiary.access._comparison import AccessDiff, Change, compare, diff_lines
from ostiary.access._filter import Branch, RecordFilter
from ostiary.access._rights import Rights, current_rights, filter_for, forget, rights_of
from ostiary.access._shares import move_shares, remove_shares_of
from ostiary.access._snapshot import NamedObject, Snapshot, snapshot
from ostiary.access._system import HOUSEKEEPING, find_system_account, store_system_accounts
from ostiary.access.core import ColumnLevel, Decision, Grant, Operation, Verb

__all__ = [
    "COMMANDS",
    "HOUSEKEEPING",
    "UNCHECKED",
    "AccessDiff",
    "Branch",
    "Change",
    "ColumnLevel",
    "Decision",
    "Grant",
    "NamedObject",
    "Operation",
    "RecordFilter",
    "Rights",
    "Snapshot",
    "Verb",
    "add_default_rule",
    "add_member",
    "add_members",
    "compare",
    "create_api_key",
    "create_person",
    "create_role",
    "create_service_account",
    "current_rights",
    "diff_lines",
    "discard_job",
    "ensure_operation",
    "filter_for",
    "find_system_account",
    "forget",
    "forget_rights",
    "get_job",
    "get_setting",
    "link",
    "list_jobs",
    "list_settings",
    "may_operate",
    "move_role",
    "move_shares",
    "remove_member",
    "remove_shares",
    "remove_shares_of",
    "retry_job",
    "rights_of",
    "set_active",
    "set_column_rows",
    "set_columns_rows",
    "set_object_rows",
    "set_operation_rows",
    "set_password",
    "set_setting",
    "set_switches",
    "snapshot",
    "store_operation_rows",
    "store_share",
    "store_system_accounts",
    "view_setting",
]
