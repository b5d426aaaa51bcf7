"""What a list shows, as the query string says it. A link of a list is this state with one change."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from urllib.parse import urlencode

Query = Mapping[str, Sequence[str]]
MINE = "mine"
ALL = "all"  # what the layout says, although a view of the reader's own would open by itself
PANELS = ("columns", "sort", "group", "lanes", "dates", "view")
DENSITIES = ("compact", "roomy")
BOARD, CALENDAR = "board", "calendar"
SHAPES = (BOARD, CALENDAR)  # beside the table
WEEK, DAY = "week", "day"
SPANS = (WEEK, DAY)  # of a calendar, beside the month
_LONGEST = 500  # characters of one value: what is longer is not a filter that somebody typed
_LONG_PATH = 200
MOST_CONDITIONS = 20
MOST_COLUMNS = 40
MOST_SORTS = 5
MOST_OPENED = 4  # groups that show their records at once: each is a statement
_GROUP = re.compile(r"[1-9]\d?(\.[1-9]\d?){0,2}")
_VIEW = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"[1-9]\d{0,5}")
_DAY = re.compile(r"(19|20|21)\d\d-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Condition:
    """One row of the filter builder: path of the column, operator code, value as typed.

    group: the group that it stands in, such as `1`, or `1.2` for a group in one; "": the outermost.
    """

    column: str
    op: str
    value: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class ListState:
    """What is asked of a list.

    search: text for the naming column. view: "", `mine`, `all` or the id of a saved view. changed: the state
    says all itself, whatever the view holds. any_of: groups of conditions of which one is enough. columns,
    sort: paths, `-` before one that falls; none: as the layout has them. grouped: path, or `path:period`.
    opened: keys of the groups that show their records. mine: the reader's own alone, whatever the view.
    after: cursor of the page before. page: number, and offset. panel: what is open beside the filter builder.
    into: lookup whose columns are offered as well. shape: "" for a table. lanes: path of the column whose
    values are the lanes of a board; lane: the one that is shown alone. start, end: paths of the dates of a
    calendar; span: how much of it is shown, day: any day of that.
    """

    search: str = ""
    view: str = ""
    conditions: tuple[Condition, ...] = ()
    any_of: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    sort: str = ""
    grouped: str = ""
    opened: tuple[str, ...] = ()
    density: str = ""
    shape: str = ""
    lanes: str = ""
    start: str = ""
    end: str = ""
    span: str = ""
    mine: bool = False
    day: str = ""
    lane: str = ""
    page: int = 1
    after: str = ""
    builder: bool = False
    panel: str = ""
    into: str = ""
    changed: bool = False

    @property
    def sorts(self) -> tuple[str, ...]:
        """The keys of the order in turn."""
        return tuple(filter(None, self.sort.split(",")))

    @property
    def saved(self) -> str:
        """The id of a saved view, or ""."""
        return "" if self.view in (MINE, ALL) else self.view

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values; what has its default is left out."""
        pairs = [("q", self.search), ("view", self.view)]
        grouped = any(row.group for row in self.conditions)
        for row in self.conditions:
            # a row keeps all of its parts, or rows would slip against each other
            pairs += [("f", row.column), ("o", row.op), ("v", row.value)]
            pairs += [("g", row.group)] if grouped else []
        pairs += [("any", key) for key in self.any_of]
        pairs += [("c", path) for path in self.columns]
        pairs += [("sort", self.sort), ("group", self.grouped)]
        pairs += [("open", key) for key in self.opened]
        pairs += [
            ("density", self.density),
            ("shape", self.shape),
            ("by", self.lanes),
            ("start", self.start),
            ("end", self.end),
            ("span", self.span),
            ("day", self.day),
            ("lane", self.lane),
            ("mine", "1" if self.mine else ""),
            ("page", str(self.page) if self.page > 1 else ""),
            ("after", self.after),
            ("builder", "1" if self.builder else ""),
            ("panel", self.panel),
            ("into", self.into),
            ("changed", "1" if self.changed else ""),
        ]
        return [(key, value) for key, value in pairs if value or key in ("f", "o", "v", "g", "any")]

    def query(self) -> str:
        """As a query string."""
        return urlencode(self.pairs())

    def first_page(self, **changes: object) -> "ListState":
        """The same with `changes`, from the start."""
        return replace(self, **{"page": 1, "after": "", "lane": "", **changes})  # type: ignore[arg-type]  # names are checked by replace itself

    def other(self, **changes: object) -> "ListState":
        """What is shown changes: a saved view is no longer shown as it was saved."""
        return self.first_page(**{"changed": bool(self.saved), **changes})

    def showing(self, panel: str = "") -> "ListState":
        """The same page with one panel open, or none: `filter` is the builder."""
        return replace(self, builder=panel == "filter", panel=panel if panel in PANELS else "", into="")

    def without(self, *indexes: int) -> "ListState":
        """Conditions less."""
        return self.other(conditions=tuple(row for n, row in enumerate(self.conditions) if n not in indexes))

    @property
    def shaped(self) -> "ListState":
        """Its shape alone."""
        return ListState(shape=self.shape, lanes=self.lanes, start=self.start, end=self.end, span=self.span)

    @property
    def content(self) -> "ListState":
        """What a saved view keeps: no place in the list, no panel, no name."""
        return ListState(
            search=self.search,
            conditions=tuple(row for row in self.conditions if row.column),
            any_of=self.any_of,
            columns=self.columns,
            sort=self.sort,
            grouped=self.grouped,
            density=self.density,
            shape=self.shape,
            lanes=self.lanes,
            start=self.start,
            end=self.end,
            span=self.span,
            mine=self.mine or self.view == MINE,
        )


