"""Rules of an object: what its stages demand and bring, what holds of every record, whoever writes it.

They name columns by their stored names, as an object names its master: a change of a code leaves them alone.
What names a dropped column has no effect while it is dropped. Nothing here touches a database (ADR 0036).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ostiary.objects._strict import Node

CODE = "code"  # by which conditions name the values of a choice
FROM_STAGE = "stage."
WORDS = frozenset({"today", "now", "me", "none"})


@dataclass(frozen=True, slots=True)
class Condition:
    """What a stage's row says of itself: each flag with the values that fit. Without any, each stage fits."""

    flags: tuple[tuple[str, tuple[object, ...]], ...] = ()

    def fits(self, row: Mapping[str, object]) -> bool:
        """Whether a stage is meant. A flag that nobody set says no."""
        return all((row.get(flag) or False) in values for flag, values in self.flags)


ANY = Condition()


@dataclass(frozen=True, slots=True)
class Transition:
    """A way from some stages to others."""

    origin: Condition
    to: Condition


@dataclass(frozen=True, slots=True)
class Entry:
    """What entering a stage demands and brings.

    origin: only where it is entered from such a stage; None: from any, and by a new record.
    require: columns that hold a value then. put: (column, value) that are written unless the writer gives
    another. fill: the same where nothing is stored yet. A value is a constant, today, now, me, none, or
    `stage.<column>` of the stage's row.
    """

    to: Condition = ANY
    origin: Condition | None = None
    require: tuple[str, ...] = ()
    put: tuple[tuple[str, object], ...] = ()
    fill: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Stages:
    """Rules of the stages, which are the values of `column`. one_way: a final stage is never left.

    transitions: without any, each stage may follow each.
    """

    column: str
    final: Condition | None = None
    one_way: bool = False
    transitions: tuple[Transition, ...] = ()
    enter: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class HandOverTo:
    """One record that a record is handed over to: one that is there, or a new one, kept in the lookup `link`.

    needs: the column without which there is nothing to make one of. match: (theirs, ours) by which one that
    is there may be the same. values: (theirs, ours) of a new one. All by stored name.
    """

    object: str
    link: str
    needs: str
    match: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HandOver:
    """What becomes of a record that is done with: records of other objects in this order, then a stage."""

    stage: Condition
    to: tuple[HandOverTo, ...]


