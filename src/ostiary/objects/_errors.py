"""What this context refuses."""

from ostiary.kernel.errors import FieldError, Invalid, OstiaryError, VersionConflict


class PackageRefused(OstiaryError):
    """A declaration that cannot be read or installed as it is. The message names file, object and key."""

    code = "objects.package_refused"


class ChangeRefused(Invalid):
    """A change of metadata that cannot be made as it is; nothing was changed."""

    code = "objects.change_refused"


class MetadataConflict(VersionConflict):
    """Another administrator changed the same thing first. `details`: revision, changes (who, when, what)."""

    code = "objects.revision_conflict"


def refused(field: str, code: str, message: str) -> ChangeRefused:
    """A refusal of one field of a change."""
    return ChangeRefused([FieldError(field, code, message)], message)
