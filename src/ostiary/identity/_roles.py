"""Commands on people and roles. Unchecked here: `access` offers them upward behind its operations."""

from collections.abc import Iterable, Sequence

from ostiary.identity._details import check_details
from ostiary.identity._graph import ROLE_KINDS, UnitKind, bump_epoch, role_graph
from ostiary.identity._labels import refresh_labels
from ostiary.identity._settings import TIME_ZONE
from ostiary.kernel import clock
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import UnitId, new_id
from ostiary.settings import public as settings

SYSTEM_PREFIX = "ostiary."


def lock_roles(ctx: Context) -> None:
    """One change of the role graph at a time in a tenant (semantics section 7)."""
    ctx.db.run(
        "select pg_advisory_xact_lock(%(key)s)",
        {"key": int.from_bytes(ctx.tenant_id.bytes[-8:], signed=True)},
    )


def hold_epoch(ctx: Context) -> int:
    """The epoch, which nobody else raises before this transaction ends: nor roles nor rights change."""
    lock_roles(ctx)  # first, as every change of roles does, so that none waits for the other
    row = ctx.db.row("select epoch from @.identity_epoch for update")
    if row is None:
        raise RuntimeError("the tenant has no epoch row: its schema was not seeded")
    return int(row[0])


def _refuse(field: str, code: str, message: str) -> Invalid:
    return Invalid([FieldError(field, code, message)])


def _kind(ctx: Context, unit: UnitId, field: str) -> UnitKind:
    return kind_of(ctx, unit, field)[0]


def kind_of(ctx: Context, unit: UnitId, field: str) -> tuple[UnitKind, bool]:
    """What a unit is, and whether of outsiders. Raises Invalid: there is none."""
    row = ctx.db.row("select kind, external from @.identity_unit where id = %(id)s", {"id": unit})
    if row is None:
        raise _refuse(field, "unknown", "There is no such unit")
    return UnitKind(row[0]), row[1]


def ensure_same_side(ctx: Context, one: UnitId, other: UnitId, field: str) -> None:
    """Raises Invalid: an edge would join employees with externals (semantics section 1)."""
    if kind_of(ctx, one, field)[1] != kind_of(ctx, other, field)[1]:
        raise _refuse(field, "other_side", "Employees and external users are kept apart")


def create_person(
    ctx: Context,
    *,
    login: str,
    name: str,
    email: str,
    language: str = "en",
    time_zone: str | None = None,
    external: bool = False,
) -> UnitId:
    """Make an active person without a password. Raises Invalid: login taken, a fact that is none.

    time_zone: without one the tenant's for new people. external: an outsider instead of an employee.
    """
    login = login.strip().lower()
    if not login or len(login) > 100 or any(c.isspace() for c in login):
        raise _refuse("login", "malformed", "A login has 1 to 100 characters and no spaces")
    zone = str(settings.get(ctx, TIME_ZONE.code)) if time_zone is None else time_zone
    check_details(name, email, language, zone)
    if ctx.db.row("select 1 from @.identity_person where login = %(login)s", {"login": login}):
        raise _refuse("login", "taken", f"The login {login} is taken")
    lock_roles(ctx)
    unit = UnitId(new_id())
    ctx.db.run(
        "insert into @.identity_unit (id, kind, name, external)"
        " values (%(id)s, 'person', %(name)s, %(external)s)",
        {"id": unit, "name": name.strip(), "external": external},
    )
    ctx.db.run(
        "insert into @.identity_person (unit_id, login, email, language, time_zone)"
        " values (%(id)s, %(login)s, %(email)s, %(language)s, %(zone)s)",
        {"id": unit, "login": login, "email": email, "language": language, "zone": zone},
    )
    refresh_labels(ctx, [unit])
    bump_epoch(ctx)
    return unit


def create_service_account(
    ctx: Context, *, login: str, name: str, system: bool = False, external: bool = False
) -> UnitId:
    """Make a service account: no inheritance, no password, acts by key only.

    system: one of the product itself, which gets no key either; only then its login begins with the prefix.
    """
    if not login.strip() or not name.strip():
        raise _refuse("login", "malformed", "A service account needs a login and a name")
    if login.strip().lower().startswith(SYSTEM_PREFIX) is not system:
        raise _refuse("login", "reserved", f"Logins that begin with {SYSTEM_PREFIX} are the product's own")
    lock_roles(ctx)
    unit = UnitId(new_id())
    ctx.db.run(
        "insert into @.identity_unit (id, kind, code, name, external)"
        " values (%(id)s, 'service', %(code)s, %(name)s, %(external)s)",
        {
            "id": unit,
            "code": f"service:{login.strip().lower()}",
            "name": name.strip(),
            "external": external,
        },
    )
    refresh_labels(ctx, [unit])
    bump_epoch(ctx)
    return unit


