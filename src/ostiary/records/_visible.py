"""All rows of an object that the reader may see, each once: what counts and totals are made from."""

from ostiary.access import public as access
from ostiary.records._columns import Bound, prefix
from ostiary.records._view import View


def visible_parts(bound: Bound, view: View, selected: str, where: str) -> list[str]:
    """Selects that together give `selected` of each visible row `r` that fits `where`; none: nothing is.

    No row is in two parts. A reader of everything gets one part; others walk from what they see.
    """
    table = f"@.{view.object.table}"
    filter_ = bound.filter(view)
    if filter_.open:
        test = "" if filter_.everyone else f" and {bound.row_test(view, 'r')}"
        return [f"select {selected} from {table} r where {where}{test}"]
    where = undenied(where, filter_, view)
    parts, outside = [], ""
    for branch in filter_.branches(prefix(view)):
        parts.append(_part(branch, table, selected, where + outside))
        outside += f" and {branch.outside.replace('{alias}', 'r')}"
    return parts


def undenied(where: str, filter_: access.RecordFilter, view: View) -> str:
    """The condition of rows that branches lead to: what is denied is left out whichever way leads there."""
    return where if filter_.denied is None else f"{where} and {filter_.not_denied('r', prefix(view))}"


def _part(branch: access.Branch, table: str, selected: str, where: str) -> str:
    if branch.column != "id":
        return f"select {selected} from {table} r where r.{branch.column} in ({branch.keys}) and {where}"
    # the limit keeps the planner, which cannot know how few records are named, from a join by scan
    return (
        f"select w.* from ({branch.keys}) v cross join lateral"
        f" (select {selected} from {table} r where r.id = v.key and {where} limit 1) w"
    )
