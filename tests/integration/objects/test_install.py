"""Packages become real tables of the owner, which the tenant's role can fill but not alter."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied, NotFound
from ostiary.kernel.ids import ColumnId, new_id
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant, create_tenant
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation

pytestmark = pytest.mark.database

FILES: dict[str, Any] = {
    "package.yaml": {
        "package": "garage",
        "caption": "Garage",
        "version": "1",
        "files": ["car.yaml", "trip.yaml", "lists.yaml"],
        "workplaces": [
            {
                "workplace": "yard",
                "caption": "Yard",
                "groups": [{"caption": "All", "sections": ["car", "trip"]}],
            }
        ],
    },
    "car.yaml": {
        "object": "car",
        "caption": "Car",
        "plural": "Cars",
        "icon": "car",
        "display": "plate",
        "policy": {
            "class": "internal",
            "personal_data": "none",
            "retention": {"months": 12, "after": "created", "then": "delete"},
        },
        "columns": [
            {"column": "plate", "type": "text", "required": True, "unique": True},
            {"column": "ticket", "type": "auto_number", "pattern": "CAR-{0:02d}"},
            {"column": "colour", "type": "lookup", "target": "colour"},
            {"column": "last_trip", "type": "lookup", "target": "trip"},
            {"column": "price", "type": "money", "scale": 2},
            {"column": "sold_on", "type": "date"},
            {"column": "checked", "type": "boolean"},
        ],
        "layout": {"list": ["plate", "price"], "sort": ["-price"]},
    },
    "trip.yaml": {
        "object": "trip",
        "caption": "Trip",
        "plural": "Trips",
        "icon": "road",
        "display": "goal",
        "owner": False,
        "policy": {
            "class": "internal",
            "personal_data": "none",
            "retention": {"months": 12, "after": "created", "then": "delete"},
        },
        "columns": [
            {"column": "goal", "type": "text", "required": True},
            {"column": "car", "type": "lookup", "target": "car"},
        ],
        "layout": {"list": ["goal"], "sort": ["goal"]},
    },
    "lists.yaml": {
        "policy": {
            "class": "public",
            "personal_data": "none",
            "retention": {"months": 0, "after": "created", "then": "keep"},
        },
        "lookups": [{"lookup": "colour", "caption": "Colour", "plural": "Colours", "values": ["Red"]}],
    },
}


def make_home(slug: str) -> NewTenant:
    """A tenant whose name begins with `slug`: a module's tests may be run in two parts."""
    return create_tenant(
        f"{slug}{new_id().hex[-8:]}",
        "Garage",
        [],
        login="admin",
        person="Ada Admin",
        email="admin@example.com",
        password=None,
    )


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    """A tenant that gets the package as it is."""
    return make_home(f"garage{installation.worker}")


@pytest.fixture
def growing(installation: Installation) -> NewTenant:
    """A tenant whose package one test changes for good."""
    return make_home(f"growing{installation.worker}")


@pytest.fixture
def inside(home: NewTenant) -> Iterator[Context]:
    with tenancy.transaction(home.tenant) as db:
        yield Context(home.tenant.id, db, home.administrator, Channel.CLI)


@pytest.fixture
def files() -> dict[str, Any]:
    return deepcopy(FILES)


def read(folder: Path, files: dict[str, Any]) -> objects.Package:
    for name, content in files.items():
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False))
    return objects.read_package(folder)


def install(home: NewTenant, package: objects.Package, *, dry_run: bool = False) -> objects.Plan:
    with tenancy.transaction(home.tenant) as db:
        ctx = Context(home.tenant.id, db, home.administrator, Channel.CLI)
        return objects.install_package(home.tenant, ctx, package, dry_run=dry_run)


@pytest.fixture
def garage(home: NewTenant, tmp_path: Path, files: dict[str, Any]) -> objects.Package:
    package = read(tmp_path, files)
    install(home, package)
    return package


