"""What a setting is, and the list of all of them. Contexts declare theirs when they are imported."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from ostiary.kernel.errors import NotFound
from ostiary.kernel.messages import worded

Value: TypeAlias = bool | int | Decimal | str | timedelta | tuple[str, ...] | None
Bound: TypeAlias = int | Decimal | timedelta | None

SYSTEM_SETTINGS = "CanManageSysSettings"
SECURITY_SETTINGS = "CanManageSecuritySettings"
_CODE = re.compile(r"[A-Z][A-Za-z0-9]{2,62}")


class Kind(StrEnum):
    """Types of values. Stored keys are never reused."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    TEXT = "text"
    CHOICE = "choice"
    CHOICES = "choices"
    DURATION = "duration"
    SECRET = "secret"  # noqa: S105  the name of a type


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a tenant.

    code: stable, Creatio's where it has one. default: of the kind's own type; None for a secret.
    minimum, maximum: of the value; for text and secrets of its length; for choices of their number.
    operation: code of the system operation that changing it needs.
    """

    code: str
    kind: Kind
    default: Value
    caption: str
    description: str
    group: str
    minimum: Bound = None
    maximum: Bound = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    operation: str = SYSTEM_SETTINGS


_declared: dict[str, Setting] = {}


def declare(setting: Setting) -> Setting:
    """Enter a setting into the list and return it.

    Raises: ValueError: the code is malformed or taken, the description is missing, or the default is refused.
    """
    from ostiary.settings._values import ensure_acceptable

    if not _CODE.fullmatch(setting.code):
        raise ValueError(f"{setting.code!r} is not the code of a setting")
    known = _declared.get(setting.code)
    if known is None:
        known = next((s for s in _declared.values() if s.code.lower() == setting.code.lower()), None)
    if known is not None and known != setting:
        raise ValueError(f"there is a setting {setting.code} already")
    if not (setting.caption and setting.description and setting.group):
        raise ValueError(f"{setting.code} does not say what it is")
    if setting.kind in (Kind.CHOICE, Kind.CHOICES) and not setting.choices:
        raise ValueError(f"{setting.code} has nothing to choose from")
    if setting.kind is Kind.SECRET:
        if setting.default is not None:
            raise ValueError(f"{setting.code}: a secret has no default")
    else:
        ensure_acceptable(setting, setting.default)
    _declared[setting.code] = setting
    return setting


def get_setting(code: str) -> Setting:
    """The declaration. Raises NotFound, with the code."""
    found = _declared.get(code)
    if found is None:
        raise NotFound(worded("There is no setting %(code)s", code=code))
    return found


def list_settings() -> Sequence[Setting]:
    """Every declared setting, by group and code."""
    return sorted(_declared.values(), key=lambda s: (s.group, s.code))
