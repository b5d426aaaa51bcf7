"""What a tenant decides about taking data out."""

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
