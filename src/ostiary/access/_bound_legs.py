"""The legs of layer 3 bound to derived rows, each in two forms of SQL.

`test` asks a row that is at hand, by probes that cost the same however much the principal may see; `branches`
go from what is visible to the rows. What a leg means is said in `access.core`; here it is only spelled.
`p` is the prefix of a leg's slots; a statement's text depends on `shape` alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from ostiary.access._ground import Step, value_at
from ostiary.access.core import Verb
from ostiary.kernel.ids import UnitId

if TYPE_CHECKING:
    from ostiary.access._filter import RecordFilter

MANY = 1_000  # branches that no walk goes through one by one


@dataclass(frozen=True, slots=True)
class Branch:
    """One way to rows: those whose `column` is among the `keys` (a query with one column `key`).

    outside: SQL, true for a row `{alias}` that this branch does not reach.
    """

    column: str
    keys: str
    outside: str


class BoundLeg(Protocol):
    """A leg with its values."""

    @property
    def shape(self) -> str: ...
    @property
    def fanout(self) -> int: ...
    def values(self, p: str) -> Mapping[str, Any]: ...
    def test(self, alias: str, p: str) -> str: ...
    def branches(self, p: str) -> tuple[Branch, ...]: ...


@dataclass(frozen=True, slots=True)
class AuthorIn:
    """Legs 1 and 5: the author is one of these persons."""

    persons: tuple[UnitId, ...]
    shape = "a"

    @property
    def fanout(self) -> int:
        return len(self.persons)

    def values(self, p: str) -> Mapping[str, Any]:
        return {f"{p}authors": list(self.persons)}

    def test(self, alias: str, p: str) -> str:
        return f"{alias}.author_id = any({{{p}authors}})"

    def branches(self, p: str) -> tuple[Branch, ...]:
        keys = f"select unnest({{{p}authors}}::uuid[]) as key"
        return (Branch("author_id", keys, f"{{alias}}.author_id <> all({{{p}authors}})"),)


@dataclass(frozen=True, slots=True)
class LabelIn:
    """Legs 2 and 5: the stored set is in a reach of `size` labels."""

    reach: int
    size: int
    shape = "l"

    @property
    def fanout(self) -> int:
        return self.size

    def values(self, p: str) -> Mapping[str, Any]:
        return {f"{p}labels": self.reach}

    def test(self, alias: str, p: str) -> str:
        return (
            f"(select true from @.access_reach_label l where l.reach_id = {{{p}labels}}"
            f" and l.label_id = {alias}.label_id)"
        )

    def branches(self, p: str) -> tuple[Branch, ...]:
        listed = f"from @.access_reach_label l where l.reach_id = {{{p}labels}}"
        outside = f"not ({{alias}}.label_id in (select l.label_id {listed}))"
        return (Branch("label_id", f"select l.label_id as key {listed}", outside),)


@dataclass(frozen=True, slots=True)
class OwnerIn:
    """Legs 3 and 4: the owner is one of these persons, or has a current label in the reach (0: none)."""

    persons: tuple[UnitId, ...]
    reach: int
    under: int

    @property
    def shape(self) -> str:
        return f"o{min(len(self.persons), 2)}{'O' if self.reach else ''}"

    @property
    def fanout(self) -> int:
        return len(self.persons) + self.under

    def values(self, p: str) -> Mapping[str, Any]:
        return {**persons_values(self.persons, f"{p}owner"), f"{p}owners": self.reach}

    def test(self, alias: str, p: str) -> str:
        tests = [persons_test(self.persons, f"{alias}.owner_id", f"{p}owner")] if self.persons else []
        if self.reach:
            # a scalar subselect cannot be hashed over the whole table: its cost is that of the rows looked at
            tests.append(
                f"(select true from @.identity_unit u join @.access_reach_label l"
                f" on l.label_id = u.current_label_id"
                f" where u.id = {alias}.owner_id and l.reach_id = {{{p}owners}})"
            )
        return " or ".join(tests)

    def branches(self, p: str) -> tuple[Branch, ...]:
        keys = []
        if self.reach:
            keys.append(under_reach("u.id as key", f"{p}owners"))
        if len(self.persons) == 1:
            keys.append(f"select {{{p}owner}}::uuid as key")
        elif self.persons:
            keys.append(f"select unnest({{{p}owner}}::uuid[]) as key")
        union = " union ".join(keys)
        outside = f"({{alias}}.owner_id is null or {{alias}}.owner_id not in ({union}))"
        return (Branch("owner_id", union, outside),)


@dataclass(frozen=True, slots=True)
class Shared:
    """Leg 7. unit_set: the roles. heads: reach of the principal's own heads, 0 for none."""

    verb: Verb
    object_id: UUID
    persons: tuple[UnitId, ...]
    unit_set: int
    heads: int
    fanout = 0

    @property
    def shape(self) -> str:
        return f"s{min(len(self.persons), 2)}{'h' if self.heads else ''}"

    def values(self, p: str) -> Mapping[str, Any]:
        return {
            **persons_values(self.persons, f"{p}me"),
            f"{p}units": self.unit_set,
            f"{p}heads": self.heads,
        }

    def test(self, alias: str, p: str) -> str:
        unit = f"{persons_test(self.persons, 's.unit_id', f'{p}me')} or {in_set('s.unit_id', f'{p}units')}"
        if self.heads:
            unit += f" or ({under_reach('true', f'{p}heads')} and u.id = s.unit_id)"
        return (
            f"(select true from @.access_share s where s.record_id = {alias}.id"
            f" and s.verb = '{self.verb.letter}' and {_VALID} and ({unit}) limit 1)"
        )

    def branches(self, p: str) -> tuple[Branch, ...]:
        units = [
            persons_test(self.persons, "s.unit_id", f"{p}me"),
            f"s.unit_id in (select m.unit_id from @.access_unit_set_member m where m.set_id = {{{p}units}})",
        ]
        if self.heads:
            units.append(f"s.unit_id in ({under_reach('u.id', f'{p}heads')})")
        keys = " union ".join(
            f"select s.record_id as key from @.access_share s where {unit}"
            f" and s.object_id = '{self.object_id}' and s.verb = '{self.verb.letter}' and {_VALID}"
            for unit in units
        )
        return (Branch("id", keys, f"not coalesce({self.test('{alias}', p)}, false)"),)


