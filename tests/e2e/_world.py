"""A small company for the browser tests, made in a process of its own and told as JSON on standard output.

Ann and Bob are agents of one team and see their own opportunities; Mona leads it; the administrator sees all.
"""

import json
import sys
from collections.abc import Mapping

from ostiary.access import public as access
from ostiary.crm import public as crm
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId
from ostiary.project._administration import acting_as, installation
from ostiary.project._tenants import create_tenant
from ostiary.records import public as records

HOST = "localhost"
PASSWORD = "copper lantern harvest 93"
DEALS = 55  # more than a page


def main() -> None:
    """Make the company in the prepared state folder."""
    with installation():
        new = create_tenant(
            "halden",
            "Halden Instruments",
            [HOST],
            login="admin",
            person="Ada Admin",
            email="ada@halden.example",
            password=PASSWORD,
        )
        with acting_as(new.tenant, "admin", purpose="set-up") as ctx:
            crm.install(new.tenant, ctx)
        with acting_as(new.tenant, "admin", purpose="set-up") as ctx:
            people = _people(ctx)
            _mask(ctx, people["bob"])
            told = _records({name: ctx.acting_as(unit) for name, unit in people.items()})
    json.dump(told, sys.stdout)


def _people(ctx: Context) -> dict[str, UnitId]:
    team = access.create_role(ctx, identity.UnitKind.ORG, "Team")
    lead = access.create_role(ctx, identity.UnitKind.MANAGER, "Team lead", manages=team)
    found = {}
    for login, name, role, place in (
        ("ann", "Ann Agent", "sales", team),
        ("bob", "Bob Other", "sales", team),
        ("mona", "Mona Manager", "sales_managers", lead),
    ):
        unit = access.create_person(ctx, login=login, name=name, email=f"{login}@halden.example")
        access.set_password(ctx, unit, PASSWORD)
        packaged = identity.find_unit(ctx, role)
        if packaged is None:
            raise RuntimeError(f"the package has no role {role}")
        access.add_members(ctx, [(unit, packaged), (unit, place)])
        found[login] = unit
    return found


def _mask(ctx: Context, reader: UnitId) -> None:
    """Alternative names of accounts are masked for one person, who may reveal them."""
    everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    if everyone is None:
        raise RuntimeError("there is no role of all employees")
    thing = records.describe(ctx, "account").object
    rows = [(reader, access.ColumnLevel.MASKED), (everyone, access.ColumnLevel.EDIT)]
    access.set_column_rows(ctx, thing.id, thing.columns["alternative_name"].id, rows)
    access.set_operation_rows(ctx, access.Operation.REVEAL_MASKED, [(reader, True)])


def _records(acting: Mapping[str, Context]) -> dict[str, str]:
    ann, bob = acting["ann"], acting["bob"]
    helios = records.create_record(
        ann, "account", {"name": "Helios Labs", "email": "info@helios.example", "alternative_name": "Sunward"}
    )
    records.create_record(ann, "account", {"name": "Kestrel Rail"})
    for name in ("Ruth Adeyemi", "Karl Bergström"):
        records.create_record(ann, "contact", {"name": name, "account": str(helios.id), "job_title": "Buyer"})
    deals = [
        records.create_record(
            ann,
            "opportunity",
            {"name": f"Deal {number:02}", "amount": number * 1000, "account": str(helios.id)},
        )
        for number in range(1, DEALS + 1)
    ]
    hidden = records.create_record(bob, "opportunity", {"name": "Quiet deal of Bob", "amount": 1})
    return {
        "password": PASSWORD,
        "account": f"/o/account/{helios.id}",
        "open": f"/o/opportunity/{deals[-1].id}",
        "hidden": f"/o/opportunity/{hidden.id}",
    }


if __name__ == "__main__":
    main()