def stored_columns(ctx: Context, table: str) -> dict[str, tuple[str, str | None]]:
    rows = ctx.db.rows(
        "select a.attname, format_type(a.atttypid, a.atttypmod), c.collname from pg_attribute a"
        " left join pg_collation c on c.oid = a.attcollation and c.collname <> 'default'"
        " where a.attrelid = to_regclass(%(t)s) and a.attnum > 0 and not a.attisdropped",
        {"t": f"{ctx.db.schema}.{table}"},
    )
    return {name: (kind, collation) for name, kind, collation in rows}


def test_the_plan_is_the_table(garage: objects.Package, inside: Context) -> None:
    car, trip = stored_columns(inside, "rec_car"), stored_columns(inside, "rec_trip")

    assert car["plate"] == ("text", None)
    assert car["plate__sort"] == ("text", "C")
    assert car["ticket"] == ("text", "C")
    assert car["price"] == ("numeric(18,2)", None)
    assert car["colour"] == car["owner_id"] == car["author_id"] == ("uuid", None)
    assert {"id", "version", "label_id", "created_at", "modified_at", "modified_by"} < car.keys()
    assert {"last_event_id", "state_salt", "state_hash"} < car.keys()
    assert "owner_id" not in trip
    referred = inside.db.rows(
        "select conrelid::regclass::text || '.' || a.attname, confrelid::regclass::text from pg_constraint c"
        " join pg_attribute a on a.attrelid = conrelid and a.attnum = conkey[1]"
        " where contype = 'f' and conrelid in (to_regclass(%(car)s), to_regclass(%(trip)s))",
        {"car": f"{inside.db.schema}.rec_car", "trip": f"{inside.db.schema}.rec_trip"},
    )
    schema = inside.db.schema
    assert {(a.removeprefix(f"{schema}."), b.removeprefix(f"{schema}.")) for a, b in referred} == {
        ("rec_car.owner_id", "identity_unit"),
        ("rec_car.colour", "rec_colour"),
        ("rec_car.last_trip", "rec_trip"),
        ("rec_trip.car", "rec_car"),
    }


def test_both_plan_shapes_and_each_leg_have_their_index(garage: objects.Package, inside: Context) -> None:
    rows = inside.db.rows(
        "select split_part(indexdef, 'USING btree ', 2) from pg_indexes"
        " where schemaname = %(s)s and tablename = 'rec_car'",
        {"s": inside.db.schema},
    )

    assert {row[0] for row in rows} >= {
        "(plate__sort, id) INCLUDE (label_id, author_id, owner_id)",
        "(label_id, plate__sort, id) INCLUDE (author_id, owner_id)",
        "(owner_id, plate__sort, id) INCLUDE (label_id, author_id)",
        "(author_id, plate__sort, id) INCLUDE (label_id, owner_id)",
        "(price, id) INCLUDE (label_id, author_id, owner_id)",
        "(colour)",
        "(plate)",
        "(ticket)",
    }


def test_the_comment_of_a_column_is_its_policy(garage: objects.Package, inside: Context) -> None:
    row = inside.db.row(
        "select col_description(to_regclass(%(t)s), attnum) from pg_attribute"
        " where attrelid = to_regclass(%(t)s) and attname = 'plate'",
        {"t": f"{inside.db.schema}.rec_car"},
    )

    assert row == ("internal; none; 12 months after created then delete; ",)


@pytest.mark.parametrize(
    "statement",
    [
        "alter table @.rec_car add column spy text",
        "drop table @.rec_car",
        "truncate @.rec_car",
        "create index spy on @.rec_car (plate)",
        "create table @.spy (id int)",
        "update @.objects_column set data_class = 1",
        "insert into @.objects_revision (one) values (true)",
        "delete from @.objects_layout",
        "select setval('@.rec_car__ticket__seq', 1)",
    ],
)
def test_the_tenants_role_reads_metadata_and_changes_rows_alone(
    garage: objects.Package, inside: Context, statement: str
) -> None:
    assert inside.db.rows("select 1 from @.objects_column limit 1")
    assert inside.db.run("update @.rec_car set version = version") >= 0
    # what is refused at the schema itself is told like a closed tenant
    refusals = (psycopg.errors.InsufficientPrivilege, tenancy.TenantClosed)
    with pytest.raises(refusals), inside.db.savepoint():
        inside.db.run(statement)