@dataclass(frozen=True, slots=True)
class Scoped:
    """Leg 6, one test: what stands at the end of the path is among the values.

    listed: the values, or none where `unit_set` holds them because they are many.
    """

    number: int
    steps: tuple[Step, ...]
    listed: tuple[UUID, ...]
    unit_set: int

    @property
    def fanout(self) -> int:
        """Few only where each value is a key of an index in the order by name: authors and owners."""
        by_index = len(self.steps) == 1 and self.steps[0].column in ("author_id", "owner_id")
        return len(self.listed) if by_index and not self.unit_set else MANY

    @property
    def shape(self) -> str:
        way = ".".join(f"{step.column}>{step.leads_to or ''}" for step in self.steps)
        return f"c{'s' if self.unit_set else 'v'}{way}"

    def _slot(self, p: str) -> str:
        return f"{p}c{self.number}"

    def values(self, p: str) -> Mapping[str, Any]:
        return {self._slot(p): self.unit_set or list(self.listed)}

    def _among(self, value: str, p: str) -> str:
        slot = self._slot(p)
        return in_set(value, slot) if self.unit_set else f"{value} = any({{{slot}}}::uuid[])"

    def test(self, alias: str, p: str) -> str:
        return self._among(value_at(self.steps, alias), p)

    def branches(self, p: str) -> tuple[Branch, ...]:
        first, *rest = self.steps
        slot = self._slot(p)
        if rest:
            test = self._among(value_at(tuple(rest), "k"), p)
            keys = f"select k.id as key from @.{first.leads_to} k where {test}"
        elif self.unit_set:
            keys = f"select m.unit_id as key from @.access_unit_set_member m where m.set_id = {{{slot}}}"
        else:
            keys = f"select unnest({{{slot}}}::uuid[]) as key"
        return (Branch(first.column, keys, f"not coalesce({self.test('{alias}', p)}, false)"),)


