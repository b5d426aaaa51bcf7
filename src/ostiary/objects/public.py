"""Objects and columns as values, packages of them, and the one way to install them.

Metadata is read by `get_catalogue` (kept per tenant epoch) and changes only by the owner's role.
"""

from ostiary.objects._aliases import Former, aliased
from ostiary.objects._apply import (
    ChangePlan,
    PlannedStep,
    apply_change,
    apply_changes,
    plan_change,
    plan_changes,
)
from ostiary.objects._catalogue import catalogue_at, find_object, get_catalogue, load_catalogue
from ostiary.objects._change import (
    METADATA_CALLS,
    AddColumn,
    Backfill,
    Change,
    ChangeColumn,
    ChangeObject,
    CreateObject,
    DropColumn,
    DropObject,
    DropWorkplace,
    MetadataCall,
    PlaceSection,
    PurgeColumn,
    PurgeObject,
    RemoveSection,
    RenameColumn,
    RenameObject,
    RestoreColumn,
    RestoreObject,
    SetIndex,
    SetWorkplace,
)
from ostiary.objects._change_file import change_document, read_change, read_changes
from ostiary.objects._ddl import sequence_of
from ostiary.objects._details import LOG_STAGE, VERSION_COLUMNS
from ostiary.objects._document import object_document
from ostiary.objects._errors import ChangeRefused, MetadataConflict, PackageRefused
from ostiary.objects._export import package_of
from ostiary.objects._formula import Formula, Sum, evaluate, named_in, read_formula
from ostiary.objects._install import Plan, install_package, remember_package, set_lookup_defaults
from ostiary.objects._links import SumOf
from ostiary.objects._model import (
    FILE_COLUMNS,
    SYSTEM_COLUMNS,
    TEXT_SORTED,
    UNASSIGNED,
    Catalogue,
    Choice,
    Column,
    ColumnType,
    DataClass,
    Layout,
    Mask,
    Object,
    Retention,
    Workplace,
)
from ostiary.objects._package import Package, read_package
from ostiary.objects._package_file import read_package_file, sorted_values, write_package
from ostiary.objects._register import Held, Kept, list_stored
from ostiary.objects._requests import ChangeId, RequestedChange, get_change, list_changes
from ostiary.objects._rights import Rights, read_rights, rights_of, write_rights
from ostiary.objects._rules import (
    CODE,
    FROM_STAGE,
    Entry,
    HandOver,
    HandOverTo,
    Mirror,
    Overdue,
    Rules,
    Stages,
    named_flags,
)
from ostiary.objects._settings import RECOVERY
from ostiary.objects._sort_key import sort_key
from ostiary.objects._states import NotKept, catalogue_as_of
from ostiary.objects._store import packages
from ostiary.objects._strict import Node, read_document, read_yaml
from ostiary.objects._tasks import purge_column, request_change, tidy
from ostiary.objects._values import set_value_writer
from ostiary.objects._words import is_searched, split_words

# What the tenant's role may only read, and what it may add to: a change that was asked for.
READ_ONLY_TABLES = tuple(
    f"objects_{name}"
    for name in (
        "object",
        "column",
        "layout",
        "workplace",
        "section",
        "version",
        "state",
        "package",
        "revision",
    )
)
INSERT_ONLY_TABLES = ("objects_change",)

__all__ = [
    "CODE",
    "FILE_COLUMNS",
    "FROM_STAGE",
    "INSERT_ONLY_TABLES",
    "LOG_STAGE",
    "METADATA_CALLS",
    "READ_ONLY_TABLES",
    "RECOVERY",
    "SYSTEM_COLUMNS",
    "TEXT_SORTED",
    "UNASSIGNED",
    "VERSION_COLUMNS",
    "AddColumn",
    "Backfill",
    "Catalogue",
    "Change",
    "ChangeColumn",
    "ChangeId",
    "ChangeObject",
    "ChangePlan",
    "ChangeRefused",
    "Choice",
    "Column",
    "ColumnType",
    "CreateObject",
    "DataClass",
    "DropColumn",
    "DropObject",
    "DropWorkplace",
    "Entry",
    "Former",
    "Formula",
    "HandOver",
    "HandOverTo",
    "Held",
    "Kept",
    "Layout",
    "Mask",
    "MetadataCall",
    "MetadataConflict",
    "Mirror",
    "Node",
    "NotKept",
    "Object",
    "Overdue",
    "Package",
    "PackageRefused",
    "PlaceSection",
    "Plan",
    "PlannedStep",
    "PurgeColumn",
    "PurgeObject",
    "RemoveSection",
    "RenameColumn",
    "RenameObject",
    "RequestedChange",
    "RestoreColumn",
    "RestoreObject",
    "Retention",
    "Rights",
    "Rules",
    "SetIndex",
    "SetWorkplace",
    "Stages",
    "Sum",
    "SumOf",
    "Workplace",
    "aliased",
    "apply_change",
    "apply_changes",
    "catalogue_as_of",
    "catalogue_at",
    "change_document",
    "evaluate",
    "find_object",
    "get_catalogue",
    "get_change",
    "install_package",
    "is_searched",
    "list_changes",
    "list_stored",
    "load_catalogue",
    "named_flags",
    "named_in",
    "object_document",
    "package_of",
    "packages",
    "plan_change",
    "plan_changes",
    "purge_column",
    "read_change",
    "read_changes",
    "read_document",
    "read_formula",
    "read_package",
    "read_package_file",
    "read_rights",
    "read_yaml",
    "remember_package",
    "request_change",
    "rights_of",
    "sequence_of",
    "set_lookup_defaults",
    "set_value_writer",
    "sort_key",
    "sorted_values",
    "split_words",
    "tidy",
    "write_package",
    "write_rights",
]
