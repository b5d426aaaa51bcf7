"""An attacker who asks in turn for each bit of a 16-bit number in a column below read.

After each bit it is told the right one, so that each decision is about a fair coin, whatever went before. A
way of asking answers True or False if it believes to know whether the number is at least the guess, and None
if it was told nothing; then it tosses a coin of its own.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from math import comb
from random import Random

from ostiary.kernel.errors import AccessDenied, Invalid, NotFound, VersionConflict
from ostiary.records import public as records
from ostiary.records.public import Compare, Function, Measure, Op
from tests._exports import csv_of
from tests.property.access._inference import Guessed

BITS = 16
UNLIKELY = 1e-8
Way = Callable[[Guessed, int], bool | None]
Refusals = (AccessDenied, Invalid, NotFound)


def _by_list(w: Guessed, guess: int) -> bool:
    query = records.RecordQuery("vault", filter=Compare("amount", Op.GE, guess))
    return w.ids["mine"] in records.list_records(w.ctx, query).ids


def _by_count(w: Guessed, guess: int) -> bool:
    node = records.And((Compare("amount", Op.GE, guess), Compare("title", Op.EQ, "Mine")))
    return records.count_records(w.ctx, "vault", node).value > 0


def _by_path(w: Guessed, guess: int) -> bool:
    query = records.RecordQuery("slip", filter=Compare("vault.amount", Op.GE, guess))
    return bool(records.list_records(w.ctx, query).ids)


def _by_options(w: Guessed, guess: int) -> bool:
    node = Compare("amount", Op.GE, guess)
    return str(w.ids["mine"]) in {o.value for o in records.lookup_options(w.ctx, "slip", "vault", "", node)}


def _by_total(w: Guessed, guess: int) -> bool:
    query = records.AggregateQuery(
        "vault", (Measure(Function.MAX, "amount"),), filter=Compare("title", Op.EQ, "Mine")
    )
    return bool(records.aggregate_records(w.ctx, query).cells[0].values[0] >= guess)


def _by_order(w: Guessed, guess: int) -> bool:
    """The list's own order begins with the column; a record of the attacker's holds the guess, if it may."""
    with suppress(*Refusals):
        records.update_record(w.ctx, "vault", w.ids["own"], {"amount": guess}, 1)
    ids = records.list_records(w.ctx, records.RecordQuery("vault")).ids
    return ids.index(w.ids["mine"]) >= ids.index(w.ids["own"])


def _by_pages(w: Guessed, guess: int) -> bool:
    with suppress(*Refusals):
        records.update_record(w.ctx, "vault", w.ids["own"], {"amount": guess}, 1)
    query = records.RecordQuery("vault", sort=(records.Sort("amount"),))
    ids = records.list_records(w.ctx, query).ids
    return ids.index(w.ids["mine"]) >= ids.index(w.ids["own"])


def _by_history(w: Guessed, guess: int) -> bool | None:
    events = records.record_events(w.ctx, "vault", w.ids["mine"])
    changes = [c for e in events for p in e.parts for c in p.get("changes", ())]
    told = [int(c["after"]) for c in changes if c["field"] == "amount"]
    return told[0] >= guess if told else None


def _by_conflict(w: Guessed, guess: int) -> bool | None:
    try:
        records.update_record(w.ctx, "vault", w.ids["mine"], {"amount": guess}, 0, base={"amount": guess})
    except VersionConflict as conflict:
        theirs = conflict.details["theirs"]
        return bool(theirs["amount"] >= guess) if isinstance(theirs, dict) and theirs else False
    return True


def _by_rewriting(w: Guessed, guess: int) -> bool:
    """Whether writing the guess changes anything."""
    seen = _version(w)
    return records.update_record(w.ctx, "vault", w.ids["mine"], {"amount": guess}, seen).version == seen


def _version(w: Guessed) -> int:
    return records.get_record(w.ctx, "vault", w.ids["mine"]).version


def _by_export(w: Guessed, guess: int) -> bool | None:
    query = records.RecordQuery("vault", filter=Compare("title", Op.EQ, "Mine"))
    cells = b"".join(csv_of(w.ctx, query)).decode().replace("\r\n", ",").split(",")
    numbers = [int(cell) for cell in cells if cell.isdecimal() and int(cell) > 2]
    return numbers[0] >= guess if numbers else None


def _by_search(w: Guessed, guess: int) -> bool | None:
    return bool(records.search_records(w.ctx, str(guess), ["vault"])) or None


WAYS: Mapping[str, Way] = {
    "a filter": _by_list,
    "a count": _by_count,
    "a filter through a lookup": _by_path,
    "options": _by_options,
    "a total": _by_total,
    "the order": _by_order,
    "an order by the column": _by_pages,
    "the history": _by_history,
    "a conflict": _by_conflict,
    "writing what may be there": _by_rewriting,
    "an export": _by_export,
    "a search": _by_search,
}


def bits_recovered(w: Guessed, way: Way, rounds: int, rng: Random) -> int:
    """How many of `rounds` numbers' bits were guessed right."""
    right = 0
    for _ in range(rounds):
        number = rng.randrange(1 << BITS)
        records.update_record(w.keeper, "vault", w.ids["mine"], {"amount": number}, _version(w))
        right += sum(_bit(w, way, number, bit, rng) for bit in reversed(range(BITS)))
    return right


def _bit(w: Guessed, way: Way, number: int, bit: int, rng: Random) -> bool:
    known = number >> (bit + 1) << (bit + 1)
    asked = known | 1 << bit
    answer = _ask(w, way, asked)
    return (rng.random() < 0.5 if answer is None else answer) == (number >= asked)


def _ask(w: Guessed, way: Way, guess: int) -> bool | None:
    answers: list[bool | None] = []

    def probe() -> None:
        with suppress(*Refusals):
            answers.append(way(w, guess))

    w.observe(probe)
    return answers[0] if answers else None


def more_than_luck(tosses: int) -> int:
    """The least number of right guesses that a fair coin reaches with less than `UNLIKELY`."""
    tail, right = 0, tosses
    while tail + comb(tosses, right) < UNLIKELY * 2**tosses:
        tail += comb(tosses, right)
        right -= 1
    return right + 1
