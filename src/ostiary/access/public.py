"""The policy decision point. `records` asks and obeys; administration commands check themselves.

Rights are read with `rights_of` and carry an epoch, which the caller's data statement must test in its own
snapshot (semantics section 7); decisions without a data statement use `current_rights`.
"""

from ostiary.access._administration import (
    ensure_operation,
    forget_rights,
    get_setting,
    list_column_rows,
    list_object_rows,
    list_settings,
    may_operate,
    set_column_rows,
    set_columns_rows,
    set_object_rows,
    set_operation_rows,
    set_setting,
    store_operation_rows,
    view_policy,
    view_setting,
)
from ostiary.access._background import discard_job, get_job, list_jobs, retry_job
from ostiary.access._bound_legs import Branch
from ostiary.access._commands import COMMANDS, UNCHECKED
from ostiary.access._comparison import AccessDiff, Change, compare, diff_lines
from ostiary.access._explain import Explanation, explain
from ostiary.access._facts import may_pass_on, record_facts
from ostiary.access._filter import RecordFilter
from ostiary.access._ground import Ground, Grounds, Lookup
from ostiary.access._people import (
    add_member,
    add_members,
    create_api_key,
    create_person,
    create_role,
    create_service_account,
    delegate,
    elevate,
    end_delegation,
    end_elevation,
    link,
    mark_role,
    move_role,
    remove_member,
    set_active,
    set_attribute,
    set_password,
    unlink,
)
from ostiary.access._policy import ObjectPolicy, Policy
from ostiary.access._record_rules import (
    ALL_LEGS,
    Grants,
    Scope,
    add_default_rule,
    add_scope_rule,
    remove_default_rule,
    remove_scope_rule,
    remove_share,
    set_carried_right,
    set_deny_rule,
    set_switches,
    store_denies,
    store_share,
)
from ostiary.access._rights import Rights, current_rights, filter_for, forget, rights_of
from ostiary.access._shares import move_shares, remove_shares_of
from ostiary.access._snapshot import Snapshot, snapshot
from ostiary.access._standing import NamedObject
from ostiary.access._system import HOUSEKEEPING, find_system_account, store_system_accounts
from ostiary.access._visible import Sight
from ostiary.access._who_can import Audience, who_can
from ostiary.access._words import words
from ostiary.access.core import ColumnLevel, Decision, Grant, Operation, Verb

__all__ = [
    "ALL_LEGS",
    "COMMANDS",
    "HOUSEKEEPING",
    "UNCHECKED",
    "AccessDiff",
    "Audience",
    "Branch",
    "Change",
    "ColumnLevel",
    "Decision",
    "Explanation",
    "Grant",
    "Grants",
    "Ground",
    "Grounds",
    "Lookup",
    "NamedObject",
    "ObjectPolicy",
    "Operation",
    "Policy",
    "RecordFilter",
    "Rights",
    "Scope",
    "Sight",
    "Snapshot",
    "Verb",
    "add_default_rule",
    "add_member",
    "add_members",
    "add_scope_rule",
    "compare",
    "create_api_key",
    "create_person",
    "create_role",
    "create_service_account",
    "current_rights",
    "delegate",
    "diff_lines",
    "discard_job",
    "elevate",
    "end_delegation",
    "end_elevation",
    "ensure_operation",
    "explain",
    "filter_for",
    "find_system_account",
    "forget",
    "forget_rights",
    "get_job",
    "get_setting",
    "link",
    "list_column_rows",
    "list_jobs",
    "list_object_rows",
    "list_settings",
    "mark_role",
    "may_operate",
    "may_pass_on",
    "move_role",
    "move_shares",
    "record_facts",
    "remove_default_rule",
    "remove_member",
    "remove_scope_rule",
    "remove_share",
    "remove_shares_of",
    "retry_job",
    "rights_of",
    "set_active",
    "set_attribute",
    "set_carried_right",
    "set_column_rows",
    "set_columns_rows",
    "set_deny_rule",
    "set_object_rows",
    "set_operation_rows",
    "set_password",
    "set_setting",
    "set_switches",
    "snapshot",
    "store_denies",
    "store_operation_rows",
    "store_share",
    "store_system_accounts",
    "unlink",
    "view_policy",
    "view_setting",
    "who_can",
    "words",
]
