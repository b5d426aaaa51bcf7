"""Dashboards: kept, shared, changed. What they show is read by `records`, under the rights of who looks."""

from ostiary.dashboards._store import (
    Dashboard,
    Level,
    create_dashboard,
    delete_dashboard,
    get_dashboard,
    list_dashboards,
    list_shares,
    save_dashboard,
    share_dashboard,
)
from ostiary.dashboards._widgets import (
    MOST_ROWS,
    MOST_WIDGETS,
    WIDTHS,
    Kind,
    Shape,
    Widget,
    read_group,
    read_measure,
    read_widgets,
    widget_values,
)

__all__ = [
    "MOST_ROWS",
    "MOST_WIDGETS",
    "WIDTHS",
    "Dashboard",
    "Kind",
    "Level",
    "Shape",
    "Widget",
    "create_dashboard",
    "delete_dashboard",
    "get_dashboard",
    "list_dashboards",
    "list_shares",
    "read_group",
    "read_measure",
    "read_widgets",
    "save_dashboard",
    "share_dashboard",
    "widget_values",
]
