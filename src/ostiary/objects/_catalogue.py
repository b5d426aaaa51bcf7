"""The catalogue as values: one statement reads it, one process keeps it for the tenant's epoch."""

from dataclasses import replace

from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import TenantId
from ostiary.kernel.ports import Db
from ostiary.kernel.recent import TENANTS_AT_HAND, Recent
from ostiary.objects._model import Catalogue, Object
from ostiary.objects._register import load_register

_kept: Recent[TenantId, tuple[int, Catalogue]] = Recent(TENANTS_AT_HAND)  # revision, catalogue


def get_catalogue(ctx: Context) -> Catalogue:
    """The tenant's metadata now, for whoever is not told the epoch. Kept while the epoch stands."""
    row = ctx.db.row("select epoch from @.identity_epoch")
    return catalogue_at(ctx, int(row[0]) if row else 0)


def catalogue_at(ctx: Context, epoch: int) -> Catalogue:
    """The tenant's metadata at an epoch read in this transaction: no statement when it is the kept one.

    A raised epoch with the same revision of metadata (a membership changed) costs one small statement.
    """
    kept = _kept.get(ctx.tenant_id)
    if kept is not None and kept[1].epoch == epoch:
        return kept[1]
    revision = read_revision(ctx.db)
    if kept is not None and kept[0] == revision:
        catalogue = replace(kept[1], epoch=epoch)
    else:
        catalogue = load_catalogue(ctx.db, epoch)
    _kept.put(ctx.tenant_id, (revision, catalogue))
    return catalogue


def forget(tenant: TenantId) -> None:
    """Read the metadata again at the next question, whatever the epoch."""
    _kept.forget(tenant)


def find_object(ctx: Context, code: str) -> Object:
    """The object with this code. Raises NotFound."""
    found = get_catalogue(ctx).objects.get(code)
    if found is None:
        raise NotFound
    return found


def read_revision(db: Db) -> int:
    """How often the metadata changed."""
    row = db.row("select revision from @.objects_revision")
    return int(row[0]) if row else 0


def load_catalogue(db: Db, epoch: int) -> Catalogue:
    """Read all metadata, past the cache."""
    return load_register(db).catalogue(epoch)