def create_role(  # noqa: PLR0913  what a role is made of
    ctx: Context,
    kind: UnitKind,
    name: str,
    *,
    code: str | None = None,
    parent: UnitId | None = None,
    manages: UnitId | None = None,
    not_inherited: bool = False,
    external: bool = False,
    role: UnitId | None = None,
) -> UnitId:
    """Make a role. An organisational role without a parent goes below All employees or All external users.

    external: of outsiders; whoever has a parent or a unit to manage is what that is. role: its id, for a
    caller that named it before; without one it gets its own.
    Raises: Invalid: parent of another kind, a second manager role of a unit, kind not a role.
    """
    if kind not in ROLE_KINDS:
        raise _refuse("kind", "not_a_role", f"{kind} is not a kind of role")
    if not name.strip() or len(name) > 250:
        raise _refuse("name", "malformed", "A name has 1 to 250 characters")
    lock_roles(ctx)
    if kind is UnitKind.MANAGER:
        if manages is None or _kind(ctx, manages, "manages") is not UnitKind.ORG:
            raise _refuse("manages", "not_organisational", "A manager role belongs to an organisational role")
        if ctx.db.row("select 1 from @.identity_unit where manages_id = %(id)s", {"id": manages}):
            raise _refuse("manages", "taken", "This unit has a manager role already")
    elif manages is not None:
        raise _refuse("manages", "not_a_manager", "Only a manager role belongs to a unit")
    if kind is UnitKind.ORG and parent is None:
        graph = role_graph(ctx)
        parent = graph.external_root if external else graph.root
    if parent is not None and _kind(ctx, parent, "parent") is not kind:
        raise _refuse("parent", "other_kind", "A role's parent is of the same kind")
    above = manages or parent
    side = external if above is None else kind_of(ctx, above, "parent")[1]
    role = role or UnitId(new_id())
    ctx.db.run(
        "insert into @.identity_unit (id, kind, code, name, parent_id, manages_id, not_inherited, external)"
        " values (%(id)s, %(kind)s, %(code)s, %(name)s, %(parent)s, %(manages)s, %(mark)s, %(external)s)",
        {
            "id": role,
            "kind": kind.value,
            "code": code,
            "name": name.strip(),
            "parent": parent,
            "manages": manages,
            "mark": not_inherited,
            "external": side,
        },
    )
    bump_epoch(ctx)
    return role


def move_role(ctx: Context, role: UnitId, parent: UnitId | None) -> None:
    """Give a role another parent. Raises Invalid: a cycle, another kind, the root."""
    lock_roles(ctx)
    graph = role_graph(ctx)
    kind = _kind(ctx, role, "role")
    if role in (graph.root, graph.external_root) or kind is UnitKind.MANAGER:
        raise _refuse("role", "fixed", "This role has no parent to change")
    if kind is UnitKind.ORG and parent is None:
        parent = graph.external_root if graph.roles[role].external else graph.root
    if parent is not None:
        if _kind(ctx, parent, "parent") is not kind:
            raise _refuse("parent", "other_kind", "A role's parent is of the same kind")
        ensure_same_side(ctx, role, parent, "parent")
        if role in graph.line(parent):
            raise _refuse("parent", "cycle", "A role cannot lie below itself")
    ctx.db.run(
        "update @.identity_unit set parent_id = %(parent)s where id = %(role)s",
        {"parent": parent, "role": role},
    )
    _graph_changed(ctx)


def mark_role(ctx: Context, role: UnitId, *, not_inherited: bool) -> None:
    """Set or clear "not inherited by managers"."""
    lock_roles(ctx)
    ctx.db.run(
        "update @.identity_unit set not_inherited = %(mark)s where id = %(role)s",
        {"mark": not_inherited, "role": role},
    )
    bump_epoch(ctx)


def add_members(ctx: Context, pairs: Iterable[tuple[UnitId, UnitId]]) -> None:
    """Give principals direct roles, (principal, role) each; what is there already stays.

    Raises: Invalid: not a principal, not a role, a manager role to a service account.
    """
    wanted = list(dict.fromkeys(pairs))
    lock_roles(ctx)
    found = ctx.db.rows(
        "select id, kind, external from @.identity_unit where id = any(%(ids)s)",
        {"ids": list({u for pair in wanted for u in pair})},
    )
    kinds = {r[0]: UnitKind(r[1]) for r in found}
    outside = {r[0] for r in found if r[2]}
    for principal, role in wanted:
        if kinds.get(principal) not in (UnitKind.PERSON, UnitKind.SERVICE):
            raise _refuse("principal", "unknown", "Only a person or service account has roles")
        if kinds.get(role) not in ROLE_KINDS:
            raise _refuse("role", "unknown", "There is no such role")
        if kinds[principal] is UnitKind.SERVICE and kinds[role] is UnitKind.MANAGER:
            raise _refuse("role", "manager", "A service account cannot hold a manager role")
        if (principal in outside) != (role in outside):
            raise _refuse("role", "other_side", "Employees and external users are kept apart")
    ctx.db.run(
        "insert into @.identity_membership (principal_id, role_id)"
        " select * from unnest(%(p)s::uuid[], %(r)s::uuid[]) on conflict do nothing",
        {"p": [p for p, _ in wanted], "r": [r for _, r in wanted]},
    )
    refresh_labels(ctx, {p for p, _ in wanted})
    bump_epoch(ctx)


