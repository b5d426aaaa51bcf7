"""The rows of a file in blocks, each an encrypted part, so that a job can go on at any of them."""

from collections.abc import Iterator
from itertools import islice
from uuid import UUID

import orjson

from ostiary.kernel.context import Context
from ostiary.records._blob_file import BlobFile
from ostiary.records._content import put_part, read_part
from ostiary.records._import_kept import FilePlan, Import
from ostiary.records._import_source import SourceRow
from ostiary.records._import_table import TableRow, table_rows

BLOCK = 500  # rows of one transaction
LONGEST = 2_000_000  # characters from which a block is full before
AT_ONCE = 20  # blocks that are read of a file in one transaction


class Reading:
    """A file on its way into blocks, over several transactions. rows: that were read."""

    def __init__(self, made: Import, plan: FilePlan, rows_id: UUID, file: BlobFile) -> None:
        self.rows = 0
        self._object, self._rows_id, self._file = made.object_id, rows_id, file
        self._blocks = enumerate(_blocks(table_rows(plan, file)))

    def go_on(self, ctx: Context) -> bool:
        """Some blocks more; whether there may be others. Raises ImportRefused."""
        self._file.ctx = ctx
        count = 0
        for number, block in islice(self._blocks, AT_ONCE):
            put_part(ctx, self._object, self._rows_id, number, orjson.dumps(block))
            self.rows += len(block)
            count += 1
        return count == AT_ONCE


def _blocks(rows: Iterator[TableRow]) -> Iterator[list[TableRow]]:
    block: list[TableRow] = []
    length = 0
    for row in rows:
        block.append(row)
        length += sum(map(len, row[1]))
        if len(block) == BLOCK or length > LONGEST:
            yield block
            block, length = [], 0
    if block:
        yield block


def read_block(ctx: Context, made: Import, plan: FilePlan) -> list[SourceRow]:
    """The rows of the next block."""
    if made.rows_id is None:
        raise RuntimeError("rows of a file that nobody read")
    rows = orjson.loads(read_part(ctx, made.rows_id, made.block))
    return [SourceRow(line, dict(zip(plan.header, cells, strict=True)), fault) for line, cells, fault in rows]
