"""`python -m bench.rights_file`: rights as code, taken out, planned and applied in a tenant of many roles.

No ratio: nobody writes these by hand. In process, one at a time; the target of a plan is 5 s.
"""

import argparse
import time
from collections.abc import Callable
from itertools import islice

from bench import bed
from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.crm import public as crm
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import PrincipalId
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant, create_tenant
from ostiary.tenancy import public as tenancy

SETS = (
    {access.Verb.READ},
    {access.Verb.READ, access.Verb.CREATE},
    {access.Verb.READ, access.Verb.CREATE, access.Verb.UPDATE},
    set(access.Verb),
)


def made(slug: str) -> NewTenant:
    """A tenant with the CRM package."""
    new = create_tenant(
        slug, slug, [f"{slug}.localhost"], login="admin", person="Admin", email="", password=None
    )
    with tenancy.transaction(new.tenant) as db:
        ctx = Context(new.tenant.id, db, PrincipalId(new.administrator), Channel.CLI)
    crm.install(new.tenant, ctx)
    return new


def fill(ctx: Context, roles: int, things: int, people: int) -> None:
    """Roles with as many people each, and a row of each role on each object."""
    with identity.as_one(ctx) as together:
        units = [
            access.create_role(together, identity.UnitKind.FUNC, f"Role {n}", code=f"role_{n}")
            for n in range(roles)
        ]
        for thing in islice(objects.get_catalogue(ctx).objects.values(), things):
            before = access.list_object_rows(together, thing.id)
            rows = [(unit, SETS[n % len(SETS)]) for n, unit in enumerate(units)]
            access.set_object_rows(together, thing.id, [*rows, *before])
        for number in range(people):
            login = f"person{number}"
            person = access.create_person(together, login=login, name=login, email="")
            access.add_member(together, person, units[number % roles])


def timed(what: str, home: NewTenant, call: Callable[[Context], object]) -> object:
    """What came of a call in a transaction of its own; prints how long it took."""
    with tenancy.transaction(home.tenant) as db:
        ctx = Context(home.tenant.id, db, PrincipalId(home.administrator), Channel.CLI)
        started = time.perf_counter()
        found = call(ctx)
        print(f"{what}: {time.perf_counter() - started:.2f} s", flush=True)
        return found


def main() -> None:
    """Build both tenants, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.rights_file", description=__doc__)
    parser.add_argument("--roles", type=int, default=200)
    parser.add_argument("--objects", type=int, default=60)
    parser.add_argument("--people", type=int, default=1_000)
    options = parser.parse_args()
    with bed.installation():
        home, empty = made("rightshome"), made("rightsempty")
        timed("filled", home, lambda ctx: fill(ctx, options.roles, options.objects, options.people))
        text = str(timed("export", home, assurance.export_rights))
        print(f"{len(text.splitlines())} lines")
        timed("plan, nothing differs", home, lambda ctx: assurance.plan_file(ctx, text))
        timed("plan of everything", empty, lambda ctx: assurance.plan_file(ctx, text))
        timed("apply of everything", empty, lambda ctx: assurance.apply_file(ctx, text, allow_widen=True))
        again = timed("export of the other", empty, assurance.export_rights)
        assert again == text, "the same rights in other bytes"


if __name__ == "__main__":
    main()
