"""Applying one change to a draft: which function knows which kind."""

from collections.abc import Callable, Mapping
from typing import Any

from ostiary.kernel.ids import ObjectId
from ostiary.objects import _change as c
from ostiary.objects import _evolve_columns as columns
from ostiary.objects import _evolve_objects as objects
from ostiary.objects._draft import Draft

Evolution = Callable[[Draft, Any], ObjectId | None]
_EVOLVE: Mapping[type[c.Change], Evolution] = {
    c.CreateObject: objects.create_object,
    c.ChangeObject: objects.change_object,
    c.RenameObject: objects.rename_object,
    c.DropObject: objects.drop_object,
    c.RestoreObject: objects.restore_object,
    c.PurgeObject: objects.purge_object,
    c.AddColumn: columns.add_column,
    c.ChangeColumn: columns.change_column,
    c.RenameColumn: columns.rename_column,
    c.DropColumn: columns.drop_column,
    c.RestoreColumn: columns.restore_column,
    c.PurgeColumn: columns.purge_column,
    c.SetIndex: columns.set_index,
    c.Backfill: columns.backfill,
    c.SetWorkplace: objects.set_workplace,
    c.DropWorkplace: objects.drop_workplace,
    c.PlaceSection: objects.place_section,
    c.RemoveSection: objects.remove_section,
}


def evolve(draft: Draft, change: c.Change) -> ObjectId | None:
    """Make a change in the draft; the object concerned, None for a workplace. Raises ChangeRefused."""
    return _EVOLVE[type(change)](draft, change)