def test_numbers_are_padded_and_never_cut(garage: objects.Package, inside: Context) -> None:
    sql = (
        "insert into @.rec_car (id, author_id, label_id, modified_by, plate) select gen_random_uuid(),"
        " %(me)s, 1, %(me)s, n::text from generate_series(1, 101) n returning ticket"
    )
    numbers = [row[0] for row in inside.db.rows(sql, {"me": inside.principal})]
    inside.db.run("delete from @.rec_car where ticket = any(%(n)s)", {"n": numbers})

    assert numbers[0].startswith("CAR-")
    assert len(set(numbers)) == 101
    assert {len(number) for number in numbers} <= {len("CAR-01"), len("CAR-100")}
    assert len(numbers[-1]) == len("CAR-100")


def test_the_catalogue_says_what_was_declared(garage: objects.Package, inside: Context) -> None:
    catalogue = objects.get_catalogue(inside)
    car = catalogue.objects["car"]

    unassigned = {code: replace(c, id=ColumnId(objects.UNASSIGNED)) for code, c in car.columns.items()}
    assert unassigned == garage.objects["car"].columns
    assert list(car.columns) == list(garage.objects["car"].columns)
    assert car.layout == garage.objects["car"].layout
    assert catalogue.workplaces == garage.workplaces
    assert catalogue.by_id(car.id) is car
    assert objects.find_object(inside, "car") is car
    with pytest.raises(NotFound):
        objects.find_object(inside, "lorry")


def test_installing_again_changes_nothing_and_records_nothing(
    garage: objects.Package, home: NewTenant, inside: Context
) -> None:
    def state() -> list[tuple[Any, ...]]:
        return inside.db.rows(
            "select (select epoch from @.identity_epoch), (select revision from @.objects_revision),"
            " (select count(*) from @.objects_version), (select count(*) from @.audit_event)"
        )

    before = state()
    plan = install(home, garage)

    assert plan.changes_nothing
    assert plan.steps == ()
    assert state() == before


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    garage: objects.Package, home: NewTenant, inside: Context, tmp_path: Path, files: dict[str, Any]
) -> None:
    files["car.yaml"]["columns"].append({"column": "weight", "type": "integer"})
    plan = install(home, read(tmp_path, files), dry_run=True)

    assert "add column rec_car.weight (integer)" in plan.lines()
    assert "weight" not in stored_columns(inside, "rec_car")
    assert "weight" not in objects.get_catalogue(inside).objects["car"].columns


def test_a_later_package_adds_objects_and_columns(
    growing: NewTenant, tmp_path: Path, files: dict[str, Any]
) -> None:
    first = read(tmp_path, files)
    install(growing, first)
    files["car.yaml"]["columns"] += [
        {"column": "nickname", "type": "text", "class": "confidential"},
        {"column": "previous", "type": "lookup", "target": "car"},
        {"column": "chassis", "type": "auto_number", "pattern": "CH-{0:03d}"},
    ]
    files["car.yaml"]["caption"] = "Motor car"
    files["lists.yaml"]["lookups"].append({"lookup": "fuel", "caption": "Fuel", "plural": "Fuels"})

    with tenancy.transaction(growing.tenant) as db:
        inside = Context(growing.tenant.id, db, growing.administrator, Channel.CLI)
        before = objects.get_catalogue(inside)
        plan = install(growing, read(tmp_path, files))
        after = objects.get_catalogue(inside)

        assert plan.new_objects == ("fuel",)
        assert set(plan.new_columns) == {("car", "nickname"), ("car", "previous"), ("car", "chassis")}
        assert after.epoch > before.epoch
        assert after.objects["car"].caption == "Motor car"
        assert after.objects["car"].id == before.objects["car"].id
        assert after.objects["car"].columns["plate"] == before.objects["car"].columns["plate"]
        assert {"nickname", "nickname__sort", "previous", "chassis"} < stored_columns(
            inside, "rec_car"
        ).keys()
        versions = inside.db.rows(
            "select number from @.objects_version where object_id = %(id)s order by number",
            {"id": after.objects["car"].id},
        )
        assert [number for (number,) in versions] == [1, 2]
    # the first package says nothing of the new columns: nothing is dropped
    assert install(growing, first).steps == ()
    with tenancy.transaction(growing.tenant) as db:
        inside = Context(growing.tenant.id, db, growing.administrator, Channel.CLI)
        assert "nickname" in stored_columns(inside, "rec_car")