@dataclass(frozen=True, slots=True)
class ByMaster:
    """Leg 8: the master record, named by `column`, is reached by all of these filters on its `table`."""

    column: str
    table: str
    filters: tuple["RecordFilter", ...]
    fanout = MANY

    @property
    def shape(self) -> str:
        return f"m{self.column}({','.join(f.shape for f in self.filters)})"

    def values(self, p: str) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for number, filter_ in enumerate(self.filters):
            found.update(filter_.values(f"{p}m{number}"))
        return found

    def _tests(self, alias: str, p: str, *, skip: int = -1) -> str:
        tests = [
            filter_.row_test(alias, f"{p}m{number}")
            for number, filter_ in enumerate(self.filters)
            if number != skip and not filter_.everyone
        ]
        return " and ".join(tests) or "true"

    def test(self, alias: str, p: str) -> str:
        if all(filter_.everyone for filter_ in self.filters):
            return f"{alias}.{self.column} is not null"
        inner = f"{alias}m"
        return (
            f"(select true from @.{self.table} {inner} where {inner}.id = {alias}.{self.column}"
            f" and {self._tests(inner, p)})"
        )

    def branches(self, p: str) -> tuple[Branch, ...]:
        first = self.filters[0]
        if first.open:
            keys = f"select k.id as key from @.{self.table} k where {self._tests('k', p)}"
        else:
            where = f"{first.not_denied('k', f'{p}m0')} and {self._tests('k', p, skip=0)}"
            keys = " union ".join(
                f"select k.id as key from @.{self.table} k"
                f" where k.{branch.column} in ({branch.keys}) and {where}"
                for branch in first.branches(f"{p}m0")
            )
        return (Branch(self.column, keys, f"not coalesce({self.test('{alias}', p)}, false)"),)


@dataclass(frozen=True, slots=True)
class BoundDenied:
    """What is denied: verbs to the own set (me and `unit_set`), and stored sets that deny rules name."""

    verbs: tuple[Verb, ...]
    me: UnitId
    unit_set: int
    authors: tuple[UnitId, ...]
    labels: int

    @property
    def shape(self) -> str:
        letters = "".join(verb.letter for verb in self.verbs)
        return f"-{letters}{'a' if self.authors else ''}{'l' if self.labels else ''}"

    def values(self, p: str) -> Mapping[str, Any]:
        return {
            f"{p}dme": self.me,
            f"{p}dset": self.unit_set,
            f"{p}dauthors": list(self.authors),
            f"{p}dlabels": self.labels,
        }

    def test(self, alias: str, p: str) -> str:
        verbs = ", ".join(f"'{verb.letter}'" for verb in self.verbs)
        unit = f"d.unit_id = {{{p}dme}} or {in_set('d.unit_id', f'{p}dset')}"
        row = f"d.record_id = {alias}.id and d.verb in ({verbs}) and ({unit})"
        tests = [f"(select true from @.access_deny d where {row} limit 1)"]
        if self.authors:
            tests.append(f"{alias}.author_id = any({{{p}dauthors}})")
        if self.labels:
            tests.append(
                f"(select true from @.access_reach_label l where l.reach_id = {{{p}dlabels}}"
                f" and l.label_id = {alias}.label_id)"
            )
        return " or ".join(tests)


_VALID = "(s.valid_from is null or s.valid_from <= now()) and (s.valid_to is null or now() < s.valid_to)"


def persons_values(persons: tuple[UnitId, ...], slot: str) -> Mapping[str, Any]:
    """One person as a value, several as a list: plans for a list are guessed for ten."""
    return {slot: persons[0] if len(persons) == 1 else list(persons)}


def persons_test(persons: tuple[UnitId, ...], value: str, slot: str) -> str:
    """SQL for "the value is one of the persons"."""
    return f"{value} = {{{slot}}}" if len(persons) == 1 else f"{value} = any({{{slot}}}::uuid[])"


def in_set(value: str, slot: str) -> str:
    """SQL for "the value is a member of the unit set"."""
    return (
        f"(select true from @.access_unit_set_member m where m.set_id = {{{slot}}} and m.unit_id = {value})"
    )


def under_reach(selected: str, slot: str) -> str:
    """SQL that selects from persons `u` whose current label is in the reach."""
    return (
        f"select {selected} from @.identity_unit u join @.access_reach_label l"
        f" on l.label_id = u.current_label_id where l.reach_id = {{{slot}}}"
    )
