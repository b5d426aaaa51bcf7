"""What the database knows of the root key: its id and nothing else, in `public.root_key`.

Only the owner reads it. By it a missing or another root is refused before anything is decrypted or, worse, a
new one is made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import psycopg

from ostiary.crypto import public as crypto
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ports import KeyStore
from ostiary.project import _root_key
from ostiary.project._state import State
from ostiary.tenancy import public as tenancy

_TABLES = (
    """CREATE TABLE IF NOT EXISTS public.root_key (
  root_id text PRIMARY KEY, since timestamptz NOT NULL DEFAULT clock_timestamp())""",
    """CREATE TABLE IF NOT EXISTS public.root_recovery (
  one boolean PRIMARY KEY DEFAULT true CHECK (one), made_at timestamptz NOT NULL, bundle jsonb NOT NULL,
  rehearsed_at timestamptz)""",
)
_REMEDY = (
    "Put the right one back from its copy, or run `ostiary keys recover` with the custodians' identities"
)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The last recovery bundle. bundle: threshold, number of custodians and fingerprint of what it holds."""

    made_at: datetime
    bundle: Mapping[str, Any]
    rehearsed_at: datetime | None


def opener(state: State, owner: str | None) -> Callable[[], KeyStore]:
    """How this process opens its root when it first needs a key.

    owner: the owner's connection string, with which the root is compared and a first one is made; None in a
    process that has not got it, which takes over what its parent unlocked or opens the file.
    """

    def open_() -> crypto.Roots:
        if (taken := _root_key.taken_over()) is not None:
            return taken
        if owner is None:
            return _root_key.load(state)[0]
        return ensure(state, owner)

    return _root_key.opened_once(state, open_)


def ensure(state: State, owner: str) -> crypto.Roots:
    """The root of this installation, compared with what the database knows; made where nothing is encrypted.

    Raises: RootMissing: it is not here, or another one is. Locked: nothing was given that opens it.
    Misconfigured: it lies open where that is not allowed.
    """
    known = list_known(owner)
    if not _root_key.exists(state):
        if known or _anything_encrypted(owner):
            raise crypto.RootMissing(
                f"The root key of this installation{_named(known)} is not in {state.keys}. Nothing was"
                " changed, and no new one is made, since it could open nothing of what is encrypted."
                f" {_REMEDY}"
            )
        _root_key.make_first(state)
    roots = _root_key.load(state)[0]
    if known:
        _ensure_expected(known, roots)
    elif _anything_encrypted(owner) and not _opens(roots):
        raise crypto.RootMissing(
            f"The root key in {state.keys} ({roots.root_id[:8]}) opens nothing of this database. {_REMEDY}"
        )
    else:
        enter_known(owner, roots.current.id)
    return roots


def list_known(owner: str) -> list[str]:
    """Ids of the roots that this database was used with, the present one first."""
    with psycopg.connect(owner, autocommit=True) as connection:
        if not _is_there(connection, "public.root_key"):
            return []
        rows = connection.execute(
            "SELECT root_id FROM public.root_key ORDER BY since DESC, root_id LIMIT %s", (100,)
        ).fetchall()
    return [row[0] for row in rows]


def enter_known(owner: str, root_id: str) -> None:
    """Tell the database which root is in use now."""
    with psycopg.connect(owner, autocommit=True) as connection:
        for statement in _TABLES:
            connection.execute(statement, ())
        connection.execute(
            "INSERT INTO public.root_key (root_id) VALUES (%s)"
            " ON CONFLICT (root_id) DO UPDATE SET since = clock_timestamp()",
            (root_id,),
        )


def find_recovery(owner: str) -> Recovery | None:
    """The last recovery bundle, or None."""
    with psycopg.connect(owner, autocommit=True) as connection:
        if not _is_there(connection, "public.root_recovery"):
            return None
        row = connection.execute(
            "SELECT made_at, bundle, rehearsed_at FROM public.root_recovery WHERE %s", (True,)
        ).fetchone()
    return Recovery(*row) if row else None


def note_escrow(owner: str, bundle: Mapping[str, Any], at: datetime) -> None:
    """Keep that a recovery bundle was made, and of what."""
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO public.root_recovery (made_at, bundle) VALUES (%s, %s::jsonb)"
            " ON CONFLICT (one) DO UPDATE SET made_at = excluded.made_at, bundle = excluded.bundle,"
            " rehearsed_at = NULL",
            (at, orjson.dumps(bundle).decode()),
        )


def note_rehearsal(owner: str, at: datetime) -> None:
    """Keep that the recovery was rehearsed."""
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("UPDATE public.root_recovery SET rehearsed_at = %s", (at,))


def _is_there(connection: psycopg.Connection[Any], table: str) -> bool:
    there = connection.execute("SELECT to_regclass(%s)", (table,)).fetchone()
    return there is not None and there[0] is not None


def _named(known: list[str]) -> str:
    return f" ({known[0][:8]})" if known else ""


def _ensure_expected(known: list[str], roots: crypto.Roots) -> None:
    if known[0] not in roots.ids:
        raise crypto.RootMissing(
            f"The root key here ({roots.root_id[:8]}) is not the one of this installation{_named(known)}."
            f" Nothing was changed. {_REMEDY}"
        )


def _anything_encrypted(owner: str) -> bool:
    """Whether there is a tenant, or a key of the installation's own log."""
    with psycopg.connect(owner, autocommit=True) as connection:
        return any(
            _is_there(connection, table)
            and connection.execute(f"SELECT 1 FROM {table} LIMIT %s", (1,)).fetchone() is not None
            for table in ("public.tenant", "installation.crypto_dek")
        )


def _opens(roots: crypto.Roots) -> bool:
    """Whether this root opens a key of some tenant, or no tenant has one."""
    closed = False
    for tenant in everyone():
        with tenancy.owner_transaction(tenant) as db:
            found = crypto.opens_something(Context(tenant.id, db, None, Channel.CLI), roots)
        if found:
            return True
        closed = closed or found is False
    return not closed


def everyone() -> list[tenancy.Tenant]:
    """Every tenant, and the installation itself, which has keys like one."""
    own = tenancy.find_installation(tenancy.placement().owner)
    return [*tenancy.list_tenants(), *([own] if own else [])]
