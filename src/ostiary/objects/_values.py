"""Values of new lists are records, which this context may not write: `records` says how."""

from collections.abc import Callable, Mapping, Sequence

from ostiary.kernel.context import Context
from ostiary.kernel.errors import Misconfigured

Values = Mapping[str, Sequence[Mapping[str, object]]]  # rows by object code
Writer = Callable[[Context, Values], None]
_writers: list[Writer] = []


def set_value_writer(writer: Writer) -> None:
    """Say how rows of lists become records. Raises Misconfigured: somebody else has."""
    if _writers and _writers[0] is not writer:
        raise Misconfigured("there are two ways to write values of lists")
    _writers[:] = [writer]


def write_values(ctx: Context, values: Values) -> None:
    """Create the rows, each decided and recorded like any other. Raises AccessDenied, Invalid."""
    if not any(values.values()):
        return
    if not _writers:
        raise Misconfigured("nothing here can write records")
    _writers[0](ctx, values)
