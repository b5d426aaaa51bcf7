"""Handing a record over: to records of other objects, that are there or new, and to a final stage (ADR 0036).

Each step is an ordinary write of the person who does it, with their rights: what they may not read is not
copied, no record that they may not read is offered, and either everything is done or nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import RecordId
from ostiary.objects import public as objects
from ostiary.records._create import create_record
from ostiary.records._describe import ObjectView, describe
from ostiary.records._duplicates import Candidate, find_duplicates
from ostiary.records._query import Record, RecordQuery, Sort
from ostiary.records._read import get_record, list_records
from ostiary.records._update import update_record

NEW, NONE = "new", "none"
MOST_STAGES = 100


@dataclass(frozen=True, slots=True)
class Step:
    """One record to hand over to. linked: what is there already. name: what a new one would be called.

    may_create: by layer 2. candidates: those that the person may read.
    """

    link: str
    caption: str
    object: str
    linked: Candidate | None
    name: str
    may_create: bool
    candidates: tuple[Candidate, ...]


def plan_hand_over(ctx: Context, code: str, record_id: UUID) -> tuple[Record, tuple[Step, ...]]:
    """What handing a record over would take. Raises NotFound: no such record, or nothing is declared."""
    view = describe(ctx, code)
    record = get_record(ctx, code, record_id, verdicts=True)
    return record, tuple(_step(ctx, view, record, to) for to in _declared(view).to)


def hand_over(ctx: Context, code: str, record_id: UUID, version: int, choices: Mapping[str, str]) -> Record:
    """Hand a record over, all or nothing. Raises: as creating and changing records; NotFound; Invalid.

    choices: by lookup, `new`, `none` (as where nothing is chosen) or the id of a record. A possible duplicate
    is not in the way of `new`: whoever chooses it was shown. NotFound: nothing is declared for the object.
    """
    view = describe(ctx, code)
    declared = _declared(view)
    record = get_record(ctx, code, record_id)
    by_link = {_code(view.object, to.link): to for to in declared.to}
    for link in choices:
        if link not in by_link:
            raise Invalid([FieldError(link, "unknown", f"{link}: nothing is handed over to it")])
    with ctx.db.savepoint():
        values = _plain(view.object, record)
        links = dict(_links(ctx, view, by_link, values, choices))
        links[_stage_column(view)] = _stage(ctx, view, declared)
        return update_record(ctx, code, record_id, links, version)


def _declared(view: ObjectView) -> objects.HandOver:
    declared = view.object.rules.hand_over
    if declared is None or access.Verb.UPDATE not in view.verbs:
        raise NotFound
    return declared


def _code(made: objects.Object, name: str) -> str:
    """The code of now of a stored name. Raises NotFound: the column was dropped."""
    found = next((c.code for c in made.columns.values() if c.name == name), None)
    if found is None:
        raise NotFound
    return found


def _plain(made: objects.Object, record: Record) -> dict[str, Any]:
    """Readable values by stored name, as they may be given again."""
    values: dict[str, Any] = {}
    for column in made.columns.values():
        value = record.data.get(column.code)
        if isinstance(value, dict):
            value = value.get("id")  # nothing of what is restricted or masked
        values[column.name] = value
    return values


def _links(
    ctx: Context,
    view: ObjectView,
    by_link: Mapping[str, objects.HandOverTo],
    values: dict[str, Any],
    choices: Mapping[str, str],
) -> Iterator[tuple[str, str]]:
    for link, to in by_link.items():
        if values.get(to.link) is not None:
            continue  # it belongs to one already
        choice = choices.get(link) or NONE
        if choice == NEW:
            choice = str(_make(ctx, to, values, link).id)
        if choice != NONE:
            values[to.link] = choice
            yield link, choice


def _make(ctx: Context, to: objects.HandOverTo, values: Mapping[str, Any], link: str) -> Record:
    theirs = describe(ctx, to.object)
    given = {
        code: values[ours]
        for name, ours in to.values
        if values.get(ours) is not None and (code := _code(theirs.object, name)) in theirs.creatable
    }
    try:
        return create_record(ctx, to.object, given)
    except Invalid as refused:
        # told of the record that is handed over: its columns are the ones on the page
        words = "; ".join(error.message for error in refused.errors)
        raise Invalid([FieldError(link, "not_created", f"{theirs.object.caption}: {words}")]) from None


def _stage_column(view: ObjectView) -> str:
    stages = view.object.rules.stages
    if stages is None:
        raise NotFound
    return _code(view.object, stages.column)


def _stage(ctx: Context, view: ObjectView, declared: objects.HandOver) -> str:
    """The first stage of the kind that a record is handed over in. Raises Invalid: there is none."""
    column = view.object.columns[_stage_column(view)]
    if column.target is None:
        for choice in column.choices:
            if declared.stage.fits({objects.CODE: choice.code}) and not choice.retired:
                return choice.code
    else:
        sort = tuple(Sort.parse(c) for c in describe(ctx, column.target).object.layout.default_sort)
        found = list_records(ctx, RecordQuery(column.target, sort=sort, limit=MOST_STAGES))
        for row in found.records():
            if declared.stage.fits(row):
                return str(row["id"])
    raise Invalid([FieldError(column.code, "no_stage", f"{column.caption}: no stage is marked for this")])


def _step(ctx: Context, view: ObjectView, record: Record, to: objects.HandOverTo) -> Step:
    link = _code(view.object, to.link)
    theirs = describe(ctx, to.object)
    values = _plain(view.object, record)
    held = record.data.get(link)
    linked = None
    if isinstance(held, dict) and held.get("id"):
        linked = Candidate(RecordId(UUID(held["id"])), str(held.get("display") or ""), ())
    return Step(
        link,
        view.object.columns[link].caption,
        to.object,
        linked,
        str(values.get(to.needs) or ""),
        access.Verb.CREATE in theirs.verbs,
        () if linked else _candidates(ctx, theirs, to, values),
    )


def _candidates(
    ctx: Context, theirs: ObjectView, to: objects.HandOverTo, values: Mapping[str, Any]
) -> tuple[Candidate, ...]:
    """Readable records that may be the same, by the rules of their object."""
    asked = {_code(theirs.object, name): values[ours] for name, ours in to.match}
    return find_duplicates(ctx, to.object, [asked])[0]
