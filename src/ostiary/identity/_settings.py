"""What a tenant decides about signing in, passwords, keys and its people's clocks.

Sources of defaults and bounds: OWASP ASVS 5.0 V7 and NIST SP 800-63B-4; a tenant may be stricter, and looser
only as far as they go.
"""

from datetime import timedelta
from zoneinfo import available_timezones

from ostiary.settings import public as settings
from ostiary.settings.public import Kind, Setting

_SECURITY = "Security"

IDLE = settings.declare(
    Setting(
        "UserSessionTimeout",
        Kind.DURATION,
        timedelta(minutes=60),
        "Session ends when idle for",
        "How long a session lasts without a request. Sessions that were idle longer end at once.",
        _SECURITY,
        minimum=timedelta(minutes=5),
        maximum=timedelta(minutes=60),
        operation=settings.SECURITY_SETTINGS,
    )
)
ABSOLUTE = settings.declare(
    Setting(
        "UserSessionLifetime",
        Kind.DURATION,
        timedelta(hours=12),
        "Session ends after",
        "How long a session lasts at most, however busy. Sessions that are older end at once.",
        _SECURITY,
        minimum=timedelta(hours=1),
        maximum=timedelta(hours=24),
        operation=settings.SECURITY_SETTINGS,
    )
)
PASSWORD_LENGTH = settings.declare(
    Setting(
        "MinPasswordLength",
        Kind.INTEGER,
        15,
        "Shortest password",
        "Fewest characters of a password that is set from now on. Passwords that are set already stay valid.",
        _SECURITY,
        minimum=15,
        maximum=64,
        operation=settings.SECURITY_SETTINGS,
    )
)
KEY_DAYS = settings.declare(
    Setting(
        "ApiKeyMaxDays",
        Kind.INTEGER,
        0,
        "API keys last at most, days",
        "Longest life of an API key that is made from now on; 0: keys without an end are allowed.",
        _SECURITY,
        minimum=0,
        maximum=3_650,
        operation=settings.SECURITY_SETTINGS,
    )
)
TIME_ZONE = settings.declare(
    Setting(
        "DefaultTimeZone",
        Kind.CHOICE,
        "UTC",
        "Time zone of new people",
        "Time zone that people get when they are created without one of their own.",
        "Workspace",
        choices=tuple(sorted(available_timezones())),
    )
)
