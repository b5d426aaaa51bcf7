"""Dashboards in the database: one's own, and those that were shared. What is not shared is absent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

import orjson

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.dashboards._widgets import Widget, read_widgets, widget_values
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, FieldError, Invalid, NotFound, Unavailable, VersionConflict
from ostiary.kernel.ids import UnitId, new_id
from ostiary.kernel.ports import Row
from ostiary.kernel.tables import has_table

TABLE = "dashboards_dashboard"
MOST_OWN = 100
MOST_SHARES = 100
_LONGEST_NAME = 120
_RETRY_S = 30


_LESS = {
    2: "This dashboard was shared with you for viewing, not for changing",
    3: "Only its owner may do this with a dashboard",
}


class Level(IntEnum):
    """What somebody may do with a dashboard; more includes less."""

    VIEW = 1
    EDIT = 2
    OWN = 3


@dataclass(frozen=True, slots=True)
class Dashboard:
    """level: of whoever asks. version: raised by each change."""

    id: UUID
    name: str
    owner: UnitId
    widgets: tuple[Widget, ...]
    version: int
    level: Level


# Those that may be the acting person's, with the shares that concern them: `access` decides.
_CANDIDATES = """
select d.id, d.name, d.owner_id, d.widgets, d.version,
  array(select s.unit_id from @.dashboards_share s where s.dashboard_id = d.id and not s.may_edit
    and s.unit_id = any(%(units)s::uuid[])),
  array(select s.unit_id from @.dashboards_share s where s.dashboard_id = d.id and s.may_edit
    and s.unit_id = any(%(units)s::uuid[]))
from @.dashboards_dashboard d
where (%(id)s::uuid is null or d.id = %(id)s::uuid) and (d.owner_id = %(actor)s or exists (
  select 1 from @.dashboards_share s where s.dashboard_id = d.id and s.unit_id = any(%(units)s::uuid[])))
order by lower(d.name), d.id"""


def list_dashboards(ctx: Context) -> tuple[Dashboard, ...]:
    """One's own and those shared with one of one's units, by name."""
    return _found(ctx, None)


def get_dashboard(ctx: Context, dashboard_id: UUID, level: Level = Level.VIEW) -> Dashboard:
    """One of these. Raises NotFound: absent, or not shared; AccessDenied: shared with less than `level`."""
    found = _found(ctx, dashboard_id)
    if not found:
        _note_refused(ctx, dashboard_id)
        raise NotFound
    if found[0].level < level:
        _note_refused(ctx, dashboard_id)
        raise AccessDenied(_LESS[level], layer="record")
    return found[0]


def _found(ctx: Context, dashboard_id: UUID | None) -> tuple[Dashboard, ...]:
    if not has_table(ctx.db, TABLE):
        return ()
    units = sorted(access.own_units(ctx))
    rows = ctx.db.rows(_CANDIDATES, {"actor": ctx.actor, "units": units, "id": dashboard_id})
    made = (_dashboard(ctx, row) for row in rows)
    return tuple(dashboard for dashboard in made if dashboard is not None)


def create_dashboard(ctx: Context, name: str, widgets: Sequence[Widget]) -> UUID:
    """A dashboard of one's own; needs CanManageAnalytics. Raises Invalid."""
    _ensure_may(ctx)
    _check(name, widgets)
    own = sum(d.level is Level.OWN for d in list_dashboards(ctx))
    if own >= MOST_OWN:
        raise Invalid([FieldError("name", "too_many", f"At most {MOST_OWN} dashboards of one's own")])
    made = new_id()
    ctx.db.run(
        "insert into @.dashboards_dashboard (id, owner_id, name, widgets)"
        " values (%(id)s, %(owner)s, %(name)s, %(widgets)s::jsonb)",
        {"id": made, "owner": ctx.actor, "name": name.strip(), "widgets": _json(widgets)},
    )
    _note(ctx, "dashboards.dashboard.created", made)
    return made


