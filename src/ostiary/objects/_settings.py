"""Settings of a tenant that concern its metadata."""

from datetime import timedelta

from ostiary.kernel.context import Context
from ostiary.settings import public as settings
from ostiary.settings.public import Kind, Setting

RECOVERY = settings.declare(
    Setting(
        "RecoveryPeriod",
        Kind.DURATION,
        timedelta(days=30),
        "Recovery period",
        "How long a dropped object or column can be brought back, and a former code keeps working. What was"
        " dropped earlier keeps the period that it was dropped with.",
        "Objects",
        minimum=timedelta(days=1),
        maximum=timedelta(days=365),
    )
)

CLOSED, CREATIO = "closed", "creatio"
NEW_DEFAULTS = settings.declare(
    Setting(
        "NewObjectAccess",
        Kind.CHOICE,
        CLOSED,
        "Access to new objects and columns",
        "closed: nobody sees a new object or column until somebody gives rights. creatio: employees have all"
        " rights on a new object and its records, and a new column is as open as its object. What is there"
        " already is not touched.",
        "Security",
        choices=(CLOSED, CREATIO),
        operation=settings.SECURITY_SETTINGS,
    )
)


def recovery(ctx: Context) -> timedelta:
    """How long what is dropped or renamed now can be undone."""
    found = settings.get(ctx, RECOVERY.code)
    if not isinstance(found, timedelta):
        raise TypeError("a duration")
    return found
