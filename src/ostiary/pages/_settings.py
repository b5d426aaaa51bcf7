"""What a tenant decides about pages."""

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.settings import public as settings
from ostiary.settings.public import Kind, Setting

LIST_PAGE_SIZE = settings.declare(
    Setting(
        "ListPageSize",
        Kind.INTEGER,
        50,
        "Records on a page of a list",
        "How many records a page of a list shows.",
        "Workspace",
        minimum=10,
        maximum=200,
    )
)


def page_size(ctx: Context) -> int:
    """How many records a page of a list shows in this tenant."""
    size = access.get_setting(ctx, LIST_PAGE_SIZE.code)
    if not isinstance(size, int):
        raise RuntimeError("the size of a page is a number")
    return size