def add_member(ctx: Context, principal: UnitId, role: UnitId) -> None:
    """See `add_members`."""
    add_members(ctx, [(principal, role)])


def remove_members(ctx: Context, pairs: Iterable[tuple[UnitId, UnitId]]) -> None:
    """Take direct roles away, (principal, role) each. Raises NotFound: one was not given."""
    wanted = list(dict.fromkeys(pairs))
    lock_roles(ctx)
    gone = ctx.db.run(
        "delete from @.identity_membership m using unnest(%(p)s::uuid[], %(r)s::uuid[]) as w(p, r)"
        " where m.principal_id = w.p and m.role_id = w.r",
        {"p": [p for p, _ in wanted], "r": [r for _, r in wanted]},
    )
    if gone != len(wanted):
        raise NotFound
    refresh_labels(ctx, {p for p, _ in wanted})
    bump_epoch(ctx)


def remove_member(ctx: Context, principal: UnitId, role: UnitId) -> None:
    """See `remove_members`."""
    remove_members(ctx, [(principal, role)])


def link(ctx: Context, org: UnitId, func: UnitId) -> None:
    """Members of the organisational role `org` get the functional role `func`."""
    lock_roles(ctx)
    if _kind(ctx, org, "org") is not UnitKind.ORG or _kind(ctx, func, "func") is not UnitKind.FUNC:
        raise _refuse("link", "other_kind", "A functional role is linked to an organisational one")
    ensure_same_side(ctx, org, func, "link")
    ctx.db.run(
        "insert into @.identity_link (org_id, func_id) values (%(o)s, %(f)s) on conflict do nothing",
        {"o": org, "f": func},
    )
    _graph_changed(ctx)


def unlink(ctx: Context, org: UnitId, func: UnitId) -> None:
    """Undo `link`."""
    lock_roles(ctx)
    ctx.db.run("delete from @.identity_link where org_id = %(o)s and func_id = %(f)s", {"o": org, "f": func})
    _graph_changed(ctx)


def set_active(ctx: Context, principal: UnitId, *, active: bool) -> None:
    """Activate or deactivate a principal; deactivation ends its sessions in the same transaction."""
    ctx.db.run(
        "update @.identity_unit set active = %(a)s where id = %(id)s and kind in ('person', 'service')",
        {"a": active, "id": principal},
    )
    if not active:
        ctx.db.run("delete from @.identity_session where principal_id = %(id)s", {"id": principal})
    bump_epoch(ctx)


def _graph_changed(ctx: Context) -> None:
    refresh_labels(ctx)
    bump_epoch(ctx)


def find_unit(ctx: Context, code: str) -> UnitId | None:
    """The unit with a code, or None."""
    row = ctx.db.row("select id from @.identity_unit where code = %(code)s", {"code": code})
    return None if row is None else UnitId(row[0])


def is_active(ctx: Context, principal: UnitId) -> bool:
    """Whether the person or service account is there and may act."""
    row = ctx.db.row("select active from @.identity_unit where id = %(id)s", {"id": principal})
    return row == (True,)


def find_login(ctx: Context, login: str) -> UnitId | None:
    """The person with a login, or None."""
    row = ctx.db.row(
        "select unit_id from @.identity_person where login = %(login)s", {"login": login.strip().lower()}
    )
    return None if row is None else UnitId(row[0])


def names_of(ctx: Context, units: Sequence[UnitId]) -> dict[UnitId, str]:
    """Names of units, for showing."""
    return {
        UnitId(r[0]): r[1]
        for r in ctx.db.rows(
            "select id, name from @.identity_unit where id = any(%(ids)s)", {"ids": list(units)}
        )
    }


def seed(ctx: Context) -> dict[str, UnitId]:
    """The first rows of a tenant: epoch, both roots, System administrators (not inherited by managers)."""
    # Nodes keep what they read by schema and epoch. A dropped tenant may have had this schema, and its epochs
    # must never come again: they begin at the milliseconds of the clock and rise more slowly.
    first = int(clock.now().timestamp() * 1000)
    ctx.db.rows("select setval('@.identity_epoch_seq', %(first)s)", {"first": first})
    ctx.db.run(
        "insert into @.identity_epoch (single, epoch) values (true, %(first)s) on conflict do nothing",
        {"first": first},
    )
    made: dict[str, UnitId] = {}
    for code, kind, name, mark, external in (
        ("all_employees", "org", "All employees", False, False),
        ("all_external_users", "org", "All external users", False, True),
        ("system_administrators", "func", "System administrators", True, False),
    ):
        unit = made[code] = UnitId(new_id())
        ctx.db.run(
            "insert into @.identity_unit (id, kind, code, name, not_inherited, external)"
            " values (%(id)s, %(kind)s, %(code)s, %(name)s, %(mark)s, %(external)s)",
            {"id": unit, "kind": kind, "code": code, "name": name, "mark": mark, "external": external},
        )
    return made
