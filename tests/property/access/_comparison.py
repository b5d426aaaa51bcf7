"""Everything that the real system answers about a world, beside what the oracle says; yields what differs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ostiary.access import public as access
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound, NotSignedIn
from ostiary.records import public as records
from tests._exports import csv_of
from tests.oracle import answers
from tests.oracle.answers import IN_USE, NOBODY, NOT_FOUND, OK, Answer
from tests.oracle.layers import (
    ANY_DATA,
    may,
    may_operate,
    may_read_column,
    may_share,
    may_write_column,
    object_permits,
)
from tests.oracle.model import Grant, Record, Unit, Verb, World
from tests.property.access._reality import VERBS, Reality, undone


@dataclass(frozen=True)
class Difference:
    """One question on which the two disagree."""

    question: str
    expected: object
    found: object

    def __str__(self) -> str:
        return f"{self.question}\n    semantics: {self.expected}\n    product:   {self.found}"


Differences = Iterator[Difference]
Ways = dict[str, Callable[[], Any]]


def differences(world: World, reality: Reality, turn: int | None = None, *, one_in: int = 1) -> Differences:
    """What every principal lists, counts and gets, and the longer questions: all, or in turn one for each.

    turn: where the turns begin; None asks everything. one_in: ask so few of the principals, in turn as well.
    """
    for place, who in enumerate(world.principals()):
        if ((turn or 0) + place) % one_in:
            continue
        asking = Asking(world, reality, who)
        if who in world.now.inactive:
            yield from asking.about_inactive()
            continue
        for object in world.objects:
            yield from asking.about_list(object)
        for record in world.records:
            yield from asking.about_record(record)
        for number, longer in enumerate(LONGER):
            if turn is None or (turn + place) % len(LONGER) == number:
                yield from longer(asking)


def outcome_of(call: Callable[[], object]) -> Answer:
    """What a call comes to, in the oracle's words."""
    try:
        call()
    except NotSignedIn:
        return NOBODY
    except NotFound:
        return NOT_FOUND
    except records.InUse:
        return IN_USE
    except Invalid as invalid:
        return Answer("invalid", None, invalid.errors[0].field)
    except AccessDenied as denied:
        column = denied.details.get("column")
        return Answer("forbidden", denied.layer, None if column is None else str(column))
    return OK


