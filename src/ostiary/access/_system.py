"""Service accounts of the product itself: what it does without a person, with rights of its own.

Each holds the operations that its work needs and nothing else. It has no password and gets no key, so that
nobody acts as it; what administrators decide about it later stands.
"""

from dataclasses import dataclass

from ostiary.access._administration import store_operation_rows
from ostiary.access.core import Operation
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId


@dataclass(frozen=True, slots=True)
class SystemAccount:
    """login: begins with `identity.SYSTEM_PREFIX`, which is nobody else's."""

    login: str
    name: str
    operations: tuple[Operation, ...]


# Empties dropped columns, which concerns every record, and removes what its recovery period has left.
HOUSEKEEPING = SystemAccount(
    f"{identity.SYSTEM_PREFIX}housekeeping",
    "Housekeeping",
    (Operation.PURGE_DROPPED, Operation.VIEW_ANY_DATA, Operation.EDIT_ANY_DATA),
)
SYSTEM_ACCOUNTS = (HOUSEKEEPING,)


def find_system_account(ctx: Context, account: SystemAccount) -> UnitId | None:
    """The account in this tenant; one that was not brought to this release lacks it."""
    return identity.find_unit(ctx, f"service:{account.login}")


def store_system_accounts(ctx: Context) -> tuple[str, ...]:
    """Make those that are missing, with their rights, and return their logins. Unchecked: for `project`."""
    missing = [account for account in SYSTEM_ACCOUNTS if find_system_account(ctx, account) is None]
    for account in missing:
        _store(ctx, account)
    return tuple(account.login for account in missing)


def _store(ctx: Context, account: SystemAccount) -> None:
    unit = identity.create_service_account(ctx, login=account.login, name=account.name, system=True)
    audit.append(
        ctx,
        "identity.service_account.created",
        object_type="unit",
        object_ref=unit,
        parts=[audit.Part("unit", {"login": account.login, "name": account.name}, data_subject=unit)],
    )
    for operation in account.operations:
        rows = ctx.db.rows(
            "select unit_id, allowed from @.access_operation_row where operation = %(o)s order by position",
            {"o": operation.value},
        )
        store_operation_rows(ctx, operation, [*((UnitId(u), bool(a)) for u, a in rows), (unit, True)])
