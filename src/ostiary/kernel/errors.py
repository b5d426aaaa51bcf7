"""The root of the error tree. Codes are stable; delivery maps them to status codes in one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ostiary.kernel.messages import later


class OstiaryError(Exception):
    """Anything that the product refuses or cannot do. The message is safe to show to the caller."""

    code = "error"

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, object] = details


class NotFound(OstiaryError):
    """Absent, or hidden from this principal: callers cannot tell, the words are the same."""

    code = "not_found"

    def __init__(self, message: str = later("Not found")) -> None:
        super().__init__(message)


class AccessDenied(OstiaryError):
    """Refused where the existence of the thing is already known. `layer` as in semantics section 2."""

    code = "access_denied"

    def __init__(self, message: str, *, layer: str, **details: object) -> None:
        super().__init__(message, layer=layer, **details)
        self.layer = layer


class NotSignedIn(OstiaryError):
    """No valid session or key."""

    code = "not_signed_in"

    def __init__(self, message: str = later("Sign in first")) -> None:
        super().__init__(message)


class VouchExpired(Exception):
    """The sign-in was verified at an epoch that has passed: verify it again, from the start.

    A signal between layers, never an answer.
    """


class VersionConflict(OstiaryError):
    """Someone else saved first. `details`: version (int), yours and theirs (values of readable columns)."""

    code = "version_conflict"


class OutcomeUnknown(OstiaryError):
    """The database went away while it was asked to commit: everything was kept, or nothing was."""

    code = "outcome_unknown"

    def __init__(self) -> None:
        super().__init__(
            later("The database went away while saving: look whether it was saved before you try again")
        )


class TooManyRequests(OstiaryError):
    """A bounded resource is busy. `details`: retry_after_s (int)."""

    code = "too_many_requests"


class Unavailable(OstiaryError):
    """Not now: no database, or the tenant is being changed. `details`: retry_after_s (int)."""

    code = "unavailable"


class Misconfigured(OstiaryError):
    """The installation refuses to start or to go on like this."""

    code = "misconfigured"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refused field: `field` is the column code (dotted for paths), `code` is stable."""

    field: str
    code: str
    message: str


class Invalid(OstiaryError):
    """Bad input: names every refused field, changes nothing."""

    code = "invalid"

    def __init__(
        self, errors: Sequence[FieldError], message: str = later("Some values were not accepted")
    ) -> None:
        super().__init__(message)
        self.errors = tuple(errors)
