"""Objects and columns as values, packages of them, and the one way to install them.

Metadata is read by `get_catalogue` (kept per tenant epoch) and changes only by the owner's role.
"""

from ostiary.objects._catalogue import catalogue_at, find_object, get_catalogue
from ostiary.objects._ddl import sequence_of
from ostiary.objects._errors import PackageRefused
from ostiary.objects._install import Plan, install_package, plan_package, set_lookup_defaults
from ostiary.objects._model import (
    SYSTEM_COLUMNS,
    TEXT_SORTED,
    UNASSIGNED,
    Catalogue,
    Choice,
    Column,
    ColumnType,
    DataClass,
    Layout,
    Object,
    Retention,
    Workplace,
)
from ostiary.objects._package import Package, read_package
from ostiary.objects._sort_key import sort_key
from ostiary.objects._strict import Node, read_yaml

__all__ = [
    "SYSTEM_COLUMNS",
    "TEXT_SORTED",
    "UNASSIGNED",
    "Catalogue",
    "Choice",
    "Column",
    "ColumnType",
    "DataClass",
    "Layout",
    "Node",
    "Object",
    "Package",
    "PackageRefused",
    "Plan",
    "Retention",
    "Workplace",
    "catalogue_at",
    "find_object",
    "get_catalogue",
    "install_package",
    "plan_package",
    "read_package",
    "read_yaml",
    "sequence_of",
    "set_lookup_defaults",
    "sort_key",
]
