"""The file of an export, as tests look into it."""

from collections.abc import Iterator

from ostiary.kernel.context import Context
from ostiary.records import public as records


def csv_of(ctx: Context, query: records.RecordQuery) -> Iterator[bytes]:
    """A small list as CSV, with a reason for what is closed."""
    _, chunks = records.export_records(ctx, query, records.ExportFormat.CSV, "A test")
    assert chunks is not None, "it did not leave at once"
    return chunks
