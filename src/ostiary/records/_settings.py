"""What a tenant decides about taking data out, about totals and about files."""

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
