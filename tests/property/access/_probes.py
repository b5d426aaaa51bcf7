"""What an attacker can ask the data plane, by name. A new call gets its questions here."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any

from ostiary.access import public as access
from ostiary.records import public as records
from ostiary.records._duplicate_groups import find_groups
from ostiary.records.public import Function, Measure, Op, PlanShape
from tests._exports import csv_of
from tests.property.access._inference import CLOSED, MASKED, OPEN, READ_ONLY, SEALED, Guessed, Probe

COLUMNS = (*OPEN, *READ_ONLY, *CLOSED, *MASKED, SEALED)
SYSTEM = ("id", "author", "owner", "created_at", "modified_at")
PATHS = (
    *(
        "site.title",
        "site.id",
        "site.author",
        "site.created_at",
        "parent.title",
        "parent.score",
        "parent.site",
    ),
    *("parent.amount", "parent.nick", "parent.parent.amount", "parent.parent.title", "parent.site.title"),
    *("origin.title", "origin.id", "nowhere", "parent.nowhere"),
)
VALUES: Mapping[str, object] = {
    "score": 2,
    "amount": 35_000,
    "price": "50",
    "seal": 7,
    "armed": True,
    "due": "2020-06-01",
    "opened": "2020-06-01",
    "stage": "lost",
    "created_at": "2020-05-04T00:05:00+00:00",
    "modified_at": "2020-05-05T00:05:00+00:00",
}
RECORDS = ("own", "mine", "shared", "below", "dark", "darker", "extra0", "absent")
Named = Iterator[tuple[str, Probe]]

# What is the same by any column, closed or not: a column that the attacker may not read takes no part.
records.ship_duplicate_rules("vault", [{column: "same"} for column in COLUMNS])


def record_probes(w: Guessed) -> dict[str, Probe]:
    """Every question to `records.public`."""
    parts = (_filters, _orders, _windows, _totals, _searches, _alike, _choices, _reads, _updates, _creates)
    return dict(pair for part in (*parts, _deletes, _many, _passing_on) for pair in part(w))


def value_for(w: Guessed, path: str) -> object:
    """A value that fits the column at the end of a path."""
    last = path.rsplit(".", maxsplit=1)[-1]
    if last in ("site", "depot", "origin", "parent", "id"):
        target = "dark" if last == "parent" or path == "id" else "far"
        return str(w.ids[target])
    if last in ("owner", "author"):
        return str(w.keeper.actor)
    return VALUES.get(last, "Da")


def _listed(w: Guessed, code: str = "vault", **asked: Any) -> Probe:
    return partial(records.list_records, w.ctx, records.RecordQuery(code, **asked))


def _comparisons(w: Guessed) -> Iterator[tuple[str, records.Filter]]:
    for path, op in product((*COLUMNS, *SYSTEM, *PATHS), Op):
        value = value_for(w, path)
        yield f"{path} {op.value}", records.Compare(path, op, [value] if op is Op.IN else value)


def _filters(w: Guessed) -> Named:
    for name, node in _comparisons(w):
        yield f"filter {name}", _listed(w, filter=node, columns=("title",))
    for path in (*COLUMNS, *PATHS):
        other = records.Not(records.Compare(path, Op.EQ, value_for(w, path)))
        yield f"filter not {path}", _listed(w, filter=other, columns=("title",))
        yield f"count not {path}", partial(records.count_records, w.ctx, "vault", other)
    yield "filter slip", _listed(w, "slip", filter=records.Compare("vault.amount", Op.GE, 0))
    yield "filter place", _listed(w, "place", filter=records.Compare("title", Op.GE, "A"))


def _orders(w: Guessed) -> Named:
    for column, shape in product((*COLUMNS, *SYSTEM), (None, *PlanShape)):
        sort = (records.Sort(column, descending=shape is PlanShape.WALK),)
        yield f"sort {column} {shape}", _listed(w, sort=sort, limit=2, plan=shape)
    for shape in (None, *PlanShape):
        yield f"no order {shape}", _listed(w, plan=shape)
        for limit in (1, 2, 3):
            yield f"first {limit} {shape}", _listed(w, plan=shape, limit=limit)
    for column in ("title", "score", "site", "created_at"):
        yield f"pages {column}", partial(_all_pages, w, column)


def _all_pages(w: Guessed, column: str) -> list[records.Page]:
    pages: list[records.Page] = []
    while not pages or pages[-1].next is not None:
        after = pages[-1].next if pages else None
        query = records.RecordQuery("vault", sort=(records.Sort(column),), limit=1, after=after)
        pages.append(records.list_records(w.ctx, query))
    return pages


def _exported(w: Guessed, query: records.RecordQuery) -> bytes:
    return b"".join(csv_of(w.ctx, query))


def _streamed(w: Guessed, query: records.RecordQuery) -> list[records.Page]:
    return list(records.stream_records(w.ctx, query))


def _windows(w: Guessed) -> Named:
    for code in ("vault", "place", "slip"):
        for mode in records.CountMode:
            yield f"count {code} {mode}", partial(records.count_records, w.ctx, code, None, mode)
            yield f"counted {code} {mode}", _listed(w, code, count=mode, offset=1, limit=1)
        whole = records.RecordQuery(code)
        yield f"list {code}", _listed(w, code)
        yield f"stream {code}", partial(_streamed, w, whole)
        yield f"export {code}", partial(_exported, w, whole)
    for column in COLUMNS:
        query = records.RecordQuery("vault", columns=(column,))
        yield f"column {column}", _listed(w, columns=(column,))
        yield f"export column {column}", partial(_exported, w, query)
    for offset in (3, 4, 5, 8, 100):
        yield f"offset {offset}", _listed(w, offset=offset, limit=2)


def _totals(w: Guessed) -> Named:
    def total(code: str = "vault", **asked: Any) -> Probe:
        return partial(records.aggregate_records, w.ctx, records.AggregateQuery(code, **asked))

    yield "total", total()
    for column in (*COLUMNS, *SYSTEM, *PATHS):
        for function in (f for f in Function if f is not Function.COUNT):
            measure = Measure(function, column)
            yield f"total {measure.name}", total(measures=(measure,), groups=(records.Group("score"),))
        for period in (None, records.Period.DAY):
            group = records.Group(column, period)
            yield f"group {group.name}", total(groups=(group,), limit=2)
    yield "group and others", total(groups=(records.Group("title"),), limit=1)
    yield "slips by vault", total("slip", groups=(records.Group("vault"),))
    yield "slips by amount", total("slip", groups=(records.Group("vault.amount"),))
    yield "slips, sum", total("slip", measures=(Measure(Function.SUM, "vault.amount"),))


def _searches(w: Guessed) -> Named:
    words = ("Da", "Dark", "Mine", "Bravo", "P1", "Nora", "40000", "Slip", "Hidden", "Q7")
    for text, codes in product(words, (None, ("vault",), ("place", "slip"))):
        yield f"search {text} {codes}", partial(records.search_records, w.ctx, text, codes, limit=50)


def _alike(w: Guessed) -> Named:
    for column in COLUMNS:
        values = {column: value_for(w, column)}
        yield f"alike {column}", partial(records.find_duplicates, w.ctx, "vault", [values])
        yield (
            f"alike after {column}",
            partial(records.duplicates_after, w.ctx, "vault", w.ids["mine"], values),
        )
    yield "alike groups", partial(find_groups, w.ctx, "vault")


def _choices(w: Guessed) -> Named:
    for code, column in (*(("vault", c) for c in (*COLUMNS, "owner")), ("slip", "vault")):
        for text in ("", "Da", "a"):
            probe = partial(records.lookup_options, w.ctx, code, column, text)
            yield f"options {code}.{column} {text!r}", probe
    amount = records.Compare("amount", Op.GE, 35_000)
    yield "options by amount", partial(records.lookup_options, w.ctx, "slip", "vault", "", amount)


def _reads(w: Guessed) -> Named:
    for name in RECORDS:
        id_ = w.ids[name]
        yield f"get {name}", partial(records.get_record, w.ctx, "vault", id_, verdicts=True)
        yield f"history {name}", partial(records.record_events, w.ctx, "vault", id_)
        yield f"related {name}", partial(records.related_counts, w.ctx, "vault", id_)
        for column in COLUMNS:
            yield f"get {name} {column}", partial(records.get_record, w.ctx, "vault", id_, (column,))
    for name in ("near", "spare", "far", "off"):
        yield f"related place {name}", partial(records.related_counts, w.ctx, "place", w.ids[name])
        yield f"get place {name}", partial(records.get_record, w.ctx, "place", w.ids[name])
    for name in ("slip", "hidden_slip"):
        yield f"get slip {name}", partial(records.get_record, w.ctx, "slip", w.ids[name])


def _trial(w: Guessed, column: str) -> list[object]:
    """Values that might be the hidden one, and others."""
    names = {
        "site": ("near", "spare", "far", "off", "absent"),
        "depot": ("near", "far", "off", "absent"),
        "origin": ("near", "spare", "far", "off", "absent"),
        "parent": ("own", "dark", "darker", "absent"),
    }
    if column in names:
        return [str(w.ids[name]) for name in names[column]]
    more: Mapping[str, list[object]] = {"amount": [40_000, 5], "pin": ["P1"], "stage": ["open", "won"]}
    return [value_for(w, column), *more.get(column, [])]


def _updates(w: Guessed) -> Named:
    def update(name: str, values: Mapping[str, object], version: int, base: Any = None) -> Probe:
        return partial(records.update_record, w.ctx, "vault", w.ids[name], values, version, base=base)

    for name in RECORDS:
        yield f"update {name}", update(name, {"title": "New"}, 1)
        yield f"nothing {name}", update(name, {}, 1)
        yield f"conflict {name}", update(name, {"title": "New"}, 0)
    for column in COLUMNS:
        for number, value in enumerate([None, *_trial(w, column)]):
            seen = {column: value}
            yield f"write {column} {number}", update("mine", seen, 1)
            yield f"write late {column} {number}", update("mine", seen, 0)
            yield f"base {column} {number}", update("mine", {"title": "New", **seen}, 0, seen)
            yield f"emptied {column} {number}", update("mine", {column: None}, 0, seen)
            yield f"repeated {column} {number}", update("mine", {"title": "New", **seen}, 1)
            yield f"seen {column} {number}", update("mine", {"title": "New"}, 0, seen)
    yield "write taken", update("own", {"code": "Q7"}, 1)
    yield "write badge", update("own", {"badge": "Q7"}, 1)


def _creates(w: Guessed) -> Named:
    def create(code: str, values: Mapping[str, object]) -> Probe:
        return partial(records.create_record, w.ctx, code, values)

    yield "create", create("vault", {"title": "Fresh"})
    yield "create taken", create("vault", {"title": "Fresh", "code": "Q7"})
    for column in COLUMNS:
        for number, value in enumerate(_trial(w, column)):
            yield f"create {column} {number}", create("vault", {"title": "Fresh", column: value})
    for name in RECORDS:
        yield f"create slip {name}", create("slip", {"title": "Fresh", "vault": str(w.ids[name])})


def _deletes(w: Guessed) -> Named:
    for name, version in product(RECORDS, (None, 0, 1)):
        probe = partial(records.delete_record, w.ctx, "vault", w.ids[name], version)
        yield f"delete {name} {version}", probe
    for name in ("near", "spare", "far", "off"):
        yield f"delete place {name}", partial(records.delete_record, w.ctx, "place", w.ids[name])
    merges = [("vault", "mine", gone) for gone in ("own", "below", "dark", "absent")]
    for code, keep, gone in (*merges, ("place", "spare", "near"), ("place", "near", "spare")):
        call = partial(records.merge_records, w.ctx, code, w.ids[keep], [w.ids[gone]], {})
        yield f"merge {code} {gone}", call


def _many(w: Guessed) -> Named:
    ids = [w.ids[name] for name in RECORDS]
    for column in ("title", "amount", "stage", "seal", "nick", "score"):
        value = {"title": "New", "nick": "Nora"}.get(column, VALUES.get(column))
        change = partial(records.update_records, w.ctx, "vault")
        yield f"bulk {column}", partial(change, ids, {column: value})
        yield f"bulk all {column}", partial(change, ids, {column: value}, atomic=True)
        yield f"bulk by {column}", partial(change, records.Compare(column, Op.EQ, value), {"title": "New"})
        yield f"preview {column}", partial(records.preview_update, w.ctx, "vault", ids, [column])
    yield "bulk delete", partial(records.delete_records, w.ctx, "vault", ids)
    yield "preview delete", partial(records.preview_delete, w.ctx, "vault", ids)
    rows: list[dict[str, object]] = [{"title": "A", "code": "Q7"}, {"title": "B", "parent": str(ids[4])}, {}]
    yield "bulk create", partial(records.create_records, w.ctx, "vault", rows)
    each = [records.RowUpdate(id_, {"title": "New"}, 1) for id_ in ids]
    yield "bulk each", partial(records.update_each, w.ctx, "vault", each)


def _passing_on(w: Guessed) -> Named:
    unit, read = w.table.attackers["editor"], access.Verb.READ
    for name in RECORDS:
        id_ = w.ids[name]
        for verb in (read, access.Verb.DELETE):
            yield f"share {name} {verb}", partial(records.share_record, w.ctx, "vault", id_, unit, verb)
        yield f"unshare {name}", partial(records.unshare_record, w.ctx, "vault", id_, w.ctx.actor, read)
        yield f"deny {name}", partial(records.deny_record, w.ctx, "vault", id_, unit, [read])
