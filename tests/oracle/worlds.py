"""Small but nasty worlds for hypothesis.

Everything is chosen by one kind of draw, a small integer, and option 0 is always the plainest: fewer units,
fewer rows, the earlier name. So worlds are made quickly and shrink to the few facts that matter.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

from tests.oracle.model import (
    ADA,
    ADMINISTRATORS,
    ROOT,
    ColumnRow,
    Grant,
    Graph,
    Kind,
    Leg,
    Level,
    Object,
    ObjectRow,
    Operation,
    OperationRow,
    Record,
    Rule,
    Share,
    Unit,
    Verb,
    World,
)
from tests.oracle.units import Units, ancestors, direct_roles, managed_units, own_set

Option = TypeVar("Option")

COLUMNS = {"alpha": ("title", "amount", "note"), "beta": ("title", "about")}
DISPLAYS = {"alpha": "title", "beta": "title"}
LOOKUPS = {("beta", "about"): "alpha"}

ALL_VERBS = frozenset(Verb)
VERB_SETS = [
    ALL_VERBS,
    frozenset({Verb.READ}),
    frozenset[Verb](),
    frozenset({Verb.READ, Verb.UPDATE}),
    frozenset({Verb.READ, Verb.DELETE}),
    frozenset({Verb.UPDATE, Verb.DELETE}),
    frozenset({Verb.CREATE, Verb.READ}),
    frozenset({Verb.CREATE}),
]
LEVELS = [Level.READ, Level.NONE, Level.EDIT]
GRANTS = [Grant.GRANTED, Grant.NONE, Grant.DELEGABLE]
RECORD_VERBS = [Verb.READ, Verb.READ, Verb.UPDATE, Verb.DELETE]
DERIVED_LEGS = [Leg.AUTHOR_MANAGERS, Leg.OWNER_MANAGERS, Leg.RULES, Leg.SHARES]
VALIDITIES = [(None, None), (0, None), (-1, 1), (None, 0), (None, 1), (1, None), (-2, -1)]


@cache
def _below(count: int) -> st.SearchStrategy[int]:
    return st.integers(0, count - 1)


class Dice:
    """All choices of a world."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def pick(self, options: Sequence[Option]) -> Option:
        """One of the options."""
        return options[self._draw(_below(len(options)))]

    def count(self, least: int, most: int) -> int:
        """A number in between, both included."""
        return least + self._draw(_below(most - least + 1))

    def some(self, options: Sequence[Option], most: int) -> list[Option]:
        """Up to `most` different options, in any order."""
        return list(dict.fromkeys(self.pick(options) for _ in range(self.count(0, most)))) if options else []

    def chance(self, one_in: int) -> bool:
        """True once in `one_in`, and never in the plainest world."""
        return self._draw(_below(one_in)) == one_in - 1

    def unit(self, graph: Graph) -> Unit:
        """Any unit: a person, a role, one that somebody manages, or whatever there is."""
        managed = sorted(Units().union(*(managed_units(graph, who) for who in graph.of_kind(Kind.PERSON))))
        pools = [graph.of_kind(Kind.PERSON), graph.of_kind(Kind.ORG, Kind.FUNC), managed, list(graph.kinds)]
        return self.pick(self.pick(pools) or graph.of_kind(Kind.ORG))

    def units(self, graph: Graph, most: int) -> list[Unit]:
        """Up to `most` different units."""
        return list(dict.fromkeys(self.unit(graph) for _ in range(self.count(0, most))))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A whole world: roles, then records by their authors, moves in between, and what is granted now."""
    dice = Dice(draw)
    first = make_graph(dice)
    records = make_records(dice, [who for who in first.of_kind(Kind.PERSON, Kind.SERVICE) if who != ADA])
    concerned = [unit for record in records.values() for unit in (record.author, record.owner) if unit]
    second = first
    for _ in range(dice.pick([0, 1, 2, 2, 3, 3, 4])):
        second = dice.pick(MOVES)(dice, second, dice.pick(concerned))
    authors = [unit for record in records.values() for unit in sorted(own_set(first, record.author))]
    return World(
        (first, second),
        {name: make_object(dice, second, columns, authors) for name, columns in COLUMNS.items()},
        records,
        make_shares(dice, second, list(records)),
        make_operations(dice, second),
        LOOKUPS,
        DISPLAYS,
    )


def make_graph(dice: Dice) -> Graph:
    """2-5 persons, perhaps a service account, trees of organisational and functional roles, managers."""
    orgs = [f"o{n}" for n in range(1, dice.count(2, 5) + 1)]
    funcs = [f"f{n}" for n in range(1, dice.count(0, 3) + 1)]
    persons = [f"p{n}" for n in range(1, dice.count(2, 5) + 1)]
    services = ["s1"] * dice.count(0, 1)
    parents = {org: dice.pick([ROOT, *orgs[:n], *orgs[max(n - 1, 0) : n]]) for n, org in enumerate(orgs)}
    for n, func in enumerate(funcs):
        if n and dice.chance(2):
            parents[func] = dice.pick(funcs[:n])
    manages = {f"m_{unit}": unit for unit in dice.some([*orgs, *orgs, ROOT], 4)}
    kinds: dict[Unit, Kind] = {
        **dict.fromkeys([ROOT, *orgs], Kind.ORG),
        **dict.fromkeys([ADMINISTRATORS, *funcs], Kind.FUNC),
        **dict.fromkeys(manages, Kind.MANAGER),
        **dict.fromkeys(persons, Kind.PERSON),
        **dict.fromkeys(services, Kind.SERVICE),
        ADA: Kind.PERSON,
    }
    pools = [orgs, list(manages) or orgs, list(manages) or orgs, [*funcs, ADMINISTRATORS]]
    members = {
        (person, dice.pick(dice.pick(pools))) for person in persons for _ in range(dice.pick([0, 1, 1, 2]))
    } | {(service, role) for service in services for role in dice.some([*orgs, *funcs], 2)}
    links = {(dice.pick([*orgs, ROOT]), dice.pick([*funcs, ADMINISTRATORS])) for _ in range(dice.count(0, 2))}
    members.add((ADA, ADMINISTRATORS))
    marked = {ADMINISTRATORS, *dice.some([*funcs, *orgs, ROOT], 2)}
    return Graph(kinds, parents, manages, frozenset(links), frozenset(members), frozenset(marked))


def leave(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """Somebody loses a direct role."""
    roles = sorted(direct_roles(graph, who))
    return replace(graph, members=graph.members - {(who, dice.pick(roles))}) if roles else graph


def join(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """Somebody gets a direct role."""
    kinds = [Kind.ORG, Kind.FUNC] if graph.kinds[who] is Kind.SERVICE else [Kind.ORG, Kind.MANAGER, Kind.FUNC]
    roles = [role for role in graph.of_kind(*kinds) if role != ROOT]
    return replace(graph, members=graph.members | {(who, dice.pick(roles))})


def move(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """A role gets another parent of its kind, mostly one with managers; a functional one perhaps none."""
    movable = [r for r in graph.of_kind(Kind.ORG, Kind.FUNC) if r not in (ROOT, ADMINISTRATORS)]
    role = dice.pick([r for r in movable if r in own_set(graph, who)] or movable)
    kind, before = graph.kinds[role], graph.parents.get(role)
    possible = [r for r in graph.of_kind(kind) if r != before and role not in {r, *ancestors(graph, r)}]
    possible += [r for r in possible if r in graph.manages.values()] * 3
    parents = {r: parent for r, parent in graph.parents.items() if r != role}
    if possible and (kind is Kind.ORG or dice.chance(2)):
        parents[role] = dice.pick(possible)
    elif kind is Kind.ORG:
        return graph
    return replace(graph, parents=parents)


def link(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """A link comes or goes."""
    pair = (dice.pick(graph.of_kind(Kind.ORG)), dice.pick(graph.of_kind(Kind.FUNC)))
    return replace(graph, links=graph.links ^ {pair})


def appoint(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """A unit gets a manager role, held by somebody at once."""
    free = [unit for unit in graph.of_kind(Kind.ORG) if unit not in graph.manages.values()]
    if not free:
        return graph
    unit = dice.pick([u for u in free if u in own_set(graph, who)] or free)
    return replace(
        graph,
        kinds={**graph.kinds, f"m_{unit}": Kind.MANAGER},
        manages={**graph.manages, f"m_{unit}": unit},
        members=graph.members | {(dice.pick(graph.of_kind(Kind.PERSON)), f"m_{unit}")},
    )


def mark(dice: Dice, graph: Graph, who: Unit) -> Graph:
    """A mark comes or goes."""
    return replace(graph, marked=graph.marked ^ {dice.pick(graph.of_kind(Kind.ORG, Kind.FUNC))})


MOVES: list[Callable[[Dice, Graph, Unit], Graph]] = [leave, join, move, move, link, appoint, mark]


def make_object(dice: Dice, graph: Graph, columns: Iterable[str], authors: Sequence[Unit]) -> Object:
    """Mostly with a broad row at the bottom, since a closed object hides every other mistake.

    authors: units in the stored sets of the records, so that rules concern some of them.
    """
    rows = {unit: dice.pick(VERB_SETS) for unit in dice.units(graph, 2)}
    if not dice.chance(5):
        rows |= {unit: ALL_VERBS for unit in (ROOT, *graph.of_kind(Kind.SERVICE)) if unit not in rows}
    rules = {
        (dice.pick(authors) if dice.chance(2) else dice.unit(graph), dice.unit(graph)): {
            verb: dice.pick(GRANTS) for verb in (Verb.READ, Verb.UPDATE, Verb.DELETE)
        }
        for _ in range(dice.count(0, 3))
    }
    return Object(
        records=not dice.chance(8),
        legs=make_legs(dice),
        rows=tuple(ObjectRow(unit, verbs) for unit, verbs in rows.items()),
        columns={column: make_column_rows(dice, graph) for column in columns},
        rules=tuple(Rule(author, grantee, grants) for (author, grantee), grants in rules.items()),
    )


def make_legs(dice: Dice) -> frozenset[Leg]:
    """All legs, or one alone so that it decides, or some missing."""
    every = frozenset(Leg)
    alone = frozenset({dice.pick([*Leg, *DERIVED_LEGS, *DERIVED_LEGS])})
    return dice.pick([every, alone, alone, every - frozenset(dice.some(list(Leg), 4))])


def make_column_rows(dice: Dice, graph: Graph) -> tuple[ColumnRow, ...]:
    """No rows, or a few, with a broad one at the bottom now and then."""
    rows: Mapping[Unit, Level] = {unit: dice.pick(LEVELS) for unit in dice.units(graph, 2)}
    if ROOT not in rows and dice.chance(3):
        rows = {**rows, ROOT: dice.pick(LEVELS)}
    return tuple(ColumnRow(unit, level) for unit, level in rows.items())


def make_records(dice: Dice, principals: Sequence[Unit]) -> dict[str, Record]:
    """Up to five records of several authors and owners, some from before the moves; some values repeat."""
    records: dict[str, Record] = {}
    for n in range(1, dice.count(1, 5) + 1):
        object = dice.pick(["alpha", "alpha", "beta"])
        author = dice.pick(principals)
        owner = dice.pick([None, author, *principals])
        values: dict[str, str | int | None] = {"title": f"Title {n}"}
        if object == "alpha":
            values |= {"amount": dice.pick([None, 1, n]), "note": dice.pick([None, f"note {n}"])}
        else:
            alphas = [name for name, record in records.items() if record.object == "alpha"]
            values["about"] = dice.pick([*alphas, None])
        records[f"r{n}"] = Record(object, author, owner, dice.pick([0, 0, 1]), values)
    return records


def make_shares(dice: Dice, graph: Graph, records: Sequence[str]) -> tuple[Share, ...]:
    """Up to four shares, one for a record, unit and verb; some start or end at the very instant."""
    found: dict[tuple[str, Unit, Verb], Share] = {}
    for _ in range(dice.count(0, 4)):
        key = (dice.pick(records), dice.unit(graph), dice.pick(RECORD_VERBS))
        found[key] = Share(*key, dice.pick([Grant.GRANTED, Grant.DELEGABLE]), *dice.pick(VALIDITIES))
    return tuple(found.values())


def make_operations(dice: Dice, graph: Graph) -> dict[Operation, tuple[OperationRow, ...]]:
    """Rows for no operation in most worlds, else for one or two."""
    if dice.chance(3):
        return {
            operation: tuple(OperationRow(unit, not dice.chance(3)) for unit in dice.units(graph, 2))
            for operation in dice.some(list(Operation), 2)
        }
    return {}
