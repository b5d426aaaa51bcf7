"""`ostiary tenant create|list|suspend|resume|export|drop|purge`."""

import argparse
import getpass
import sys
from pathlib import Path

from ostiary.kernel.errors import FieldError, Invalid
from ostiary.project._administration import acting_as, installation, named_tenant
from ostiary.tenancy import public as tenancy

FAILED = 1
_UNITS = ("B", "kB", "MB", "GB", "TB")


def create(options: argparse.Namespace) -> int:
    """Make a tenant and its first administrator; the password is asked for, never an argument."""
    password = sys.stdin.readline().rstrip("\n") if options.password_stdin else _ask_password()
    with installation():
        from ostiary.project._tenants import create_tenant  # needs Django's settings

        made = create_tenant(
            options.slug,
            options.name,
            options.host,
            login=options.login,
            person=options.person,
            email=options.email,
            password=password,
            placement=options.placement,
            own_login=options.own_login,
        )
        if options.crm:
            from ostiary.crm import public as crm

            with acting_as(made.tenant, options.login, purpose="set-up") as ctx:
                crm.install(made.tenant, ctx)
    print(f"tenant {options.slug} is there; {options.login} signs in at {', '.join(options.host)}")
    return 0


def list_all() -> int:
    """One line for each tenant: slug, name, state, placement, release, hosts, size."""
    with installation():
        from ostiary.project import _lifecycle

        tenants, hosts = tenancy.list_tenants(), tenancy.tenant_hosts()
        sizes = _lifecycle.sizes(tenants)
        for tenant in tenants:
            print(
                tenant.slug,
                tenant.name,
                _state(tenant),
                _placement(tenant),
                tenant.release,
                ",".join(hosts.get(tenant.id, ())) or "-",
                _amount(sizes.get(tenant.slug)),
                sep="\t",
            )
    return 0


def suspend(options: argparse.Namespace) -> int:
    """Refuse a tenant's requests until it is resumed."""
    with installation():
        from ostiary.project import _lifecycle

        _lifecycle.suspend(named_tenant(options.slug), options.reason)
    print(f"tenant {options.slug} is suspended")
    return 0


def resume(options: argparse.Namespace) -> int:
    """Serve a suspended tenant again."""
    with installation():
        from ostiary.project import _lifecycle

        tenant = named_tenant(options.slug)
        _lifecycle.resume(tenant)
    going = tenant.drop_after is not None
    print(f"tenant {options.slug} is {'still to be dropped: drop --cancel keeps it' if going else 'active'}")
    return 0


def export(options: argparse.Namespace) -> int:
    """Write everything of a tenant into one encrypted file."""
    target = Path(options.to).absolute()
    with installation():
        from ostiary.project.backup._save import back_up_tenant

        saved = back_up_tenant(named_tenant(options.slug), target)
    print(f"tenant {options.slug} is written to {target} ({_amount(saved.size)})")
    return 0


def drop(options: argparse.Namespace) -> int:
    """Schedule a tenant's end, or cancel that. Nothing is dropped before the grace has ended."""
    days = _grace(options)
    with installation():
        from ostiary.project import _lifecycle

        tenant = named_tenant(options.slug)
        if options.cancel:
            _lifecycle.cancel_drop(tenant)
            print(f"tenant {tenant.slug} is kept")
            return 0
        _ensure_confirmed(tenant, options.confirm)
        after = _lifecycle.schedule_drop(tenant, days)
        if options.now:
            _lifecycle.purge(tenancy.get_tenant_by_id(tenant.id))
            print(f"tenant {tenant.slug} is gone")
        else:
            print(
                f"tenant {tenant.slug} is closed; `ostiary tenant purge` drops it after"
                f" {after:%Y-%m-%d %H:%M} UTC"
            )
    return 0


def purge() -> int:
    """Drop every tenant whose grace has ended."""
    with installation():
        from ostiary.project import _lifecycle

        dropped, failed = _lifecycle.purge_due()
        if not failed:
            _forget_orphans()
    for tenant in dropped:
        print(f"tenant {tenant.slug} is gone")
    for slug, why in failed.items():
        print(f"tenant {slug} is still there: {why}", file=sys.stderr)
    if not dropped and not failed:
        print("no tenant's grace has ended")
    return FAILED if failed else 0


def _grace(options: argparse.Namespace) -> int:
    """Days of grace. Raises Invalid: none, without --now; or both."""
    from ostiary.project._lifecycle import GRACE_DAYS

    days: int | None = options.grace_days
    if options.now and days:
        raise Invalid([FieldError("--now", "contradiction", "--now leaves no grace")])
    if options.now:
        return 0
    if days is not None and days < 1:
        raise Invalid(
            [FieldError("--grace-days", "too_small", "Without a grace the tenant goes at once: say --now")]
        )
    return GRACE_DAYS if days is None else days


def _ensure_confirmed(tenant: tenancy.Tenant, confirmed: str | None) -> None:
    """Raises Invalid: the slug was not typed a second time."""
    if confirmed is None:
        if not sys.stdin.isatty():
            raise Invalid([FieldError("--confirm", "required", f"Repeat the slug: --confirm {tenant.slug}")])
        hosts = ", ".join(tenancy.tenant_hosts().get(tenant.id, ())) or "no host"
        print(f"{tenant.name} ({hosts}) and everything in it will be dropped.")
        confirmed = input("Type its slug to go on: ").strip()
    if confirmed != tenant.slug:
        raise Invalid(
            [FieldError("--confirm", "different", f"That is not {tenant.slug}: nothing was changed")]
        )


def _forget_orphans() -> None:
    from ostiary.project._state import default_state
    from ostiary.project._vault import ADMINISTRATION, StateVault

    vault = StateVault(default_state(), ADMINISTRATION)
    vault.forget_logins_but(tenant.id for tenant in tenancy.list_tenants())


def _state(tenant: tenancy.Tenant) -> str:
    if tenant.drop_after is not None:
        return f"dropping after {tenant.drop_after:%Y-%m-%d}"
    return tenant.state


def _placement(tenant: tenancy.Tenant) -> str:
    return (tenant.placement or "-") + (" own login" if tenant.own_login else "")


def _amount(size: int | None) -> str:
    """Bytes for people; `?` where nobody knows."""
    if size is None:
        return "?"
    amount, unit = float(size), 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}"


def _ask_password() -> str:
    first = getpass.getpass("password of the administrator: ")
    if first != getpass.getpass("the same again: "):
        raise Invalid([FieldError("password", "different", "The two entries differ")])
    return first
