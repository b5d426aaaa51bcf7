"""The same data in the product: roles, people, rights by its commands; rows in bulk, as a migration would."""

import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import psycopg

from bench.invented import record_id
from bench.yardstick import Data
from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import UnitId, new_id
from ostiary.objects import public as objects
from ostiary.project._tenants import create_tenant
from ostiary.tenancy import public as tenancy

PACKAGE = Path(__file__).parent / "package"
FIELDS = ("name", "email", "phone", "mobile", "job_title", "account", "region", "city", "country", "status")


PERSON = 1  # table of made ids


@dataclass(frozen=True, slots=True)
class Loaded:
    """Keys by viewer."""

    tenant: tenancy.Tenant
    keys: dict[str, str]


@dataclass(frozen=True, slots=True)
class Staff:
    """Who is there before the first record.

    people, personal: units and roles of their own by the number of a user. roles: number of the user's role.
    """

    tenant: tenancy.Tenant
    keys: dict[str, str]
    people: dict[str, UnitId]
    personal: dict[str, UnitId]
    labels: dict[UnitId, int]
    roles: dict[str, int]
    object_id: UUID


def record(number: int) -> UUID:
    """The id of a contact, in each object that holds it."""
    return record_id(PERSON, number)


def load(data: Data, slug: str = "yardstick") -> Loaded:
    """Make a tenant with the data set. Rule 1 is leg 2 (each user manages the own role), rule 3 is shares."""
    staff = engage(data, slug)
    schema = staff.tenant.schema
    with psycopg.connect(tenancy.placement().owner, autocommit=True) as connection:
        for code in ("person", "sealed_person"):
            _copy_rows(connection, schema, code, data, staff)
        shares = [(r[1], int(r[2])) for r in data.rows("share")]
        shares += [("1000", 1 + (n * 1999) % data.meta["n"]) for n in range(1, 51)]
        copy_shares(connection, staff, shares)
        vacuum(connection, schema, "rec_person", "rec_sealed_person")
    return Loaded(staff.tenant, staff.keys)


def engage(data: Data, slug: str) -> Staff:
    """Make the tenant with its roles, people and rights."""
    new = create_tenant(
        slug, "Yardstick", [f"{slug}.localhost"], login="admin", person="Admin", email="", password=None
    )
    tenant = new.tenant
    with tenancy.transaction(tenant) as db:
        ctx = Context(tenant.id, db, new.administrator, Channel.CLI)
    objects.install_package(tenant, ctx, objects.read_package(PACKAGE))
    with tenancy.transaction(tenant) as db:
        ctx = ctx.within(db)
        people, personal, keys = _people(ctx, data)
        _rights(ctx)
        labels: dict[UnitId, int] = dict(
            db.rows("select id, current_label_id from @.identity_unit where kind = 'person'")
        )
        catalogue = objects.get_catalogue(ctx)
    roles = {row[0]: int(row[2]) for row in data.rows("app_user")}
    return Staff(tenant, keys, people, personal, labels, roles, catalogue.objects["person"].id)


def vacuum(connection: psycopg.Connection, schema: str, *tables: str) -> None:
    """Statistics and visibility, of these tables and of those that decide."""
    for table in (*tables, "access_share", "identity_unit", "identity_label_unit"):
        connection.execute(f"vacuum analyze {schema}.{table}")


def _people(ctx: Context, data: Data) -> tuple[dict[str, UnitId], dict[str, UnitId], dict[str, str]]:
    roles: dict[str, UnitId] = {}
    managers: dict[str, UnitId] = {}
    for number, name, parent, _ in data.rows("role"):
        role = access.create_role(ctx, identity.UnitKind.ORG, name, parent=roles.get(parent))
        roles[number] = role
        managers[number] = access.create_role(ctx, identity.UnitKind.MANAGER, f"{name} lead", manages=role)
    people: dict[str, UnitId] = {}
    personal: dict[str, UnitId] = {}
    pairs = []
    for number, login, role_number in [*data.rows("app_user"), ["1000", "fifty", "leaf"]]:
        email = f"{login}@example.test"
        person = people[number] = access.create_person(ctx, login=login, name=login, email=email)
        # Rule 3 is the user's alone, but a share that names a person reaches that person's managers too
        # (semantics section 3). A role marked "not inherited by managers" does not.
        mine = personal[number] = access.create_role(
            ctx, identity.UnitKind.FUNC, f"{login} alone", not_inherited=True
        )
        pairs += [(person, mine)]
        if role_number in roles:
            pairs += [(person, roles[role_number]), (person, managers[role_number])]
    leaf = access.create_role(ctx, identity.UnitKind.ORG, "leaf", parent=roles["1"])
    pairs.append((people["1000"], leaf))
    everyone = access.create_person(ctx, login="everything", name="everything", email="")
    access.add_members(ctx, pairs)
    viewers = access.create_role(ctx, identity.UnitKind.FUNC, "Viewers of everything")
    access.add_member(ctx, everyone, viewers)
    access.set_operation_rows(ctx, access.Operation.VIEW_ANY_DATA, [(viewers, True)])
    acting = people[str(data.meta["acting_user"])]
    keys = {
        name: access.create_api_key(ctx, unit, "yardstick")
        for name, unit in (("acting", acting), ("fifty", people["1000"]), ("everything", everyone))
    }
    return people, personal, keys


def _rights(ctx: Context) -> None:
    everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    if everyone is None:
        raise RuntimeError("no root role")
    for found in objects.get_catalogue(ctx).objects.values():
        access.set_object_rows(ctx, found.id, [(everyone, frozenset(access.Verb))])
        columns = {c.id: [(everyone, access.ColumnLevel.EDIT)] for c in found.columns.values()}
        access.set_columns_rows(ctx, found.id, columns)


def _copy_rows(connection: psycopg.Connection, schema: str, code: str, data: Data, staff: Staff) -> None:
    sorted_fields = ", ".join(f'"{f}__sort"' for f in FIELDS)
    columns = (
        "id, author_id, owner_id, label_id, created_at, modified_at, modified_by, score, role_id, "
        + ", ".join(f'"{f}"' for f in FIELDS)
        + f", {sorted_fields}"
    )
    with connection.cursor().copy(f"copy {schema}.rec_{code} ({columns}) from stdin") as copy:
        for row in data.rows("contact"):
            unit = staff.people[row[12]]
            label, stamp = staff.labels[unit], datetime.fromisoformat(f"{row[14]}+00:00")
            texts = row[1:11]
            copy.write_row(
                [record(int(row[0])), unit, unit, label, stamp, stamp, unit, int(row[11]), int(row[13])]
                + texts
                + [objects.sort_key(t) for t in texts]
            )


def copy_shares(connection: psycopg.Connection, staff: Staff, shares: list[tuple[str, int]]) -> None:
    """Read and update, (number of the user, number of the contact) each."""
    buffer = io.StringIO()
    for user, contact in shares:
        for verb in "ru":
            unit = staff.personal[user]
            buffer.write(f"{new_id()}\t{staff.object_id}\t{record(contact)}\t{unit}\t{verb}\t1\n")
    with connection.cursor().copy(
        f"copy {staff.tenant.schema}.access_share (id, object_id, record_id, unit_id, verb, level) from stdin"
    ) as copy:
        copy.write(buffer.getvalue())
