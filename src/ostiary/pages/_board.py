"""A list as a board: a lane for each value of a column, with its cards, how many there are and their sum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from ostiary.access.public import Verb
from ostiary.objects.public import ColumnType
from ostiary.pages._asked import Asked
from ostiary.pages._cards import Card, CardField, card_fields, card_paths, make_card
from ostiary.pages._cells import NO_TONES, Cell
from ostiary.pages._fields import FieldAt, find_field, lookup_target, own_fields
from ostiary.pages._groups import BLANK, Group, Grouping, Groups, read_groups
from ostiary.pages._reader import Reader, readable
from ostiary.pages._stage_path import held
from ostiary.pages._stages import Stage, tones_of, values_of
from ostiary.pages._totals import Total, summed
from ostiary.records import public as records
from ostiary.records.public import Compare, Filter, ObjectView, Op, Page
from ostiary.ui import format as words
from ostiary.ui.i18n import gettext as _
from ostiary.ui.i18n import ngettext

CARDS = 20  # of a lane at once
MOST_LANES = 30
CARDS_PART = "&part=cards"  # the address of a lane's next cards by themselves


@dataclass(frozen=True, slots=True)
class Lane:
    """One value of the column. value: "" for none. url: the lane alone, from its next cards on.

    create_url: the form for a new record that stands here; "" where nothing may be added.
    """

    key: str
    value: str
    cell: Cell
    count: str
    totals: tuple[Total, ...]
    cards: tuple[Card, ...]
    more: str
    more_url: str
    create_url: str


@dataclass(frozen=True, slots=True)
class Board:
    """All lanes. column: whose values they are. others: in words, what stands in none of them.

    all_url: all lanes, where one is shown alone.
    """

    column: str
    label: str
    lanes: tuple[Lane, ...]
    records: int
    range: str
    others: str
    all_url: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a board asks of every lane."""

    asked: Asked
    lanes: FieldAt
    stages: tuple[Stage, ...]
    fields: list[CardField]
    sums: list[FieldAt]

    def query(self, only: Filter | None = None) -> records.RecordQuery:
        """The query of the cards. only: of a part of them."""
        paths = card_paths(self.asked.view, self.fields, self.lanes.path)
        return replace(self.asked.query(only=only), columns=paths, limit=CARDS, verdicts=True)


def lane_fields(reader: Reader, view: ObjectView) -> list[FieldAt]:
    """The columns whose values may be lanes: choices and small lookups of the object that may be read."""
    return [field for field in own_fields(view) if _makes_lanes(reader, field)]


def lane_field(reader: Reader, view: ObjectView, asked: str) -> FieldAt | None:
    """The column asked for, else that of the stages, else the first that makes lanes; None: none does."""
    for path in filter(None, (asked, view.object.layout.stage)):
        field = find_field(reader, view, path)
        if field is not None and not field.reached and _makes_lanes(reader, field):
            return field
    return next(iter(lane_fields(reader, view)), None)


def _makes_lanes(reader: Reader, field: FieldAt) -> bool:
    if not field.readable:
        return False
    if field.column.type is ColumnType.CHOICE:
        return True
    target = lookup_target(reader, field.view, field.column)
    return target is not None and target.object.is_lookup and readable(target, target.object.display)


def read_board(reader: Reader, asked: Asked, pinned: str = "") -> Board | None:
    """The board of a list; None where no column makes lanes. pinned: a record that is shown wherever it is.

    One statement counts and sums, one brings the cards of all lanes, one those without a value if any.
    """
    board = _understood(reader, asked)
    if board is None:
        return None
    groups = _groups(reader, board)
    lanes = [_lane_of(board, stage, groups) for stage in board.stages]
    blank = groups.get(BLANK)
    if blank is not None:
        lanes.append(blank)
    state = asked.state
    if state.lane:
        lanes = [group for group in lanes if group.key == state.lane]
    found = _pages(reader, board, lanes)
    shown = tuple(_lane(reader, board, group, found.get(group.key, _NOTHING)) for group in lanes)
    if pinned:
        shown = _with_pinned(reader, board, shown, pinned)
    code, url = asked.code, reader.urls.records
    return Board(
        board.lanes.path,
        board.lanes.caption,
        shown,
        groups.records,
        ngettext("%(num)s record", "%(num)s records", groups.records) % {"num": words.number(groups.records)},
        "" if state.lane else _others(lanes, groups.records),
        url(code, state.first_page().query()) if state.lane else "",
    )


def read_cards(reader: Reader, asked: Asked) -> Lane | None:
    """One lane from a place on, by itself: what `read_board` shows of it."""
    board = _understood(reader, asked)
    key = asked.state.lane
    if board is None or key not in {BLANK, *(stage.value for stage in board.stages)}:
        return None
    group = Group(key, Cell("text"), 0, (), _filter(board, key), ())
    return _lane(reader, board, group, _pages(reader, board, [group])[key])


_NOTHING = Page(b"[]", (), None, ())