@dataclass(frozen=True)
class Asking:
    """The questions of one principal."""

    world: World
    reality: Reality
    who: Unit

    def about_inactive(self) -> Differences:
        """Layer 0: whoever is not active gets nothing, whatever is asked."""
        for object in self.world.objects:
            if (found := outcome_of(lambda: self._list(object))) != NOBODY:  # noqa: B023  called at once
                yield self._difference(f"is inactive and lists {object}", NOBODY, found)
        for record, kept in self.world.records.items():
            id = self.reality.records[record]
            found = outcome_of(lambda: records.delete_record(self._ctx, kept.object, id))  # noqa: B023  called at once
            if found != NOBODY:
                yield self._difference(f"is inactive and deletes {record}", NOBODY, found)

    def about_list(self, object: str, shapes: Sequence[records.PlanShape | None] = (None,)) -> Differences:
        """The whole list, its count and its columns, in each of the plan shapes."""
        if not answers.may_list(self.world, self.who, object):
            found = outcome_of(lambda: self._list(object))
            if found not in (Answer("forbidden", "object"), NOT_FOUND):
                yield self._difference(f"lists {object}", "refused at layer 2", found)
            return
        visible = sorted(answers.visible(self.world, self.who, object))
        restricted = answers.restricted_columns(self.world, self.who, object)
        for shape in shapes:
            page = self._list(object, plan=shape, count=records.CountMode.EXACT)
            names = sorted(self.reality.name_of(id) for id in page.ids)
            if names != visible:
                yield self._difference(f"lists {object} as {shape}", visible, names)
            if page.count != records.Count(len(visible)):
                yield self._difference(f"counts {object} as {shape}", len(visible), page.count)
            if set(page.restricted) != restricted:
                yield self._difference(f"finds columns of {object} restricted", restricted, page.restricted)
            for data in page.records():
                yield from self._about_values(object, data)

    def _lists(self) -> list[str]:
        """The objects that have a list for this principal."""
        return [object for object in self.world.objects if answers.may_list(self.world, self.who, object)]

    def about_shapes(self) -> Differences:
        """Every plan shape gives the same, and so does a list for which no order is asked."""
        for object in self._lists():
            yield from self.about_list(object, tuple(records.PlanShape))
            found = outcome_of(lambda: records.list_records(self._ctx, records.RecordQuery(object)))  # noqa: B023  called at once
            if found != OK:
                yield self._difference(f"lists {object} without asking for an order", OK, found)

    def _list(self, object: str, **asked: Any) -> records.Page:
        """A list, in the order of creation where the display column may not be read."""
        if not may_read_column(self.world, self.who, object, self.world.displays[object]):
            asked.setdefault("sort", (records.Sort("created_at"),))
        return records.list_records(self._ctx, records.RecordQuery(object, **asked))

    @property
    def _ctx(self) -> Any:
        return self.reality.acting_as(self.who)

    def _difference(self, question: str, expected: object, found: object) -> Difference:
        return Difference(f"{self.who} {question}", expected, found)

    def _about_values(self, object: str, data: dict[str, Any]) -> Differences:
        name = next((n for n, id in self.reality.records.items() if str(id) == data["id"]), None)
        if name is None:
            return
        expected = {
            column: self._as_json(value)
            for column, value in answers.shown(self.world, self.who, name).items()
        }
        found = {column: data[column] for column in self.world.objects[object].columns if column in data}
        if found != expected:
            yield self._difference(f"is shown {name}", expected, found)
        record = self.world.records[name]
        for column, unit in (("author", record.author), ("owner", record.owner)):
            id = None if unit is None else str(self.reality.stage.units[unit])
            if (data[column] and data[column]["id"]) != id:
                yield self._difference(f"is shown {name}.{column}", unit, data[column])

    def _as_json(self, value: answers.Shown) -> object:
        if isinstance(value, answers.Restricted):
            return {"restricted": True}
        if isinstance(value, answers.Masked):
            return {"masked": "•••"}
        if isinstance(value, answers.Reference):
            return {"id": str(self.reality.records[value.record]), "display": value.display}
        return value

    def about_pages(self) -> Differences:
        """Pages one after the other, by cursor and by offset, are the whole list."""
        for object in self._lists():
            columns = [*self.world.objects[object].columns, "owner"]
            hidden = {
                *answers.restricted_columns(self.world, self.who, object),
                *answers.masked_columns(self.world, self.who, object),
                *(column for owner, column in self.world.lookups if owner == object),
            }
            for column in [c for c in columns if c not in hidden]:
                yield from self._about_pages(object, (records.Sort(column, descending=column == "amount"),))

    def _about_pages(self, object: str, sort: tuple[records.Sort, ...]) -> Differences:
        whole = list(self._list(object, sort=sort).ids)
        by_cursor = whole[:0]
        after = None
        while not by_cursor or (after is not None and len(by_cursor) <= len(whole)):
            page = self._list(object, sort=sort, limit=2, after=after)
            by_cursor += page.ids
            after = page.next
            if not page.ids:
                break
        by_offset = [
            id
            for offset in range(0, len(whole) + 1, 2)
            for id in self._list(object, sort=sort, limit=2, offset=offset).ids
        ]
        if not whole == by_cursor == by_offset:
            names = [[self.reality.name_of(id) for id in ids] for ids in (whole, by_cursor, by_offset)]
            yield self._difference(f"pages through {object} by {sort}", names[0], names[1:])

    def about_restricted(self) -> Differences:
        """A column below read is not observable: asking for it by name is refused whatever it holds."""
        for object in self._lists():
            for column in sorted(answers.restricted_columns(self.world, self.who, object)):
                yield from self._about_restricted(object, column)
            for column in sorted(answers.masked_columns(self.world, self.who, object)):
                yield from self._about_restricted(object, column, masked=True)

    def _about_restricted(self, object: str, column: str, *, masked: bool = False) -> Differences:
        """masked: it is shown in its masked form, and only shown."""
        expected = Answer("forbidden", "column", column)
        ways: Ways = {
            "selects": lambda: self._list(object, columns=(column,)),
            "sorts by": lambda: self._list(object, sort=(records.Sort(column),)),
            "filters by": lambda: self._list(object, filter=records.Compare(column, records.Op.NOT_NULL)),
            "counts by": lambda: records.count_records(
                self._ctx, object, records.Not(records.Compare(column, records.Op.IS_NULL))
            ),
        }
        for way, call in ways.items():
            found = outcome_of(call)
            if found != (OK if masked and way == "selects" else expected):
                yield self._difference(f"{way} {object}.{column}", expected, found)

    def about_filters(self) -> Differences:
        """Equality on readable columns, through a lookup as well, finds what is shown and nothing else."""
        for object in self._lists():
            yield from self._about_filters(object)

    def _about_filters(self, object: str) -> Differences:
        shown = {
            name: answers.shown(self.world, self.who, name)
            for name in answers.visible(self.world, self.who, object)
        }
        for column in self.world.objects[object].columns:
            if not may_read_column(self.world, self.who, object, column):
                continue
            target = self.world.lookups.get((object, column))
            if target is None:
                for value in {self._value(name, column) for name in self.world.records_of(object)} - {None}:
                    expected = {name for name, values in shown.items() if values[column] == value}
                    yield from self._about_filter(object, column, value, expected)
            elif answers.may_list(self.world, self.who, target):
                yield from self._about_lookup(object, column, target, shown)

    def _value(self, record: str, column: str) -> Any:
        return self.world.records[record].values.get(column)

    def _about_lookup(
        self, object: str, column: str, target: str, shown: Mapping[str, Mapping[str, answers.Shown]]
    ) -> Differences:
        display = self.world.displays[target]
        for referred in self.world.records_of(target):
            expected = {
                name
                for name, values in shown.items()
                if isinstance(reference := values[column], answers.Reference) and reference.record == referred
            }
            yield from self._about_filter(object, column, str(self.reality.records[referred]), expected)
            if may_read_column(self.world, self.who, target, display):
                yield from self._about_filter(
                    object, f"{column}.{display}", self._value(referred, display), expected
                )
            else:
                found = outcome_of(lambda: self._filtered(object, f"{column}.{display}", "x"))
                if found.kind != "forbidden" or found.layer != "column":
                    yield self._difference(f"filters by {column}.{display}", "refused at layer 4", found)

    def _filtered(self, object: str, path: str, value: object) -> records.Page:
        return self._list(object, filter=records.Compare(path, records.Op.EQ, value))

    def _about_filter(self, object: str, path: str, value: object, expected: set[str]) -> Differences:
        found = sorted(self.reality.name_of(id) for id in self._filtered(object, path, value).ids)
        if found != sorted(expected):
            yield self._difference(f"filters {object} by {path} = {value}", sorted(expected), found)

    def about_record(self, record: str) -> Differences:
        """Get, with the verdicts on update and delete."""
        object, id = self.world.records[record].object, self.reality.records[record]
        expected = answers.answer_to(self.world, self.who, Verb.READ, record)
        got = list[records.Record]()
        found = outcome_of(lambda: got.append(records.get_record(self._ctx, object, id, verdicts=True)))
        if found != expected:
            yield self._difference(f"gets {record}", expected, found)
        for seen in got if expected == OK else ():
            verdicts = tuple(may(self.world, self.who, verb, record) for verb in (Verb.UPDATE, Verb.DELETE))
            if (seen.may_update, seen.may_delete) != verdicts:
                yield self._difference(f"may change {record}", verdicts, (seen.may_update, seen.may_delete))
            yield from self._about_values(object, dict(seen.data))

    def about_writes(self) -> Differences:
        """Update of each column and of the owner, delete: really done, and taken back."""
        for record, kept in self.world.records.items():
            for column in self.world.objects[kept.object].columns:
                target = self.world.lookups.get((kept.object, column))
                if target is None:
                    yield from self._about_update(record, column, 77 if column == "amount" else "changed")
                else:
                    yield from self._about_new_reference(record, column, target)
            active = [unit for unit in self.world.principals() if unit not in self.world.now.inactive]
            owner = next(unit for unit in active if unit != kept.owner)
            yield from self._about_update(record, "owner", str(self.reality.stage.units[owner]))
            yield from self._about_delete(record)

    def _about_update(
        self, record: str, column: str, value: object, *, referred: str | None = None
    ) -> Differences:
        """referred: the record to which the value refers."""
        ruled = column if column in self.world.objects[self.world.records[record].object].columns else None
        expected = answers.answer_to(self.world, self.who, Verb.UPDATE, record, ruled, referred=referred)
        with undone(self.reality):
            found = outcome_of(
                lambda: records.update_record(
                    self._ctx,
                    self.world.records[record].object,
                    self.reality.records[record],
                    {column: value},
                    1,
                )
            )
        if found != expected:
            yield self._difference(f"updates {record}.{column}", expected, found)

    def _about_new_reference(self, record: str, column: str, target: str) -> Differences:
        """A new lookup value must be readable by the writer."""
        others = set(self.world.records_of(target)) - {self.world.records[record].values.get(column)}
        for other in sorted(others):
            yield from self._about_update(record, column, str(self.reality.records[other]), referred=other)

    def _about_delete(self, record: str) -> Differences:
        """With what lies under it; what something else refers to, readable or not, is not deleted."""
        expected = answers.answer_to_delete(self.world, self.who, record)
        object, id = self.world.records[record].object, self.reality.records[record]
        with undone(self.reality):
            found = outcome_of(lambda: records.delete_record(self._ctx, object, id))
        if found != expected:
            yield self._difference(f"deletes {record}", expected, found)

    def about_exports(self) -> Differences:
        """An export has the rows of the list, under its own operation."""
        for object in self.world.objects:
            rows = list[bytes]()
            query = records.RecordQuery(object, columns=(), sort=(records.Sort("created_at"),))
            found = outcome_of(lambda: rows.extend(csv_of(self._ctx, query)))  # noqa: B023  called at once
            if not answers.may_export(self.world, self.who, object):
                if found == OK:
                    yield self._difference(f"exports {object}", "refused", found)
                continue
            lines = b"".join(rows).decode("utf-8-sig").splitlines()[1:]
            visible = {
                str(self.reality.records[name]) for name in answers.visible(self.world, self.who, object)
            }
            if found != OK or set(lines) != visible or len(lines) != len(visible):
                yield self._difference(f"exports {object}", visible, found if found != OK else lines)

    def about_descriptions(self) -> Differences:
        """What forms and menus are made from."""
        found = {view.object.code: view for view in records.list_objects(self._ctx)}
        if set(found) != set(self._lists()):
            yield self._difference("has in the menu", self._lists(), sorted(found))
        for object, view in found.items():
            columns = self.world.objects[object].columns
            verbs = self._verbs_of(object)
            if view.verbs != {access.Verb(verb.value) for verb in verbs}:
                yield self._difference(f"has verbs on {object}", verbs, view.verbs)
            for verb, shown in ((Verb.CREATE, view.creatable), (Verb.UPDATE, view.editable)):
                expected = {c for c in columns if may_write_column(self.world, self.who, verb, object, c)}
                if shown & columns.keys() != expected:
                    yield self._difference(f"is offered to {verb} in {object}", expected, shown)

    def _verbs_of(self, object: str) -> set[Verb]:
        """Layer 2 with what replaces it; to update and delete one must read."""
        given = {
            verb
            for verb in Verb
            if object_permits(self.world, self.who, verb, object)
            or may_operate(self.world, self.who, ANY_DATA[verb])
        }
        return given if Verb.READ in given else given & {Verb.CREATE}

    def about_create(self) -> Differences:
        """Create with one column at a time; whoever may read the new record finds it."""
        for object, granted in self.world.objects.items():
            for column in (None, *granted.columns):
                if column is not None and (object, column) in self.world.lookups:
                    yield from self._about_create_below(object, column)
                    continue
                expected = answers.answer_to_create(self.world, self.who, object, column)
                given = {} if column is None else {column: 77 if column == "amount" else "made"}
                with undone(self.reality):
                    made = list[records.Record]()
                    found = outcome_of(lambda: made.append(records.create_record(self._ctx, object, given)))  # noqa: B023  called at once
                    if found != expected:
                        yield self._difference(f"creates {object} with {column}", expected, found)
                    elif made and column is None:
                        yield from self._about_new(object, made[0])

    def _about_create_below(self, object: str, column: str) -> Differences:
        """Create with a lookup, which may be the master."""
        for target in self.world.records_of(self.world.lookups[object, column]):
            expected = answers.answer_to_create(self.world, self.who, object, column, referred=target)
            given = {column: str(self.reality.records[target])}
            with undone(self.reality):
                found = outcome_of(lambda: records.create_record(self._ctx, object, given))  # noqa: B023  called at once
            if found != expected:
                yield self._difference(f"creates {object} with {column} {target}", expected, found)

    def about_sharing(self) -> Differences:
        """A share is given by whoever holds the verb with delegation, or the operation for it."""
        unit = self.reality.stage.units[self.who]
        for record, kept in self.world.records.items():
            id = self.reality.records[record]
            for verb in (Verb.READ, Verb.UPDATE, Verb.DELETE):
                allowed = may_share(self.world, self.who, verb, record, Grant.DELEGABLE)
                with undone(self.reality):
                    found = outcome_of(
                        lambda: records.share_record(self._ctx, kept.object, id, unit, VERBS[verb])  # noqa: B023  called at once
                    )
                if (found == OK) != allowed:
                    yield self._difference(f"shares {verb} of {record}", allowed, found)

    def _about_new(self, object: str, made: records.Record) -> Differences:
        """A record that was just created is seen by whom its author's stored set of now says."""
        now = len(self.world.eras) - 1
        grown = replace(
            self.world, records={**self.world.records, "new": Record(object, self.who, self.who, now)}
        )
        if made.visible != may(grown, self.who, Verb.READ, "new"):
            yield self._difference(f"sees the new {object}", not made.visible, made.visible)
        for other in grown.principals():
            if other in grown.now.inactive:
                continue
            expected = may(grown, other, Verb.READ, "new")
            call = lambda: records.get_record(self.reality.acting_as(other), object, made.id)  # noqa: B023, E731  called in this turn
            if (found := outcome_of(call)) != (OK if expected else NOT_FOUND):
                yield self._difference(f"creates {object} and {other} gets it", expected, found)


LONGER = (
    Asking.about_shapes,
    Asking.about_pages,
    Asking.about_restricted,
    Asking.about_filters,
    Asking.about_writes,
    Asking.about_create,
    Asking.about_exports,
    Asking.about_descriptions,
    Asking.about_sharing,
)
