"""`python -m bench.preview`: what previews of typical changes take in a large tenant.

No ratio: nobody writes these by hand. In process, one at a time; the target is in seconds.
"""

import argparse
import time
from collections.abc import Callable

from bench import bed, crowd
from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.objects import public as objects
from ostiary.tenancy import public as tenancy


def typical(made: crowd.Crowd, ctx: Context) -> dict[str, assurance.RightsChange]:
    """What administrators change all day."""
    entry = objects.find_object(ctx, "entry")
    everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    assert everyone
    role, user, reader = made.role(made.roles // 2), made.user(1), frozenset({access.Verb.READ})
    name = entry.columns["name"]
    top = (role, frozenset({access.Verb.READ, access.Verb.UPDATE}))
    return {
        "a membership": assurance.SetMember(user, role),
        "a membership of a manager": assurance.SetMember(made.viewers["manager"], role),
        "rows of an object": assurance.SetObjectRows(entry.id, (top, (everyone, reader))),
        "rows of a column": assurance.SetColumnRows(
            entry.id, name.id, ((role, access.ColumnLevel.NONE), (everyone, access.ColumnLevel.READ))
        ),
        "a default rule": assurance.SetDefaultRule(
            entry.id, role, made.role(made.roles), access.Grants(read=access.Grant.GRANTED)
        ),
        "records open to everybody": assurance.SetSwitches(entry.id, records=False),
        "an operation": assurance.SetOperationRows(access.Operation.EXPORT_LIST, ((role, True),)),
        "a role moved": assurance.MoveRole(role, made.role(2)),
    }


def _timed(made: crowd.Crowd, call: Callable[[Context], object]) -> tuple[float, object]:
    with tenancy.transaction(made.tenant) as db:
        ctx = made.transaction_context(db)
        started = time.perf_counter()
        found = call(ctx)
        return time.perf_counter() - started, found


def previews(made: crowd.Crowd) -> None:
    """Print each."""
    with tenancy.transaction(made.tenant) as db:
        changes = typical(made, made.transaction_context(db))
    for what, change in changes.items():
        taken, impact = _timed(made, lambda ctx, c=change: assurance.preview(ctx, [c]))
        assert isinstance(impact, assurance.Impact)
        lines = [*impact.diff.gained[:2], *impact.diff.lost[:2]]
        told = "; ".join(f"{c.what[:60]} ({len(c.who)} people, {c.records} records)" for c in lines)
        print(f"{what}: {taken:.2f} s: {told}", flush=True)


def main() -> None:
    """Build the tenant, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.preview", description=__doc__)
    parser.add_argument("--roles", type=int, default=200)
    parser.add_argument("--users", type=int, default=2_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    with bed.installation():
        made = crowd.make("preview", options.roles, options.users, options.rows)
        previews(made)


if __name__ == "__main__":
    main()
