"""What a tenant decides about taking data out, about totals and about files."""

from datetime import timedelta

from ostiary.settings import public as settings
from ostiary.settings.public import Kind, Setting

EXPORT_MOST = settings.declare(
    Setting(
        "ExportMaxRecords",
        Kind.INTEGER,
        0,
        "Most records of one export",
        "A list with more records is not exported; 0: no limit.",
        "Security",
        minimum=0,
        maximum=100_000_000,
        operation=settings.SECURITY_SETTINGS,
    )
)

ATTACHMENT_MOST = settings.declare(
    Setting(
        "AttachmentMaxMegabytes",
        Kind.INTEGER,
        25,
        "Largest attachment, in MB",
        "A larger file is refused while it is sent, and nothing of it is kept.",
        "Security",
        minimum=1,
        maximum=1_000,
        operation=settings.SECURITY_SETTINGS,
    )
)

SMALLEST_CELL = settings.declare(
    Setting(
        "SmallestCell",
        Kind.INTEGER,
        0,
        "Fewest values behind a total",
        "A sum, average, least, greatest or number of distinct values of a Confidential or Restricted column"
        " that rests on fewer values is not shown; 0: off. Counts of records are shown.",
        "Security",
        minimum=0,
        maximum=1_000,
        operation=settings.SECURITY_SETTINGS,
    )
)

IMPORT_MOST = settings.declare(
    Setting(
        "ImportMaxMegabytes",
        Kind.INTEGER,
        250,
        "Largest file of an import, in MB",
        "A larger file is refused while it is sent, and nothing of it is kept.",
        "Security",
        minimum=1,
        maximum=4_000,
        operation=settings.SECURITY_SETTINGS,
    )
)

EXPORT_PER_DAY = settings.declare(
    Setting(
        "ExportRecordsPerDay",
        Kind.INTEGER,
        100_000,
        "Most records that a person exports in 24 hours",
        "An export that would be more is refused, and says when it was asked for; 0: no limit.",
        "Security",
        minimum=0,
        maximum=100_000_000,
        operation=settings.SECURITY_SETTINGS,
    )
)

EXPORT_REASON = settings.declare(
    Setting(
        "ExportNeedsReason",
        Kind.BOOLEAN,
        True,
        "Exports of closed fields need a reason",
        "Whoever exports Confidential or Restricted fields says why; the reason is recorded.",
        "Security",
        operation=settings.SECURITY_SETTINGS,
    )
)

EXPORT_KEPT = settings.declare(
    Setting(
        "ExportFileKept",
        Kind.DURATION,
        timedelta(days=7),
        "How long the file of an export can be downloaded",
        "Counted from its end. Then the file is deleted; that there was one stays recorded.",
        "Security",
        minimum=timedelta(hours=1),
        maximum=timedelta(days=90),
        operation=settings.SECURITY_SETTINGS,
    )
)
