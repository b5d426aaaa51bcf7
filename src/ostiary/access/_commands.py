"""Every administration command: the operation that it needs and the event that it leaves."""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.access.core import Operation


@dataclass(frozen=True, slots=True)
class Command:
    """operation: None where the call decides which; `needs` then says it in words."""

    operation: Operation | None
    event: str
    needs: str = ""


_RIGHTS, _USERS = Operation.MANAGE_RIGHTS, Operation.MANAGE_USERS
COMMANDS: Mapping[str, Command] = {
    "set_operation_rows": Command(Operation.CHANGE_OPERATIONS, "access.operation.changed"),
    "set_object_rows": Command(_RIGHTS, "access.object.changed"),
    "set_column_rows": Command(_RIGHTS, "access.column.changed"),
    "set_columns_rows": Command(_RIGHTS, "access.column.changed"),
    "set_switches": Command(_RIGHTS, "access.switches.changed"),
    "add_default_rule": Command(_RIGHTS, "access.rule.changed"),
    "remove_default_rule": Command(_RIGHTS, "access.rule.changed"),
    "add_scope_rule": Command(_RIGHTS, "access.scope_rule.changed"),
    "remove_scope_rule": Command(_RIGHTS, "access.scope_rule.changed"),
    "set_deny_rule": Command(_RIGHTS, "access.deny_rule.changed"),
    "set_carried_right": Command(Operation.CHANGE_OPERATIONS, "access.carried_right.changed"),
    "create_person": Command(_USERS, "identity.person.created"),
    "change_person": Command(_USERS, "identity.person.changed"),
    "create_service_account": Command(_USERS, "identity.service_account.created"),
    "create_role": Command(_USERS, "identity.role.created"),
    "rename_role": Command(_USERS, "identity.role.renamed"),
    "merge_roles": Command(_USERS, "identity.role.merged"),
    "remove_role": Command(_USERS, "identity.role.removed"),
    "move_role": Command(_USERS, "identity.role.moved"),
    "add_members": Command(_USERS, "identity.membership.added"),
    "add_member": Command(_USERS, "identity.membership.added"),
    "remove_members": Command(_USERS, "identity.membership.removed"),
    "remove_member": Command(_USERS, "identity.membership.removed"),
    "link": Command(_USERS, "identity.link.added"),
    "unlink": Command(_USERS, "identity.link.removed"),
    "mark_role": Command(_USERS, "identity.role.marked"),
    "delegate": Command(Operation.CHANGE_DELEGATIONS, "identity.delegation.added"),
    "end_delegation": Command(Operation.CHANGE_DELEGATIONS, "identity.delegation.ended"),
    "elevate": Command(_USERS, "identity.elevation.added"),
    "end_elevation": Command(_USERS, "identity.elevation.ended"),
    "set_attribute": Command(_USERS, "identity.attribute.changed"),
    "set_active": Command(_USERS, "identity.principal.deactivated"),
    "set_password": Command(_USERS, "identity.password.set"),
    "create_api_key": Command(
        Operation.MANAGE_API_CLIENTS, "identity.api_key.created", "none for a key of one's own"
    ),
    "retry_job": Command(Operation.MANAGE_JOBS, "jobs.job.retried"),
    "discard_job": Command(Operation.MANAGE_JOBS, "jobs.job.discarded"),
    "set_setting": Command(None, "settings.value.changed", "the operation that the setting declares"),
}
# Stored without a check of their own, by who checked before or comes before anybody could hold a right.
UNCHECKED: Mapping[str, str] = {
    "store_operation_rows": "a tenant's first rows (`project`)",
    "store_system_accounts": "accounts of the product itself, with its first rows or its upgrade (`project`)",
    "change_own_locale": "language and time zone of whoever acts, and of nobody else",
    "store_share": "`records.share_record` checks that the sharer may give it",
    "remove_shares_of": "`records.delete_records` checks the deletions",
    "move_shares": "`records.merge_records` checks the merge, and a share gives no more than it gave",
    "store_denies": "`records.deny_record` checks that the denier may",
    "remove_share": "`records.unshare_record` checks that the taker might have given it",
}