@dataclass(frozen=True, slots=True)
class Overdue:
    """A flag that a job sets when `due` passes while `met` is empty. unless: stages that stop the clock."""

    flag: str
    due: str
    met: str
    unless: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Mirror:
    """Columns of the master that hold what the primary record of a kind holds: (ours, the master's)."""

    when: Condition
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Mirrors:
    """Of each kind one record under a master is primary, and in step with the master's columns both ways."""

    primary: str
    of: tuple[Mirror, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of an object.

    any_of: of each of these sets one column holds a value. trees: lookups to the object itself that never
    lead back to where they start. derive: names of rules in code that fill columns or refuse.
    """

    stages: Stages | None = None
    any_of: tuple[tuple[str, ...], ...] = ()
    trees: tuple[str, ...] = ()
    hand_over: HandOver | None = None
    derive: tuple[str, ...] = ()
    overdue: tuple[Overdue, ...] = ()
    mirrors: Mirrors | None = None

    @property
    def none(self) -> bool:
        """Whether there is nothing to keep."""
        return self == NO_RULES


NO_RULES = Rules()


def read_rules(node: Node) -> Rules:
    """Rules as they are declared. Raises PackageRefused."""
    stages = _read_stages(node.node("stages")) if node.has("stages") else None
    any_of = []
    for each in node.nodes("any_of"):
        any_of.append(each.texts("columns"))
        each.finish()
    hand_over = _read_hand_over(node.node("hand_over")) if node.has("hand_over") else None
    trees, derive = node.texts("trees"), node.texts("derive")
    overdue = tuple(_read_overdue(each) for each in node.nodes("overdue"))
    mirrors = _read_mirrors(node.node("mirrors")) if node.has("mirrors") else None
    made = Rules(stages, tuple(any_of), trees, hand_over, derive, overdue, mirrors)
    node.finish()
    return made


def _read_stages(node: Node) -> Stages:
    transitions = []
    for each in node.nodes("transitions"):
        transitions.append(Transition(_condition(each, "from"), _condition(each, "to")))
        each.finish()
    made = Stages(
        node.take("column", str),
        _condition(node, "final") if node.has("final") else None,
        node.take("one_way", bool, False),
        tuple(transitions),
        tuple(_read_entry(each) for each in node.nodes("enter")),
    )
    node.finish()
    if made.one_way and made.final is None:
        raise node.refuse("one_way needs to know which stages are final")
    return made


def _read_overdue(node: Node) -> Overdue:
    flag, due, met = (node.take(key, str) for key in ("flag", "due", "met"))
    unless = []
    for each in node.nodes("unless"):
        unless.append(_condition(each, "stage"))
        each.finish()
    node.finish()
    return Overdue(flag, due, met, tuple(unless))


def _read_mirrors(node: Node) -> Mirrors:
    primary, of = node.take("primary", str), []
    for each in node.nodes("of"):
        when, columns = _condition(each, "when"), _pairs(each, "columns")
        each.finish()
        if not columns or not all(isinstance(name, str) for pair in columns for name in pair):
            raise node.refuse("columns name ours with the master's")
        if any(len(values) != 1 for _, values in when.flags):
            raise node.refuse("when says one value of each column, which a new record gets")
        of.append(Mirror(when, columns))
    node.finish()
    return Mirrors(primary, tuple(of))


def _read_hand_over(node: Node) -> HandOver:
    stage, to = _condition(node, "stage"), []
    for each in node.nodes("to"):
        code, link, needs = (each.take(key, str) for key in ("object", "link", "needs"))
        match, values = (_pairs(each, key) for key in ("match", "values"))
        to.append(HandOverTo(code, link, needs, match, values))
        each.finish()
    node.finish()
    for target in to:
        if not all(isinstance(x, str) for pair in (*target.match, *target.values) for x in pair):
            raise node.refuse("match and values name their columns with ours")
    return HandOver(stage, tuple(to))


def _read_entry(node: Node) -> Entry:
    origin = _condition(node, "from") if node.has("from") else None
    to = _condition(node, "to")
    put, fill = (_pairs(node, key) for key in ("set", "fill"))
    made = Entry(to, origin, node.texts("require"), put, fill)
    node.finish()
    for column, value in (*put, *fill):
        if not isinstance(column, str) or not isinstance(value, str | int | bool):
            raise node.refuse("set and fill name columns with a text, a number, true or false")
    return made


def _condition(node: Node, key: str) -> Condition:
    if not node.has(key):
        return ANY
    flags = []
    for flag, value in node.take(key, dict).items():
        values = tuple(value) if isinstance(value, list) else (value,)
        if not isinstance(flag, str) or not all(isinstance(x, str | int | bool) for x in values):
            raise node.refuse(f"{key} names flags of a stage with their values")
        flags.append((flag, values))
    return Condition(tuple(sorted(flags, key=lambda each: each[0])))


def _pairs(node: Node, key: str) -> tuple[tuple[Any, Any], ...]:
    """A mapping in an order of its own: stored as JSON it comes back in another."""
    return tuple(sorted(node.take(key, dict, {}).items(), key=lambda pair: str(pair[0])))


def rules_document(rules: Rules) -> dict[str, Any]:
    """Rules as they are read back; nothing where there are none."""
    stated: dict[str, Any] = {}
    if rules.stages is not None:
        stated["stages"] = _stages_document(rules.stages)
    if rules.any_of:
        stated["any_of"] = [{"columns": list(columns)} for columns in rules.any_of]
    if rules.trees:
        stated["trees"] = list(rules.trees)
    if rules.derive:
        stated["derive"] = list(rules.derive)
    if rules.overdue:
        stated["overdue"] = [_overdue_document(each) for each in rules.overdue]
    if rules.mirrors is not None:
        stated["mirrors"] = {
            "primary": rules.mirrors.primary,
            "of": [{"when": _flags(x.when), "columns": dict(x.columns)} for x in rules.mirrors.of],
        }
    if rules.hand_over is not None:
        stated["hand_over"] = {
            "stage": _flags(rules.hand_over.stage),
            "to": [_hand_over_document(each) for each in rules.hand_over.to],
        }
    return stated


def _overdue_document(each: Overdue) -> dict[str, Any]:
    stated: dict[str, Any] = {"flag": each.flag, "due": each.due, "met": each.met}
    return stated | ({"unless": [{"stage": _flags(x)} for x in each.unless]} if each.unless else {})


def _hand_over_document(to: HandOverTo) -> dict[str, Any]:
    stated: dict[str, Any] = {"object": to.object, "link": to.link, "needs": to.needs}
    for key, pairs in (("match", to.match), ("values", to.values)):
        if pairs:
            stated[key] = dict(pairs)
    return stated


def _stages_document(stages: Stages) -> dict[str, Any]:
    stated: dict[str, Any] = {"column": stages.column}
    if stages.final is not None:
        stated["final"] = _flags(stages.final)
    if stages.one_way:
        stated["one_way"] = True
    if stages.transitions:
        stated["transitions"] = [{"from": _flags(x.origin), "to": _flags(x.to)} for x in stages.transitions]
    if stages.enter:
        stated["enter"] = [_entry_document(entry) for entry in stages.enter]
    return stated


def _entry_document(entry: Entry) -> dict[str, Any]:
    stated: dict[str, Any] = {"to": _flags(entry.to)}
    if entry.origin is not None:
        stated["from"] = _flags(entry.origin)
    if entry.require:
        stated["require"] = list(entry.require)
    for key, pairs in (("set", entry.put), ("fill", entry.fill)):
        if pairs:
            stated[key] = dict(pairs)
    return stated


def _flags(condition: Condition) -> dict[str, Any]:
    return {flag: values[0] if len(values) == 1 else list(values) for flag, values in condition.flags}


def named_columns(rules: Rules) -> Iterable[str]:
    """Every column of the object that its rules name."""
    for columns in rules.any_of:
        yield from columns
    yield from rules.trees
    if rules.mirrors is not None:
        yield rules.mirrors.primary
        for mirror in rules.mirrors.of:
            yield from (flag for flag, _ in mirror.when.flags)
            yield from (ours for ours, _ in mirror.columns)
    for each in rules.overdue:
        yield from (each.flag, each.due, each.met)
    for to in rules.hand_over.to if rules.hand_over else ():
        yield from (to.link, to.needs, *(ours for _, ours in (*to.match, *to.values)))
    if rules.stages is not None:
        yield rules.stages.column
        for entry in rules.stages.enter:
            yield from entry.require
            yield from (column for column, _ in (*entry.put, *entry.fill))


def named_flags(stages: Stages) -> frozenset[str]:
    """Every column of a stage's row that the rules ask for."""
    conditions = [stages.final or ANY]
    conditions += [c for x in stages.transitions for c in (x.origin, x.to)]
    conditions += [c for entry in stages.enter for c in (entry.to, entry.origin or ANY)]
    asked = {flag for condition in conditions for flag, _ in condition.flags}
    values = (v for entry in stages.enter for _, v in (*entry.put, *entry.fill))
    asked |= {v.removeprefix(FROM_STAGE) for v in values if isinstance(v, str) and v.startswith(FROM_STAGE)}
    return frozenset(asked)
