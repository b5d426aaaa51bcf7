"""The same data in the product: roles, people, rights by its commands; rows in bulk, as a migration would."""

import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import psycopg

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


@dataclass(frozen=True, slots=True)
class Loaded:
    """Keys by viewer, and the record id of each contact number."""

    tenant: tenancy.Tenant
    keys: dict[str, str]
    ids: list[UUID]


def load(data: Data, slug: str = "yardstick") -> Loaded:
    """Make a tenant with the data set. Rule 1 is leg 2 (each user manages the own role), rule 3 is shares."""
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
    ids = [UUID(int=0), *(new_id() for _ in range(data.meta["n"]))]
    owner = tenancy.placement().owner
    with psycopg.connect(owner, autocommit=True) as connection:
        for code in ("person", "sealed_person"):
            _copy_rows(connection, tenant.schema, code, data, ids, people, labels)
        _copy_shares(connection, tenant.schema, catalogue.objects["person"].id, data, ids, personal)
        filled = ("rec_person", "rec_sealed_person", "access_share", "identity_unit", "identity_label_unit")
        for table in filled:
            connection.execute(f"vacuum analyze {tenant.schema}.{table}")
    return Loaded(tenant, keys, ids)


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


def _copy_rows(
    connection: psycopg.Connection,
    schema: str,
    code: str,
    data: Data,
    ids: list[UUID],
    people: dict[str, UnitId],
    labels: dict[UnitId, int],
) -> None:
    sorted_fields = ", ".join(f'"{f}__sort"' for f in FIELDS)
    columns = (
        "id, author_id, owner_id, label_id, created_at, modified_at, modified_by, score, role_id, "
        + ", ".join(f'"{f}"' for f in FIELDS)
        + f", {sorted_fields}"
    )
    with connection.cursor().copy(f"copy {schema}.rec_{code} ({columns}) from stdin") as copy:
        for row in data.rows("contact"):
            unit = people[row[12]]
            stamp = datetime.fromisoformat(f"{row[14]}+00:00")
            texts = row[1:11]
            copy.write_row(
                [ids[int(row[0])], unit, unit, labels[unit], stamp, stamp, unit, int(row[11]), int(row[13])]
                + texts
                + [objects.sort_key(t) for t in texts]
            )


def _copy_shares(
    connection: psycopg.Connection,
    schema: str,
    object_id: UUID,
    data: Data,
    ids: list[UUID],
    personal: dict[str, UnitId],
) -> None:
    shares = [(r[1], int(r[2])) for r in data.rows("share")]
    shares += [("1000", 1 + (n * 1999) % data.meta["n"]) for n in range(1, 51)]
    buffer = io.StringIO()
    for user, contact in shares:
        for verb in "ru":
            buffer.write(f"{new_id()}\t{object_id}\t{ids[contact]}\t{personal[user]}\t{verb}\t1\n")
    with connection.cursor().copy(
        f"copy {schema}.access_share (id, object_id, record_id, unit_id, verb, level) from stdin"
    ) as copy:
        copy.write(buffer.getvalue())
