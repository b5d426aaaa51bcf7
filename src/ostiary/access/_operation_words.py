"""What each system operation is, for people: its name, its group, what it lets them do."""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.access.core import Operation


@dataclass(frozen=True, slots=True)
class OperationWords:
    """caption: a verb and its thing. group: under which it is listed."""

    caption: str
    group: str
    text: str


_ANY, _LISTS, _RIGHTS = "Any data", "Lists and files", "People and rights"
_BUILD, _RUN = "Objects and pages", "Running the workspace"

# In the order in which they are listed.
OPERATION_WORDS: Mapping[Operation, OperationWords] = {
    Operation.VIEW_ANY_DATA: OperationWords(
        "View any data",
        _ANY,
        "Reads every object, record and field, whatever the other layers say. What is masked stays masked,"
        " what is sealed stays sealed.",
    ),
    Operation.ADD_ANY_DATA: OperationWords(
        "Add any data", _ANY, "Creates records of every object, with every field."
    ),
    Operation.EDIT_ANY_DATA: OperationWords(
        "Edit any data",
        _ANY,
        "Changes every record that may be read, in every field. What is shown of a field follows its level.",
    ),
    Operation.DELETE_ANY_DATA: OperationWords(
        "Delete any data", _ANY, "Deletes every record that may be read."
    ),
    Operation.EXPORT_LIST: OperationWords(
        "Export lists", _LISTS, "Takes lists out as files: the records and fields that the person may read."
    ),
    Operation.REVEAL_MASKED: OperationWords(
        "Reveal masked fields",
        _LISTS,
        "Sees the whole value of a masked field, one record at a time, for a reason that is recorded.",
    ),
    Operation.IMPORT: OperationWords(
        "Import files", _LISTS, "Brings in records from a file; each row is decided as if it were typed."
    ),
    Operation.MANAGE_ANALYTICS: OperationWords(
        "Manage dashboards", _LISTS, "Makes and changes dashboards of one's own, and shares them."
    ),
    Operation.SAVE_LISTS_FOR_OTHERS: OperationWords(
        "Save views for others",
        _LISTS,
        "Saves a list's columns, filter and order for the members of a role. A view gives no rights.",
    ),
    Operation.MANAGE_USERS: OperationWords(
        "Manage people and roles",
        _RIGHTS,
        "People, service accounts, roles, memberships, links, elevations and attributes.",
    ),
    Operation.CHANGE_DELEGATIONS: OperationWords(
        "Change delegations", _RIGHTS, "Lets a person act with what another may, and ends that."
    ),
    Operation.MANAGE_RIGHTS: OperationWords(
        "Manage rights",
        _RIGHTS,
        "Rows of objects and fields, record rules, switches; sees who may do what and previews changes.",
    ),
    Operation.CHANGE_OPERATIONS: OperationWords(
        "Change system operations",
        _RIGHTS,
        "Who may execute a system operation, and which rights on objects it carries.",
    ),
    Operation.CHANGE_RECORD_RIGHTS: OperationWords(
        "Share any record",
        _RIGHTS,
        "Shares and denies single records without holding the right to pass them on.",
    ),
    Operation.MANAGE_SOLUTION: OperationWords(
        "Build objects and pages", _BUILD, "Objects, fields, layouts and workplaces."
    ),
    Operation.PURGE_DROPPED: OperationWords(
        "End what was dropped",
        _BUILD,
        "Ends dropped objects and fields for good when their recovery period is over.",
    ),
    Operation.MANAGE_API_CLIENTS: OperationWords(
        "Manage API keys", _RUN, "Keys by which programs act as a person or a service account."
    ),
    Operation.VIEW_AUDIT: OperationWords(
        "View the audit log", _RUN, "Reads what was done, by whom and when."
    ),
    Operation.MANAGE_SYSTEM_SETTINGS: OperationWords(
        "Decide system settings", _RUN, "Sees and decides the settings of the workspace, but for security."
    ),
    Operation.MANAGE_SECURITY_SETTINGS: OperationWords(
        "Decide security settings", _RUN, "Settings about sessions, passwords and keys."
    ),
    Operation.MANAGE_JOBS: OperationWords(
        "Manage background work", _RUN, "Sees jobs, tries them again, gives them up."
    ),
}
