"""Captions of metadata in the reader's language: a packaged caption is a message (ADR 0037).

What an administrator has named otherwise is no message, and stands as it was written.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ostiary.kernel.recent import Recent
from ostiary.objects.public import SYSTEM_COLUMNS, Catalogue, Column, Layout, Object, Workplace
from ostiary.records.public import ObjectView
from ostiary.ui.i18n import FALLBACK, language
from ostiary.ui.i18n import gettext as _

MAX_KEPT = 2_000  # objects of all tenants, each in a language
# By place in memory: what is kept holds on to the original, so that its place belongs to no other.
_kept: Recent[tuple[str, int], tuple[Object, Object]] = Recent(MAX_KEPT)


def captioned(catalogue: Catalogue) -> Catalogue:
    """The catalogue with its captions in the language of this request."""
    if language() == FALLBACK:
        return catalogue
    workplaces = tuple(_workplace(each) for each in catalogue.workplaces)
    return replace(catalogue, objects=_Objects(catalogue.objects), workplaces=workplaces)


def captioned_view(view: ObjectView) -> ObjectView:
    """The view of an object with its captions in the language of this request."""
    return view if language() == FALLBACK else replace(view, object=captioned_object(view.object))


def column_of(made: Object, code: str) -> Column:
    """A column that the object declares, or one that every object has. Raises KeyError."""
    return made.columns[code] if code in made.columns else _column(SYSTEM_COLUMNS[code])


class Views(Mapping[str, ObjectView]):
    """Views of objects with their captions in the language of this request; made when asked for."""

    def __init__(self, views: Mapping[str, ObjectView]) -> None:
        self._views = views

    def __getitem__(self, code: str) -> ObjectView:
        return captioned_view(self._views[code])

    def __contains__(self, code: object) -> bool:
        return code in self._views

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)


class _Objects(Mapping[str, Object]):
    """A tenant may have hundreds, a page shows a few."""

    def __init__(self, objects: Mapping[str, Object]) -> None:
        self._objects = objects

    def __getitem__(self, code: str) -> Object:
        return captioned_object(self._objects[code])

    def __contains__(self, code: object) -> bool:
        return code in self._objects

    def __iter__(self) -> Iterator[str]:
        return iter(self._objects)

    def __len__(self) -> int:
        return len(self._objects)


def captioned_object(made: Object) -> Object:
    """The object with its captions in the language of this request."""
    if language() == FALLBACK:
        return made
    key = (language(), id(made))
    known = _kept.get(key)
    if known is None or known[0] is not made:
        known = (made, _object(made))
        _kept.put(key, known)
    return known[1]


def _object(made: Object) -> Object:
    return replace(
        made,
        caption=_(made.caption),
        plural=_(made.plural),
        description=_(made.description),
        columns={code: _column(column) for code, column in made.columns.items()},
        layout=_layout(made.layout),
    )


def _column(column: Column) -> Column:
    choices = tuple(replace(choice, caption=_(choice.caption)) for choice in column.choices)
    return replace(column, caption=_(column.caption), help=_(column.help), choices=choices)


def _layout(layout: Layout) -> Layout:
    groups = tuple((_(caption), codes) for caption, codes in layout.groups)
    details = tuple((_(caption), code, column) for caption, code, column in layout.details)
    return replace(layout, groups=groups, details=details)


def _workplace(workplace: Workplace) -> Workplace:
    groups = tuple((_(caption), codes) for caption, codes in workplace.groups)
    return replace(workplace, caption=_(workplace.caption), groups=groups)
