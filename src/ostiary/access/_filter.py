"""The record filter: layer 3 of one verb for one principal, bound to derived rows, as SQL.

Two forms of the same expression: `row_test` asks it of a row that is at hand (by probes that cost the same
however much the principal may see), `branches` walks from what is visible to the rows (cost by what is
visible). Which form a statement uses is decided by `records`; what is true is decided here. A statement's
text depends on the shape alone; values go into named slots.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ostiary.access.core import Verb
from ostiary.kernel.ids import UnitId


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """What a principal reaches at layer 3 for one verb on one object.

    everyone: no condition. authors: author units of rules that are persons, the principal among them if the
    author leg is on. owner: the owner leg is on. labels, owners: reaches over the stored and the owner's
    current label, 0 for none. unit_set: roles for shares, 0 for no share leg. heads: reach of managed heads,
    by which shares to subordinates count. fanout: how many branches a walk has.
    """

    verb: Verb
    object_id: UUID
    principal: UnitId
    everyone: bool = False
    authors: tuple[UnitId, ...] = ()
    owner: bool = False
    labels: int = 0
    owners: int = 0
    unit_set: int = 0
    heads: int = 0
    fanout: int = 0

    @property
    def shape(self) -> str:
        """All that the text of a statement depends on."""
        if self.everyone:
            return f"{self.verb.letter}*"
        flags = (
            bool(self.authors),
            self.owner,
            bool(self.labels),
            bool(self.owners),
            bool(self.unit_set),
            bool(self.heads),
        )
        return self.verb.letter + "".join("1" if flag else "0" for flag in flags)

    def values(self, prefix: str) -> Mapping[str, Any]:
        """Values of the slots that texts made with this prefix refer to."""
        p = f"{prefix}{self.verb.letter}_"
        return {
            f"{p}me": self.principal,
            f"{p}authors": list(self.authors),
            f"{p}labels": self.labels,
            f"{p}owners": self.owners,
            f"{p}units": self.unit_set,
            f"{p}heads": self.heads,
        }

    def row_test(self, alias: str, prefix: str) -> str:
        """SQL that is true for a row `alias` of the object's table; never null."""
        if self.everyone:
            return "true"
        p = f"{prefix}{self.verb.letter}_"
        tests = []
        if self.authors:
            tests.append(f"{alias}.author_id = any({{{p}authors}})")
        if self.owner:
            tests.append(f"{alias}.owner_id = {{{p}me}}")
        if self.labels:
            tests.append(_has_label(f"{alias}.label_id", f"{{{p}labels}}"))
        if self.owners:
            # a scalar subselect cannot be hashed over the whole table: its cost is that of the rows looked at
            tests.append(
                f"(select true from @.identity_unit u join @.access_reach_label l"
                f" on l.label_id = u.current_label_id"
                f" where u.id = {alias}.owner_id and l.reach_id = {{{p}owners}})"
            )
        if self.unit_set:
            tests.append(
                f"(select true from @.access_share s where s.record_id = {alias}.id"
                f" and {self._share_test('s', p)} limit 1)"
            )
        return f"coalesce({' or '.join(tests)}, false)" if tests else "false"

    def _share_test(self, share: str, p: str) -> str:
        unit = (
            f"{share}.unit_id = {{{p}me}} or (select true from @.access_unit_set_member m"
            f" where m.set_id = {{{p}units}} and m.unit_id = {share}.unit_id)"
        )
        if self.heads:
            unit += (
                f" or (select true from @.identity_unit u join @.access_reach_label l on l.label_id ="
                f" u.current_label_id where u.id = {share}.unit_id and l.reach_id = {{{p}heads}})"
            )
        return (
            f"{share}.verb = '{self.verb.letter}' and (valid_from is null or valid_from <= now())"
            f" and (valid_to is null or now() < valid_to) and ({unit})"
        )

    def branches(self, prefix: str) -> tuple["Branch", ...]:
        """The ways from what is visible to the rows: (keys, column) pairs whose union is the visible set."""
        p = f"{prefix}{self.verb.letter}_"
        found = []
        if self.labels:
            found.append(
                Branch(
                    "label_id",
                    f"select l.label_id as key from @.access_reach_label l where l.reach_id = {{{p}labels}}",
                    "not " + _has_label("{alias}.label_id", f"{{{p}labels}}", hashed=True),
                )
            )
        if self.owner or self.owners:
            keys = []
            if self.owners:
                keys.append(
                    f"select u.id as key from @.identity_unit u join @.access_reach_label l"
                    f" on l.label_id = u.current_label_id where l.reach_id = {{{p}owners}}"
                )
            if self.owner:
                keys.append(f"select {{{p}me}}::uuid as key")
            union = " union ".join(keys)
            found.append(
                Branch(
                    "owner_id", union, f"({{alias}}.owner_id is null or {{alias}}.owner_id not in ({union}))"
                )
            )
        if self.authors:
            found.append(
                Branch(
                    "author_id",
                    f"select unnest({{{p}authors}}::uuid[]) as key",
                    f"{{alias}}.author_id <> all({{{p}authors}})",
                )
            )
        if self.unit_set:
            keys = [
                self._shares_of(f"s.unit_id = {{{p}me}}"),
                self._shares_of(
                    "s.unit_id in (select m.unit_id from @.access_unit_set_member m"
                    f" where m.set_id = {{{p}units}})"
                ),
            ]
            if self.heads:
                keys.append(
                    self._shares_of(
                        f"s.unit_id in (select u.id from @.identity_unit u join @.access_reach_label l"
                        f" on l.label_id = u.current_label_id where l.reach_id = {{{p}heads}})"
                    )
                )
            found.append(Branch("id", " union ".join(keys), ""))
        return tuple(found)

    def _shares_of(self, unit: str) -> str:
        return (
            f"select s.record_id as key from @.access_share s where {unit}"
            f" and s.object_id = '{self.object_id}' and s.verb = '{self.verb.letter}'"
            " and (s.valid_from is null or s.valid_from <= now())"
            " and (s.valid_to is null or now() < s.valid_to)"
        )


@dataclass(frozen=True, slots=True)
class Branch:
    """One way to rows: those whose `column` is among the `keys` (a query with one column `key`).

    outside: SQL, true for a row `{alias}` that this branch does not reach; the last branch needs none.
    """

    column: str
    keys: str
    outside: str


def _has_label(value: str, reach: str, *, hashed: bool = False) -> str:
    if hashed:
        return f"({value} in (select l.label_id from @.access_reach_label l where l.reach_id = {reach}))"
    return f"(select true from @.access_reach_label l where l.reach_id = {reach} and l.label_id = {value})"
