"""Whose role is whose, in databases that have no directory of tenants."""

from collections.abc import Sequence

from ostiary.tenancy import public as tenancy

# a role is taken over by the next tenant of the same name, so the newest word counts
COPY = (
    "insert into jobs.tenant (role, id) select * from unnest(%(roles)s::text[], %(ids)s::uuid[])"
    " on conflict (role) do update set id = excluded.id where tenant.id <> excluded.id"
)


def roles_of(tenants: Sequence[tenancy.Tenant]) -> dict[str, object]:
    """Values for `COPY`."""
    return {"roles": [t.role for t in tenants], "ids": [t.id for t in tenants]}


def admit(db: tenancy.OwnerTransaction, tenant: tenancy.Tenant) -> None:
    """Let a tenant that is being made ask for work, in the transaction that makes it."""
    db.run(COPY, roles_of([tenant]))
