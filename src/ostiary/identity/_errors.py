"""What sign-in refuses."""

from ostiary.kernel.errors import OstiaryError


class SignInFailed(OstiaryError):
    """Unknown login, wrong password, locked, inactive, no password: one answer in the same words."""

    code = "identity.sign_in_failed"

    def __init__(self) -> None:
        super().__init__("The login or the password is not right, or signing in is locked for a while")
