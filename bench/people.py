"""`python -m bench.people`: what pages of people, roles and their rights take in a large tenant.

No ratio: nobody writes these by hand. In process, one at a time, from the request to the whole answer; the
target is 30 ms for each.
"""

import argparse
import statistics
import time

import psycopg
from django.core.handlers.wsgi import WSGIHandler

from bench import bed, crowd
from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.ids import PrincipalId, RecordId
from ostiary.project._transport import Transport
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._site import Site

ASKED = 15
TARGET_MS = 30
LAYERS = ("operations", "object", "records", "columns")


def addresses(made: crowd.Crowd) -> dict[str, str]:
    """What an administrator opens."""
    user, manager = f"/people/{made.user(54_321 % made.users)}", f"/people/{made.viewers['manager']}"
    role, everybody = f"/roles/{made.role(7)}", "/roles"
    return {
        "people": "/people",
        "people, from the middle": f"/people?after={made.user(made.users // 2)}",
        "people, service accounts": "/people?kind=service",
        "people, nobody inactive": "/people?state=inactive",
        "people, one found": f"/people?q=user+{made.users // 2}",
        "people, all found": "/people?q=user",
        "people, none found": "/people?q=nobody",
        "people, by address": f"/people?q=user{made.users // 3}@a.test",
        "a person": user,
        "effective roles": f"{user}?tab=roles",
        "effective roles of the manager of all": f"{manager}?tab=roles",
        "what counts by managing all": f"{manager}?tab=managed",
        "standing in": f"{user}?tab=standing",
        "attributes": f"{user}?tab=attributes",
        "new person": "/people/new",
        "the tree": everybody,
        "the tree, open to a leaf": f"{everybody}?at={made.role(made.roles)}",
        "children": f"{role}/children",
        "roles found": f"{everybody}?q=role+{made.roles // 2}",
        "all roles found": f"{everybody}?q=role",
        "a role": role,
        "a role with half of the people": f"/roles/{made.role(1)}",
        "its members found": f"/roles/{made.role(1)}?q=user+777",
        "members to choose": f"{role}/members",
        "what refers to a role": f"/roles/{made.role(1)}/delete",
        "people by REST": "/api/v1/people?limit=50&count=true",
        "operations": "/rights/operations",
        "an operation": f"/rights/operations/{access.Operation.EXPORT_LIST.value}",
        "objects and their rights": "/rights/objects",
        **{f"rights of an object, {layer}": f"/rights/objects/entry?layer={layer}" for layer in LAYERS},
        **{f"rights of a role, {layer}": f"/rights/roles/{made.role(7)}?layer={layer}" for layer in LAYERS},
        "role matrix": "/role-matrix",
        "role matrix, operations": "/role-matrix?tab=operations",
        "role matrix, one role": f"/role-matrix/roles/{made.role(7)}",
        "wizard": "/rights/wizard",
    }


def about_a_record(made: crowd.Crowd, record: RecordId) -> dict[str, str]:
    """What is asked about one record and one person; TARGET_MS is 50 for an explanation."""
    here, person, other = f"/o/entry/{record}", made.user(54_321 % made.users), made.viewers["manager"]
    asked = f"/explain?object=entry&verb=update&record={record}&column=name&person={person}"
    return {
        "explain": asked,
        "explain, compared": f"{asked}&with={other}",
        "who can see a record": f"{here}?panel=who",
        "who can see a field": f"{here}?panel=who&column=name",
        "who can see, counted": f"{here}/who",
        "sharing": f"{here}?panel=share",
    }


def crowded(made: crowd.Crowd) -> None:
    """Half of the people in one role, and statistics of all."""
    schema = made.tenant.schema
    with psycopg.connect(tenancy.owner_dsn(made.tenant), autocommit=True) as connection:
        connection.execute(
            f"insert into {schema}.identity_membership (principal_id, role_id)"
            f" select id, %(role)s from {schema}.identity_unit where kind = 'person' and name ~ '[02468]$'"
            " on conflict do nothing",
            {"role": made.role(1)},
        )
        with tenancy.transaction(made.tenant) as db:
            identity.refresh_labels(made.transaction_context(db))
        for table in ("unit", "person", "membership", "label_unit", "link"):
            connection.execute(f"vacuum analyze {schema}.identity_{table}")


def measure(made: crowd.Crowd) -> None:
    """Print each. Beside others' work the best of several tells most."""
    transport = Transport(insecure_http=True)
    with tenancy.transaction(made.tenant) as db:
        ctx = made.transaction_context(db)
        token = identity.open_session(ctx, PrincipalId(made.administrator))
        key = identity.create_api_key(ctx, made.administrator, "bench", None)
        entry = records.list_records(ctx, records.RecordQuery("entry", limit=1)).records()[0]["id"]
    site = Site(WSGIHandler(), f"{made.tenant.slug}.localhost", cookies={transport.session_cookie: token})
    for what, address in {**addresses(made), **about_a_record(made, RecordId(entry))}.items():
        path, _, query = address.partition("?")
        taken = []
        for _ in range(ASKED):
            started = time.perf_counter()
            answer = site.get(path, QUERY_STRING=query, HTTP_AUTHORIZATION=f"Bearer {key}")
            taken.append((time.perf_counter() - started) * 1000)
            assert answer.status == 200, (what, answer.status, answer.body[:300])
        median, best = statistics.median(taken), min(taken)
        told = "" if best <= TARGET_MS else "  SLOW"
        print(f"{what}: best {best:.1f} ms, median {median:.1f}, first {taken[0]:.1f}{told}", flush=True)


def main() -> None:
    """Build the tenant, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.people", description=__doc__)
    parser.add_argument("--roles", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=100_000)
    options = parser.parse_args()
    with bed.installation():
        made = crowd.make("people", options.roles, options.users, 1_000)
        crowded(made)
        measure(made)


if __name__ == "__main__":
    main()
