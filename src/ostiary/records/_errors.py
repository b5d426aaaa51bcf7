"""What the data plane refuses. Messages name columns, never ids or counts of what is hidden."""

from ostiary.access.public import Operation, Verb
from ostiary.kernel.errors import AccessDenied, FieldError, Invalid, OstiaryError
from ostiary.kernel.ids import RecordId
from ostiary.kernel.messages import worded
from ostiary.objects import public as objects


def not_passed_on(found: objects.Object, record_id: RecordId, verb: Verb) -> AccessDenied:
    """Somebody wants to give on a record what they hold without delegation."""
    return AccessDenied(
        worded("You may not pass on this: %(thing)s", thing=found.caption),
        layer="record",
        object=found.code,
        record=str(record_id),
        verb=verb.value,
    )


class ColumnRestricted(AccessDenied):
    """A column was asked for by name that is below read for this principal."""

    code = "column_restricted"

    def __init__(self, column: str) -> None:
        super().__init__(worded("You may not read %(field)s", field=column), layer="column", column=column)
        self.column = column


class ColumnNotEditable(AccessDenied):
    """A column was given that the principal may not write."""

    code = "column_not_editable"

    def __init__(self, column: str) -> None:
        super().__init__(worded("You may not change %(field)s", field=column), layer="column", column=column)
        self.column = column


class NotRevealed(AccessDenied):
    """Somebody wants the whole value of a column that is masked for them, without the right to reveal."""

    def __init__(self, column: str) -> None:
        operation = Operation.REVEAL_MASKED.value
        words = worded(
            "You may not reveal %(field)s: it needs the operation %(operation)s",
            field=column,
            operation=operation,
        )
        super().__init__(words, layer="operation", operation=operation, column=column)


class InUse(OstiaryError):
    """The record cannot be deleted: readable or not, something refers to it."""

    code = "records.in_use"

    def __init__(self) -> None:
        super().__init__("Other records refer to it")


class LooksLike(OstiaryError):
    """Readable records may be the same. `details`: found, of each its id, its name and by which fields."""

    code = "records.looks_like"

    def __init__(self, found: list[dict[str, object]]) -> None:
        super().__init__("It looks like records that exist", found=found)


class TooManyRows(Invalid):
    """A list of records is longer than one call takes. `details`: most (int)."""

    code = "records.too_many_rows"

    def __init__(self, most: int) -> None:
        words = worded("At most %(most)s records at once", most=most)
        super().__init__([FieldError("rows", "too_many", words)], words)


class AttachmentRefused(Invalid):
    """A file is not taken: too large, without a name, or a scanner says no."""

    code = "records.attachment_refused"

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__([FieldError(field, code, message)], message)


class KeyReused(OstiaryError):
    """An idempotency key was sent before, with another request."""

    code = "records.idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This idempotency key was used for another request")
