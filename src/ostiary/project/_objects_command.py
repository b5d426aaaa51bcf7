"""`ostiary object list|show|plan|apply|changes|export|import`."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.objects import public as objects
from ostiary.project._administration import acting_as, installation, named_tenant
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy


@contextmanager
def _acting(slug: str, login: str) -> Iterator[tuple[tenancy.Tenant, Context]]:
    with installation():
        tenant = named_tenant(slug)
        with acting_as(tenant, login, purpose="metadata") as ctx:
            yield tenant, ctx


def list_all(slug: str, login: str) -> int:
    """One line for each object: code, caption, number of columns, revision, and when it was dropped."""
    with _acting(slug, login) as (_, ctx):
        access.ensure_operation(ctx, access.Operation.MANAGE_SOLUTION)
        for held in objects.list_stored(ctx):
            made = held.object
            dropped = "" if held.dropped is None else f"dropped, kept until {held.dropped.until}"
            print(made.code, made.caption, len(made.columns), held.version, held.package, dropped, sep="\t")
    return 0


def show(slug: str, login: str, code: str) -> int:
    """An object as the declaration that would make it."""
    with _acting(slug, login) as (_, ctx):
        access.ensure_operation(ctx, access.Operation.MANAGE_SOLUTION)
        document = objects.object_document(objects.find_object(ctx, code))
        print(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), end="")
    return 0


def plan(slug: str, login: str, file: str) -> int:
    """What the changes of a file would do, step by step."""
    changes = _read(file)
    with _acting(slug, login) as (_, ctx):
        _print(objects.plan_changes(ctx, changes))
    return 0


def apply(slug: str, login: str, file: str, revision: int | None) -> int:
    """Make the changes of a file."""
    changes = _read(file)
    with _acting(slug, login) as (tenant, ctx):
        _print(objects.apply_changes(tenant, ctx, changes, expected_revision=revision))
    print("done")
    return 0


def changes(slug: str, login: str) -> int:
    """The last changes that were asked for or made: when, what, state, why not."""
    with _acting(slug, login) as (_, ctx):
        for each in objects.list_changes(ctx):
            at = each.requested_at.isoformat(timespec="seconds")
            print(each.id, at, each.kind, each.state, each.refusal.get("message", ""), sep="\t")
    return 0


def export(options: argparse.Namespace) -> int:
    """Write objects into a package file."""
    with _acting(options.tenant, options.login) as (_, ctx):
        content = records.export_package(
            ctx,
            options.package,
            options.caption or options.package,
            options.release,
            chosen=options.object,
            places=options.workplace,
        )
    Path(options.file).write_bytes(content)
    print(f"{options.file}: {len(content)} bytes")
    return 0


def import_(slug: str, login: str, file: str, *, dry_run: bool) -> int:
    """Install a package file, or say what that would do."""
    path = _existing(file)
    with _acting(slug, login) as (tenant, ctx):
        planned = records.import_package(tenant, ctx, path.read_bytes(), dry_run=dry_run)
    for line in planned.lines():
        print(f"- {line}")
    print("nothing to do" if planned.changes_nothing else "planned" if dry_run else "done")
    return 0


def _existing(file: str) -> Path:
    path = Path(file)
    if not path.is_file():
        raise NotFound(f"there is no file {file}")
    return path


def _read(file: str) -> tuple[objects.Change, ...]:
    path = _existing(file)
    return objects.read_changes(path.read_text("utf-8"), path.name)


def _print(planned: objects.ChangePlan) -> None:
    if planned.object is not None:
        revision = "new" if planned.revision is None else f"revision {planned.revision}"
        rows = "records: not shown" if planned.rows is None else f"about {planned.rows} records"
        print(f"{planned.object}: {revision}, {rows}")
    for line in planned.lines():
        print(f"- {line}")
