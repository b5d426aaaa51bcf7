"""The words of decisions. Stored keys and codes are never reused."""

from enum import IntEnum, StrEnum


class Verb(StrEnum):
    """What may be done with a record. `letter` is the stored form."""

    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    DELETE = "delete"

    @property
    def letter(self) -> str:
        return self.value[0]


RECORD_VERBS = (Verb.READ, Verb.UPDATE, Verb.DELETE)  # what layer 3 decides


class ColumnLevel(IntEnum):
    """Layer 4, from closed to open."""

    NONE = 0
    MASKED = 1
    READ = 2
    EDIT = 3


class Grant(IntEnum):
    """What a rule or share gives for a verb."""

    NONE = 0
    GRANTED = 1
    DELEGABLE = 2


class Operation(StrEnum):
    """System operations (layer 1): stable codes, Creatio's where it has one."""

    VIEW_ANY_DATA = "CanSelectEverything"
    ADD_ANY_DATA = "CanInsertEverything"
    EDIT_ANY_DATA = "CanUpdateEverything"
    DELETE_ANY_DATA = "CanDeleteEverything"
    EXPORT_LIST = "CanExportGrid"
    IMPORT = "CanImportFromExcel"
    MANAGE_ANALYTICS = "CanManageAnalytics"
    REVEAL_MASKED = "CanRevealMasked"
    SAVE_LISTS_FOR_OTHERS = "CanCreateDefaultGridSettings"
    MANAGE_USERS = "CanManageUsers"
    CHANGE_DELEGATIONS = "CanChangeAdminUnitGrantedRight"
    MANAGE_RIGHTS = "CanManageAdministration"
    CHANGE_OPERATIONS = "CanChangeAdminOperationGrantee"
    CHANGE_RECORD_RIGHTS = "CanChangeEntitySchemaRecordRight"
    MANAGE_SOLUTION = "CanManageSolution"
    MANAGE_API_CLIENTS = "CanManageApiClients"
    VIEW_AUDIT = "CanViewSysOperationAudit"
    MANAGE_SYSTEM_SETTINGS = "CanManageSysSettings"
    MANAGE_SECURITY_SETTINGS = "CanManageSecuritySettings"
    MANAGE_JOBS = "CanManageJobs"
    PURGE_DROPPED = "CanPurgeDropped"
