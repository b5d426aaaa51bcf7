"""Saved views of lists: one's own, and those of the roles that one is in. A view gives no right to anything.

A view that is for others needs CanCreateDefaultGridSettings to be made, changed and deleted. Views that one
may not see are not found. What is deleted can be taken back for a day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import ObjectId, UnitId, new_id
from ostiary.kernel.tables import has_table
from ostiary.ui.i18n import gettext as _

TABLE = "pages_saved_view"
LONGEST_NAME = 60
LONGEST_STATE = 12_000
MOST_VIEWS = 50  # of one person, or of one role, for one object
_TAKEN_BACK = "interval '1 day'"
_SEEN = "(v.owner_id = %(me)s or v.role_id = any(%(units)s) or (%(every)s and v.role_id is not null))"


@dataclass(frozen=True, slots=True)
class SavedView:
    """One view. role: whom it is for; None: its owner alone. opens: by itself for those whom it is for.

    for_me: the principal is one of them; who may save views for others sees all of these.
    """

    id: UUID
    name: str
    state: str
    role: UnitId | None = None
    role_name: str = ""
    opens: bool = False
    for_me: bool = True


@dataclass(frozen=True, slots=True)
class SavedViews:
    """The views of an object that one person sees. first: the one that opens by itself.

    chosen: the person said which it is, or that it is none.
    """

    views: tuple[SavedView, ...] = ()
    first: SavedView | None = None
    chosen: bool = False

    def find(self, view_id: str) -> SavedView | None:
        """By id; None for one that is absent or somebody else's."""
        return next((view for view in self.views if str(view.id) == view_id), None)


def read_views(ctx: Context, object_id: ObjectId) -> SavedViews:
    """The views that the principal sees: its own first, then those of its roles, by name."""
    if not has_table(ctx.db, TABLE):
        return SavedViews()
    rows = ctx.db.rows(
        "select v.id, v.name, v.state, v.role_id, u.name, v.opens,"
        " v.owner_id is not null or v.role_id = any(%(units)s), c.principal_id is not null, c.view_id"
        " from @.pages_saved_view v left join @.identity_unit u on u.id = v.role_id"
        " left join @.pages_view_choice c on c.principal_id = %(me)s and c.object = v.object"
        " where v.object = %(object)s and v.deleted_at is null"
        f" and {_SEEN} order by v.role_id is not null, lower(v.name), v.id limit 100",
        _whose(ctx, object_id),
    )
    views = tuple(SavedView(r[0], r[1], r[2], r[3], r[4] or "", r[5], r[6]) for r in rows)
    chosen = bool(rows) and bool(rows[0][7])
    return SavedViews(views, _first(ctx, views, rows[0][8] if chosen else None, chosen=chosen), chosen)


def _whose(ctx: Context, object_id: ObjectId) -> Mapping[str, object]:
    own = access.own_units(ctx)  # of now: no statement after this one tests the epoch that it was read at
    every = access.rights_of(ctx).operation(access.Operation.SAVE_LISTS_FOR_OTHERS).allowed
    return {"me": ctx.actor, "object": object_id, "units": sorted(own - {UnitId(ctx.actor)}), "every": every}


def _first(
    ctx: Context, views: Sequence[SavedView], choice: UUID | None, *, chosen: bool
) -> SavedView | None:
    """One's own choice beats what a role says, and a role beats what is said for everybody."""
    if chosen:
        return next((view for view in views if view.id == choice), None)
    graph = access.rights_of(ctx).graph
    roots = (graph.root, graph.external_root)
    offered = [
        (view.role not in roots, len(graph.line(view.role)), view)
        for view in views
        if view.opens and view.for_me and view.role
    ]
    return max(offered, key=lambda each: each[:2])[2] if offered else None


def save_view(ctx: Context, object_id: ObjectId, view: SavedView) -> UUID:
    """Keep a new view: for its role, else for the principal. Raises Invalid, AccessDenied (operation)."""
    _check(ctx, view.name, view.state)
    if view.role is not None:
        access.ensure_operation(ctx, access.Operation.SAVE_LISTS_FOR_OTHERS)
    owner = None if view.role else ctx.actor
    row = ctx.db.row(
        "select count(*) from @.pages_saved_view where object = %(object)s and deleted_at is null"
        " and owner_id is not distinct from %(owner)s and role_id is not distinct from %(role)s",
        {"object": object_id, "owner": owner, "role": view.role},
    )
    if row is None or row[0] >= MOST_VIEWS:
        raise Invalid([FieldError("name", "too_many", _("There are too many views already: delete one."))])
    ctx.db.run(
        "insert into @.pages_saved_view (id, object, owner_id, role_id, name, state, opens)"
        " values (%(id)s, %(object)s, %(owner)s, %(role)s, %(name)s, %(state)s, %(opens)s)",
        {
            "id": view.id,
            "object": object_id,
            "owner": owner,
            "role": view.role,
            "name": view.name,
            "state": view.state,
            "opens": view.opens,
        },
    )
    _record(ctx, "pages.view.saved", view)
    return view.id


