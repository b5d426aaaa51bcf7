"""What was compiled for a view, kept with it by structure."""

from collections.abc import Callable, Hashable
from typing import TypeVar

from ostiary.records import _plans
from ostiary.records._view import View

Made = TypeVar("Made")


def kept(view: View, key: Hashable, kind: type[Made], make: Callable[[], Made]) -> Made:
    """What is kept under `key`, made if it is not there; a view keeps no more than `MAX_STATEMENTS`."""
    known = view.statements.get(key)
    if known is None:
        if len(view.statements) >= _plans.MAX_STATEMENTS:
            view.statements.clear()
        known = view.statements[key] = make()
    if not isinstance(known, kind):
        raise TypeError("a statement's key is used twice")
    return known