def read_state(query: Query) -> ListState:
    """The state in a query string. What makes no sense is ignored: a link may be old or cut."""

    def one(key: str) -> str:
        return (list(query.get(key, ())) or [""])[0][:_LONGEST].strip()

    action = one("do")
    sorts = _sorts(query) or one("sort").split(",")[:MOST_SORTS]
    state = ListState(
        search=one("q"),
        view=_view(one("view")),
        conditions=_conditions(query),
        any_of=_any_of(query),
        columns=_some(query.get("c", ()), MOST_COLUMNS, _LONG_PATH),
        sort=",".join(key[:_LONG_PATH] for key in dict.fromkeys(map(str.strip, sorts)) if key),
        grouped=one("group")[:_LONG_PATH],
        opened=_some(query.get("open", ()), MOST_OPENED, _LONG_PATH),
        density=one("density") if one("density") in DENSITIES else "",
        shape=one("shape") if one("shape") in SHAPES else "",
        lanes=one("by")[:_LONG_PATH],
        start=one("start")[:_LONG_PATH],
        end=one("end")[:_LONG_PATH],
        span=one("span") if one("span") in SPANS else "",
        day=one("day") if _DAY.fullmatch(one("day")) else "",
        lane=one("lane")[:_LONG_PATH],
        mine=one("mine") == "1",
        page=int(one("page")) if _NUMBER.fullmatch(one("page")) else 1,
        after=one("after"),
        builder=one("builder") == "1",
        panel=one("panel") if one("panel") in PANELS else "",
        into=one("into")[:_LONG_PATH],
        changed=one("changed") == "1",
    )
    return _act(state, action) if action else state


def _view(text: str) -> str:
    return text if text in (MINE, ALL) or _VIEW.fullmatch(text) else ""


def _some(values: Sequence[str], most: int, longest: int) -> tuple[str, ...]:
    """Each value once, in order; what is blank or too long is none."""
    found = dict.fromkeys(value.strip() for value in values[: 10 * most])
    return tuple(value for value in found if 0 < len(value) <= longest)[:most]


def _conditions(query: Query) -> tuple[Condition, ...]:
    rows = zip_longest(*(query.get(key, ())[: MOST_CONDITIONS + 1] for key in ("f", "o", "v")))
    groups = list(query.get("g", ()))
    ticked = _ticked(query.get("m", ()))
    found = []
    for n, (column, op, value) in enumerate(rows):
        if column is None or op is None or value is None:
            break
        group = groups[n] if n < len(groups) and _GROUP.fullmatch(groups[n]) else ""
        typed = ",".join(ticked[n]) if n in ticked else value
        found.append(Condition(column[:_LONG_PATH], op[:_LONG_PATH], typed[: 8 * _LONGEST].strip(), group))
    return tuple(found[:MOST_CONDITIONS])


def _ticked(values: Sequence[str]) -> dict[int, list[str]]:
    """Boxes that were ticked for a condition: `2:code` each, since one field gives several values."""
    found: dict[int, list[str]] = {}
    for text in values[:1_000]:
        number, _, value = text.partition(":")
        if number.isascii() and number.isdecimal() and len(number) < 4 and value:
            found.setdefault(int(number), []).append(value[:_LONGEST])
    return found


def _any_of(query: Query) -> tuple[str, ...]:
    """Groups of which one condition is enough: from links, or as the builder says it, `any:1` or `all:1`."""
    asked = {text for text in query.get("any", ())[:100] if not text or _GROUP.fullmatch(text)}
    for text in query.get("j", ())[:100]:
        way, _, key = text.partition(":")
        if key and not _GROUP.fullmatch(key):
            continue
        (asked.add if way == "any" else asked.discard)(key)
    return tuple(sorted(asked))


def _sorts(query: Query) -> list[str]:
    """Keys of an order from the panel: a path and a direction for each."""
    ways = zip(query.get("s", ())[:MOST_SORTS], query.get("d", ()), strict=False)
    return [f"-{path}" if way == "desc" else path for path, way in ways if path]


def _act(state: ListState, action: str) -> ListState:
    """What a button of a panel does."""
    what, _, about = action.partition(":")
    if what in ("add", "group") and (not about or _GROUP.fullmatch(about)):
        return _with_condition(state, about, new_group=what == "group")
    if what in ("up", "down"):
        return replace(state, columns=moved(state.columns, about, -1 if what == "up" else 1))
    if what in ("apply", "view"):  # a filter is kept with what was typed last
        return state.showing("view" if what == "view" else "")
    return state


def _with_condition(state: ListState, group: str, *, new_group: bool) -> ListState:
    if new_group:
        inside = f"{group}." if group else ""
        below = {
            row.group[len(inside) :].partition(".")[0]
            for row in state.conditions
            if row.group.startswith(inside)
        }
        number = next(n for n in range(1, 100) if str(n) not in below)
        key = f"{inside}{number}"
        if not _GROUP.fullmatch(key):
            return state
        state = replace(state, any_of=tuple(sorted({*state.any_of, key})))
        group = key
    rows = (*state.conditions, Condition("", "", "", group))
    return replace(state, conditions=rows[:MOST_CONDITIONS], builder=True)


def moved(paths: tuple[str, ...], path: str, by: int) -> tuple[str, ...]:
    """One of them a place further up or down."""
    if path not in paths:
        return paths
    rest = [each for each in paths if each != path]
    rest.insert(max(paths.index(path) + by, 0), path)
    return tuple(rest)