def change_view(ctx: Context, object_id: ObjectId, changed: SavedView) -> None:
    """Store name, state and whether it opens by itself. Raises NotFound, Invalid, AccessDenied."""
    _ensure_may(ctx, object_id, changed.id)
    _check(ctx, changed.name, changed.state)
    ctx.db.run(
        "update @.pages_saved_view set name = %(name)s, state = %(state)s, opens = %(opens)s,"
        " changed_at = now() where id = %(id)s",
        {"id": changed.id, "name": changed.name, "state": changed.state, "opens": changed.opens},
    )
    _record(ctx, "pages.view.saved", changed)


def delete_view(ctx: Context, object_id: ObjectId, view_id: UUID) -> None:
    """Put a view aside, and end for good what was put aside earlier. Raises NotFound, AccessDenied."""
    view = _ensure_may(ctx, object_id, view_id)
    ctx.db.run("update @.pages_saved_view set deleted_at = now() where id = %(id)s", {"id": view_id})
    ctx.db.run(
        f"delete from @.pages_saved_view where object = %(object)s and deleted_at < now() - {_TAKEN_BACK}",
        {"object": object_id},
    )
    _record(ctx, "pages.view.deleted", view)


def restore_view(ctx: Context, object_id: ObjectId, view_id: UUID) -> None:
    """Take a deletion back. Raises NotFound, AccessDenied."""
    view = _ensure_may(ctx, object_id, view_id, deleted=True)
    ctx.db.run("update @.pages_saved_view set deleted_at = null where id = %(id)s", {"id": view_id})
    _record(ctx, "pages.view.saved", view)


def choose_view(ctx: Context, object_id: ObjectId, view_id: UUID, *, first: bool) -> None:
    """Whether a view opens by itself for the principal alone; if not, none does. Raises NotFound."""
    view = _find(ctx, object_id, view_id)
    ctx.db.run(
        "insert into @.pages_view_choice (principal_id, object, view_id)"
        " values (%(me)s, %(object)s, %(view)s)"
        " on conflict (principal_id, object) do update set view_id = excluded.view_id",
        {"me": ctx.actor, "object": object_id, "view": view_id if first else None},
    )
    audit.append(
        ctx,
        "pages.view.chosen",
        object_type="view",
        object_ref=view_id,
        parts=[audit.Part("view", {"name": view.name, "first": first})],
    )


def _check(ctx: Context, name: str, state: str) -> None:
    if not has_table(ctx.db, TABLE):
        raise Invalid([FieldError("name", "not_yet", _("Views can be saved once the upgrade is complete."))])
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        message = _("A name has 1 to %(most)s characters.") % {"most": LONGEST_NAME}
        raise Invalid([FieldError("name", "malformed", message)])
    if len(state) > LONGEST_STATE:
        raise Invalid([FieldError("name", "too_long", _("This list says more than a view can keep."))])


def _find(ctx: Context, object_id: ObjectId, view_id: UUID, *, deleted: bool = False) -> SavedView:
    row = None
    if has_table(ctx.db, TABLE):
        row = ctx.db.row(
            "select v.id, v.name, v.state, v.role_id, '', v.opens from @.pages_saved_view v"
            " where v.object = %(object)s and v.id = %(id)s and (v.deleted_at is not null) = %(deleted)s"
            f" and (v.deleted_at is null or v.deleted_at > now() - {_TAKEN_BACK})"
            f" and {_SEEN}",
            {**_whose(ctx, object_id), "id": view_id, "deleted": deleted},
        )
    if row is None:
        raise NotFound
    return SavedView(*row)


def _ensure_may(ctx: Context, object_id: ObjectId, view_id: UUID, *, deleted: bool = False) -> SavedView:
    view = _find(ctx, object_id, view_id, deleted=deleted)
    if view.role is not None:
        access.ensure_operation(ctx, access.Operation.SAVE_LISTS_FOR_OTHERS)
    return view


def new_view(name: str, state: str, role: UnitId | None = None, *, opens: bool = False) -> SavedView:
    """A view that is not kept yet."""
    return SavedView(new_id(), " ".join(name.split()), state, role, opens=opens)


def _record(ctx: Context, event: str, view: SavedView) -> None:
    data = {"name": view.name, "role": str(view.role) if view.role else None, "opens": view.opens}
    parts = [audit.Part("view", {**data, "state": view.state})]
    audit.append(ctx, event, object_type="view", object_ref=view.id, parts=parts)