def save_dashboard(
    ctx: Context, dashboard_id: UUID, name: str, widgets: Sequence[Widget], version: int
) -> None:
    """Change it as a whole; needs CanManageAnalytics and to be its owner or to have it for changing.

    Raises: NotFound, AccessDenied, Invalid. VersionConflict: somebody else changed it meanwhile.
    """
    _ensure_may(ctx)
    get_dashboard(ctx, dashboard_id, Level.EDIT)
    _check(name, widgets)
    changed = ctx.db.rows(
        "update @.dashboards_dashboard set name = %(name)s, widgets = %(widgets)s::jsonb,"
        " version = version + 1, modified_at = now()"
        " where id = %(id)s and version = %(version)s returning version",
        {"id": dashboard_id, "name": name.strip(), "widgets": _json(widgets), "version": version},
    )
    if not changed:
        raise VersionConflict("Somebody else changed this dashboard meanwhile")
    _note(ctx, "dashboards.dashboard.changed", dashboard_id)


def delete_dashboard(ctx: Context, dashboard_id: UUID) -> None:
    """Remove one's own; needs CanManageAnalytics. Raises NotFound, AccessDenied."""
    _ensure_may(ctx)
    get_dashboard(ctx, dashboard_id, Level.OWN)
    ctx.db.run("delete from @.dashboards_dashboard where id = %(id)s", {"id": dashboard_id})
    _note(ctx, "dashboards.dashboard.deleted", dashboard_id)


def list_shares(ctx: Context, dashboard_id: UUID) -> dict[UnitId, Level]:
    """With whom one's own dashboard is shared. Raises NotFound, AccessDenied."""
    get_dashboard(ctx, dashboard_id, Level.OWN)
    rows = ctx.db.rows(
        "select unit_id, may_edit from @.dashboards_share where dashboard_id = %(id)s", {"id": dashboard_id}
    )
    return {UnitId(unit): Level.EDIT if may_edit else Level.VIEW for unit, may_edit in rows}


def share_dashboard(ctx: Context, dashboard_id: UUID, shares: Mapping[UnitId, Level]) -> None:
    """Share one's own with these and nobody else; needs CanManageAnalytics.

    Raises: NotFound, AccessDenied: as `list_shares`. Invalid.
    """
    _ensure_may(ctx)
    get_dashboard(ctx, dashboard_id, Level.OWN)
    known = identity.describe_units(ctx, list(shares)[: MOST_SHARES + 1])
    if len(shares) > MOST_SHARES or len(known) < len(shares) or Level.OWN in shares.values():
        raise Invalid(
            [FieldError("unit", "unknown", f"At most {MOST_SHARES} people and roles that there are")]
        )
    ctx.db.run("delete from @.dashboards_share where dashboard_id = %(id)s", {"id": dashboard_id})
    ctx.db.run(
        "insert into @.dashboards_share (dashboard_id, unit_id, may_edit)"
        " select %(id)s, u, e from unnest(%(units)s::uuid[], %(edits)s::bool[]) t(u, e)",
        {
            "id": dashboard_id,
            "units": list(shares),
            "edits": [level is Level.EDIT for level in shares.values()],
        },
    )
    _note(ctx, "dashboards.dashboard.shared", dashboard_id)


def _dashboard(ctx: Context, row: Row) -> Dashboard | None:
    id_, name, owner, widgets, version, viewers, editors = row
    shares = {UnitId(unit): Level.VIEW for unit in viewers} | {UnitId(unit): Level.EDIT for unit in editors}
    level = Level.OWN if owner == ctx.actor else access.shared_level(ctx, shares)
    if level is None:
        return None
    return Dashboard(id_, name, UnitId(owner), read_widgets(widgets), version, Level(level))


def _ensure_may(ctx: Context) -> None:
    access.ensure_operation(ctx, access.Operation.MANAGE_ANALYTICS)
    if not has_table(ctx.db, TABLE):
        raise Unavailable("This workspace is being upgraded: try again later", retry_after_s=_RETRY_S)


def _check(name: str, widgets: Sequence[Widget]) -> None:
    if not 0 < len(name.strip()) <= _LONGEST_NAME:
        raise Invalid([FieldError("name", "required", f"A name of at most {_LONGEST_NAME} characters")])
    read_widgets([widget_values(widget) for widget in widgets])


def _json(widgets: Sequence[Widget]) -> str:
    return orjson.dumps([widget_values(widget) for widget in widgets]).decode()


def _note(ctx: Context, event: str, dashboard_id: UUID) -> None:
    audit.append(ctx, event, object_type="dashboard", object_ref=dashboard_id)


def _note_refused(ctx: Context, dashboard_id: UUID) -> None:
    audit.append_aside(
        ctx,
        "dashboards.dashboard.refused",
        outcome="denied",
        object_type="dashboard",
        object_ref=dashboard_id,
    )
