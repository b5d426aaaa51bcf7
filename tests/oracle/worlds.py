"""Small but nasty worlds for hypothesis.

Everything is chosen by one kind of draw, a small integer, and option 0 is always the plainest: fewer units,
fewer rows, the earlier name. So worlds are made quickly and shrink to the few facts that matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from tests.oracle.dice import Dice
from tests.oracle.finer_grants import (
    make_carried,
    make_denies,
    make_finer_object,
    make_lookup_object,
    make_shares_with_managed,
    make_split_shares,
    with_attributes,
)
from tests.oracle.grants import make_object, make_operations, make_shares
from tests.oracle.graphs import MOVES, make_graph
from tests.oracle.model import ADA, Graph, Kind, Object, Operation, Record, Unit, World
from tests.oracle.stand_ins import STAND_INS, with_externals
from tests.oracle.units import own_set

PLAIN_COLUMNS = {"alpha": ("title", "amount", "note"), "beta": ("title", "about")}
PLAIN_LOOKUPS = {("beta", "about"): "alpha"}
COLUMNS = {
    "alpha": ("title", "amount", "note", "region"),
    "beta": ("title", "about"),
    "gamma": ("title", "part_of"),
    "zone": ("title",),
}
LOOKUPS = {("alpha", "region"): "zone", ("beta", "about"): "alpha", ("gamma", "part_of"): "beta"}
MASTERS = {"beta": "about", "gamma": "part_of"}
DISPLAYS = dict.fromkeys(COLUMNS, "title")


@st.composite
def worlds(draw: st.DrawFn, *, everything: bool = True) -> World:
    """A whole world: roles, then records by their authors, moves in between, and what is granted now.

    everything: otherwise no externals, nobody who stands in for another, no scopes, denies, masters, masks,
    seals or carried verbs, and two objects.
    """
    dice = Dice(draw)
    return make_world(dice) if everything else make_plain_world(dice)


def make_plain_world(dice: Dice) -> World:
    """Rows, rules and shares for employees, with two objects."""
    first = make_graph(dice)
    records = make_records(dice, actors(first), ["alpha", "alpha", "beta"])
    second = moved(dice, first, records)
    authors = stored_units(first, records)
    return World(
        (first, second),
        {name: make_object(dice, second, columns, authors) for name, columns in PLAIN_COLUMNS.items()},
        records,
        make_shares(dice, second, list(records)),
        make_operations(dice, second),
        PLAIN_LOOKUPS,
        {name: DISPLAYS[name] for name in PLAIN_COLUMNS},
    )


def make_world(dice: Dice) -> World:
    """Everything that the semantics know."""
    first = make_graph(dice)
    if dice.chance(2):
        first = with_externals(dice, first)
    for _ in range(dice.pick([0, 0, 1, 2])):
        first = dice.pick(STAND_INS)(dice, first, dice.pick(actors(first)))
    zones = make_zones(dice, actors(first))
    records = make_records(dice, actors(first), ["alpha", "beta", "alpha", "beta", "gamma"], list(zones))
    second = moved(dice, first, records)
    for _ in range(dice.pick([0, 1, 2, 3])):
        second = dice.pick(STAND_INS)(dice, second, dice.pick(concerned(records)))
    kept = [*stored_units(first, records), *changed_units(first, second, records) * 3]
    objects = make_objects(dice, second, kept)
    shares = (
        *make_shares(dice, second, [*records, *zones]),
        *make_split_shares(dice, second, records, MASTERS),
        *make_shares_with_managed(dice, second, list(records)),
    )
    known = [*Operation, Operation.VIEW_ANY, Operation.EDIT_ANY]
    rows = make_operations(dice, second, known, one_in=2)
    operations, carried = make_carried(dice, second, rows, list(objects))
    closed = {name for carrying in carried.values() for name in carrying if dice.chance(2)}
    objects |= {name: replace(objects[name], rows=()) for name in closed}
    values = {"region": list(zones), "topic": [n for n, r in records.items() if r.object == "alpha"]}
    scopes = [scope for object in objects.values() for scope in object.scopes]
    return World(
        (first, with_attributes(dice, second, scopes, values)),
        objects,
        zones | records,
        tuple({(s.record, s.unit, s.verb): s for s in shares}.values()),
        operations,
        LOOKUPS,
        DISPLAYS,
        make_denies(dice, second, records) if any(object.denies for object in objects.values()) else (),
        MASTERS,
        carried,
    )


def actors(graph: Graph) -> list[Unit]:
    """Everybody who makes records."""
    return [who for who in graph.of_kind(Kind.PERSON, Kind.SERVICE) if who != ADA]


def concerned(records: Mapping[str, Record]) -> list[Unit]:
    """Authors and owners, the more often the more records they have."""
    return [unit for record in records.values() for unit in (record.author, record.owner) if unit]


def stored_units(first: Graph, records: Mapping[str, Record]) -> list[Unit]:
    """Units in the sets that records keep."""
    return [unit for record in records.values() for unit in sorted(own_set(first, record.author))]


def changed_units(first: Graph, second: Graph, records: Mapping[str, Record]) -> list[Unit]:
    """Units that an author was and is no more, or is now and was not: where then and now differ."""
    authors = dict.fromkeys(record.author for record in records.values())
    return [unit for who in authors for unit in sorted(own_set(first, who) ^ own_set(second, who))]


def moved(dice: Dice, graph: Graph, records: Mapping[str, Record]) -> Graph:
    """The graph after a few moves, mostly of people who have records."""
    people = concerned(records)
    for _ in range(dice.pick([0, 1, 2, 2, 3, 3, 4])):
        graph = dice.pick(MOVES)(dice, graph, dice.pick(people))
    return graph


def make_objects(dice: Dice, graph: Graph, authors: Sequence[Unit]) -> dict[str, Object]:
    """The three objects of a chain of masters, and the one with whose records scopes compare."""
    objects = {
        name: make_finer_object(dice, graph, name, columns, authors, below=name in MASTERS)
        for name, columns in COLUMNS.items()
        if name != "zone"
    }
    return {**objects, "zone": make_lookup_object(dice, graph, COLUMNS["zone"])}


def make_zones(dice: Dice, principals: Sequence[Unit]) -> dict[str, Record]:
    """Up to two records to compare with."""
    return {
        f"z{n}": Record("zone", dice.pick(principals), values={"title": f"Zone {n}"})
        for n in range(1, dice.pick([0, 1, 2, 2]) + 1)
    }


def make_records(
    dice: Dice, principals: Sequence[Unit], objects: Sequence[str], zones: Sequence[str] | None = None
) -> dict[str, Record]:
    """Up to five records of several authors and owners, some from before the moves; some values repeat.

    zones: the records to which a record of alpha may refer, if its object has that column.
    """
    records: dict[str, Record] = {}
    for n in range(1, dice.count(1, 5) + 1):
        object = dice.pick(objects)
        author = dice.pick(principals)
        owner = dice.pick([None, author, *principals])
        values: dict[str, str | int | None] = {"title": f"Title {n}"}
        if object == "alpha":
            values |= {"amount": dice.pick([None, 1, n]), "note": dice.pick([None, f"note {n}"])}
            if zones is not None:
                values["region"] = dice.pick([*zones, None])
        else:
            column, master = {"beta": ("about", "alpha"), "gamma": ("part_of", "beta")}[object]
            masters = [name for name, record in records.items() if record.object == master]
            values[column] = dice.pick([*masters, None])
        records[f"r{n}"] = Record(object, author, owner, dice.pick([0, 0, 1]), values)
    return records
