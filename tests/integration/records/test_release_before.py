"""A tenant that has the tables of the release before is served; what needs new tables says so."""

import pytest

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel import clock
from ostiary.kernel.errors import Unavailable
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, inside, make_home, open_to_all


@pytest.fixture
def home(installation: Installation) -> NewTenant:
    new = make_home("before")
    apply(new, BOAT)
    with inside(new) as ctx:
        open_to_all(ctx, "boat")
    return new


def change_all(home: NewTenant) -> object:
    with inside(home) as ctx:
        return records.request_bulk(ctx, "boat", access.Verb.UPDATE, [], {"length_m": 3})


def test_changes_in_the_background_wait_for_the_upgrade_and_nothing_else_does(home: NewTenant) -> None:
    change_all(home)
    with inside(home) as ctx:
        made = records.create_record(ctx, "boat", {"name": "Ann"})
    with tenancy.owner_transaction(home.tenant) as owner:
        owner.ddl("drop table @.records_bulk cascade")
    with pytest.raises(Unavailable) as refused:
        change_all(home)
    assert refused.value.details["retry_after_s"] == 60
    with inside(home) as ctx:
        found = records.update_records(ctx, "boat", [made.id], {"length_m": 4})
        assert len(found.rows) == 1
        assert records.get_record(ctx, "boat", made.id).data["length_m"] == 4


def test_sharing_and_explanations_do_without_denies_and_dates_of_the_release_before(home: NewTenant) -> None:
    with inside(home) as ctx:
        mate = access.create_person(ctx, login="mate", name="Mate", email="m@example.com")
        made = records.create_record(ctx, "boat", {"name": "Ann"})
        ground = objects.get_catalogue(ctx).objects["boat"].id
    with tenancy.owner_transaction(home.tenant) as owner:
        for table in (
            "access_deny", "access_deny_rule", "access_scope_rule", "access_carried_right",
            "identity_delegation", "identity_elevation", "identity_attribute",
        ):  # fmt: skip
            owner.ddl(f"drop table @.{table} cascade")
    with inside(home) as ctx:
        identity.bump_epoch(ctx)  # as an upgrade does, and a step back
        grounds = objects.get_catalogue(ctx).grounds
        records.share_record(ctx, "boat", made.id, mate, access.Verb.READ)
        sharing = records.list_sharing(ctx, "boat", made.id)
        assert sharing.shared_with(mate) == {access.Verb.READ}
        asked = access.Asked(ground, access.Verb.READ, made.id, at=clock.now())
        assert access.explain(ctx, grounds, mate, asked).allowed
        assert access.who_can(ctx, grounds, asked).size
        assert access.who_grants(ctx, grounds, asked)


def test_files_wait_for_the_upgrade_and_programs_export_all_the_same(home: NewTenant) -> None:
    query = records.RecordQuery("boat")
    with inside(home) as ctx:
        administrators = identity.find_unit(ctx, identity.SYSTEM_ADMINISTRATORS)
        assert administrators is not None
        for operation in (access.Operation.IMPORT, access.Operation.EXPORT_LIST):
            access.set_operation_rows(ctx, operation, [(administrators, True)])
        records.discard_import(ctx, records.take_file(ctx, "boat", "a.csv", [b"Name\nAnn"]))
        assert records.preview_export(ctx, query).count == 0
    with tenancy.owner_transaction(home.tenant) as owner:
        owner.ddl("drop table @.records_import, @.records_import_record, @.records_import_key")
        owner.ddl("drop table @.records_import_choice, @.records_export")
    with inside(home) as ctx:
        for call in (
            lambda: records.take_file(ctx, "boat", "a.csv", [b"Name\nAnn"]),
            lambda: records.list_imports(ctx),
            lambda: records.preview_export(ctx, query),
            lambda: records.list_exports(ctx),
        ):
            with pytest.raises(Unavailable):
                call()
        assert b"".join(records.export_lines(ctx, query)) == b'{"next": null}\n'
