"""System settings of a tenant. Contexts `declare` theirs; `access.set_setting` changes one."""

from ostiary.settings._declare import (
    SECURITY_SETTINGS,
    SYSTEM_SETTINGS,
    Kind,
    Setting,
    Value,
    declare,
    get_setting,
    list_settings,
)
from ostiary.settings._store import (
    OBJECT_TYPE,
    Kept,
    get,
    get_at,
    get_kept,
    get_secret,
    list_kept,
    sql_integer,
    store,
)
from ostiary.settings._values import bound_text, parse, shown

__all__ = [
    "OBJECT_TYPE",
    "SECURITY_SETTINGS",
    "SYSTEM_SETTINGS",
    "Kept",
    "Kind",
    "Setting",
    "Value",
    "bound_text",
    "declare",
    "get",
    "get_at",
    "get_kept",
    "get_secret",
    "get_setting",
    "list_kept",
    "list_settings",
    "parse",
    "shown",
    "sql_integer",
    "store",
]
