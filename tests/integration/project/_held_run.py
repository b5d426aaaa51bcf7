"""A run over tenants that stands still in one of them, to be killed there. A test starts it as a program."""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any
from uuid import UUID

import django
import pytest
from django.db import migrations


def say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> None:
    """Say `held` when that tenant is reached, and `<slug> <outcome>` for each that has ended."""
    asked = json.loads(sys.stdin.readline())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ostiary.project.settings")
    django.setup()
    from ostiary.crypto import public as crypto
    from ostiary.project._upgrade import Order
    from ostiary.project._upgrade_command import upgrade_all
    from ostiary.tenancy import public as tenancy
    from tests.integration.project._upgrades import planted

    crypto.configure(crypto.ensure_plaintext_root(Path(asked["key"])))
    tenancy.configure(tenancy.Credentials(app=asked["app"], owner=asked["owner"]))

    def hold(apps: Any, editor: Any) -> None:
        with editor.connection.cursor() as cursor:
            cursor.execute("select current_schema()", [])
            if cursor.fetchone() == (asked["held"],):
                say("held")
                threading.Event().wait()

    tenants = [tenancy.get_tenant_by_id(UUID(tenant)) for tenant in asked["tenants"]]
    add = migrations.RunSQL("alter table access_switches add column planted integer")
    with planted(pytest.MonkeyPatch(), [add], [migrations.RunPython(hold)]):
        for report in upgrade_all(tenants, Order(), 2):
            say(f"{report.tenant} {report.outcome}")


if __name__ == "__main__":
    main()
