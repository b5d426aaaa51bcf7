"""`ostiary tenant create|list`."""

import argparse
import getpass
import sys

from ostiary.kernel.errors import FieldError, Invalid
from ostiary.project._administration import acting_as, installation
from ostiary.tenancy import public as tenancy


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
        )
        if options.crm:
            from ostiary.crm import public as crm

            with acting_as(made.tenant, options.login, purpose="set-up") as ctx:
                crm.install(made.tenant, ctx)
    print(f"tenant {options.slug} is there; {options.login} signs in at {', '.join(options.host)}")
    return 0


def list_all() -> int:
    """One line for each tenant: slug, name, state."""
    with installation():
        for tenant in tenancy.list_tenants():
            print(tenant.slug, tenant.name, "suspended" if tenant.suspended else "active", sep="\t")
    return 0


def _ask_password() -> str:
    first = getpass.getpass("password of the administrator: ")
    if first != getpass.getpass("the same again: "):
        raise Invalid([FieldError("password", "different", "The two entries differ")])
    return first
