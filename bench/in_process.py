"""What decisions and compiling cost inside the process, without any request."""

import time
from collections.abc import Callable
from dataclasses import replace

from bench.tenant import Loaded
from ostiary.access import core
from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.clock import now
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import NotSignedIn
from ostiary.kernel.ids import UnitId, new_id
from ostiary.records import _plans, _read, _shape
from ostiary.records import public as records
from ostiary.records._view import View
from ostiary.tenancy import public as tenancy

CALLS = 20_000
READ = {access.Verb.READ: access.Grant.GRANTED}
COLUMN = str(new_id())


def microseconds(call: Callable[[], object]) -> float:
    """CPU a call, the best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for _ in range(CALLS):
            call()
        best = min(best, time.process_time() - start)
    return 1e6 * best / CALLS


def figures(loaded: Loaded) -> dict[str, float]:
    """Microseconds of decisions on a loaded record, and of compiling requests of a shape already seen."""
    with tenancy.transaction(loaded.tenant) as db:
        nobody = Context(loaded.tenant.id, db, None, Channel.CLI)
        key = identity.find_api_key(nobody, loaded.keys["acting"])
        if key is None:
            raise NotSignedIn
        ctx = nobody.acting_as(key.principal)
        view = _read.readable_view(ctx, "person")
        return {**_decisions(view), **_compiles(ctx, view)}


def _decisions(view: View) -> dict[str, float]:
    rule = view.rights.rule(view.object.id, access.Verb.READ, view.catalogue.grounds)
    every, master, facts = _every_leg(view), _every_leg(view, with_master=False), _facts(view)
    facts = replace(facts, master=facts)
    for asked in (rule, every, master):
        if core.decide_record(asked, facts).allowed:
            raise RuntimeError("a record that no leg reaches was given")
    reached = replace(facts, master=replace(facts, author=UnitId(view.rights.principal)))
    if not core.decide_record(every, reached).allowed:
        raise RuntimeError("a record that the last leg reaches was refused")
    return {
        "decision on a loaded record, refused by the acting user's legs": microseconds(
            lambda: core.decide_record(rule, facts)
        ),
        "decision on a loaded record, refused by all eight legs and a deny": microseconds(
            lambda: core.decide_record(every, facts)
        ),
        "decision on a loaded record, reached by its master record alone": microseconds(
            lambda: core.decide_record(every, reached)
        ),
    }


def _every_leg(view: View, *, with_master: bool = True) -> core.RecordRule:
    """All legs and denies, as an object has them where an administrator uses everything."""
    sources = view.rights.sources
    sources = replace(sources, attributes={"areas": frozenset({new_id()})})
    mine = min(sources.own)
    others = UnitId(new_id())
    policy = core.RecordPolicy(
        core.Switches(denies=True),
        tuple(core.DefaultRule(new_id(), UnitId(new_id()), mine, READ) for _ in range(5)),
        (core.ScopeRule(new_id(), mine, (COLUMN,), "areas", READ),),
        (core.DenyRule(new_id(), others, mine, frozenset({access.Verb.READ})),),
    )
    master = (_every_leg(view, with_master=False),) if with_master else ()
    roles = frozenset(view.rights.graph.roles)
    return core.record_rule(access.Verb.READ, sources, policy, roles, master)


def _facts(view: View) -> core.RecordFacts:
    """A record by somebody else, shared with and denied to others."""
    stranger, other = UnitId(new_id()), UnitId(new_id())
    root = frozenset({view.rights.graph.root})
    return core.RecordFacts(
        author=stranger,
        author_set=view.rights.sources.own - {UnitId(view.rights.principal)} | {stranger},
        author_reporting=root,
        owner=other,
        owner_reporting=root,
        shares=tuple(
            core.ShareFact(UnitId(new_id()), access.Verb.READ, access.Grant.GRANTED) for _ in range(3)
        ),
        persons={},
        now=now(),
        denies=(core.DenyFact(other, access.Verb.READ),),
        values={(COLUMN,): new_id()},
    )


def _compiles(ctx: Context, view: View) -> dict[str, float]:
    query = records.RecordQuery(
        "person",
        filter=records.Compare("name", records.Op.CONTAINS, "an"),
        sort=(records.Sort("name"),),
    )
    return {
        "compile of a list of a shape already seen": microseconds(
            lambda: _plans.page_statement(ctx, view, query, _shape.choose_shape(ctx, view, query)).bound(
                query.filter
            )
        ),
        "compile of a count of a shape already seen": microseconds(
            lambda: _plans.count_statement(ctx, view, query.filter, records.CountMode.EXACT).bound(
                query.filter
            )
        ),
    }
