"""What decisions and compiling cost inside the process, without any request."""

import time
from collections.abc import Callable

from bench.tenant import Loaded
from ostiary.access import core
from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.clock import now
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import NotSignedIn
from ostiary.kernel.ids import UnitId, new_id
from ostiary.records import _plans, _read
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy

CALLS = 20_000


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
    """Microseconds of a decision on a loaded record, and of compiling a list of a shape already seen."""
    with tenancy.transaction(loaded.tenant) as db:
        nobody = Context(loaded.tenant.id, db, None, Channel.CLI)
        key = identity.find_api_key(nobody, loaded.keys["acting"])
        if key is None:
            raise NotSignedIn
        ctx = nobody.acting_as(key.principal)
        view = _read.readable_view(ctx, "person")
        rule = view.rights.rule(view.object.id, access.Verb.READ)
        facts = core.RecordFacts(
            author=UnitId(new_id()),
            author_set=view.rights.sources.own,
            author_reporting=frozenset({view.rights.graph.root}),
            owner=None,
            owner_reporting=frozenset(),
            shares=(),
            persons={},
            now=now(),
        )
        query = records.RecordQuery(
            "person",
            filter=records.Compare("name", records.Op.CONTAINS, "an"),
            sort=(records.Sort("name"),),
        )
        return {
            "decision on a loaded record, refused by every leg": microseconds(
                lambda: core.decide_record(rule, facts)
            ),
            "compile of a list of a shape already seen": microseconds(
                lambda: _plans.page_statement(ctx, view, query, records.PlanShape.WALK).bound(query.filter)
            ),
        }
