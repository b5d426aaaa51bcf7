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
    if filter_.everyone:
        return [f"select {selected} from {table} r where {where}"]
    parts, outside = [], ""
    for branch in filter_.branches(prefix(view)):
        parts.append(_part(branch, table, selected, where + outside))
        outside += f" and {branch.outside.replace('{alias}', 'r')}"
    return parts


def _part(branch: access.Branch, table: str, selected: str, where: str) -> str:
    if branch.column != "id":
        return f"select {selected} from {table} r where r.{branch.column} in ({branch.keys}) and {where}"
    # the limit keeps the planner, which cannot know how few records are named, from a join by scan
    return (
        f"select w.* from ({branch.keys}) v cross join lateral"
        f" (select {selected} from {table} r where r.id = v.key and {where} limit 1) w"
    )
