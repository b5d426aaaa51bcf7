"""Operations, the eight legs of the record layer, and paths of scope rules in words."""

from uuid import UUID

from ostiary.access import public as access
from ostiary.kernel.ids import ObjectId
from ostiary.objects.public import Catalogue, Object
from ostiary.ui.i18n import gettext as _


def operation_caption(operation: access.Operation) -> str:
    """An operation in words."""
    return _(access.OPERATION_WORDS[operation].caption)


def leg_captions() -> dict[str, tuple[str, str]]:
    """(name, what it gives) of each leg, in order."""
    return {
        "author": (_("Author"), _("Whoever made the record may read, edit and delete it, and pass that on")),
        "author_managers": (
            _("Managers of the author"),
            _("The same for managers of the units that the author belonged to when making it"),
        ),
        "owner": (_("Owner"), _("The owner may read, edit and delete it, and pass that on")),
        "owner_managers": (
            _("Managers of the owner"),
            _("The same for managers of the units that the owner belongs to now"),
        ),
        "rules": (_("Default rules"), _("Records of one role for another, as listed below")),
        "scopes": (_("Scope rules"), _("Records whose value is among a person's own, as listed below")),
        "shares": (_("Shares"), _("Single records, shared by hand")),
        "master": (_("Master record"), _("Whoever has a right on the master record has it here")),
    }


def path_words(catalogue: Catalogue, object_id: ObjectId, path: tuple[str, ...]) -> str:
    """A path in captions: Account, Owner."""
    here: Object | None = catalogue.by_id(object_id)
    said = []
    for step in path:
        if step in ("owner", "author"):
            said.append(_("Owner") if step == "owner" else _("Author"))
            continue
        column = None if here is None else next((c for c in here.columns.values() if c.id == _id(step)), None)
        said.append(_("(gone)") if column is None else column.caption)
        here = None if column is None or column.target is None else catalogue.objects.get(column.target)
    return " / ".join(said)


def _id(step: str) -> UUID | None:
    try:
        return UUID(step)
    except ValueError:
        return None
