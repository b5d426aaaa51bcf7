"""What a bulk change of all that match may do, in one statement: counted, with examples of the refused."""

from dataclasses import dataclass

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import OstiaryError
from ostiary.kernel.ids import RecordId
from ostiary.records._bulk_preview import refusal_everywhere
from ostiary.records._columns import Bound
from ostiary.records._conditions import condition, structure
from ostiary.records._filters import Filter
from ostiary.records._kept import kept
from ostiary.records._lock import refusal_of
from ostiary.records._plans import Compiled
from ostiary.records._read import object_name, readable_view, verdict
from ostiary.records._statement import make_statement
from ostiary.records._view import Stale, View, decided
from ostiary.records._visible import visible_parts

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Matching:
    """How many readable records match, to how many of them the verb may be done, why not to the others.

    examples: some of the others. refusal: of each of them; None: there are none.
    """

    selected: int
    allowed: int
    examples: tuple[RecordId, ...]
    refusal: OstiaryError | None


def preview_matching(ctx: Context, object_code: str, node: Filter, verb: access.Verb) -> Matching:
    """What may be done to all records that match. Raises: as `list_records`."""
    found = decided(ctx, lambda: _matching(ctx, object_code, node, verb))
    facts = {"verb": verb.value, "count": found.selected, "allowed": found.allowed}
    parts = [audit.Part("read", facts)]
    name = object_name(ctx, object_code)
    audit.append(ctx, "records.bulk.previewed", object_type=name, parts=parts)
    return found


def _matching(ctx: Context, code: str, node: Filter, verb: access.Verb) -> Matching:
    view = readable_view(ctx, code)
    key = ("matching", structure(node), verb)
    compiled = kept(view, key, Compiled, lambda: _compile(ctx, view, node, verb))
    epoch, selected, refused, ids = compiled.statement.run(ctx, compiled.bound(node))[0]
    if epoch != view.rights.epoch:
        raise Stale
    examples = tuple(map(RecordId, ids or ()))
    refusal: OstiaryError | None = None
    if refused:
        refusal = refusal_everywhere(view, verb, ()) or refusal_of(view, examples[0], verb)
    return Matching(selected, selected - refused, examples, refusal)


def _compile(ctx: Context, view: View, node: Filter, verb: access.Verb) -> Compiled:
    bound = Bound(ctx, view)
    where = condition(bound, node)
    parts = visible_parts(bound, view, f"r.id, {verdict(bound, view, verb)} as may", where)
    rows = " union all ".join(parts) or "select null::uuid as id, false as may where false"
    text = (
        f"with m as (select * from ({rows}) a) select {bound.epoch()}, (select count(*) from m),"
        f" (select count(*) from m where not may),"
        f" array(select id from m where not may order by id limit {EXAMPLES})"
    )
    return Compiled(make_statement(ctx.db.schema, text), bound.values, tuple(bound.converters))