@pytest.mark.parametrize(
    ("number", "declared", "names"),
    [
        (4, {"column": "price", "type": "integer"}, "car: column price: type is money"),
        (4, {"column": "price", "type": "money", "scale": 4}, "car: column price: scale is 2"),
        (2, {"column": "colour", "type": "lookup", "target": "trip"}, "car: column colour: target is colour"),
        (5, {"column": "sold_on", "type": "date", "unique": True}, "car: column sold_on: unique is False"),
    ],
)
def test_what_would_rewrite_data_is_refused(
    garage: objects.Package,
    home: NewTenant,
    tmp_path: Path,
    files: dict[str, Any],
    number: int,
    declared: dict[str, Any],
    names: str,
) -> None:
    files["car.yaml"]["columns"][number] = declared

    with pytest.raises(objects.PackageRefused, match=names):
        install(home, read(tmp_path, files))


def test_an_object_of_another_package_is_refused(
    garage: objects.Package, home: NewTenant, tmp_path: Path, files: dict[str, Any]
) -> None:
    files["package.yaml"]["package"] = "rival"

    with pytest.raises(objects.PackageRefused, match="belongs to package garage"):
        install(home, read(tmp_path, files))


def test_an_installation_that_fails_leaves_nothing(
    garage: objects.Package, home: NewTenant, inside: Context, tmp_path: Path, files: dict[str, Any]
) -> None:
    files["trip.yaml"]["columns"].append({"column": "miles", "type": "integer"})
    package = read(tmp_path, files)

    def fail(ctx: Context, plan: objects.Plan) -> None:
        assert "miles" in objects.get_catalogue(ctx).objects["trip"].columns
        raise LookupError

    with pytest.raises(LookupError):
        objects.install_package(home.tenant, inside, package, then=fail)

    assert "miles" not in stored_columns(inside, "rec_trip")
    assert "miles" not in objects.get_catalogue(inside).objects["trip"].columns


def test_new_columns_are_closed_to_everyone(garage: objects.Package, inside: Context) -> None:
    car = objects.find_object(inside, "car")
    rows = inside.db.rows(
        "select column_id, u.code, level from @.access_column_row r"
        " join @.identity_unit u on u.id = r.unit_id where object_id = %(o)s",
        {"o": car.id},
    )

    closed = {c.id for c in car.columns.values() if c.code not in {"owner", "ticket"}}
    assert {column for column, _, _ in rows} == closed
    assert {(unit, level) for _, unit, level in rows} == {(identity.ALL_EMPLOYEES, 0)}


def test_only_who_manages_the_solution_installs(
    garage: objects.Package, home: NewTenant, tmp_path: Path, files: dict[str, Any]
) -> None:
    with tenancy.transaction(home.tenant) as db:
        ctx = Context(home.tenant.id, db, home.administrator, Channel.CLI)
        clerk = identity.find_login(ctx, "clerk") or access.create_person(
            ctx, login="clerk", name="Clara Clerk", email="clerk@example.com"
        )
    files["trip.yaml"]["columns"].append({"column": "toll", "type": "money"})
    package = read(tmp_path, files)

    assert install(home, package, dry_run=True).new_columns == (("trip", "toll"),)
    with pytest.raises(AccessDenied) as denied:
        objects.install_package(home.tenant, ctx.acting_as(clerk), package, dry_run=True)
    assert denied.value.details["operation"] == access.Operation.MANAGE_SOLUTION
