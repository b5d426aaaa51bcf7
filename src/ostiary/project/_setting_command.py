"""`ostiary setting list|show|set|reset`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.project._administration import acting_as, installation, named_tenant
from ostiary.settings import public as settings
from ostiary.tenancy import public as tenancy


def list_all(slug: str) -> int:
    """One line for each setting: code, value, whether it was decided or is the default."""
    with installation(), _reading(slug) as ctx:
        for kept in settings.list_kept(ctx):
            decided = "default" if kept.is_default else "decided"
            print(kept.setting.code, kept.shown, decided, sep="\t")
    return 0


def show(slug: str, code: str) -> int:
    """What a setting means, how it stands and who changed it last."""
    with installation(), _reading(slug) as ctx:
        kept = settings.get_kept(ctx, code)
        setting = kept.setting
        print(f"{setting.code}: {setting.description}")
        print("value", kept.shown, sep="\t")
        print("default", settings.shown(setting, setting.default), sep="\t")
        low, high = settings.bound_text(setting.minimum), settings.bound_text(setting.maximum)
        if low or high:
            print("bounds", f"{low} to {high}", sep="\t")
        print("operation", setting.operation, sep="\t")
        if kept.changed_at is not None:
            print("changed", f"{kept.changed_at:%Y-%m-%dT%H:%M:%SZ} by {kept.changed_by}", sep="\t")
    return 0


def decide(slug: str, login: str, code: str, text: str | None) -> int:
    """Decide a setting in the name of `login`. A secret is read from standard input, never an argument."""
    with installation():
        from ostiary.access import public as access  # needs Django's settings

        with acting_as(named_tenant(slug), login, purpose="administration") as ctx:
            setting = settings.get_setting(code)
            value = settings.parse(setting, _text(setting, text))
            changed = access.set_setting(ctx, code, value)
    print(f"{code} is {settings.shown(setting, value)}" + ("" if changed else " already"))
    return 0


def reset(slug: str, login: str, code: str) -> int:
    """Let the default decide again, in the name of `login`."""
    with installation():
        from ostiary.access import public as access  # needs Django's settings

        with acting_as(named_tenant(slug), login, purpose="administration") as ctx:
            changed = access.set_setting(ctx, code, None)
    print(f"{code} is at its default" + ("" if changed else " already"))
    return 0


def _text(setting: settings.Setting, text: str | None) -> str:
    if setting.kind is settings.Kind.SECRET:
        if text is not None:
            raise Invalid(
                [FieldError("value", "secret", "Give a secret on standard input, not as an argument")]
            )
        return sys.stdin.readline().rstrip("\n")
    if text is None:
        raise Invalid([FieldError("value", "required", f"Say which value {setting.code} gets")])
    return text


@contextmanager
def _reading(slug: str) -> Iterator[Context]:
    """The tenant, with every context's settings declared."""
    from ostiary.project import registry  # whose imports are all contexts

    registry.routes()
    tenant = named_tenant(slug)
    with tenancy.transaction(tenant) as db:
        yield Context(tenant.id, db, None, Channel.CLI, purpose="administration")
