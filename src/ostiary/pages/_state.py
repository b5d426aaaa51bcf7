"""What a list shows, as the query string says it. A link of a list is this state with one change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

Query = Mapping[str, Sequence[str]]
MINE = "mine"
_LONGEST = 500  # characters of one value: what is longer is not a filter that somebody typed
_MOST = 20  # conditions


@dataclass(frozen=True, slots=True)
class Condition:
    """One row of the filter builder: column code, operator code, value as typed."""

    column: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class ListState:
    """search: text for the naming column. after: cursor of the page before. page: number, and offset."""

    search: str = ""
    view: str = ""
    conditions: tuple[Condition, ...] = ()
    sort: str = ""
    page: int = 1
    after: str = ""
    builder: bool = False

    def query(self) -> str:
        """As a query string; what has its default is left out."""
        pairs = [("q", self.search), ("view", self.view)]
        for row in self.conditions:
            pairs += [("f", row.column), ("o", row.op), ("v", row.value)]
        page = str(self.page) if self.page > 1 else ""
        pairs += [
            ("sort", self.sort),
            ("page", page),
            ("after", self.after),
            ("builder", "1" if self.builder else ""),
        ]
        # a row keeps all three of its parts, or rows would slip against each other
        return urlencode([(key, value) for key, value in pairs if value or key in ("f", "o", "v")])

    def first_page(self, **changes: object) -> "ListState":
        """The same with `changes`, from the start."""
        return replace(self, **{"page": 1, "after": "", **changes})  # type: ignore[arg-type]  # names are checked by replace itself

    def without(self, index: int) -> "ListState":
        """One condition less."""
        rows = self.conditions[:index] + self.conditions[index + 1 :]
        return self.first_page(conditions=rows)


def read_state(query: Query) -> ListState:
    """The state in a query string. What makes no sense is ignored: a link may be old or cut."""

    def one(key: str) -> str:
        return (list(query.get(key, ())) or [""])[0][:_LONGEST].strip()

    rows = zip(query.get("f", ()), query.get("o", ()), query.get("v", ()), strict=False)
    conditions = [Condition(f, o, v[:_LONGEST].strip()) for f, o, v in rows][:_MOST]
    action = one("do")
    if action == "add":
        conditions.append(Condition("", "", ""))
    page = int(one("page")) if one("page").isdecimal() and len(one("page")) < 7 else 1
    return ListState(
        search=one("q"),
        view=MINE if one("view") == MINE else "",
        conditions=tuple(conditions),
        sort=one("sort"),
        page=max(page, 1),
        after=one("after"),
        builder=action in ("add", "change") or (one("builder") == "1" and action != "apply"),
    )
