"""Installing the package: objects, then roles, rights and values of lookups, all in one transaction."""

from pathlib import Path

from ostiary.kernel.context import Context
from ostiary.objects import public as objects
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy

FOLDER = Path(__file__).parent / "package"


def read() -> objects.Package:
    """The package's declarations. Raises PackageRefused."""
    return objects.read_package(FOLDER)


def install(
    tenant: tenancy.Tenant, ctx: Context, *, within: tenancy.OwnerTransaction | None = None
) -> objects.Plan:
    """Install the package or bring it up to date, as an administrator and through the public commands.

    New objects get the declared rights and values; what is there keeps what its administrators made of it.
    `ctx`'s own transaction is not used and must not hold locks; `within`: see `objects.install_package`.
    """
    package = read()
    rights = objects.read_rights(FOLDER / "rights.yaml", package)
    return records.install_package(tenant, ctx, package, rights=rights, within=within)
