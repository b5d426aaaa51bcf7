"""What this context refuses."""

from ostiary.kernel.errors import OstiaryError


class PackageRefused(OstiaryError):
    """A package that cannot be read or installed as it is. The message names file, object and key."""

    code = "objects.package_refused"