@dataclass(frozen=True, slots=True)
class _Found:
    """The groups that have records, by key."""

    by_key: Mapping[str, Group]
    records: int

    def get(self, key: str) -> Group | None:
        return self.by_key.get(key)


def _understood(reader: Reader, asked: Asked) -> _Asked | None:
    view = asked.view
    lanes = lane_field(reader, view, asked.state.lanes)
    if lanes is None:
        return None
    fields = card_fields(reader, view, asked.state.columns, lanes.path)
    listed = (find_field(reader, view, path) for path in view.object.layout.list_columns)
    sums = summed([f for f in (*(each.field for each in fields), *listed) if f is not None])[:1]
    return _Asked(asked, lanes, values_of(reader, lanes.column)[:MOST_LANES], fields, sums)


def _groups(reader: Reader, board: _Asked) -> _Found:
    asked, staged = board.asked, board.lanes.path == board.asked.view.object.layout.stage
    tones = tones_of(board.stages) if staged else NO_TONES
    found: Groups = read_groups(
        reader, asked.code, Grouping(board.lanes), asked.filtering.filter, board.sums, tones
    )
    return _Found({group.key: group for group in found.groups if group.key}, found.records)


def _lane_of(board: _Asked, stage: Stage, groups: _Found) -> Group:
    """The group of a value; an empty one where it has no records."""
    found = groups.get(stage.value)
    if found is not None:
        return found
    staged = board.lanes.path == board.asked.view.object.layout.stage
    choice = board.lanes.column.type is ColumnType.CHOICE
    cell = Cell("pill", stage.label, tone=stage.tone) if staged or choice else Cell("text", stage.label)
    return Group(stage.value, cell, 0, (), _filter(board, stage.value), ())


def _filter(board: _Asked, key: str) -> Filter:
    path = board.lanes.path
    return Compare(path, Op.IS_NULL) if key == BLANK else Compare(path, Op.EQ, key)


def _pages(reader: Reader, board: _Asked, lanes: Sequence[Group]) -> dict[str, Page]:
    state, ctx = board.asked.state, reader.ctx
    if state.lane and lanes:
        query = replace(board.query(_filter(board, state.lane)), after=state.after or None)
        return {state.lane: records.list_records(ctx, query)}
    values = [group.key for group in lanes if group.key != BLANK]
    found = dict(records.list_lanes(ctx, board.query(), board.lanes.path, values))
    if any(group.key == BLANK for group in lanes):
        found[BLANK] = records.list_records(ctx, board.query(_filter(board, BLANK)))
    return found


def _lane(reader: Reader, board: _Asked, group: Group, page: Page) -> Lane:
    asked, value = board.asked, "" if group.key == BLANK else group.key
    left = group.count - len(page.ids)
    more = asked.state.first_page(lane=group.key, after=page.next or "")
    return Lane(
        group.key,
        value,
        group.cell,
        words.number(group.count),
        tuple(Total(f.caption, c) for f, c in zip(board.sums, group.figures, strict=False)),
        _cards(reader, board, page),
        _("Show more") if asked.state.lane else _("%(num)s more") % {"num": words.number(left)},
        reader.urls.records(asked.code, more.query()) if page.next else "",
        _create_url(reader, board, value),
    )


def _cards(reader: Reader, board: _Asked, page: Page) -> tuple[Card, ...]:
    may = board.lanes.column.code in board.asked.view.editable
    return tuple(
        make_card(reader, board.asked, board.fields, record, movable=may and key in page.updatable)
        for key, record in zip(page.ids, page.records(), strict=True)
    )


def _create_url(reader: Reader, board: _Asked, value: str) -> str:
    view, column = board.asked.view, board.lanes.column.code
    if Verb.CREATE not in view.verbs or column not in view.creatable or view.object.content:
        return ""
    return reader.urls.new(view.object.code, **({column: value} if value else {}))


def _with_pinned(reader: Reader, board: _Asked, lanes: tuple[Lane, ...], pinned: str) -> tuple[Lane, ...]:
    """The lanes with a record on top of its own, where it is not among the first cards there anyway."""
    if pinned in {card.id for card in chain.from_iterable(lane.cards for lane in lanes)}:
        return lanes
    page = records.list_records(reader.ctx, replace(board.query(Compare("id", Op.EQ, pinned)), limit=1))
    for record, card in zip(page.records(), _cards(reader, board, page), strict=True):
        value = held(record, board.lanes.path)
        return tuple(
            replace(lane, cards=(card, *lane.cards)) if lane.value == value else lane for lane in lanes
        )
    return lanes


def _others(lanes: Sequence[Group], total: int) -> str:
    """What stands in no lane: values that are retired, that are too many, or that may not be read."""
    left = total - sum(group.count for group in lanes)
    if left <= 0:
        return ""
    return ngettext(
        "%(num)s record stands in no lane that is shown here.",
        "%(num)s records stand in no lane that is shown here.",
        left,
    ) % {"num": words.number(left)}
