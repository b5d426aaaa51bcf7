"""Options of one lookup column while somebody types: only for those who may write or filter by it."""

from ostiary.kernel.errors import NotFound
from ostiary.objects.public import ColumnType
from ostiary.pages._choices import matching_options
from ostiary.pages._reader import Reader, readable
from ostiary.ui.values import Option


def lookup_options(reader: Reader, code: str, column_code: str, text: str) -> tuple[Option, ...]:
    """Records whose name contains `text`. Raises NotFound: no such lookup, or not for this reader."""
    view = reader.describe(code)
    column = view.object.columns.get(column_code)
    if column is None or column.type is not ColumnType.LOOKUP or column.target is None:
        raise NotFound
    if not readable(view, column_code) and column_code not in view.creatable | view.editable:
        raise NotFound
    return matching_options(reader, column.target, text) if text.strip() else ()
