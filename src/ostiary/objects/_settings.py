"""What a tenant decides about its own objects."""

from datetime import timedelta

from ostiary.settings import public as settings
from ostiary.settings.public import Kind, Setting

RECOVERY = settings.declare(
    Setting(
        "RecoveryPeriod",
        Kind.DURATION,
        timedelta(days=30),
        "Keep dropped objects and columns for",
        "How long a dropped object or column can be brought back, and a former code keeps working.",
        "Workspace",
        minimum=timedelta(days=1),
        maximum=timedelta(days=365),
    )
)
