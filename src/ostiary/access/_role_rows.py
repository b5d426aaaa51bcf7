"""Rows, rules, shares and denies that name a role: given to the role it is merged into, or taken away.

What both are named in is settled as ADR 0032 says.
"""

from collections.abc import Mapping

from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId, new_id
from ostiary.kernel.tables import has_table

# Lists of rows by position, with what a list belongs to.
_LISTS = {"operation_row": "operation", "object_row": "object_id", "column_row": "column_id"}
# Rules with the columns that name units, and with those that make one the same as another.
_Rules = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
_RULES: _Rules = {"default_rule": (("author_id", "grantee_id"), ("object_id",))}
_LATER_RULES: _Rules = {
    "scope_rule": (("grantee_id",), ("object_id", "path", "attribute")),
    "deny_rule": (("author_id", "unit_id"), ("object_id",)),
}


def move_rows(ctx: Context, role: UnitId, into: UnitId) -> None:
    """Everything that names `role` names `into`. In lists both stand in, the topmost row of the two stays.

    Where rules or shares of both say the same, those of `into` stay; what is denied to either is denied.
    """
    values = {"role": role, "into": into}
    for table, list_ in _LISTS.items():
        ctx.db.run(
            f"delete from @.access_{table} r using @.access_{table} o where r.{list_} = o.{list_}"
            " and r.unit_id in (%(role)s, %(into)s) and o.unit_id in (%(role)s, %(into)s)"
            " and r.position > o.position",
            values,
        )
        ctx.db.run(f"update @.access_{table} set unit_id = %(into)s where unit_id = %(role)s", values)
    later = has_table(ctx.db, "access_deny")
    if later:
        _join_deny_rules(ctx, values)
        _move_denies(ctx, values)
    for table, (units, rest) in {**_RULES, **(_LATER_RULES if later else {})}.items():
        _move_rules(ctx, table, units, rest, values)
    _move_shares(ctx, values)


def _merged(column: str) -> str:
    return f"case when {column} = %(role)s then %(into)s::uuid else {column} end"


def _same(one: str, other: str, units: tuple[str, ...], rest: tuple[str, ...]) -> str:
    """SQL: two rules say the same of the same once the roles are merged."""
    alike = [f"{_merged(f'{one}.{u}')} = {_merged(f'{other}.{u}')}" for u in units]
    return " and ".join([*alike, *(f"{one}.{c} = {other}.{c}" for c in rest)])


def _named(table: str, units: tuple[str, ...]) -> str:
    """SQL: how often a rule names the role that goes."""
    return " + ".join(f"({table}.{u} = %(role)s)::int" for u in units)


def _move_rules(
    ctx: Context, table: str, units: tuple[str, ...], rest: tuple[str, ...], values: Mapping[str, object]
) -> None:
    ctx.db.run(
        f"delete from @.access_{table} r using @.access_{table} k where {_same('r', 'k', units, rest)}"
        f" and ({_named('r', units)}, r.id) > ({_named('k', units)}, k.id)",
        values,
    )
    sets = ", ".join(f"{u} = {_merged(u)}" for u in units)
    where = " or ".join(f"{u} = %(role)s" for u in units)
    ctx.db.run(f"update @.access_{table} set {sets} where {where}", values)


def _join_deny_rules(ctx: Context, values: Mapping[str, object]) -> None:
    """Each of the deny rules that become one denies what any of them did, whichever stays."""
    units, rest = _LATER_RULES["deny_rule"]
    ctx.db.run(
        "update @.access_deny_rule r set verbs = (select string_agg(distinct letter, '' order by letter)"
        " from @.access_deny_rule k, regexp_split_to_table(k.verbs, '') letter"
        f" where {_same('r', 'k', units, rest)})"
        f" where exists (select 1 from @.access_deny_rule k where {_same('r', 'k', units, rest)}"
        " and k.id <> r.id)",
        values,
    )


def _move_denies(ctx: Context, values: Mapping[str, object]) -> None:
    ctx.db.run(
        "delete from @.access_deny r using @.access_deny k where r.unit_id = %(role)s"
        " and k.unit_id = %(into)s and r.record_id = k.record_id and r.verb = k.verb",
        values,
    )
    ctx.db.run("update @.access_deny set unit_id = %(into)s where unit_id = %(role)s", values)


def _move_shares(ctx: Context, values: Mapping[str, object]) -> None:
    """A share of `into` that is over makes room for one that is not."""
    for gone, kept, over in (("into", "role", " and r.valid_to <= now()"), ("role", "into", "")):
        ctx.db.run(
            f"delete from @.access_share r using @.access_share k where r.unit_id = %({gone})s"
            f" and k.unit_id = %({kept})s and r.record_id = k.record_id and r.verb = k.verb{over}",
            values,
        )
    ctx.db.run("update @.access_share set unit_id = %(into)s where unit_id = %(role)s", values)


def forget_rows(ctx: Context, role: UnitId) -> None:
    """Take away everything that names `role`.

    A column whose only row it was would be open to everybody: it is closed by a row of All employees instead.
    """
    values = {"role": role}
    alone = ctx.db.rows(
        "select distinct r.object_id, r.column_id from @.access_column_row r where r.unit_id = %(role)s"
        " and not exists (select 1 from @.access_column_row k where k.column_id = r.column_id"
        " and k.unit_id <> %(role)s)",
        values,
    )
    for table in _LISTS:
        ctx.db.run(f"delete from @.access_{table} where unit_id = %(role)s", values)
    ctx.db.run(
        "insert into @.access_column_row (id, object_id, column_id, unit_id, level, position)"
        " select i, o, c, %(root)s, 0, 1"
        " from unnest(%(ids)s::uuid[], %(objects)s::uuid[], %(columns)s::uuid[]) as r(i, o, c)",
        {
            "root": identity.find_unit(ctx, identity.ALL_EMPLOYEES),
            "ids": [new_id() for _ in alone],
            "objects": [row[0] for row in alone],
            "columns": [row[1] for row in alone],
        },
    )
    ctx.db.run("delete from @.access_share where unit_id = %(role)s", values)
    later = has_table(ctx.db, "access_deny")
    rules = {**_RULES, **(_LATER_RULES if later else {})}
    if later:
        ctx.db.run("delete from @.access_deny where unit_id = %(role)s", values)
    for table, (units, _rest) in rules.items():
        where = " or ".join(f"{u} = %(role)s" for u in units)
        ctx.db.run(f"delete from @.access_{table} where {where}", values)


def count_rows(ctx: Context, role: UnitId) -> dict[str, int]:
    """How many rows, rules, shares and denies name a role, by table."""
    tables: dict[str, tuple[str, ...]] = dict.fromkeys(_LISTS, ("unit_id",))
    tables |= {"share": ("unit_id",)} | {table: units for table, (units, _) in _RULES.items()}
    if has_table(ctx.db, "access_deny"):
        tables |= {"deny": ("unit_id",)} | {table: units for table, (units, _) in _LATER_RULES.items()}
    counts = ", ".join(
        f"(select count(*) from @.access_{table} where {' or '.join(f'{u} = %(role)s' for u in units)})"
        for table, units in tables.items()
    )
    row = ctx.db.row(f"select {counts}", {"role": role})
    return {table: int(number) for table, number in zip(tables, row or (), strict=True) if number}
