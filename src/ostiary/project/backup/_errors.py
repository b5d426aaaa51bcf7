"""What a backup refuses."""

from ostiary.kernel.errors import OstiaryError


class BackupRefused(OstiaryError):
    """This cannot be saved, read or restored; the message says why and what to do."""

    code = "backup.refused"


class BackupDamaged(BackupRefused):
    """The file was altered, cut short, or is none of ours."""

    code = "backup.damaged"
